"""Runs whose rows are read when they are asked for: the same as those that are read at once."""

import gc
import hashlib
import json
import os
import weakref

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support import record_of

from compat.alike import shared
from compat.documents import write_json
from compat.errors import CompatError
from compat.jsons import as_json
from compat.objects import Recent
from compat.records import Description, Environment
from compat.rows import Rows
from compat.store import Run

#: Texts that look like what differs between runs, and like the ends of things.
TEXTS = st.sampled_from(
    [
        "",
        "plain",
        '"code":"ab"',
        '"seconds":1.5',
        '"}},',
        "\\",
        "\u00e4",
        "tf2.1",
        '{"code":"00","seconds":2}',
    ]
)
HEX = st.sampled_from(["", "a" * 64, "b" * 64])


@st.composite
def records(draw):
    ok = draw(st.booleans())
    record = record_of(
        {"y": np.float32([draw(st.integers(0, 2))])} if ok else {},
        status="ok" if ok else "error",
        code=draw(HEX | st.just("not hex")),
        message=draw(TEXTS),
        files={name: draw(HEX) for name in draw(st.sets(st.sampled_from(["a.py", "code", "seconds"])))},
        seconds=draw(st.sampled_from([0.0, 1e-06, 0.5, 12.25, 1e20])),
    )
    record.claim = draw(st.none() | st.sampled_from(["winograd", '"code":"ab"']))
    return record


def result(value, **fields):
    return record_of({"y": np.float32([value])}, **fields)


def saved(folder, name, rows):
    run = Run(str(folder / name), Environment(name))
    for sample, row in rows.items():
        run.samples[sample] = Description("op", sample, "c" * 64, "op.py", doc=f"of {sample}")
        for dialect, record in row.items():
            run.add(sample, dialect, record)
    run.save()
    return run


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(
    st.lists(
        st.dictionaries(
            st.sampled_from(["op[a]", "op[b]", 'op["]']),
            st.dictionaries(st.sampled_from(["numpy", "scipy"]), records(), min_size=1),
            min_size=1,
        ),
        min_size=2,
        max_size=3,
    )
)
def test_streamed_is_the_same_as_at_once(tmp_path, runs):
    """Also where several runs say the same of a sample but for the code and the seconds."""
    opened = []
    for number, rows in enumerate(runs):
        saved(tmp_path, f"run{number}", rows)
        opened.append(Run.open(str(tmp_path / f"run{number}"), streamed=True))
    for sample in ("op[a]", "op[b]", 'op["]'):
        for number, run in enumerate(opened):
            at_once = Run.open(str(tmp_path / f"run{number}"))
            assert isinstance(run.records, Rows)
            assert list(run.records) == list(at_once.records) and list(run.samples) == list(at_once.samples)
            assert run.environment == at_once.environment
            assert as_json(run.records.get(sample)) == as_json(at_once.records.get(sample))
            assert run.samples.get(sample) == at_once.samples.get(sample)
            run.forget(sample)


def test_what_is_set_is_kept_and_what_stands_in_the_file_is_read_again(tmp_path):
    saved(
        tmp_path,
        "run",
        {"op[a]": {"numpy": result(1)}, "op[b]": {"numpy": result(2)}},
    )
    run = Run.open(str(tmp_path / "run"), streamed=True)
    run.add("op[a]", "scipy", result(3))
    run.forget("op[a]")
    assert list(run.records["op[a]"]) == ["numpy", "scipy"]
    first = run.records["op[b]"]
    assert run.records["op[b]"] is first
    run.forget("op[b]")
    assert run.records["op[b]"] is not first and run.records["op[b]"] == first
    run.drop("op[b]", "numpy")
    assert "op[b]" not in run.records and len(run.records) == 1
    run.save()
    assert list(Run.open(str(tmp_path / "run")).records) == ["op[a]"]


def test_a_run_that_is_replaced_meanwhile_is_the_one_that_was_opened(tmp_path):
    saved(tmp_path, "run", {"op[a]": {"numpy": result(1, message="before")}})
    run = Run.open(str(tmp_path / "run"), streamed=True)
    saved(tmp_path, "run", {"op[a]": {"numpy": result(1, message="after " * 100)}})
    assert run.records["op[a]"]["numpy"].message == "before"


def test_a_row_of_another_form_raises_when_it_is_asked_for(tmp_path):
    run = saved(
        tmp_path,
        "run",
        {"op[a]": {"numpy": result(1)}, "op[b]": {"numpy": result(2)}},
    )
    content = {name: as_json(getattr(run, name)) for name in ("environment", "samples", "records")}
    content["records"]["op[b]"]["numpy"]["outputs"]["y"]["digest"] = "../../etc"
    write_json(os.path.join(run.folder, "run.json"), content)
    opened = Run.open(run.folder, streamed=True)
    assert opened.records["op[a]"]["numpy"].status == "ok"
    with pytest.raises(CompatError, match=r"op\[b\] numpy: outputs: .* is no digest"):
        opened.records["op[b]"]


@pytest.mark.parametrize("spoil", [lambda text: text[:-9], lambda text: text.replace("op[a]", "op[c]", 1)])
def test_a_damaged_file_is_told_when_it_is_opened(tmp_path, spoil):
    run = saved(tmp_path, "run", {"op[a]": {"numpy": result(1)}})
    path = os.path.join(run.folder, "run.json")
    with open(path, encoding="utf-8") as file:
        text = file.read()
    with open(path, "w", encoding="utf-8") as file:
        file.write(spoil(text))
    for streamed in (False, True):
        with pytest.raises(CompatError, match="truncated|was edited"):
            Run.open(run.folder, streamed)


