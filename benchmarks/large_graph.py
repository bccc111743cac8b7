"""Time and memory of ``compat trace`` and ``compat verify`` on a residual network of thousands of nodes.

    python -m benchmarks.large_graph [--blocks 110] [--side 8] [--channels 8] [--out out/large_graph]

A network of unnamed tensors in TensorFlow 1's way is traced in the environment tf1.15; its Keras 3 port is verified,
the weights carried, in the interpreter that this runs with, and once more with one mistake: the epsilon of a batch norm
in the middle.  Of each step are told seconds by the clock and of the processor, and the largest memory, beside that of
importing TensorFlow alone and the largest live set: what of the tensors has to be there at one time to compute the
network, its variables among it.

110 blocks are some 5,000 tensors.  Ends with 1 where the port is not green, or the mistake is not found at its layer.
Needs TensorFlow 2.16 or newer, and the environment tf1.15 (``tox -e tf1.15``).
"""

import argparse
import os
import pathlib
import shutil
import subprocess
import sys
import time
from typing import NamedTuple

import numpy as np

from compat.graph.nodes import SOURCES
from compat.porting.sides import of_run

CHECKOUT = pathlib.Path(__file__).resolve().parent.parent
OLD = CHECKOUT / ".tox" / "tf1.15" / "bin" / "python"
#: The mistake of the port, where the legacy graph has 1e-3.
EPSILON = 1e-2

LEGACY = """
import numpy as np
import tensorflow as tf

tf = getattr(tf.compat, "v1", tf)
draw = np.random.RandomState(0)


def weights(shape, scale):
    return tf.Variable(draw.normal(0, scale, shape).astype(np.float32))


def norm(h):
    channels = h.shape.as_list()[-1]
    gamma, beta, mean = (weights([channels], 0.1) for _ in range(3))
    variance = tf.Variable(draw.uniform(0.5, 1.5, channels).astype(np.float32))
    return tf.nn.fused_batch_norm(h, gamma, beta, mean, variance, epsilon=1e-3, is_training=False)[0]


def conv(h, size, inputs, outputs, scale):
    return tf.nn.conv2d(h, weights([size, size, inputs, outputs], scale), [1, 1, 1, 1], "SAME")


def network():
    h = conv(tf.placeholder(tf.float32, [2, {side}, {side}, 3]), 3, 3, {channels}, 0.3)
    for _ in range({blocks}):
        inner = h
        for _ in range(2):
            inner = tf.nn.bias_add(conv(inner, 3, {channels}, {channels}, 0.1), weights([{channels}], 0.1))
            inner = tf.nn.relu(norm(inner))
        h = tf.nn.relu(h * 0.7 + inner)
    h = tf.reduce_mean(h, [1, 2])
    return {{"scores": tf.nn.softmax(tf.matmul(h, weights([{channels}, 10], 0.3)) + weights([10], 0.1))}}
"""

PORT = """
import sys

import keras
from keras import layers as L

sys.setrecursionlimit(100_000)  # Keras walks through its layers by calls within calls


def network(wrong=None):
    x = keras.Input(({side}, {side}, 3))
    h = L.Conv2D({channels}, 3, padding="same", use_bias=False)(x)
    for block in range({blocks}):
        inner = h
        for number in range(2):
            epsilon = {epsilon} if (block, number) == wrong else 1e-3
            inner = L.Conv2D({channels}, 3, padding="same")(inner)
            inner = L.BatchNormalization(epsilon=epsilon, name=f"norm_{{block}}_{{number}}")(inner)
            inner = L.ReLU()(inner)
        h = L.ReLU()(L.Add()([h * 0.7, inner]))
    h = L.GlobalAveragePooling2D()(h)
    return keras.Model(x, {{"scores": L.Dense(10, activation="softmax")(h)}})


def mistaken():
    return network(wrong=({middle}, 0))
"""


class Step(NamedTuple):
    """``clock``, ``processor``: seconds.  ``peak``: the most memory that it had, in bytes."""

    status: int
    lines: list
    clock: float
    processor: float
    peak: int


def stepped(folder, python, *arguments):
    """A command in a process of its own."""
    variables = dict(
        os.environ, PYTHONPATH=str(CHECKOUT), PYTHONIOENCODING="utf-8", TF_CPP_MIN_LOG_LEVEL="2",
        OPENBLAS_NUM_THREADS="1",
    )  # fmt: skip
    said = folder / "said.txt"
    started = time.monotonic()
    with open(said, "wb") as out:
        process = subprocess.Popen(
            [str(python), *map(str, arguments)], cwd=str(folder), env=variables, stdout=out,
            stderr=subprocess.STDOUT,
        )  # fmt: skip
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = status = os.WEXITSTATUS(status) if os.WIFEXITED(status) else -os.WTERMSIG(status)
    lines = said.read_text(encoding="utf-8", errors="replace").strip().splitlines() or [""]
    clock = time.monotonic() - started
    return Step(status, lines, clock, used.ru_utime + used.ru_stime, used.ru_maxrss * 1024)


