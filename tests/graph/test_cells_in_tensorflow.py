"""Recurrent cells of one op, dilations and what changes in place, as a real TensorFlow computes them, node by node."""

import numpy as np
import pytest
from nets import checked, op, raw
from tracing import in_session, words

from compat.record.dialects import DIALECTS

pytestmark = pytest.mark.skipif(
    DIALECTS["tf1.session"].missing() is not None, reason="TensorFlow is not installed here"
)
N, INPUTS, UNITS, STEPS = 3, 4, 5, 4


def noise(*shape, dtype="float32", seed=7):
    return np.random.RandomState(seed + len(shape)).randn(*shape).astype(dtype)


def few(*shape, dtype="float32", seed=3):
    """Few different numbers, so that windows have ties."""
    return np.random.RandomState(seed).randint(-3, 4, shape).astype(dtype)


# -- cells


def lstm(dtype="float32", steps=(), gate=1.0):
    """The inputs that all of them take."""
    return {
        "x": noise(*steps, N, INPUTS, dtype=dtype),
        "cs_prev": noise(N, UNITS, dtype=dtype, seed=1),
        "h_prev": noise(N, UNITS, dtype=dtype, seed=2),
        "w": noise(INPUTS + UNITS, 4 * UNITS, dtype=dtype, seed=4),
        "wci": noise(UNITS, dtype=dtype, seed=5),
        "wcf": noise(UNITS, dtype=dtype, seed=6),
        "wco": noise(UNITS, dtype=dtype, seed=8),
        "b": noise(4 * UNITS, dtype=dtype, seed=9),
    }


SETTINGS = [
    {"use_peephole": False, "cell_clip": 0.0},
    {"use_peephole": True, "cell_clip": 0.0},
    {"use_peephole": True, "cell_clip": 0.4},
]


@pytest.mark.parametrize("settings", SETTINGS)
@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_one_step_of_the_lstm(dtype, settings):
    op("LSTMBlockCell", dtype != "float32", **lstm(dtype), forget_bias=0.7, **settings)


@pytest.mark.parametrize("settings", SETTINGS)
@pytest.mark.parametrize("name", ["BlockLSTM", "BlockLSTMV2"])
@pytest.mark.parametrize("length", [STEPS, 2])
def test_a_sequence(name, settings, length):
    inputs = dict(lstm(steps=(STEPS,)), seq_len_max=np.array(length, np.int64))
    more = {"forget_bias": 0.7} if name == "BlockLSTM" else {}

    def build(tf, **fed):
        found = dict(raw(tf, name, **fed, **settings, **more)._asdict())
        return found if length == STEPS else {part: found[part] for part in ("cs", "h")}

    found = checked(name, build, ITS[length], name != "BlockLSTM", **inputs)
    assert found is not None or name == "BlockLSTMV2"


#: Of a sequence that ends before the last step nobody wrote the gates there.
ITS = {STEPS: (), 2: (0, 2, 3, 4, 5)}


@pytest.mark.parametrize("settings", SETTINGS[:2])
def test_the_gradient_of_one_step(settings):
    states = {name: noise(N, UNITS, seed=20 + number) for number, name in enumerate(STATES)}
    for name in ("i", "f", "o"):
        states[name] = 1 / (1 + np.exp(-states[name]))
    op("LSTMBlockCellGrad", **lstm(), **states, use_peephole=settings["use_peephole"])


STATES = ("i", "cs", "f", "o", "ci", "co", "cs_grad", "h_grad")


@pytest.mark.parametrize("settings", SETTINGS[:2])
@pytest.mark.parametrize("name", ["BlockLSTMGrad", "BlockLSTMGradV2"])
@pytest.mark.parametrize("length", [STEPS, 2])
def test_the_gradient_of_a_sequence(name, settings, length):
    states = {one: noise(STEPS, N, UNITS, seed=20 + number) / 2 for number, one in enumerate([*STATES, "h"])}
    inputs = dict(lstm(steps=(STEPS,)), seq_len_max=np.array(length, np.int64), **states)
    op(name, name.endswith("V2"), **inputs, use_peephole=settings["use_peephole"])


def gru():
    return {
        "x": noise(N, INPUTS),
        "h_prev": noise(N, UNITS, seed=2),
        "w_ru": noise(INPUTS + UNITS, 2 * UNITS, seed=4),
        "w_c": noise(INPUTS + UNITS, UNITS, seed=5),
        "b_ru": noise(2 * UNITS, seed=6),
        "b_c": noise(UNITS, seed=8),
    }


def test_the_gru():
    op("GRUBlockCell", **gru())
    states = {name: noise(N, UNITS, seed=30 + number) for number, name in enumerate(("r", "u", "c", "d_h"))}
    op("GRUBlockCellGrad", **gru(), **states)


# -- dilation


@pytest.mark.parametrize("dtype", ["float32", "float16", "float64", "int32", "uint8"])
@pytest.mark.parametrize(
    "strides, rates, padding", [(1, 1, "SAME"), (2, 1, "VALID"), (1, 2, "SAME"), (2, 2, "VALID")]
)
def test_dilation(dtype, strides, rates, padding):
    def made(numbers, seed):
        return abs(numbers) if dtype == "uint8" else numbers

    x, w = made(few(2, 7, 8, 3, dtype=dtype), 1), made(few(3, 2, 3, dtype=dtype, seed=5), 2)
    window = {"strides": [1, strides, strides, 1], "rates": [1, rates, rates, 1], "padding": padding}
    trace = op("Dilation2D", input=x, filter=w, **window)
    shape = trace.tensors()[trace.outputs["y"]].shape
    if dtype in ("int32", "uint8"):
        return
    x, w = x + noise(*x.shape, dtype=dtype) / 8, w + noise(*w.shape, dtype=dtype) / 8
    op("Dilation2D", input=x, filter=w, **window)
    for x_, w_ in ((x, w), (few(*x.shape, dtype=dtype), few(*w.shape, dtype=dtype))):
        dy = noise(*shape, dtype=dtype)
        op("Dilation2DBackpropInput", input=x_, filter=w_, out_backprop=dy, **window)
        op("Dilation2DBackpropFilter", input=x_, filter=w_, out_backprop=dy, **window)


# -- in place, and orders of axes


@pytest.mark.parametrize("name", ["InplaceAdd", "InplaceSub"])
def test_rows_that_are_written_over_are_not_judged(name):
    """Of a placeholder as well: what it is seen to be may be what the op made of it."""
    x, rows = few(5, 3), np.array([3, 0], np.int32)
    trace, kept = in_session(
        lambda tf, x, i, v: raw(tf, name, x=x, i=i, v=v), x=x, i=rows, v=few(2, 3, seed=4)
    )
    assert words(trace, kept)[f"{name}:0"].startswith(f"unruled: {name}")
    assert trace.nodes[-1].measured is None


def test_orders_of_axes():
    op("DataFormatDimMap", x=np.array([0, 1, 2, 3, -1, -2], np.int32))
    op("DataFormatDimMap", x=np.array([3, -4], np.int64), src_format="NCHW", dst_format="NHWC")
    op("DataFormatVecPermute", x=np.array([4, 5, 6, 7], np.int32))
    op("DataFormatVecPermute", x=few(4, 2).astype(np.int64), src_format="NCHW", dst_format="NHWC")
    op("DataFormatVecPermute", True, x=np.array([4, 5], np.int32))


def test_what_was_in_memory():
    def build(tf, x):
        return x + 0 * raw(tf, "Empty", shape=[2, 3], dtype=tf.float32, init=True)

    checked("Empty", build, x=few(2, 3))
