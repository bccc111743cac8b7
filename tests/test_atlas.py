"""What the atlas says: its samples, made-up letters in words and on pages, the file; nothing is computed."""

import json
import re
import subprocess
import sys

import numpy as np
import pytest
from support import CHECKOUT

from compat.atlas import changes, chosen, kept, making, pages, spellings
from compat.atlas.kept import Atlas, Operation, Result, Sample
from compat.atlas.words import Told
from compat.errors import CompatError
from compat.fuzz.catalogue import ENTRIES
from compat.records import Environment
from compat.records import Known as Reason

VERSIONS = ["1.15", "2.0", "2.4", "2.9", "2.16"]
#: By letter what a made result is; r and x are random, z has the numbers of a with another zero.
WORDS = {
    **dict.fromkeys("abcrz", "agrees"),
    **dict.fromkeys("wvx", "differs"),
    **dict.fromkeys("ut", "unjudged"),
}
FAILED = {"N": "unsupported", "E": "error", "C": "crashed"}
RANDOM = "rx"
HOSTILE = "<script>alert(1)</script> [x](javascript:alert(2)) `a` **b** | c\n# d"


def sample(rows, dtype="float32", ordinary=True, known=None, **parameters):
    """``rows``: by dialect letters of WORDS and FAILED, one for each version."""
    letters = sorted({*"".join(rows.values())} - {kept.NOTHING})
    results = list(map(_result, letters))
    named = dict(zip(letters, kept.LETTERS), **{kept.NOTHING: kept.NOTHING})
    made = {dialect: "".join(named[one] for one in text) for dialect, text in rows.items()}
    inputs = [f"x: {dtype} (2,), noise"]
    return Sample("0" * 16, dtype, inputs, parameters, ordinary, results, made, known or {})


def _result(letter):
    if letter in FAILED:
        return Result(status=FAILED[letter], message="no such kernel")
    word = WORDS[letter]
    message = "at 0: 1, expected 2" if word == "differs" else None
    if letter in RANDOM:
        return Result(word, message=message)
    bits = f"{ord(letter):010x}"
    return Result(word, bits, f"{ord('a'):010x}" if letter == "z" else None, message=message)


def operation(name, *samples, reasons=()):
    """Of samples, or of the letters of ``tf1.session``, or of several dialects'."""
    made = [
        one if isinstance(one, Sample) else sample(one if isinstance(one, dict) else {"tf1.session": one})
        for one in samples
    ]
    dialects = [dialect for one in made for row in one.rows for dialect in row.split()]
    return Operation(name, dict.fromkeys(dialects, "tf.nn.relu(x)"), list(reasons), made)


def told(*samples, versions=VERSIONS, reasons=()):
    return Told(operation("relu", *samples, reasons=reasons), versions, range(len(samples)))


# -- the samples


#: What the catalogue draws with one value of a parameter alone.
FIXED = "gather$|(batch|depth|space)_to_|group_normalization|unsorted_segment"


@pytest.mark.parametrize("name", sorted(ENTRIES))
def test_samples_have_every_dtype_and_value_and_nothing_else_moves_them(name, monkeypatch):
    found = chosen.samples(name)
    assert 12 <= len(found) <= 24
    plain = [one for one in found if chosen.ordinary(one)]
    assert found[: len(plain)] == plain and len(plain) > 10
    assert {one.given[0].dtype for one in plain} == set(ENTRIES[name].dtypes)
    for parameter in found[0].steps[0].parameters:
        values = {repr(one.steps[0].parameters[parameter]) for one in plain}
        assert len(values) > 1 or re.match(FIXED, name), f"{parameter} is always {values}"
    digests = [one.digest for one in found]
    assert len(set(digests)) == len(digests)
    monkeypatch.setattr(chosen, "ENTRIES", {name: ENTRIES[name]})  # as if the catalogue were of this one
    assert [one.digest for one in chosen.samples(name)] == digests


