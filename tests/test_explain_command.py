"""``compat explain`` as a command: what it prints, with and without verdicts, and what it refuses."""

import json
import sys

import pytest
from support import quick_run, refusal, write

from compat import cli
from compat.commands import explain as command_explain

CASE = """
    from compat import Unsupported, fixtures, operation, reference

    _X = fixtures.uniform("explained_x", (1, 6, 6, 2), seed=1, low=-1, high=1)
    _W = fixtures.uniform("explained_w", (3, 3, 2, 2), seed=2, low=-1, high=1)

    conv = operation("conv", reference=lambda x, w, *, port: reference.conv2d(x, w, padding="SAME"))


    @conv.on("numpy")
    def _(np, x, w, *, port):
        from compat import layers

        if port == "unsupported":
            raise Unsupported("not here")
        y = layers.conv2d(x, w[::-1, ::-1] if port == "flipped" else w, padding="SAME")
        if port == "noise":
            y = y + np.random.RandomState(3).normal(0, 1, y.shape).astype(np.float32)
        return x if port == "input" else y


    for port in ("right", "flipped", "noise", "input", "unsupported"):
        conv.sample(port, x=_X, w=_W, port=port)


    def _network(x, w):
        network = reference.Network(x)
        network.step("conv1", lambda x: reference.conv2d(x, w, padding="SAME"))
        network.step("relu1", reference.relu)
        return network


    network = operation("network", reference=_network)


    @network.on("numpy")
    def _(np, x, w):
        from compat import layers

        y = layers.conv2d(x, w, padding="SAME")
        return {"conv1": y, "relu1": np.minimum(np.maximum(y, 0), np.float32(0.5))}


    network.sample("clipped", x=_X, w=_W)
    alone = operation("alone")


    @alone.on("numpy")
    def _(np, x):
        return x


    alone.sample("x", x=_X)
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("explained")
    case = write(folder / "case.py", CASE)
    quick_run(case, folder / "runs" / "here")
    return folder / "runs" / "here"


def explained(capsys, run, sample, *options):
    status = cli.main(["explain", str(run), sample, "numpy", *options])
    return status, capsys.readouterr().out


@pytest.mark.parametrize(
    ("sample", "status", "words"),
    [
        ("conv[right]", 0, "rounding explains it: nothing to mend"),
        ("conv[flipped]", 1, "cause: the kernel is flipped"),
        ("conv[noise]", 1, "hypotheses fits, alone or in pairs ("),
        ("conv[input]", 1, "it is the input x: look for a step that is not done"),
        ("conv[unsupported]", 0, "conv[unsupported] numpy in here: unsupported\n  not here"),
        ("network[clipped]", 1, "it begins at relu1"),
    ],
)
def test_what_it_says(run, capsys, sample, status, words):
    found, printed = explained(capsys, run, sample, "--seconds", "2")
    assert (found, words in printed) == (status, True), printed


def test_hypotheses_are_listed(capsys):
    assert cli.main(["explain", "--hypotheses"]) == 0
    printed = capsys.readouterr().out
    assert "flipped kernel" in printed and "Adam: no bias correction" in printed
    assert printed.splitlines()[-1].endswith("hypotheses, and pairs of them")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "expected RUN SAMPLE DIALECT"),
        (("{run}", "conv[flipped]"), "expected RUN SAMPLE DIALECT"),
        (("nowhere", "conv[flipped]", "numpy"), "there is no such run"),
        (("{run}", "conv[fliped]", "numpy"), "no sample 'conv[fliped]'; it has conv[flipped], conv[input]"),
        (("{run}", "other[x]", "numpy"), "no sample 'other[x]'"),
        (("{run}", "conv[flipped]", "keras3"), "no keras3 of conv[flipped]; it has numpy"),
        (("{run}", "alone[x]", "numpy"), "no reference"),
        (("{run}", "conv[flipped]", "numpy", "--seconds", "0"), "--seconds 0: expected seconds, more than 0"),
        (("{run}", "conv[flipped]", "numpy", "--seconds", "nan"), "--seconds nan"),
    ],
)
def test_what_it_refuses(run, compat_command, arguments, words):
    assert words in refusal(compat_command("explain", *[word.format(run=run) for word in arguments]))


def test_a_case_that_has_changed(tmp_path, compat_command):
    case = write(tmp_path / "case.py", CASE)
    quick_run(case, tmp_path / "runs" / "here")
    write(case, CASE.replace("seed=1", "seed=5"))
    explain = ("explain", "runs/here", "conv[flipped]", "numpy")
    assert "is not the one that was recorded" in refusal(compat_command(*explain))
    assert "case.py has changed since it was recorded" in refusal(compat_command(*explain, "--cases", case))
    write(case, CASE.replace('"flipped", "noise"', '"noise"'))
    assert "has no such sample any more" in refusal(compat_command(*explain, "--cases", case))
    case.unlink()
    assert "is not here: name it with --cases" in refusal(compat_command(*explain))


def test_a_result_that_is_gone(tmp_path, compat_command):
    run = quick_run(write(tmp_path / "case.py", CASE), tmp_path / "runs" / "here")
    digest = run.record("conv[flipped]", "numpy").outputs["y"].digest
    (tmp_path / "runs" / "objects" / f"{digest}.npy").unlink()
    assert "is missing" in refusal(compat_command("explain", "runs/here", "conv[flipped]", "numpy"))


def test_a_reference_that_fails(tmp_path, compat_command):
    text = CASE.replace(
        'conv2d(x, w, padding="SAME"))\n\n\n    @conv', 'conv2d(x, w, padding="NONE"))\n\n\n    @conv'
    )
    quick_run(write(tmp_path / "case.py", text), tmp_path / "runs" / "here")
    line = refusal(compat_command("explain", "runs/here", "conv[flipped]", "numpy"))
    assert "the reference fails" in line


def test_progress_is_for_terminals(monkeypatch, capsys):
    progress = command_explain._Progress(wait=-1.0)
    progress._said -= 1
    progress(3)
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    progress(4)
    assert "explain: 4 possibilities tried, " in capsys.readouterr().err
    progress.end()
    assert capsys.readouterr().err == "\r\033[K"


def test_the_run_is_not_changed(run, capsys):
    before = json.loads((run / "run.json").read_text()), sorted(path.name for path in run.iterdir())
    explained(capsys, run, "conv[flipped]")
    assert (json.loads((run / "run.json").read_text()), sorted(path.name for path in run.iterdir())) == before
