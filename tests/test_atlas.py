"""The atlas without a framework: samples, letters, words, pages, the command; workers are tests/fuzz_worker.py."""

import json
import re
import subprocess
import sys

import pytest
from support import CHECKOUT, content, refusal
from test_fuzz import environments, pool  # noqa: F401  # a fixture

from compat.atlas import changes, chosen, kept, making, pages, spellings
from compat.atlas.kept import Atlas, Operation, Result, Row, Sample
from compat.atlas.words import Told
from compat.errors import CompatError
from compat.fuzz.catalogue import ENTRIES
from compat.fuzz.judging import Known
from compat.judge.known import FILE_NAME, read
from compat.records import Environment
from compat.records import Known as Reason

VERSIONS = ["1.15", "2.0", "2.4", "2.9", "2.16"]
#: By letter: what a made result is.
WORDS = {
    "a": "agrees",
    "b": "agrees",
    "c": "agrees",
    "w": "differs",
    "v": "differs",
    "u": "unjudged",
    "t": "unjudged",
}
FAILED = {"N": "unsupported", "E": "error", "C": "crashed"}


def sample(rows, dtype="float32", ordinary=True, **parameters):
    """``rows``: by dialect letters of WORDS and FAILED, one for each version."""
    letters = sorted({*"".join(rows.values())} - {kept.NOTHING})
    results = [
        Result(
            "computed",
            f"{number:012x}",
            WORDS[letter],
            "at [0]: 1, expected 2" * (WORDS[letter] == "differs"),
        )
        if letter in WORDS
        else Result(FAILED[letter], "", "", "no such kernel")
        for number, letter in enumerate(letters)
    ]
    named = dict(zip(letters, kept.LETTERS), **{kept.NOTHING: kept.NOTHING})
    made = [Row([dialect], "".join(named[one] for one in text)) for dialect, text in rows.items()]
    return Sample("0" * 16, dtype, ["x: float32 2, noise"], parameters, ordinary, results, made)


def told(*rows, versions=VERSIONS, **fields):
    """Of samples of ``tf1.session`` (a text), or of several dialects (a dictionary)."""
    samples = [
        row if isinstance(row, Sample) else sample(row if isinstance(row, dict) else {"tf1.session": row})
        for row in rows
    ]
    spelled = {dialect: "tf.nn.relu(x)" for one in samples for row in one.rows for dialect in row.dialects}
    return Told(Operation("relu", spelled, fields.get("reasons", []), samples), versions, range(len(samples)))


# -- the samples


@pytest.mark.parametrize("name", sorted(ENTRIES))
def test_samples_have_every_dtype_and_value_and_nothing_else_moves_them(name, monkeypatch):
    found = chosen.samples(name)
    assert 12 <= len(found) <= 24
    plain = [one for one in found if chosen.ordinary(one)]
    assert found[: len(plain)] == plain and len(plain) > 10
    assert {one.given[0].dtype for one in plain} == set(ENTRIES[name].dtypes)
    for parameter in found[0].steps[0].parameters:
        values = {repr(one.steps[0].parameters[parameter]) for one in plain}
        assert len(values) > 1 or name == "gather", f"{parameter} is always {values}"
    digests = [one.digest for one in found]
    assert len(set(digests)) == len(digests)
    monkeypatch.setattr(chosen, "ENTRIES", {name: ENTRIES[name]})  # as if the catalogue were of this one
    assert [one.digest for one in chosen.samples(name)] == digests


def test_samples_are_the_same_in_every_process():
    code = "from compat.atlas.chosen import samples; print(*[one.digest for one in samples('leaky_relu')])"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=str(CHECKOUT), capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == [one.digest for one in chosen.samples("leaky_relu")]


def test_pairs_are_drawn_as_well():
    pairs = {(one.given[0].dtype, one.steps[0].parameters["alpha"]) for one in chosen.samples("leaky_relu")}
    assert {("float64", None), ("float32", None), ("float64", 0.2)} <= pairs


def test_arrays_are_small_and_large():
    sizes = [one.given[0].shape for one in chosen.samples("conv2d") if chosen.ordinary(one)]
    assert max(map(max, sizes[::2])) <= 6 < max(map(max, sizes[1::2]))


# -- what is compared


