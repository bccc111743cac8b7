"""An atlas made without a framework: ``compat atlas``, its file and pages; its workers are tests/fuzz_worker.py."""

import json

import pytest
from support import CHECKOUT, content, refusal
from test_atlas import atlas_of, operation
from test_fuzz import environments, pool  # noqa: F401  # a fixture

from compat.atlas import changes, chosen, kept, making
from compat.atlas.kept import Atlas
from compat.atlas.words import Told
from compat.errors import CompatError
from compat.fuzz.judging import Known
from compat.judge.known import FILE_NAME, KnownDifference, read
from compat.records import Environment


@pytest.fixture
def few(monkeypatch):
    """Each sample of a worker that dies costs a dozen starts."""
    monkeypatch.setattr(chosen, "ORDINARY", 1)
    monkeypatch.setattr(chosen, "OTHERS", 0)


def made(name, known=(), before=None, **faults):
    with pool(**faults) as workers:
        first = making.run_once(name, workers) if before is None else before
        return making.operation(name, workers, Known(known, workers.environments()), first)


def told(found, ordinary=(True, False)):
    samples = [place for place, one in enumerate(found.samples) if one.ordinary in ordinary]
    return Told(found, ["1.15", "2.15"], samples)


def test_what_agrees_everywhere_is_one_letter():
    found = made("tanh")
    assert all(
        [result.verdict for result in one.results] == ["agrees"] for one in found.samples if one.ordinary
    )
    assert {letters for one in found.samples for letters in one.rows.values()} == {"aa"}
    assert told(found).summary() == "The same bits in all 2 versions"


def test_a_fault_of_the_newer_version_is_told():
    operation = made("tanh", tanh="off")
    assert {row for one in operation.samples if one.ordinary for row in one.rows.values()} == {"ab"}
    found = told(operation, [True])
    assert list(found.numbers()) == [1] and found.changed(changes.ROUNDING, changes.UNTOLD) == {}
    assert "no longer, in every sample" in found.of("tf1.session")


def test_a_known_difference_gives_its_reason():
    found = made("leaky_relu", read(str(CHECKOUT / "cases" / FILE_NAME)), leaky_relu="0.3")
    (reason,) = found.reasons
    assert "slope is 0.2 in tf.nn.leaky_relu" in reason.reason
    assert "samples (<code>alpha</code> not written): reason 1." in told(found, [True]).of("keras2")
    assert told(found).of("tf1.session") == "The same bits in every version."


def test_a_known_error_gives_its_reason():
    fields = {"operation": "leaky_relu", "samples": ["not-written"], "dialects": ["tf1.session"]}
    entry = KnownDifference({**fields, "verdict": "error", "reason": "because", "address": "there"}, "here")
    for one in made("leaky_relu", [entry], leaky_relu="refuses").samples:
        unwritten = one.parameters["alpha"] is None and one.dtype == "float32"
        assert not unwritten or one.known == {"tf1.session": "-1"}
        assert one.parameters["alpha"] is None or one.known == {}


def test_bits_that_are_others_when_it_is_run_again_are_random(few):
    before = [{("tf1.15", "tf1.session"): "other", ("tf2.15", "tf1.session"): ""}]
    (one,) = made("tanh", before=before).samples
    assert one.row("tf1.session")[0] == "ab" and one.row("tf2.eager")[0] == "bb"
    assert [(result.verdict, result.random) for result in one.results] == [
        ("agrees", True),
        ("agrees", False),
    ]


@pytest.mark.parametrize("fault, status", [("refuses", "error"), ("dies", "crashed")])
def test_what_fails_is_kept_as_it_failed(few, fault, status):
    (one,) = made("softplus", softplus=fault).samples
    assert set(one.rows.values()) == {"ab"}
    assert [(result.verdict, result.status) for result in one.results] == [("agrees", None), (None, status)]


