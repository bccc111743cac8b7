"""A loop over a TensorArray as the specification: ports of an LSTM judged through it, in a real TensorFlow."""

import numpy as np
import pytest
from tracing import Kept, in_session

from compat import fixtures
from compat.errors import Unsupported
from compat.graph.nodes import Trace
from compat.judge.graphs import Side, places
from compat.record.dialects import DIALECTS
from compat.record.dialects.tensorflow import frames

pytestmark = pytest.mark.skipif(
    DIALECTS["tf1.session"].missing() is not None, reason="TensorFlow is not installed here"
)
UNITS, STEPS = 4, 5
X = fixtures.normal("loop_x", (2, STEPS, 3), seed=7)
#: The gates as Keras has them: i, f, c, o.
WEIGHTS = {
    "kernel": fixtures.normal("loop_kernel", (3, 4 * UNITS), seed=8, scale=0.5),
    "recurrent": fixtures.normal("loop_recurrent", (UNITS, 4 * UNITS), seed=9, scale=0.5),
    "bias": fixtures.normal("loop_bias", (4 * UNITS,), seed=10, scale=0.5),
}
FORTH, BACK = range(STEPS), range(STEPS - 1, -1, -1)
LATE = [max(step - 1, 0) for step in range(STEPS)]
#: What a port may do wrong.
WRONG = {
    "reversed": {"order": BACK},
    "late": {"order": LATE},
    "no-forget-bias": {"forget_bias": 0.0},
    "another-forget-bias": {"forget_bias": 1.0001},
}


def of_tf1():
    """Kernel and bias as TensorFlow 1's cells have them: x and h together, the gates i, c, f, o."""
    order = [0, 2, 1, 3]
    kernel = np.concatenate([WEIGHTS["kernel"].array, WEIGHTS["recurrent"].array])
    parts = [np.split(array, 4, axis=-1) for array in (kernel, WEIGHTS["bias"].array)]
    return [np.concatenate([part[gate] for gate in order], axis=-1) for part in parts]


def step(tf, x, c, h, forget_bias):
    kernel, bias = of_tf1()
    i, j, f, o = tf.split(tf.matmul(tf.concat([x, h], 1), kernel) + bias, 4, 1)
    c = tf.sigmoid(f + forget_bias) * c + tf.sigmoid(i) * tf.tanh(j)
    return c, tf.sigmoid(o) * tf.tanh(c)


def looped(tf, x, order=FORTH, forget_bias=1.0):
    """What dynamic_rnn builds of an LSTM, also where there are no cells any more."""
    steps = tf.TensorArray(tf.float32, STEPS, clear_after_read=False).unstack(tf.transpose(x, [1, 0, 2]))
    order, zeros = tf.constant(list(order)), tf.zeros([2, UNITS])

    def body(t, c, h, kept):
        c, h = step(tf, steps.read(order[t]), c, h, forget_bias)
        return t + 1, c, h, kept.write(t, h)

    start = (0, zeros, zeros, tf.TensorArray(tf.float32, STEPS))
    _, _, h, kept = tf.while_loop(lambda t, *_: t < STEPS, body, start)
    return {"y": tf.transpose(kept.stack(), [1, 0, 2]), "h": h}


def of_a_cell(tf, x, forget_bias=1.0):
    try:
        cell = tf.nn.rnn_cell.BasicLSTMCell(UNITS, forget_bias=forget_bias, dtype=tf.float32)
    except (AttributeError, ImportError):
        pytest.skip("from TensorFlow 2.16 the cells are gone with Keras 2")
    cell.build((None, 3))
    cell._kernel, cell._bias = map(tf.constant, of_tf1())
    outputs, state = tf.nn.dynamic_rnn(cell, x, dtype=tf.float32)
    return {"y": outputs, "h": state.h}


def unrolled(tf, x, order=FORTH, forget_bias=1.0):
    c, h, outputs = tf.zeros([2, UNITS]), tf.zeros([2, UNITS]), []
    for t in order:
        c, h = step(tf, x[:, t], c, h, forget_bias)
        outputs.append(h)
    return {"y": tf.stack(outputs, 1), "h": h}


def traced(build, **how):
    with frames(DIALECTS["tf1.session"].module()):
        trace, kept = in_session(lambda tf, x: build(tf, x, **how), x=X.array)
    return Side(trace, kept.read)


def of_keras(backwards=False, forget_bias=1.0):
    """A Keras layer with the weights of the cell, as its dialect traces it: in TensorFlow 1 it is a loop itself."""
    dialect, kept = DIALECTS["keras2"], Kept()
    if dialect.missing():
        pytest.skip(dialect.missing())

    def implementation(keras, x, kernel, recurrent, bias):
        layer = keras.layers.LSTM(
            UNITS, recurrent_activation="sigmoid", return_sequences=True, go_backwards=backwards
        )
        layer.build((2, STEPS, 3))
        forget = np.repeat(np.array([0, forget_bias, 0, 0], np.float32), UNITS)
        layer.set_weights([kernel, recurrent, bias + forget])
        return layer(x)

    try:
        trace = dialect.trace(implementation, {"x": X, **WEIGHTS}, {}, kept.keep)
    except Unsupported as why:
        pytest.skip(str(why))
    trace.check()
    return Side(trace, kept.read)


def judged(legacy, port, with_graph=True):
    tensors = port.trace.tensors()
    outputs = {name: tensors[tensor] for name, tensor in port.trace.outputs.items()}
    return places(legacy, port if with_graph else Side(Trace(), port.read), outputs)


@pytest.fixture(scope="module")
def legacy():
    return traced(looped)


@pytest.mark.parametrize("with_graph", [True, False], ids=["graph", "outputs"])
@pytest.mark.parametrize("build", [unrolled, looped])
def test_a_right_port_agrees_with_bounds(legacy, build, with_graph):
    found = judged(legacy, traced(build), with_graph)
    assert {place.pair.name for place in found} >= {"y", "h"}
    assert all(place.numbers is not None and place.numbers.word == "agrees" for place in found)
    assert not any(place.vague for place in found if place.pair.name in ("y", "h"))
    if not with_graph:  # the whole loop is followed, from the input on
        assert all(list(place.followed.given) == [legacy.trace.inputs["x"]] for place in found)


@pytest.mark.parametrize("with_graph", [True, False], ids=["graph", "outputs"])
@pytest.mark.parametrize("wrong", WRONG)
@pytest.mark.parametrize("build", [unrolled, looped])
def test_a_wrong_port_differs(legacy, build, wrong, with_graph):
    found = judged(legacy, traced(build, **WRONG[wrong]), with_graph)
    assert any(place.wrong and place.numbers.word == "differs" for place in found)


def test_a_wrong_loop_is_no_specification():
    """The other way round: it is the legacy loop that reads in another order."""
    backwards = traced(looped, order=BACK)
    assert any(place.wrong for place in judged(backwards, traced(unrolled), False))
    assert not any(place.wrong for place in judged(backwards, traced(unrolled, order=BACK), False))


def test_a_keras_layer_is_judged_by_dynamic_rnn():
    legacy = traced(of_a_cell)
    for with_graph in (True, False):
        right = judged(legacy, of_keras(), with_graph)
        assert any(place.pair.name == "y" for place in right)
        assert all(place.numbers is not None and place.numbers.word == "agrees" for place in right)
        for how in ({"backwards": True}, {"forget_bias": 0.0}, {"forget_bias": 1.0001}):
            assert any(place.wrong for place in judged(legacy, of_keras(**how), with_graph))