@pytest.mark.parametrize(
    "letters, expected",
    [
        ("aaaaa", []),
        ("aabbb", [(1, 2, changes.ROUNDING)]),
        ("aaaww", [(2, 3, changes.LEFT)]),
        ("wwwaa", [(2, 3, changes.CAME)]),
        ("wwvvv", [(1, 2, changes.UNTOLD)]),
        ("uuttt", [(1, 2, changes.UNTOLD)]),
        ("uuaaa", [(1, 2, changes.UNTOLD)]),
        ("aNNaa", []),
        ("aN-ab", [(3, 4, changes.ROUNDING)]),
        ("aEwwa", [(0, 2, changes.LEFT), (3, 4, changes.CAME)]),
        ("-----", []),
    ],
)
def test_changes_from_version_to_version(letters, expected):
    found = changes.changes(told(letters, "aaaaa").tables["tf1.session"])
    assert [(one.before, one.after, one.kind) for one in found] == expected
    assert all(one.samples == [0] for one in found)


@pytest.mark.parametrize(
    "rows, expected",
    [
        (["aaaaa"], "The same bits in all 5 versions."),
        (["--aaa"], "The same bits in 2.4 to 2.16, as far as it is there."),
        (["----a"], "Seen in 2.16 alone."),
        (
            ["NNNNN"],
            "Refused in every version. Not to be had in every version, in the sample: no such kernel.",
        ),
        (
            ["aabbb", "aaaaa"],
            "Since 2.4 (before: 2.0) other bits, by rounding, in 1 of 2 samples (number 1).",
        ),
        (
            ["aaaaE"],
            "The same bits in 1.15 to 2.9, as far as it is there. An error in 2.16, in the sample: no such kernel.",
        ),
        (["uuuuu"], "The same bits in all 5 versions. No rule tells what is right in the sample."),
        (
            ["aawww"],
            "Since 2.4 (before: 2.0) **other numbers**, which agree with the float64 answer no longer, in the sample. "
            "Not the float64 answer in 2.4 to 2.16, in the sample: at &#91;0&#93;: 1, expected 2.",
        ),
        (
            ["wawaw"],
            "Not the float64 answer in 1.15, 2.4 and 2.16, in the sample: at &#91;0&#93;: 1, expected 2.",
        ),
    ],
)
def test_words_of_a_dialect(rows, expected):
    found = told(*rows).of("tf1.session").replace("&#58;", ":")
    assert found == expected or found.endswith(expected)


def test_samples_are_told_by_what_they_alone_have():
    rows = {"tf1.session": "aabbb"}, {"tf1.session": "aaaaa"}
    both = told(
        sample(rows[0], "float16", alpha=None),
        sample(rows[0], "float16", alpha=0.2),
        sample(rows[1], alpha=None),
    )
    assert "in 2 of 3 samples (float16)" in both.of("tf1.session")
    unwritten = told(
        sample(rows[0], alpha=None),
        sample(rows[0], "float16", alpha=None),
        sample(rows[1], "float16", alpha=0.2),
    )
    assert "in 2 of 3 samples (<code>alpha</code> not written)" in unwritten.of("tf1.session")
    neither = told(sample(rows[0], "float16"), sample(rows[1], "float16"), sample(rows[0]), sample(rows[1]))
    assert "in 2 of 4 samples (numbers 1, 3)" in neither.of("tf1.session")


def test_dialects_are_compared_in_the_same_version():
    found = told({"tf1.session": "aaaaa", "tf2.eager": "-aaaa", "keras2": "bbbbb", "keras3": "----w"})
    assert found.between().replace("&#46;", ".") == (
        "Beside <code>tf1.session</code> of the same version, <code>tf2.eager</code>: the same bits in the sample; "
        "<code>keras2</code>: other bits by rounding in the sample; <code>keras3</code>: other numbers in the sample."
    )
    assert "<code>keras3</code>: other numbers in the sample" in found.port()
    assert found.port().startswith("A port from <code>tf1.session</code> of 1.15 has in 2.16, ")
    assert told("aa", versions=["2.0", "2.4"]).port() == ""


@pytest.mark.parametrize(
    "rows, expected",
    [
        (["aaaaa"], "The same bits in all 5 versions"),
        (["aabbb"], "Bits change at 2.4 by rounding"),
        (["aabww"], "**Numbers change** at 2.9 (<code>tf1.session</code>); bits change at 2.4 by rounding"),
        (["wwwww"], "<code>tf1.session</code> has other numbers; the same bits in all 5 versions"),
        (["uuutt"], "Bits change at 2.9 (<code>tf1.session</code>), which nothing tells from rounding"),
    ],
)
def test_the_line_of_the_index(rows, expected):
    assert told(*rows).summary() == expected