def test_an_atlas_is_read_as_it_was_written(tmp_path):
    versions = [Environment("tf1.15"), Environment("tf2.15")]
    atlas = Atlas(versions, [made("leaky_relu"), made("relu", relu="refuses")])
    path = str(tmp_path / "deep" / "atlas.json")
    kept.write(path, atlas)
    assert kept.read(path) == atlas
    jsonschema = pytest.importorskip("jsonschema")
    schema = json.loads((CHECKOUT / "compat" / "atlas" / "atlas.schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    with open(path) as file:
        document = json.load(file)
    jsonschema.Draft202012Validator(schema).validate(document)
    document["operations"][0]["samples"][0]["results"][0]["verdict"] = "nonsense"
    assert not jsonschema.Draft202012Validator(schema).is_valid(document)


@pytest.mark.parametrize(
    "old, new",
    [
        ('"format":1', '"format":2'),
        ('"format":1', '"format":true'),
        ('"tf1.session":"aaabb"', '"tf1.session":"aaabz"'),
        ('"tf1.session":"aaabb"', '"tf1.session":"aaab"'),
        ('"known":{}', '"known":{"tf1.session":"1----"}'),
        ('"known":{}', '"known":{"keras2":"-----"}'),
        ('"verdict":"agrees"', '"verdict":"fine"'),
        ('"verdict":"agrees",', ""),
        ('"ordinary":true', '"ordinary":1'),
        ("]}\n", ""),
    ],
)
def test_a_torn_or_foreign_file_is_refused(tmp_path, old, new):
    good = kept.text_of(atlas_of(operation("relu", "aaabb")))
    assert old in good
    path = tmp_path / "atlas.json"
    path.write_text(good)
    assert kept.read(str(path)).operations
    path.write_text(good.replace(old, new, 1))
    with pytest.raises(CompatError, match="atlas.json: .*") as told:
        kept.read(str(path))
    assert "\n" not in str(told.value)


@pytest.mark.parametrize("arguments", [("--pages-only",), ("--operations", "relu")])
def test_a_torn_file_is_told_in_one_line_and_left_alone(tmp_path, compat_command, arguments):
    folder = tmp_path / "out" / "atlas"
    folder.mkdir(parents=True)
    (folder / "atlas.json").write_text(kept.text_of(atlas_of(operation("relu", "aaabb")))[:-9])
    before = content(tmp_path)
    assert "atlas.json: is truncated or no JSON" in refusal(compat_command("atlas", *arguments))
    assert content(tmp_path) == before


def test_the_command_writes_the_file_and_its_pages(tmp_path, compat_command, environments):  # noqa: F811
    folder = environments(relu="off")
    arguments = ("atlas", "--environments", folder, "--operations")
    result = compat_command(*arguments, "relu", "tanh")
    assert result.returncode == 0, result.stderr
    assert "again: 2 of 2" in result.stderr and "2 operations in 2 environments" in result.stdout
    out = tmp_path / "out" / "atlas"
    assert set(content(out)) == {"atlas.json", "operations.md", "operations/relu.md", "operations/tanh.md"}
    assert "**Numbers change** at 2.15" in (out / "operations" / "relu.md").read_text(encoding="utf-8")
    first = content(out)
    assert compat_command(*arguments, "relu").returncode == 0  # the other stays
    assert content(out) == first
    assert compat_command("atlas", "--pages-only").returncode == 0 and content(out) == first


@pytest.mark.parametrize(
    "arguments, said",
    [
        (("--operations", "nonsense"), "no operation 'nonsense'"),
        (("--versions", "tf0.1"), "no environment tf0.1"),
        (("--versions", "tf1.15"), "was made in other environments (tf1.15, tf2.15); choose another --out"),
        (("--known", "missing.toml"), "missing.toml: cannot be read"),
        (("--pages-only", "--out", "nowhere"), "cannot be read"),
    ],
)
def test_wrong_input_is_told_in_one_line_and_nothing_is_overwritten(
    tmp_path,
    compat_command,
    environments,  # noqa: F811
    arguments,
    said,
):
    folder = environments()
    path = str(tmp_path / "out" / "atlas" / "atlas.json")
    made_before = atlas_of(operation("relu", "aa"), versions=["1.15", "2.15"])
    for one, number in zip(made_before.environments, ("1.15.5", "2.15.1")):
        one.versions["tensorflow"] = number
    kept.write(path, made_before)
    before = content(tmp_path)
    arguments = ("atlas", "--environments", folder, "--operations", "relu", *arguments)
    assert said in refusal(compat_command(*arguments))
    assert content(tmp_path) == before
