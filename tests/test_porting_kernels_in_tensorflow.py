"""The legacy graph computed here from what was recorded of it, where its program does not run or is not there."""

import dataclasses
import os
import re

import numpy as np
import pytest

from compat.cli import main
from compat.porting.kernels import kernels
from compat.porting.sides import of_run
from compat.record.dialects import DIALECTS
from compat.record.versions import tensorflow_version
from compat.sources.rebuilt import rebuilt

pytestmark = pytest.mark.skipif(
    bool(DIALECTS["tf1.session"].missing()) or (tensorflow_version() or ()) < (2, 1),
    reason="needs TensorFlow 2",
)
PROGRAM = """import tensorflow as tf
tf = tf.compat.v1


def build():
    images = tf.placeholder(tf.float32, [None, 8, 8, 3], name="images")
    training = tf.placeholder_with_default(False, [], name="training")
    w = tf.get_variable("w", [3, 3, 3, 6], initializer=tf.random_normal_initializer(0, 0.3, seed=1))
    h = tf.nn.conv2d(images, w, strides=[1, 2, 2, 1], padding="SAME", name="conv")
    h = tf.cond(training, lambda: h * 2.0, lambda: tf.nn.relu(h, name="cut"), name="branch")
    total = tf.while_loop(lambda n, _: n < 3, lambda n, x: (n + 1, tf.tanh(x) + h), [0, h])[1]
    return tf.nn.softmax(tf.reshape(total, [-1, 96]), name="scores")
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A traced run whose program is gone."""
    folder = tmp_path_factory.mktemp("recorded")
    (folder / "legacy.py").write_text(PROGRAM)
    out = str(folder / "run")
    assert main(["trace", f"{folder / 'legacy.py'}:build", "--out", out]) == 0
    os.remove(str(folder / "legacy.py"))
    return out


def test_a_program_that_is_gone(run):
    """In the version that recorded it there is no rounding even."""
    said = kernels(of_run(run))
    found = re.match(
        r"the legacy graph in run and here, in TensorFlow \S+, as it was recorded \(its program does not",
        said,
    )
    assert found and "legacy.py is not there" in said, said
    assert re.search(
        r": (\d+) tensors, \1 with the same bits( \(\d+ of loops .* recorded\))?: no rounding even$", said
    )


def test_an_op_that_computes_something_else_here_is_no_rounding(run, monkeypatch):
    def otherwise(trace, read):
        nodes = [dataclasses.replace(n, op="Elu") if n.name == "branch/cut" else n for n in trace.nodes]
        return rebuilt(dataclasses.replace(trace, nodes=nodes), read)

    monkeypatch.setattr("compat.porting.kernels.rebuilt", otherwise)
    assert "; not rounding: branch/cut:0: at [" in kernels(of_run(run))


def test_an_op_that_is_not_known_here_is_taken_as_recorded(run):
    legacy = of_run(run)
    node = next(node for node in legacy.side.trace.nodes if node.name == "conv")
    node.op = "OpOfAContrib"
    found = rebuilt(legacy.side.trace, legacy.side.read)
    assert "conv" in found.taken and np.array_equal(
        found.arrays["conv"], legacy.side.read(node.outputs["0"].digest)
    )
    said = kernels(legacy)
    assert " with the same bits (" in said and said.endswith("taken as recorded): no rounding even")
