"""known_differences.toml: what an entry speaks of, that a stale one fails, and wrong entries in one line."""

import pytest
from support import DOUBLE, judged, quick_run, refusal, write

from compat.case.files import Case
from compat.errors import CompatError
from compat.judge import known
from compat.records import SEVERITY, Environment, Known, Verdict, needs_a_person

ENTRY = {
    "operation": '"conv2d"',
    "samples": '["k3-*"]',
    "dialects": '["tf1.session", "keras2"]',
    "tensorflow": '">=2.4,<2.9"',
    "verdict": '"differs"',
    "reason": '"a reason"',
    "address": '"https://example.org"',
}


def entry_text(**changes):
    fields = {key: value for key, value in dict(ENTRY, **changes).items() if value is not None}
    return "[[difference]]\n" + "".join(f"{key} = {value}\n" for key, value in fields.items())


def entries(tmp_path, *texts):
    path = tmp_path / known.FILE_NAME
    path.write_text("\n".join(texts), encoding="utf-8")
    return known.read(str(path))


def matches(entry, sample="conv2d[k3-s1]", dialect="keras2", tensorflow="2.6.5", **settings):
    operation, name = sample[:-1].split("[")
    versions = {"tensorflow": tensorflow} if tensorflow else {}
    return entry.matches(operation, name, dialect, Environment("here", versions=versions, settings=settings))


# -- what an entry speaks of


def test_operation_sample_dialect_and_version(tmp_path):
    (entry,) = entries(tmp_path, entry_text())
    assert matches(entry)
    assert not matches(entry, sample="conv2d[k5-s1]")
    assert not matches(entry, sample="conv2d_grad[k3-s1]")
    assert not matches(entry, sample="conv2d[K3-s1]")
    assert not matches(entry, dialect="keras3")
    assert matches(entry, dialect="tf1.session")


@pytest.mark.parametrize(
    ("specifier", "inside", "outside"),
    [
        (
            '">=2.4,<2.9"',
            ("2.4.0", "2.4.4", "2.6.5", "2.8.4", "2.8.0rc1"),
            ("1.15.5", "2.3.4", "2.9.0", "2.10.1", "2.21.0", None),
        ),
        ('"<2"', ("1.13.2", "1.15.5"), ("2.0.4", "2.21.0", None)),
        ('"==2.1.*"', ("2.1.0", "2.1.4"), ("2.0.4", "2.10.1", "2.11.1", None)),
        ('"!=2.0.4"', ("1.15.5", "2.1.4"), ("2.0.4", None)),
        ('">=2.16.0rc0"', ("2.16.0rc1", "2.21.0"), ("2.15.1", None)),
        (None, ("1.13.2", "2.21.0", None), ()),
        ('""', ("1.13.2", None), ()),
    ],
)
def test_versions(tmp_path, specifier, inside, outside):
    (entry,) = entries(tmp_path, entry_text(tensorflow=specifier))
    assert all(matches(entry, tensorflow=version) for version in inside)
    assert not any(matches(entry, tensorflow=version) for version in outside)


def test_patterns(tmp_path):
    assert all(
        matches(entries(tmp_path, entry_text(samples=None))[0], sample=s)
        for s in ("conv2d[a]", "conv2d[b+c.d]")
    )
    (entry,) = entries(tmp_path, entry_text(samples='["k?-s1", "exact"]'))
    found = {
        name: matches(entry, sample=f"conv2d[{name}]") for name in ("k3-s1", "k10-s1", "exact", "exactly")
    }
    assert found == {"k3-s1": True, "k10-s1": False, "exact": True, "exactly": False}


def test_settings_are_those_that_were_recorded(tmp_path, monkeypatch):
    (entry,) = entries(tmp_path, entry_text(settings='{TF_ENABLE_ONEDNN_OPTS = "1"}'))
    monkeypatch.setenv("TF_ENABLE_ONEDNN_OPTS", "1")  # of this process: says nothing
    assert matches(entry, TF_ENABLE_ONEDNN_OPTS="1")
    assert not matches(entry, TF_ENABLE_ONEDNN_OPTS="0")
    assert not matches(entry)


# -- what it does to a verdict