def test_a_file_for_people_is_read_at_once(tmp_path):
    run = saved(tmp_path, "run", {"op[a]": {"numpy": result(1)}})
    run.save(readable=True)
    assert isinstance(Run.open(run.folder, streamed=True).records, dict)


def test_a_file_named_code_is_not_the_code(tmp_path):
    """Records that are alike but for the digest of such a file."""
    for name, digest in (("first", "a" * 64), ("second", "b" * 64)):
        saved(tmp_path, name, {"op[a]": {"numpy": result(1, code="a" * 64, files={"code": digest})}})
    for name, digest in (("first", "a" * 64), ("second", "b" * 64)):
        found = Run.open(str(tmp_path / name), streamed=True).records["op[a]"]["numpy"]
        assert (found.code, found.files) == ("a" * 64, {"code": digest})


@pytest.mark.parametrize(
    "change",
    [
        lambda record: record.pop("seconds"),
        lambda record: record.update(seconds="soon"),
        lambda record: record.update(more=record.pop("seconds")),
        lambda record: record.update(deep=json.loads("[" * 900 + "]" * 900)),
        lambda record: record["files"].update(seconds=1),
    ],
)
@pytest.mark.parametrize("which", ["op[a]", "op[b]", "op[c]"])
def test_whatever_a_record_says_it_is_told_in_words(tmp_path, change, which):
    """Where a row ends is told by how a record ends: of one that ends otherwise nothing is lost in silence."""
    run = saved(
        tmp_path,
        "run",
        {f"op[{name}]": {"numpy": result(1, files={"a.py": "0" * 64}), "scipy": result(2)} for name in "abc"},
    )
    content = {name: as_json(getattr(run, name)) for name in ("environment", "samples", "records")}
    change(content["records"][which]["numpy"])
    write_json(os.path.join(run.folder, "run.json"), content)
    with pytest.raises(CompatError, match="record it again|truncated"):
        opened = Run.open(run.folder, streamed=True)
        for sample in opened.records:
            opened.records[sample]


def test_seconds_that_are_no_number_are_refused_though_all_else_is_known(tmp_path):
    """The records of the second run are like those of the first, but for their seconds."""
    first = saved(tmp_path, "first", {"op[a]": {"numpy": result(1, code="a" * 64, seconds=0.5)}})
    assert Run.open(first.folder, streamed=True).records["op[a]"]["numpy"].seconds == 0.5
    with open(os.path.join(first.folder, "run.json"), encoding="utf-8") as file:
        content = file.read()[len('{"format":2,"checksum":"",') + 64 :]
    content = content[len('"content":') : -2].replace('"seconds":0.5', '"seconds":1e999')
    checksum = hashlib.sha256(content.encode()).hexdigest()
    (tmp_path / "second").mkdir()
    text = f'{{"format":2,"checksum":"{checksum}","content":{content}}}\n'
    (tmp_path / "second" / "run.json").write_text(text)
    with pytest.raises(CompatError, match="another form"):
        Run.open(str(tmp_path / "second"), streamed=True).records["op[a]"]


def test_records_that_say_the_same_are_shared_and_keep_their_own_seconds(tmp_path):
    """A copy has the code and the seconds of its own run; what is shared has those of one of them."""
    runs = [
        saved(tmp_path, name, {"op[s]": {"numpy": result(1, code=sign * 64, seconds=seconds)}})
        for name, sign, seconds in (("one", "a", 0.5), ("two", "b", 2.0))
    ]
    one, two = (Run.open(run.folder, streamed=True).records["op[s]"] for run in runs)
    ((_, first, half), (_, second, whole)) = (*shared(one), *shared(two))
    assert first is second and (half, whole) == (0.5, 2.0)
    assert (two["numpy"].code, two["numpy"].seconds) == ("b" * 64, 2.0)
    assert one["numpy"] is not first and one["numpy"] == Run.open(runs[0].folder).records["op[s]"]["numpy"]
    at_once = Run.open(runs[1].folder).records["op[s]"]
    assert [(dialect, record.seconds) for dialect, record, _ in shared(at_once)] == [("numpy", 2.0)]


def test_what_is_lent_is_no_array_of_the_store(tmp_path):
    """A record that names an array whose file is missing is told, though the judge has made the same one."""
    store = Recent(str(tmp_path / "objects"))
    array = np.arange(4.0)
    name = store.lend(array)
    array[0] = 7  # whatever becomes of it
    assert store.recent(name).tolist() == [0, 1, 2, 3] and not os.path.exists(store.folder)
    assert name not in store and "is missing" in store.trouble(name)
    assert store.add(np.arange(4.0)) == name and name in store and store.trouble(name) is None
    for number in range(1000):
        store.lend(np.float64([number]))
    assert len(store._lent) < 1000 and store.read(name).tolist() == [0, 1, 2, 3]


def test_a_run_that_nobody_has_any_more_is_gone_with_its_file(tmp_path):
    """What is remembered of its rows keeps neither."""
    saved(tmp_path, "run", {"op[kept]": {"numpy": result(1, code="ab")}})
    run = Run.open(str(tmp_path / "run"), streamed=True)
    assert run.records["op[kept]"]["numpy"].status == "ok"
    gone, number = weakref.ref(run), run.records._file.number
    del run
    gc.collect()
    assert gone() is None
    with pytest.raises(OSError):
        os.fstat(number)