# -- pages


def operation(name, rows, **fields):
    one = sample({"tf1.session": rows})
    return Operation(name, {"tf1.session": "tf.nn.relu(x)"}, fields.get("reasons", []), [one])


def test_what_changed_numbers_comes_first():
    made = [
        operation("same", "aaaaa"),
        operation("bits", "aabbb"),
        operation("wrong", "wwwww"),
        operation("moved", "aaaaw"),
    ]
    index = pages.index(Atlas([Environment(f"tf{version}") for version in VERSIONS], made))
    assert re.findall(r"^\| \[(\w+)\]", index, re.MULTILINE) == ["moved", "wrong", "bits", "same"]


def test_dialects_and_samples_of_the_same_letters_are_one_row():
    same = {"tf1.session": "aabbb", "tf2.eager": "aabbb", "keras3": "----w"}
    made = Operation(
        "relu",
        dict.fromkeys(same, "tf.nn.relu(x)"),
        [],
        [sample(same), sample(same), sample({"tf1.session": "aaaaa"})],
    )
    rows = [line for line in pages.page(made, VERSIONS).splitlines() if re.match(r"\| [\d ]", line)]
    assert rows == [
        "| 1, 2 | <code>tf1.session</code> <code>tf2.eager</code> | a | a | b | b | b |",
        "|  | <code>keras3</code> |  |  |  |  | c✗ |",
        "| 3 | <code>tf1.session</code> | a | a | a | a | a |",
    ]


HOSTILE = "<script>alert(1)</script> [x](javascript:alert(2)) `a` **b** | c\n# d"


def test_hostile_texts_are_escaped():
    one = sample({"tf1.session": "aawEu"}, dtype=HOSTILE, **{HOSTILE: HOSTILE, "none": None})
    one.inputs = [HOSTILE]
    for result in one.results:
        result.message = HOSTILE if result.message else ""
    one.rows[0].known = "--1--"
    made = Operation("relu", {"tf1.session": HOSTILE}, [Reason(HOSTILE, "javascript:alert(3)")], [one])
    environment = Environment(HOSTILE, versions={"tensorflow": HOSTILE}, settings={HOSTILE: HOSTILE})
    environment.processor.model = HOSTILE
    atlas = Atlas([environment, *map(Environment, ["tf2.0", "tf2.4", "tf2.9", "tf2.16"])], [made])
    for text in pages.pages(atlas).values():
        assert not re.search(r"<(?!/?code>|br>)|\]\((?!operations/relu\.md)|javascript:|\*\*b|\n# d", text)
        assert len({line.count("|") for line in text.splitlines() if line.startswith("| 1")}) <= 1


@pytest.mark.parametrize("name", ["../up", "a/b", "", "a b", "x](y", "relu\n"])
def test_an_operation_is_no_path(tmp_path, name):
    document = json.loads(kept.text_of(Atlas([Environment("tf2.0")], [operation("relu", "a")])))
    document["operations"][0]["name"] = name
    (tmp_path / "atlas.json").write_text(json.dumps(document))
    with pytest.raises(CompatError, match="no operation is called"):
        kept.read(str(tmp_path / "atlas.json"))


def test_spellings_are_shown_with_their_parameters():
    assert spellings.shown("tf.f({x}<, a={a}>, {{'b': 0}}[{m}])") == "tf.f(x, a=a, {'b': 0}[m])"
    spelled = {
        "tf1.session": "tf.nn.relu(x)",
        "keras2": "keras.layers.ReLU()(x)",
        "keras3": "keras.ops.relu(x)",
    }
    assert spellings.names(spelled) == ["tf.nn.relu", "tf.keras.layers.ReLU", "keras.ops.relu"]


# -- made with workers


def made(name, known=(), **faults):
    with pool(**faults) as workers:
        return making.operation(name, workers, Known(known, workers.environments()))


def test_what_agrees_everywhere_is_one_letter():
    found = made("tanh")
    assert all(
        len(one.results) == 1 and one.results[0].verdict == "agrees" for one in found.samples if one.ordinary
    )
    assert {row.results for one in found.samples for row in one.rows} == {"aa"}
    told = Told(found, ["1.15", "2.15"], range(len(found.samples)))
    assert told.summary() == "The same bits in all 2 versions"