def explained(tmp_path, word, *texts):
    verdict = Verdict(word, "as found")
    found = entries(tmp_path, *texts)
    environment = Environment("here", versions={"tensorflow": "2.6.5"})
    return known.marked(verdict, "conv2d", "k3-s1", "keras2", environment, found)


def test_a_known_difference_passes(tmp_path):
    verdict = explained(tmp_path, "differs", entry_text())
    assert (verdict.word, verdict.message, needs_a_person(verdict)) == ("differs", "as found", False)
    assert verdict.known == Known("a reason", "https://example.org")


def test_an_edit_is_told_with_the_reason(tmp_path):
    known_one = explained(tmp_path, "differs", entry_text(edit='"write strides=1"')).known
    assert known_one == Known("a reason", "https://example.org", "write strides=1")
    assert known_one.told == "a reason: write strides=1"
    with pytest.raises(CompatError, match="edit: expected a text"):
        entries(tmp_path, entry_text(edit="1"))


@pytest.mark.parametrize("word", ["suspicious", "error", "timeout", "crashed"])
def test_another_failure_is_not_excused(tmp_path, word):
    verdict = explained(tmp_path, word, entry_text())
    assert (verdict.word, verdict.known, needs_a_person(verdict)) == (word, None, True)
    assert not needs_a_person(explained(tmp_path, word, entry_text(verdict=f'"{word}"')))


@pytest.mark.parametrize("word", ["identical", "agrees"])
def test_a_stale_entry_fails(tmp_path, word):
    verdict = explained(tmp_path, word, entry_text())
    assert verdict.word == "differs" and needs_a_person(verdict)
    assert "difference 1 expects differs, but it agrees" in verdict.message


def test_one_stale_entry_does_not_excuse_another(tmp_path):
    verdict = explained(tmp_path, "agrees", entry_text(verdict='"error"'), entry_text())
    assert needs_a_person(verdict) and verdict.known is None
    verdict = explained(tmp_path, "agrees", entry_text(), entry_text(verdict='"error"'), entry_text())
    assert needs_a_person(verdict) and verdict.known is None


def test_an_entry_that_speaks_of_nothing_here_changes_nothing(tmp_path):
    for changes in ({"operation": '"other"'}, {"dialects": '["scipy"]'}, {"tensorflow": '"<2"'}):
        for word in SEVERITY:
            verdict = explained(tmp_path, word, entry_text(**changes))
            assert (verdict.word, verdict.message, verdict.known) == (word, "as found", None)


@pytest.mark.parametrize("word", ["unsupported", "stale", "unjudged"])
def test_what_was_not_computed_makes_nothing_stale(tmp_path, word):
    verdict = explained(tmp_path, word, entry_text())
    assert (verdict.word, verdict.known) == (word, None)


# -- files


def test_several_and_none(tmp_path):
    assert [e.operation for e in entries(tmp_path, entry_text(), entry_text(operation='"b"'))] == [
        "conv2d",
        "b",
    ]
    assert entries(tmp_path, "# nothing known\n") == []


def test_the_nearest_file_speaks(tmp_path):
    case = write(tmp_path / "cases" / "models" / "deep.py", DOUBLE)
    assert known.path_beside(str(case)) != str(tmp_path / known.FILE_NAME)
    write(tmp_path / known.FILE_NAME, "")
    assert known.path_beside(str(case)) == str(tmp_path / known.FILE_NAME)
    write(tmp_path / "cases" / "models" / known.FILE_NAME, "")
    assert known.path_beside(str(case)) == str(tmp_path / "cases" / "models" / known.FILE_NAME)
    assert Case(str(case)).samples()


