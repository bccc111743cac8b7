"""Steps of training that Keras 3's fit does not take: Keras 2, a train_step of the port's own, a tf.Module's.

The legacy side is computed as tf.compat.v1 in this process.
"""

import ast
import os

import numpy as np
import pytest

from compat.cli import main
from compat.record.dialects import DIALECTS
from compat.record.versions import tensorflow_version, version_of

VERSION = tensorflow_version() or ()
pytestmark = pytest.mark.skipif(
    bool(DIALECTS["tf1.session"].missing()) or VERSION < (2, 1), reason="needs TensorFlow 2"
)
HERE = os.path.dirname(os.path.abspath(__file__))
PROGRAMS, PORTS = (os.path.join(HERE, f"training_{what}.py") for what in ("programs", "ports_of_their_own"))
RANDOM = np.random.RandomState(0)
IMAGES = {
    "images": RANDOM.normal(size=(6, 8, 8, 3)).astype(np.float32),
    "labels": RANDOM.randint(0, 5, 6).astype(np.int32),
    "is_training": np.array(True),
}


def _table(name):
    """Read from the ports' file without TensorFlow."""
    with open(PORTS, encoding="utf-8") as file:
        tree = ast.parse(file.read())
    named = [n for n in tree.body if isinstance(n, ast.Assign) and isinstance(n.targets[0], ast.Name)]
    return ast.literal_eval(next(n.value for n in named if n.targets[0].id == name))


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Makes a traced run of a program's step, once."""
    folder = tmp_path_factory.mktemp("runs")
    np.savez(str(folder / "x.npz"), **IMAGES)

    def make(program):
        out = str(folder / program)
        if not os.path.exists(out):
            traced = [
                "trace", f"{PROGRAMS}:{program}", "--training", "--inputs", str(folder / "x.npz"), "--out", out
            ]  # fmt: skip
            assert main(traced) == 0
        return out

    return make


@pytest.fixture
def verify(run, capsys):
    def call(program, port):
        if "keras2" in port and VERSION >= (2, 16) and not version_of("tf_keras"):
            pytest.skip("needs tf_keras")
        if port.startswith("own_") and VERSION < (2, 2):
            pytest.skip("Keras of TensorFlow 2.1 has no train_step")
        if port == "keras2_clipped" and VERSION < (2, 4):
            pytest.skip("no global_clipnorm")
        folder = run(program)
        capsys.readouterr()
        status = main(["verify", folder, f"{PORTS}:{port}", "--training"])
        told = capsys.readouterr()
        return status, told.out + told.err

    return call


@pytest.mark.parametrize("port, program", _table("RIGHT").items())
def test_a_right_port_is_green(verify, port, program):
    status, said = verify(program, port)
    assert status == 0, said
    assert "training: the loss, 5 gradients, 2 moving statistics; 5 variables after one step" in said
    assert "all agree: what differs is rounding" in said


@pytest.mark.parametrize("port, program, cause", [(port, *rest) for port, rest in _table("WRONG").items()])
def test_a_mistake_is_told_with_its_cause(verify, port, program, cause):
    status, said = verify(program, port)
    first = [line for line in said.splitlines() if line.startswith("first wrong: ")]
    assert status == 1, said
    assert len(first) == 1 and cause in first[0], said


@pytest.mark.parametrize("port, slots", [("keras2_adam", 10), ("keras2_momentum", 5), ("own_regularised", 5)])
def test_slots_of_the_optimiser_are_compared(verify, port, slots):
    assert f"{slots} slots" in verify(_table("RIGHT")[port], port)[1]


def test_an_optimiser_by_hand_is_said(verify):
    said = verify("momentum", "module_momentum")[1]
    assert "its slots, and its rate after two steps, are not compared" in said


def test_an_optimiser_by_hand_beside_a_schedule_is_not_judged(verify):
    status, said = verify("decaying_later", "module_sgd")
    assert status == 1
    assert "not judged: the rate at later steps: the port's optimiser is none of Keras's" in said


def test_a_step_of_two_losses_is_refused(verify):
    status, said = verify("sgd", "module_of_two_losses")
    assert status == 2
    assert "its train_step takes the gradients of 2 losses" in said.splitlines()[-1]


def test_a_module_without_a_step_is_told_what_to_write(verify):
    status, said = verify("sgd", "module_without_a_step")
    assert status == 2
    assert "give it a method train_step(self, images, targets)" in said.splitlines()[-1]


def test_a_step_that_fails_is_one_line(verify):
    status, said = verify("sgd", "module_that_fails")
    assert status == 2
    assert "its step of training does not run: no such thing" in said.splitlines()[-1]