def test_a_fault_of_the_newer_version_is_told():
    found = made("tanh", tanh="off")
    plain = [place for place, one in enumerate(found.samples) if one.ordinary]
    told = Told(found, ["1.15", "2.15"], plain)
    assert list(told.numbers()) == [1] and told.changed(changes.ROUNDING, changes.UNTOLD) == {}
    assert "no longer, in every sample" in told.of("tf1.session")


def test_a_known_difference_gives_its_reason():
    found = made("leaky_relu", read(str(CHECKOUT / "cases" / FILE_NAME)), leaky_relu="0.3")
    told = Told(found, ["1.15", "2.15"], range(len(found.samples)))
    assert "slope is 0.2 in tf.nn.leaky" in told.of("keras2").replace("&#95;", "_")
    assert "<code>alpha</code> not written" in told.of("keras2")
    assert told.of("tf1.session") == "The same bits in all 2 versions."


@pytest.mark.parametrize("fault, status", [("refuses", "error"), ("dies", "crashed")])
def test_what_fails_is_kept_as_it_failed(fault, status):
    found = made("softplus", softplus=fault)
    for one in found.samples:
        (row,) = one.rows
        assert row.results == "ab" and [result.status for result in one.results] == ["computed", status]


# -- what is kept


def test_an_atlas_is_read_as_it_was_written(tmp_path):
    atlas = Atlas(
        [Environment("tf1.15"), Environment("tf2.15")], [made("leaky_relu"), made("relu", relu="refuses")]
    )
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
        ('"results":"aaabb"', '"results":"aaabz"'),
        ('"results":"aaabb"', '"results":"aaab"'),
        ('"known":""', '"known":"1----"'),
        ('"verdict":"agrees"', '"verdict":"fine"'),
        ('"ordinary":true', '"ordinary":1'),
        ('"status":"computed"', '"status":"error"'),
        ('"dialects":["tf1.session"]', '"dialects":[]'),
        ("]}\n", ""),
    ],
)
def test_a_torn_or_foreign_file_is_refused_in_one_line_and_left_alone(tmp_path, compat_command, old, new):
    good = kept.text_of(Atlas([Environment(f"tf{v}") for v in VERSIONS], [operation("relu", "aaabb")]))
    assert old in good
    folder = tmp_path / "out" / "atlas"
    folder.mkdir(parents=True)
    (folder / "atlas.json").write_text(good)
    assert compat_command("atlas", "--pages-only").returncode == 0
    (folder / "atlas.json").write_text(good.replace(old, new, 1))
    before = content(tmp_path)
    for arguments in (("--pages-only",), ("--operations", "relu")):
        assert "atlas.json" in refusal(compat_command("atlas", *arguments))
    assert content(tmp_path) == before


# -- the command


def test_the_command_writes_the_file_and_its_pages(tmp_path, compat_command, environments):  # noqa: F811
    folder = environments(relu="off")
    arguments = ("atlas", "--environments", folder, "--operations")
    result = compat_command(*arguments, "relu", "tanh")
    assert result.returncode == 0, result.stderr
    assert "operations: 2 of 2" in result.stderr and "2 operations in 2 environments" in result.stdout
    out = tmp_path / "out" / "atlas"
    assert set(content(out)) == {"atlas.json", "operations.md", "operations/relu.md", "operations/tanh.md"}
    assert "**Numbers change** at 2.15" in (out / "operations" / "relu.md").read_text(encoding="utf-8")
    first = content(out)
    assert compat_command(*arguments, "relu").returncode == 0  # the other stays
    assert content(out) == first
    assert compat_command("atlas", "--pages-only").returncode == 0 and content(out) == first
    (other,) = [one for one in kept.read(str(out / "atlas.json")).operations if one.name == "tanh"]
    assert compat_command(*arguments, "softplus").returncode == 0
    assert other in kept.read(str(out / "atlas.json")).operations


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
    arguments = ("atlas", "--environments", folder, "--operations", "relu", *arguments)
    assert compat_command(*arguments[:5]).returncode == 0
    before = content(tmp_path)
    assert said in refusal(compat_command(*arguments))
    assert content(tmp_path) == before