MALFORMED = {
    "no TOML": ("[[difference]\n", "known_differences.toml: "),
    "no text": (b"\xff\xfe", "known_differences.toml: "),
    "a field missing": (entry_text(reason=None), "difference 1 lacks reason"),
    "two fields missing": (entry_text(reason=None, address=None), "difference 1 lacks address, reason"),
    "a field too many": (entry_text(because='"x"'), "difference 1 has unknown because"),
    "the second entry": (entry_text() + entry_text(verdict=None), "difference 2 lacks verdict"),
    "unknown dialect": (
        entry_text(dialects='["keras4"]'),
        "difference 1: no dialect 'keras4'; there are numpy",
    ),
    "unknown verdict": (entry_text(verdict='"wrong"'), "difference 1: no verdict 'wrong'; there are"),
    "a verdict that passes": (entry_text(verdict='"agrees"'), "difference 1: verdict 'agrees'"),
    "no version": (entry_text(tensorflow='"2 or so"'), "difference 1: tensorflow: "),
    "another table": ("[known]\nx = 1\n", "write [[difference]] tables and nothing else"),
    "one table": ("[difference]\nx = 1\n", "write [[difference]] tables and nothing else"),
    "a list of numbers": ("difference = [1]\n", "write [[difference]] tables and nothing else"),
    "samples as text": (entry_text(samples='"k3-*"'), "difference 1: samples: expected a list of texts"),
    "dialects as text": (entry_text(dialects='"numpy"'), "difference 1: dialects: expected a list of texts"),
    "samples of numbers": (entry_text(samples="[1, 2]"), "difference 1: samples: expected a list of texts"),
    "a list of verdicts": (entry_text(verdict='["differs"]'), "difference 1: verdict: expected a text"),
    "a number for a version": (entry_text(tensorflow="2.4"), "difference 1: tensorflow: expected a text"),
    "an operation that is no text": (entry_text(operation="3"), "difference 1: operation: expected a text"),
    "no reason": (entry_text(reason='""'), "difference 1: reason: expected a text"),
    "settings as text": (
        entry_text(settings='"ONEDNN"'),
        "difference 1: settings: expected a table of texts",
    ),
    "settings of numbers": (
        entry_text(settings="{A = 1}"),
        "difference 1: settings: expected a table of texts",
    ),
}


@pytest.mark.parametrize("what", MALFORMED)
def test_malformed(tmp_path, what):
    text, words = MALFORMED[what]
    path = tmp_path / known.FILE_NAME
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(CompatError) as caught:
        known.read(str(path))
    assert words in str(caught.value) and str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_malformed_through_the_command_line(tmp_path, compat_command, double_case):
    (tmp_path / known.FILE_NAME).write_text(entry_text(reason=None))
    assert "difference 1 lacks reason" in refusal(compat_command("run", double_case, "--out", "runs/here"))
    assert not (tmp_path / "runs").exists()


def test_a_stale_entry_fails_the_run(tmp_path, double_case):
    text = entry_text(operation='"double"', samples='["s1"]', dialects='["numpy"]', tensorflow=None)
    (tmp_path / known.FILE_NAME).write_text(text)
    run = quick_run(double_case, tmp_path / "runs" / "here")
    found = judged(run)
    words = {name: row["numpy"].word for name, row in found.verdicts.items()}
    assert words == {"double[s0]": "agrees", "double[s1]": "differs", "double[s2]": "agrees"}
    assert "mend the entry" in found.verdict("double[s1]", "numpy").message


def known_of(**more):
    fields = {
        "operation": "gelu",
        "dialects": ["keras3", "tf2.function"],
        "verdict": "differs",
        "reason": "Keras computes it so",
        "address": "https://keras.io",
    }
    return known.KnownDifference({**fields, **more}, "known_differences.toml: difference 1")


def marked(word, dialect, recorded_with=None, **more):
    environment = Environment("here", settings=recorded_with or {})
    return known.marked(Verdict(word), "gelu", "a", dialect, environment, [known_of(**more)])


def test_of_keras_on_jax_what_is_known_on_tensorflow_may_be_and_need_not():
    jax = {"KERAS_BACKEND": "jax"}
    assert marked("differs", "keras3", jax).known and marked("agrees", "keras3", jax).word == "agrees"
    assert marked("agrees", "keras3", {"KERAS_BACKEND": "tensorflow"}).word == "differs"
    assert marked("agrees", "keras3").word == "differs"
    assert marked("agrees", "keras3", jax, settings=jax).word == "differs"  # said of JAX itself
    assert marked("differs", "keras3", settings=jax).known is None


def test_of_what_is_compiled_or_converted_too():
    for dialect in ("tf2.xla", "onnx", "tflite"):
        assert marked("differs", dialect).known and marked("agrees", dialect).word == "agrees"
    assert marked("agrees", "tf2.function").word == "differs"
    assert marked("agrees", "onnx", dialects=["onnx"]).word == "differs"