def test_samples_are_the_same_in_every_process():
    code = "from compat.atlas.chosen import samples; print(*[one.digest for one in samples('leaky_relu')])"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=str(CHECKOUT), stdout=subprocess.PIPE, text=True, check=True
    )
    assert done.stdout.split() == [one.digest for one in chosen.samples("leaky_relu")]


@pytest.mark.parametrize(
    "name, one, other, count", [("leaky_relu", "dtype", "alpha", 8), ("max_pool", "ksize", "strides", 6)]
)
def test_pairs_are_drawn_as_well(name, one, other, count):
    plain = [drawn for drawn in chosen.samples(name) if chosen.ordinary(drawn)]
    named = [{"dtype": drawn.given[0].dtype, **drawn.steps[0].parameters} for drawn in plain]
    assert len({(values[one], values[other]) for values in named}) == count


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
        ("wwvvv", [(1, 2, changes.NEITHER)]),
        ("uuttt", [(1, 2, changes.UNTOLD)]),
        ("uuaaa", [(1, 2, changes.UNTOLD)]),
        ("uuwww", [(1, 2, changes.UNTOLD)]),
        ("aNNaa", []),
        ("aN-ab", [(3, 4, changes.ROUNDING)]),
        ("aEwwa", [(0, 2, changes.LEFT), (3, 4, changes.CAME)]),
        ("arraa", []),
        ("arrbb", [(0, 3, changes.ROUNDING)]),
        ("aazbb", [(1, 2, changes.ZEROS), (2, 3, changes.ROUNDING)]),
        ("aaxaa", [(1, 2, changes.LEFT), (2, 3, changes.CAME)]),
        ("-----", []),
    ],
)
def test_changes_from_version_to_version(letters, expected):
    found = changes.changes(changes.table(operation("relu", letters, "aaaaa"), "tf1.session", [0, 1]))
    assert [(one.before, one.after, one.kind) for one in found] == expected
    assert all(one.samples == [0] for one in found)


OFF = "at 0: 1, expected 2."


@pytest.mark.parametrize(
    "letters, expected",
    [
        (["aaaaa"], "The same bits in every version."),
        (["--aaa"], "The same bits in every version."),
        (["----a"], "Seen in 2.16 alone."),
        (["NNNNN"], "Not to be had in every version, in the sample: no such kernel."),
        (
            ["aabbb", "aaaaa"],
            "Since 2.4 (before: 2.0) other bits, by rounding, in 1 of 2 samples (number 1).",
        ),
        (["aaaaE"], "The same bits in 1.15 to 2.9. An error in 2.16, in the sample: no such kernel."),
        (
            ["aCaaa", "aCaaa"],
            "The same bits in 1.15 and 2.4 to 2.16. A crash in 2.0, in every sample: no such kernel.",
        ),
        (
            ["aazzz"],
            "Since 2.4 (before: 2.0) other zeros (their sign, or denormal numbers made zero), in the sample.",
        ),
        (["uuuuu"], "The same bits in every version. No rule tells what is right in the sample."),
        (["aaraa"], "The same bits in every version. Other bits each time in 2.4, in the sample."),
        (
            ["aawww"],
            "Since 2.4 (before: 2.0) **other numbers**, which agree with the float64 answer no longer, in the "
            f"sample. Not the float64 answer in 2.4 to 2.16, in the sample: {OFF}",
        ),
        (
            ["wwaaa"],
            "Since 2.4 (before: 2.0) **other numbers**, which agree with the float64 answer from then on, in the "
            f"sample. Not the float64 answer in 1.15 to 2.0, in the sample: {OFF}",
        ),
        (
            ["wwwwv"],
            "Since 2.16 (before: 2.9) other bits, and neither before nor after the float64 answer, in the sample. "
            f"Not the float64 answer in every version, in the sample: {OFF}",
        ),
    ],
)
def test_words_of_a_dialect(letters, expected):
    assert told(*letters).of("tf1.session") == expected