def largest_live_set(trace):
    """Bytes of the tensors that are there at one time where each goes after its last use; all variables are."""
    sizes = {name: int(np.prod(output.shape, dtype=np.int64)) * 4 for name, output in trace.tensors().items()}
    last = {name: number for number, node in enumerate(trace.nodes) for name in node.inputs}
    last.update(dict.fromkeys(trace.outputs.values(), len(trace.nodes)))
    now = sum(sizes[node.tensor()] for node in trace.nodes if node.op in SOURCES and "0" in node.outputs)
    most, ends = now, {}
    for number, node in enumerate(trace.nodes):
        if node.op in SOURCES or node.op == "Identity":  # which passes on, and copies nothing
            continue
        for output in node.outputs:
            name = node.tensor(int(output))
            now += sizes[name]
            ends.setdefault(last.get(name, number), []).append(name)
        most = max(most, now)
        now -= sum(sizes[name] for name in ends.pop(number, ()))
    return most


def shown(name, step, alone):
    beside = step.peak - alone.peak
    return (
        f"{name:24s} {step.clock:6.1f} s by the clock {step.processor:6.1f} s of the processor, "
        f"{step.peak / 1e6:7.1f} MB, {beside / 1e6:7.1f} MB beside TensorFlow's own {alone.peak / 1e6:.1f} MB"
    )


def run(blocks, side, channels, folder):
    """Prints a line for each step; what is wrong, in lines."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    middle = blocks // 2
    sizes = {"blocks": blocks, "side": side, "channels": channels, "middle": middle, "epsilon": EPSILON}
    (folder / "legacy.py").write_text(LEGACY.format(**sizes).lstrip(), encoding="utf-8")
    (folder / "port.py").write_text(PORT.format(**sizes).lstrip(), encoding="utf-8")
    alone = {
        python: stepped(folder, python, "-c", "import tensorflow")
        for python in (OLD, pathlib.Path(sys.executable))
    }
    new = pathlib.Path(sys.executable)
    traced = stepped(folder, OLD, "-m", "compat", "trace", "legacy.py:network", "--out", "run")
    print(shown("trace in 1.15", traced, alone[OLD]), flush=True)
    if traced.status != 0:
        return [f"trace ended with {traced.status}: {traced.lines[-1]}"]
    trace = of_run(str(folder / "run")).side.trace
    live = largest_live_set(trace)
    print(f"{len(trace.tensors()):,} tensors; the largest live set {live / 1e6:.1f} MB", flush=True)
    wrong = []
    verified = stepped(folder, new, "-m", "compat", "verify", "run", "port.py:network")
    print(shown("verify", verified, alone[new]), flush=True)
    if verified.status != 0 or not verified.lines[-1].startswith("all agree"):
        wrong.append(f"the port is not green, {verified.status}: {verified.lines[-1]}")
    mistaken = stepped(folder, new, "-m", "compat", "verify", "run", "port.py:mistaken")
    print(shown("verify with a mistake", mistaken, alone[new]), flush=True)
    first = next((line for line in mistaken.lines if line.startswith("first wrong")), mistaken.lines[-1])
    print(first, flush=True)
    if (
        mistaken.status != 1
        or f"norm_{middle}_0" not in first
        or any(line.startswith("also wrong") for line in mistaken.lines)
    ):
        wrong.append(f"the epsilon of norm_{middle}_0 is not found there alone: {first}")
    both = traced.clock + verified.clock
    print(
        f"traced and verified in {both:.0f} s, {traced.processor + verified.processor:.0f} s of the processor"
    )
    return wrong


def main(arguments=None):
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.large_graph", description=__doc__.splitlines()[0]
    )
    parser.add_argument("--blocks", type=int, default=110, help="of 11 computing nodes each")
    parser.add_argument("--side", type=int, default=8, help="pixels of the images along a side")
    parser.add_argument("--channels", type=int, default=8)
    parser.add_argument("--out", default=os.path.join("out", "large_graph"), help="the programs and the run")
    options = parser.parse_args(arguments)
    if min(options.blocks, options.side, options.channels) < 1:
        parser.error("--blocks, --side and --channels are 1 or more")
    if not OLD.exists():
        print("needs tox -e tf1.15", file=sys.stderr)
        return 2
    wrong = run(options.blocks, options.side, options.channels, pathlib.Path(options.out).resolve())
    for line in wrong:
        print(line, file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
