"""Steps of training of TensorFlow 1 programs and of Keras 3 ports: right ones are green, every mistake is told.

The legacy side is computed as tf.compat.v1 in this process, or in TensorFlow 1.15 where tox has made it.
"""

import os
import subprocess

import numpy as np
import pytest
from support import CHECKOUT, environment

from compat.cli import main
from compat.record.dialects import DIALECTS
from compat.record.versions import tensorflow_version

pytestmark = pytest.mark.skipif(
    bool(DIALECTS["tf1.session"].missing()) or (tensorflow_version() or ()) < (2, 16),
    reason="needs TensorFlow with Keras 3",
)
HERE = os.path.dirname(os.path.abspath(__file__))
PROGRAMS, PORTS = (os.path.join(HERE, f"training_{what}.py") for what in ("programs", "ports"))
OLD = str(CHECKOUT / ".tox" / "tf1.15" / "bin" / "python")
RANDOM = np.random.RandomState(0)
IMAGES = {
    "images": RANDOM.normal(size=(6, 8, 8, 3)).astype(np.float32),
    "labels": RANDOM.randint(0, 5, 6).astype(np.int32),
    "is_training": np.array(True),
}
INPUTS = {
    "lstm": {
        "words": RANDOM.normal(size=(6, 5, 4)).astype(np.float32),
        "labels": RANDOM.randint(0, 3, 6).astype(np.int32),
    },
    "layers": dict(IMAGES, labels=np.eye(5, dtype=np.float32)[IMAGES["labels"]]),
}
#: Programs whose layers and cells are not in a TensorFlow with Keras 3.
IN_OLD = ("lstm", "layers")
RIGHT = (
    "sgd", "momentum", "nesterov", "adam", "rmsprop", "regularised", "clipped", "decaying", "decaying_later", "still",
    "smoothed", "summed",
)  # fmt: skip


def _wrong():
    """(port, program, cause), read from the ports' file without TensorFlow."""
    import ast

    with open(PORTS, encoding="utf-8") as file:
        tree = ast.parse(file.read())
    named = [n for n in tree.body if isinstance(n, ast.Assign) and isinstance(n.targets[0], ast.Name)]
    table = next(n.value for n in named if n.targets[0].id == "WRONG")
    return [(port, *rest) for port, rest in ast.literal_eval(table).items()]


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Makes a traced run of a program's step, once."""
    folder = tmp_path_factory.mktemp("runs")

    def run(program, old=False, **more):
        old = old or program in IN_OLD
        if old and not os.path.exists(OLD):
            pytest.skip("needs tox -e tf1.15")
        out = str(folder / f"{program}-{old}-{len(more)}")
        if not os.path.exists(out):
            np.savez(f"{out}.npz", **dict(INPUTS.get(program, IMAGES), **more))
            arguments = [
                "trace",
                f"{PROGRAMS}:{program}",
                "--training",
                "--inputs",
                f"{out}.npz",
                "--out",
                out,
            ]
            if old:
                variables = dict(environment(), PYTHONPATH=str(CHECKOUT))
                subprocess.run([OLD, "-m", "compat", *arguments], check=True, env=variables, timeout=300)
            else:
                assert main(arguments) == 0
        return out

    return run


@pytest.fixture
def verify(runs, capsys):
    from tensorflow import keras

    def call(program, port, *options, **more):
        run = runs(program, **more)
        capsys.readouterr()
        keras.backend.clear_session()
        status = main(["verify", run, f"{PORTS}:{port}", *(options or ("--training",))])
        told = capsys.readouterr()
        return status, told.out + told.err

    return call


@pytest.mark.parametrize("program", RIGHT)
def test_a_right_port_is_green(verify, program):
    status, said = verify(program, program)
    assert status == 0, said
    assert "training: the loss, 5 gradients" in said
    assert "all agree: what differs is rounding" in said


@pytest.mark.parametrize("program", ["adam", "momentum"])
def test_a_right_port_of_a_run_of_1_15_is_green(verify, program):
    status, said = verify(program, program, old=True)
    assert status == 0, said


def test_a_cell_with_its_gates_in_another_order(verify):
    """Gradients, slots and steps are compared where Keras has the gates; the forget bias is in the bias."""
    status, said = verify("lstm", "lstm")
    assert status == 0, said
    assert "5 gradients" in said and "10 slots" in said


@pytest.mark.parametrize("port, program, cause", _wrong())
def test_a_mistake_is_told_with_its_cause(verify, port, program, cause):
    status, said = verify(program, port)
    first = [line for line in said.splitlines() if line.startswith("first wrong: ")]
    assert status == 1, said
    assert len(first) == 1 and cause in first[0], said


def test_the_variance_of_the_fused_kernel(verify):
    status, said = verify("layers", "layers")
    assert status == 1
    wrong = [line for line in said.splitlines() if "wrong: " in line]
    assert len(wrong) == 1 and "moving_variance" in wrong[0] and "sum / (n - 1)" in wrong[0], said
    assert "not judged" not in said


def test_a_dropout_of_the_port_is_left_out_and_said(verify):
    status, said = verify("layers", "layers_dropout")
    assert status == 1
    assert "not judged: dropout: rate 0.5 is random in training" in said


def test_a_port_that_is_not_compiled(verify):
    status, said = verify("adam", "not_compiled")
    assert status == 2
    assert "the port has no loss and no optimiser: compile the model" in said.splitlines()[-1]


def test_a_run_without_a_step(runs, verify, tmp_path, capsys):
    np.savez(tmp_path / "x.npz", **IMAGES)
    out = str(tmp_path / "run")
    assert main(["trace", f"{PROGRAMS}:sgd", "--inputs", str(tmp_path / "x.npz"), "--out", out]) == 0
    capsys.readouterr()
    assert main(["verify", out, f"{PORTS}:sgd", "--training"]) == 2
    assert "holds no step of training: compat trace --training" in capsys.readouterr().err


def test_a_switch_that_is_off(verify):
    status, said = verify("sgd", "sgd", is_training=np.array(False))
    assert status == 2
    assert "`is_training` is False" in said.splitlines()[-1]


def test_a_clip_that_clips_nothing_is_not_judged(verify):
    """Small images: the gradients are shorter than the legacy graph would have them."""
    status, said = verify("clipped", "not_clipped", images=IMAGES["images"] * 0 + 1e-3)
    assert status == 1
    assert "wrong: " in said or "changes none of these" in said


def test_code_is_traced_with_its_step(verify, tmp_path, capsys):
    np.savez(tmp_path / "x.npz", **IMAGES)
    arguments = [
        "verify",
        f"{PROGRAMS}:sgd",
        f"{PORTS}:sgd",
        "--training",
        "--inputs",
        str(tmp_path / "x.npz"),
    ]
    assert main(arguments) == 0
    assert "a step of training, " in capsys.readouterr().out


def test_what_two_steps_do_not_show_is_said(verify):
    status, said = verify("adam", "amsgrad")
    assert status == 1
    assert "not judged: amsgrad=True" in said