def test_a_reason_is_told_by_its_number():
    one = sample({"tf1.session": "aaaww"}, known={"tf1.session": "---22"})
    found = told(one, reasons=[Reason("another", ""), Reason("because", "https://example.org")])
    assert found.of("tf1.session").endswith("Not the float64 answer in 2.9 to 2.16, in the sample: reason 2.")
    assert found.summary() == "**Numbers change** at 2.9, in the sample (because)"
    page = pages.page(found.operation, VERSIONS)
    assert "2. because. [Why](<https://example.org>)" in page and "| b† |" in page


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
    pair = [
        sample(rows[d == "float16" and k == 1], d, k=k) for d in ("float16", "float32") for k in (1, 1, 2)
    ]
    assert "in 4 of 6 samples (all but float16, <code>k=1</code>)" in told(*pair).of("tf1.session")
    assert "(numbers 1, 6)" in told(*pair).which([0, 5])
    assert "(float16, <code>k=1</code>)" in told(*pair).which([0, 1])


def test_dialects_are_compared_in_the_same_version():
    found = told({"tf1.session": "aaaaa", "tf2.eager": "-aaaa", "keras2": "bbbbb", "keras3": "----w"})
    assert found.between() == (
        "Beside <code>tf1.session</code> of the same version, <code>tf2.eager</code>: the same bits in the sample; "
        "<code>keras2</code>: other bits by rounding in the sample; <code>keras3</code>: other numbers in the sample."
    )
    assert "<code>keras3</code>: other numbers in the sample" in found.port()
    assert found.port().startswith("A port from <code>tf1.session</code> of 1.15 has in 2.16, ")
    assert told("aa", versions=["2.0", "2.4"]).port() == ""


@pytest.mark.parametrize(
    "letters, expected",
    [
        (["aaaaa"], "The same bits in all 5 versions"),
        (["aabbb"], "Bits change at 2.4 by rounding"),
        (["NEaaa"], "The same bits wherever it is computed"),
        (["aaaEE"], "**Refused** at 2.9, some samples or all; the same bits wherever it is computed"),
        (["aazzz"], "Zeros change at 2.4, by their sign"),
        (
            ["aabww"],
            "**Numbers change** at 2.9, in the sample (a reason is not known); bits change at 2.4 by rounding",
        ),
        (
            ["wwwww"],
            "<code>tf1.session</code> has other numbers (a reason is not known); the same bits in all 5 versions",
        ),
        (["uuutt"], "Bits change at 2.9, not told whether by rounding"),
        (
            [{"tf1.session": "aaaaa", "tf2.eager": "abbcc", "keras2": "aaaww", "keras3": "-awwa"}],
            "**Numbers change** at 2.4 and 2.16 (<code>keras3</code>) and 2.9 (<code>keras2</code>), in the sample "
            "(a reason is not known); bits change at 2.0 and 2.9 by rounding",
        ),
        (
            [{"tf1.session": "aaaaa", "keras2": "aaawv"}],
            "**Numbers change** at 2.9 (<code>keras2</code>), in the sample (a reason is not known); "
            "bits change at 2.16 (<code>keras2</code>), not told whether by rounding",
        ),
    ],
)
def test_the_line_of_the_index(letters, expected):
    assert told(*letters).summary() == expected


# -- pages


def atlas_of(*operations, versions=VERSIONS):
    return Atlas([Environment(f"tf{version}") for version in versions], list(operations))


def test_what_changed_numbers_comes_first():
    infinite = sample({"tf1.session": "aaaaw"}, ordinary=False)
    made = [
        operation("same", "aaaaa"),
        operation("bits", "aabbb"),
        operation("always", "wwwww"),
        operation("edges", "aaaaa", infinite),
        operation("moved", "aaaaw"),
    ]
    index = pages.index(atlas_of(*made))
    assert re.findall(r"^\| \[(\w+)\]", index, re.MULTILINE) == ["moved", "always", "edges", "bits", "same"]
    (line,) = [line for line in index.splitlines() if line.startswith("| [edges]")]
    assert "on zeros, infinities and NaN **numbers change** at 2.16" in line and line.endswith("|  |  |")


