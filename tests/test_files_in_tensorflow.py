"""Files that TensorFlow 1.15 wrote, traced there and in later versions: the same tensors, and rounding between them."""

import functools
import os
import subprocess

import pytest
from files_of_tensorflow_1 import FILES, WRONG
from support import CHECKOUT

from compat.cli import main
from compat.graph.pairing import computing
from compat.porting.comparing import Compared, judged_sides
from compat.porting.sides import of_run, port_side
from compat.record.versions import tensorflow_version

LATER = ("2.1", "2.15", "2.21")


def interpreter(version):
    return CHECKOUT / ".tox" / f"tf{version}" / "bin" / "python"


pytestmark = [
    pytest.mark.skipif((tensorflow_version() or ()) < (2, 16), reason="once, beside a new TensorFlow"),
    pytest.mark.skipif(not interpreter("1.15").exists(), reason="tox -e tf1.15 has not been made here"),
    pytest.mark.xdist_group("files"),
]


def called(version, *arguments):
    """What the files' program says in that TensorFlow, on standard output and error."""
    # TensorFlow 2 says in its environment that it is one, and 1.15 would believe it.
    variables = {n: v for n, v in os.environ.items() if not n.startswith(("PYTEST_", "TF2_"))}
    variables.update(PYTHONPATH=str(CHECKOUT), PYTHONIOENCODING="utf-8", TF_CPP_MIN_LOG_LEVEL="3")
    program = str(CHECKOUT / "tests" / "files_of_tensorflow_1.py")
    done = subprocess.run(
        [str(interpreter(version)), program, *map(str, arguments)],
        env=variables, capture_output=True, encoding="utf-8", timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout, done.stderr


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """``runs(version)``: the folder of the runs of every file in that TensorFlow, and what was said on errors."""
    folder = tmp_path_factory.mktemp("files")
    called("1.15", "make", folder)

    @functools.lru_cache(maxsize=None)
    def traced(version):
        if not interpreter(version).exists():
            pytest.skip(f"tox -e tf{version} has not been made here")
        return folder / version, called(version, "trace", folder, version)[1]

    return traced


def recorded(runs, version, file):
    return of_run(str(runs(version)[0] / file))


def tensors(nodes):
    """Op type, shape and dtype of every tensor by its name.

    Without what FusedBatchNormV3 keeps for its gradient, whose shape became [0] where it was [].
    """
    return {
        f"{node.name}:{number}": (node.op, output.shape, output.dtype)
        for node in nodes
        for number, output in node.outputs.items()
        if (node.op, number) != ("FusedBatchNormV3", "5")
    }


@pytest.mark.parametrize("version", LATER)
@pytest.mark.parametrize("file", ("checkpoint", "net.pb", "saved"))
def test_a_graph_has_the_same_tensors(runs, file, version):
    mine, theirs = (recorded(runs, one, file).side.trace for one in ("1.15", version))
    assert tensors(mine.nodes) == tensors(theirs.nodes)
    assert (mine.variables, mine.inputs, mine.outputs) == (theirs.variables, theirs.inputs, theirs.outputs)
    assert mine.unseen == theirs.unseen and len(mine.tensors()) > 300


@pytest.mark.parametrize("version", LATER)
def test_a_file_of_keras_has_the_same_tensors(runs, version):
    """What computes: the Keras of a version has its own way to ask how long a row is, and whether it trains.

    Cells are spelled otherwise, their gates split where they were slices: of those the numbers are compared, below.
    """
    mine, theirs = (recorded(runs, one, "net.h5").side.trace for one in ("1.15", version))
    assert tensors(computing(mine)) == tensors(computing(theirs)) and len(computing(mine)) == 13
    assert (mine.variables, mine.inputs, mine.outputs) == (theirs.variables, theirs.inputs, theirs.outputs)


@pytest.mark.parametrize("version", LATER)
@pytest.mark.parametrize("file", tuple(FILES))
def test_nothing_but_rounding_is_between_them(runs, file, version):
    legacy = recorded(runs, "1.15", file)
    one = judged_sides(legacy, Compared(*port_side(str(runs(version)[0] / file), legacy), {}), [])
    assert one.holds, (one.wrong, one.unjudged)
    assert len(one.found) >= len(computing(legacy.side.trace))


@pytest.mark.parametrize("version", LATER)
def test_another_slope_is_more_than_rounding(runs, version):
    legacy = recorded(runs, "1.15", "net.pb")
    one = judged_sides(legacy, Compared(*port_side(str(runs(version)[0] / WRONG), legacy), {}), [])
    assert not one.holds and one.wrong[0].pair.legacy.startswith("LeakyRelu")


@pytest.mark.parametrize("version", ("1.15", *LATER))
def test_weights_alone_are_no_model(runs, version):
    (line,) = (line for line in runs(version)[1].splitlines() if line.startswith("compat trace: "))
    assert "net.weights.h5: holds weights and no model" in line and line.endswith("rename it net.h5")


def test_the_command_says_so(runs, capsys, monkeypatch):
    folder = runs("1.15")[0]
    monkeypatch.chdir(folder.parent)
    assert main(["verify", str(folder / "net.pb"), "net.pb"]) == 0
    told = capsys.readouterr().out
    assert "kernels the legacy graph in net.pb and here" in told and "all agree" in told