def test_dialects_and_samples_of_the_same_letters_are_one_row():
    same = {"tf1.session": "aabbb", "tf2.eager": "-abbb", "keras3": "----w"}
    made = operation("relu", same, same, "aaaaa", "Eruaa")
    rows = [line for line in pages.page(made, VERSIONS).splitlines() if re.match(r"\| [\d ]", line)]
    assert rows == [
        "| 1, 2 | <code>tf1.session</code> <code>tf2.eager</code> | a | a | b | b | b |",
        "|  | <code>keras3</code> |  |  |  |  | c✗ |",
        "| 3 | <code>tf1.session</code> | a | a | a | a | a |",
        "| 4 | <code>tf1.session</code> | E | ~ | d? | b | b |",
    ]


def test_hostile_texts_are_escaped():
    known = {"tf1.session": "--1--"}
    one = sample({"tf1.session": "aawEu"}, HOSTILE, known=known, **{HOSTILE: HOSTILE, "none": None})
    for result in one.results:
        result.message = HOSTILE if result.message else None
    made = operation("relu", one, reasons=[Reason(HOSTILE, "javascript:alert(3)")])
    made.spelled["tf1.session"] = HOSTILE
    atlas = atlas_of(made, versions=[HOSTILE, *VERSIONS[1:]])
    atlas.environments[0] = Environment(
        HOSTILE, versions={"tensorflow": HOSTILE}, settings={HOSTILE: HOSTILE}
    )
    atlas.environments[0].processor.model = HOSTILE
    for text in pages.pages(atlas).values():
        assert not re.search(r"<(?!/?code>|br>)|\]\((?!operations/relu\.md)|javascript:|\*\*b|\n# d", text)
        assert {line.count("|") for line in text.splitlines() if line.startswith("| 1 |")} <= {8}


# -- the file


@pytest.mark.parametrize("name", ["../up", "a/b", "", "a b", "x](y", "relu\n"])
def test_an_operation_is_no_path(tmp_path, name):
    document = json.loads(kept.text_of(atlas_of(operation("relu", "aaaaa"))))
    document["operations"][0]["name"] = name
    (tmp_path / "atlas.json").write_text(json.dumps(document))
    with pytest.raises(CompatError, match="no operation is called"):
        kept.read(str(tmp_path / "atlas.json"))


def test_an_operation_put_again_takes_the_place_of_its_name():
    atlas = atlas_of(operation("relu", "aaaaa"), operation("tanh", "aaaaa"))
    atlas.put(operation("relu", "aabbb"))
    atlas.put(operation("exp", "aaaaa"))
    assert [one.name for one in atlas.operations] == ["exp", "relu", "tanh"]
    assert atlas.operations[1].samples[0].rows == {"tf1.session": "aabbb"}


def test_spellings_are_shown_with_their_parameters():
    assert spellings.shown("tf.f({x}<, a={a}>, {{'b': 0}}[{m}])") == "tf.f(x, a=a, {'b': 0}[m])"
    spelled = {
        "tf1.session": "tf.nn.relu(x)",
        "keras2": "keras.layers.ReLU()(x)",
        "keras3": "keras.ops.relu(x)",
    }
    assert spellings.names(spelled) == ["tf.nn.relu", "tf.keras.layers.ReLU", "keras.ops.relu"]
    assert spellings.names({"tf1.session": "tf.nn.relu(tf.cast(x, y))"}) == ["tf.nn.relu"]
    assert spellings.names({"tf1.session": "tf.cast(x, y)"}) == ["tf.cast"]


def test_zeros_are_even():
    negative, tiny = np.array([-0.0, 1], np.float32), np.array([1e-40, 1], np.float32)
    even = making.bits_of(np.array([0.0, 1], np.float32), "float32")
    for array in (negative, tiny):
        assert making.bits_of(array, "float32") != even == making.bits_of(*making.evened(array, "float32"))
    nans = np.array([0x7FC00000, 0xFFC00001], np.uint32).view(np.float32)
    assert making.bits_of(nans[:1], "float32") == making.bits_of(nans[1:], "float32")
    assert making.bits_of(nans[:1], "float32") != making.bits_of(nans[:1], "bfloat16")
