"""The rules of recurrent cells and of dilations against other spellings of them in NumPy."""

import numpy as np
import pytest

from compat.arrays import round_to
from compat.judge.compare import compare
from compat.reference.nodes import NodeCall, Taken, answer
from compat.reference.nodes.registry import NoRule, as_reference
from compat.reference.tracked import Tracked

f32 = np.float32
N, INPUTS, UNITS, STEPS = 3, 4, 5, 4


def noise(*shape, seed=0):
    return np.random.RandomState(seed + 17 * len(shape)).randn(*shape).astype(f32)


def told(op, inputs, outputs=1, **attributes):
    dtypes = tuple(np.asarray(getattr(one, "value", one)).dtype.name for one in inputs)
    dtypes = tuple("float32" if dtype == "float64" else dtype for dtype in dtypes)
    return answer(NodeCall(op, attributes, dtypes, ("float32",) * outputs), inputs)


def word(found, flow):
    return compare(np.asarray(found, f32), "float32", as_reference(flow, "float32"), "float32").word


def inexact(array, roundings=50.0):
    return Tracked(array, roundings * np.abs(array)).reference()


def within(op, inputs, place, spelled, outputs=1, **attributes):
    """Of an input that is off by 50 roundings: what comes of any other within these is inside the allowance."""
    given = list(inputs)
    given[place] = inexact(inputs[place])
    answers = told(op, given, outputs, **attributes)
    state = np.random.RandomState(5)
    for _ in range(10):
        other = [np.asarray(one, np.float64) if np.asarray(one).dtype.kind == "f" else one for one in inputs]
        other[place] = other[place] * (1 + 50 * 2.0**-24 * state.uniform(-1, 1, other[place].shape))
        for found, flow in zip(spelled(*other, **attributes), answers):
            if flow is not None:
                assert np.all(abs(found - flow.value) <= flow.worst("float32"))
    return answers


# -- the LSTM


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def lstm_step(
    x, cs, h, w, wci, wcf, wco, b, use_peephole=False, cell_clip=0.0, forget_bias=0.0, order="icfo"
):
    """Unit by unit."""
    xh = np.concatenate([x, h], axis=1)
    part = {
        gate: xh @ w[:, k * UNITS : (k + 1) * UNITS] + b[k * UNITS : (k + 1) * UNITS]
        for k, gate in enumerate(order)
    }
    peep = 1 if use_peephole else 0
    i = sigmoid(part["i"] + peep * wci * cs)
    f = sigmoid(part["f"] + peep * wcf * cs + x.dtype.type(forget_bias))
    ci = np.tanh(part["c"])
    new = cs * f + ci * i
    if cell_clip > 0:
        new = np.minimum(np.maximum(new, -x.dtype.type(cell_clip)), x.dtype.type(cell_clip))
    o = sigmoid(peep * wco * new + part["o"])
    return i, new, f, o, ci, np.tanh(new), np.tanh(new) * o


def weights(seed=0):
    shapes = [(INPUTS + UNITS, 4 * UNITS), (UNITS,), (UNITS,), (UNITS,), (4 * UNITS,)]
    return [noise(*shape, seed=seed + k) for k, shape in enumerate(shapes)]


def states(seed=0):
    return [noise(N, UNITS, seed=seed + 30), noise(N, UNITS, seed=seed + 31)]


SETTINGS = [
    {"use_peephole": False, "cell_clip": 0.0},
    {"use_peephole": True, "cell_clip": 0.0},
    {"use_peephole": True, "cell_clip": float(f32(0.4))},
]


@pytest.mark.parametrize("settings", SETTINGS)
@pytest.mark.parametrize("seed", range(3))
def test_a_step_of_the_lstm(settings, seed):
    inputs = [noise(N, INPUTS, seed=seed), *states(seed), *weights(seed)]
    settings = dict(settings, forget_bias=0.5)
    answers = told("LSTMBlockCell", inputs, 7, **settings)
    right = lstm_step(*inputs, **settings)
    assert [word(one, flow) for one, flow in zip(right, answers)] == ["agrees"] * 7
    wrong = lstm_step(*inputs, **dict(settings, forget_bias=0.5001))
    assert [word(one, flow) for one, flow in zip(wrong, answers)][2] == "differs"
    for place in (0, 1, 2, 3, 7):
        within("LSTMBlockCell", inputs, place, lstm_step, 7, **settings)


@pytest.mark.parametrize(
    "one, other",
    [
        (SETTINGS[0], SETTINGS[1]),
        (SETTINGS[1], SETTINGS[2]),
        (dict(SETTINGS[0], forget_bias=1.0), SETTINGS[0]),
    ],
)
def test_another_setting_is_another_cell(one, other):
    inputs = [noise(N, INPUTS), *states(), *weights()]
    answers = told("LSTMBlockCell", inputs, 7, **one)
    assert "differs" in [word(result, flow) for result, flow in zip(lstm_step(*inputs, **other), answers)]


def lstm(x, cs, h, *rest, length=STEPS, **settings):
    steps = []
    for one in x[:length]:
        steps.append(lstm_step(one, cs, h, *rest, **settings))
        cs, h = steps[-1][1], steps[-1][6]
    return [np.stack([*parts, *[np.zeros_like(parts[0])] * (len(x) - length)]) for parts in zip(*steps)]


@pytest.mark.parametrize("op, order", [("BlockLSTM", "icfo"), ("BlockLSTMV2", "ifco")])
@pytest.mark.parametrize("length", [1, 3, STEPS])
def test_a_sequence(op, order, length):
    inputs, more = (
        [noise(STEPS, N, INPUTS), *states(), *weights()],
        {"forget_bias": 0.25} if op == "BlockLSTM" else {},
    )
    answers = told(op, [np.int64(length), *inputs], 7, use_peephole=True, **more)
    right = lstm(*inputs, length=length, use_peephole=True, order=order, **more)
    for number, (found, flow) in enumerate(zip(right, answers)):
        if length < STEPS and number not in (1, 6):
            assert flow is None
        else:
            assert word(found, flow) == "agrees"
            found[length - 1, 1, 2] *= 1 + f32(1e-4)
            assert word(found, flow) == "differs"
    swapped = lstm(*inputs, length=length, use_peephole=True, order=order[::-1], **more)
    assert word(swapped[6], answers[6]) == "differs"


def derived(function, inputs, place, seeds):
    """The gradient of sum(seed * output) with respect to one input, by central differences in float64."""
    given = [np.array(one, np.float64) for one in inputs]
    grad = np.zeros(given[place].shape)
    for index in np.ndindex(*grad.shape):
        ends = []
        for step in (1e-6, -1e-6):
            moved = [np.array(one) for one in given]
            moved[place][index] += step
            outputs = function(*moved)
            ends.append(
                sum((np.asarray(seed, np.float64) * outputs[number]).sum() for number, seed in seeds.items())
            )
        grad[index] = (ends[0] - ends[1]) / 2e-6
    return grad


@pytest.mark.parametrize("peephole", [False, True])
def test_the_gradient_of_a_sequence_is_that_of_its_result(peephole):
    """With the state's gradient given at the last step alone, as the op adds up what the steps hand back."""
    inputs = [noise(STEPS, N, INPUTS), *states(), *weights()]
    run = lambda *given: lstm(*given, use_peephole=peephole)
    forward = run(*inputs)
    cs_grad, h_grad = np.zeros_like(forward[1]), noise(STEPS, N, UNITS, seed=60)
    cs_grad[-1] = noise(N, UNITS, seed=61)
    given = [np.int64(STEPS), *inputs, *forward, cs_grad, h_grad]
    answers = told("BlockLSTMGrad", given, 8, use_peephole=peephole)
    for number, place in enumerate((0, 1, 2, 3, 4, 5, 6, 7)):
        expected = derived(run, inputs, place, {1: cs_grad, 6: h_grad})
        if place in (4, 5, 6) and not peephole:
            expected *= 0
        value = as_reference(answers[number], "float32").value
        np.testing.assert_allclose(value, expected, rtol=1e-4, atol=3e-6)


def test_the_gradient_of_a_step_is_that_of_its_result():
    inputs = [noise(N, INPUTS), *states(), *weights()]
    run = lambda *given: lstm_step(*given, use_peephole=True)
    i, cs, f, o, ci, co, _ = run(*inputs)
    cs_grad, h_grad = states(70)
    answers = told("LSTMBlockCellGrad", [*inputs, i, cs, f, o, ci, co, cs_grad, h_grad], 5, use_peephole=True)
    seeds = {1: cs_grad, 6: h_grad}
    for number, place in ((0, 1), (2, 4), (3, 5), (4, 6)):
        value = as_reference(answers[number], "float32").value
        np.testing.assert_allclose(value, derived(run, inputs, place, seeds), rtol=1e-4, atol=3e-6)
    gates = as_reference(answers[1], "float32").value
    np.testing.assert_allclose(gates.sum(axis=0), derived(run, inputs, 7, seeds), rtol=1e-4, atol=3e-6)


# -- the GRU


def gru_step(x, h, w_ru, w_c, b_ru, b_c):
    r, u = np.split(sigmoid(np.concatenate([x, h], axis=1) @ w_ru + b_ru), 2, axis=1)
    c = np.tanh(np.concatenate([x, r * h], axis=1) @ w_c + b_c)
    return r, u, c, u * h + (1 - u) * c


def gru_inputs():
    shapes = [
        (N, INPUTS),
        (N, UNITS),
        (INPUTS + UNITS, 2 * UNITS),
        (INPUTS + UNITS, UNITS),
        (2 * UNITS,),
        (UNITS,),
    ]
    return [noise(*shape, seed=k) for k, shape in enumerate(shapes)]


def test_a_step_of_the_gru():
    inputs = gru_inputs()
    answers = told("GRUBlockCell", inputs, 4)
    right = gru_step(*inputs)
    assert [word(one, flow) for one, flow in zip(right, answers)] == ["agrees"] * 4
    r, u, c, h = right
    assert word(u * c + (1 - u) * inputs[1], answers[3]) == "differs"
    assert word(u, answers[0]) == "differs" and word(h * (1 + f32(1e-4)), answers[3]) == "differs"
    for place in range(4):
        within("GRUBlockCell", inputs, place, gru_step, 4)


def test_the_gradient_of_the_gru_is_that_of_its_result():
    inputs, d_h = gru_inputs(), noise(N, UNITS, seed=9)
    r, u, c, _ = gru_step(*inputs)
    answers = told("GRUBlockCellGrad", [*inputs, r, u, c, d_h], 4)
    for number, place in ((0, 0), (1, 1)):
        expected = derived(gru_step, inputs, place, {3: d_h})
        np.testing.assert_allclose(answers[number].value, expected, rtol=1e-4, atol=3e-6)
    for number, place in ((2, 5), (3, 4)):
        expected = derived(gru_step, inputs, place, {3: d_h})
        np.testing.assert_allclose(answers[number].value.sum(axis=0), expected, rtol=1e-4, atol=3e-6)


# -- dilation


def dilated(x, w, dy=None, strides=(1, 1), rates=(1, 1), padding="VALID"):
    """(y, dx, dw) pixel by pixel, in the dtype of x."""
    (n, rows, columns, channels), (kh, kw, _) = x.shape, w.shape
    reach = [(k - 1) * r + 1 for k, r in zip((kh, kw), rates)]
    out = [
        -(-size // s) if padding == "SAME" else (size - e) // s + 1
        for size, e, s in zip((rows, columns), reach, strides)
    ]
    pads = [
        max((o - 1) * s + e - size, 0) // 2 if padding == "SAME" else 0
        for o, s, e, size in zip(out, strides, reach, (rows, columns))
    ]
    y, dx, dw = np.zeros((n, *out, channels), x.dtype), np.zeros(x.shape), np.zeros(w.shape)
    for b, i, j, c in np.ndindex(*y.shape):
        best = None
        for k, m in np.ndindex(kh, kw):
            row, column = i * strides[0] - pads[0] + k * rates[0], j * strides[1] - pads[1] + m * rates[1]
            if 0 <= row < rows and 0 <= column < columns:
                total = x[b, row, column, c] + w[k, m, c]
                if best is None or total > best[0]:
                    best = total, (b, row, column, c), (k, m, c)
        y[b, i, j, c] = best[0]
        if dy is not None:
            dx[best[1]] += dy[b, i, j, c]
            dw[best[2]] += dy[b, i, j, c]
    return y, dx, dw


def few(*shape, seed=0, dtype=f32):
    return np.random.RandomState(seed).randint(-3, 4, shape).astype(dtype)


@pytest.mark.parametrize("padding", ["VALID", "SAME"])
@pytest.mark.parametrize("strides, rates", [((1, 1), (1, 1)), ((2, 1), (1, 2)), ((1, 2), (2, 1))])
@pytest.mark.parametrize("ties", [False, True])
def test_dilation_and_its_gradients(padding, strides, rates, ties):
    make = few if ties else noise
    x, w = make(2, 6, 7, 3, seed=1), make(2, 3, 3, seed=2)
    settings = {"strides": [1, *strides, 1], "rates": [1, *rates, 1], "padding": padding}
    y, _, _ = dilated(x, w, None, strides, rates, padding)
    flow = told("Dilation2D", [x, w], **settings)[0]
    assert word(y, flow) == "agrees" and word(y * (1 + f32(3e-7)), flow) == "differs"
    dy = noise(*y.shape, seed=3)
    _, dx, dw = dilated(x, w, dy, strides, rates, padding)
    for op, right, other in (("Input", dx, np.roll(dx, 1, axis=1)), ("Filter", dw, np.roll(dw, 1, axis=0))):
        flow = told(f"Dilation2DBackprop{op}", [x, w, dy], **settings)[0]
        assert word(right, flow) == "agrees" and word(other, flow) == "differs"
        off = right.copy()
        off.flat[np.argmax(abs(right))] *= 1 + 1e-4
        assert word(off, flow) == "differs"


def test_dilation_of_what_is_inexact():
    x, w = noise(1, 5, 5, 2), noise(2, 2, 2, seed=2)
    settings = {"strides": [1, 1, 1, 1], "rates": [1, 1, 1, 1], "padding": "SAME"}
    spelled = lambda x, w, **_: dilated(x, w, None, padding="SAME")[:1]
    (flow,) = within("Dilation2D", [x, w], 0, spelled, **settings)
    assert np.all(flow.worst("float32") < 200 * 2.0**-24 * 4)
    with pytest.raises(NoRule, match="rounded"):
        told("Dilation2DBackpropInput", [inexact(x), w, noise(1, 5, 5, 2)], **settings)


def test_dilation_of_whole_numbers_is_exact():
    x, w = few(1, 5, 5, 2, dtype=np.int32) - 10, few(3, 3, 2, dtype=np.int32)
    call = NodeCall(
        "Dilation2D",
        {"strides": [1] * 4, "rates": [1] * 4, "padding": "SAME"},
        ("int32", "int32"),
        ("int32",),
    )
    np.testing.assert_array_equal(answer(call, [x, w])[0], dilated(x, w, None, padding="SAME")[0])
    wraps = [np.full((1, 1, 1, 1), 250, np.uint8), np.full((1, 1, 1), 10, np.uint8)]
    call = call._replace(inputs=("uint8", "uint8"), outputs=("uint8",))
    assert answer(call, wraps)[0].ravel().tolist() == [4]


def test_the_choice_is_by_the_rounded_sum():
    """1 + 2^-25 is 1 in float32: the first of equals."""
    x = f32([1, 1]).reshape(1, 2, 1, 1)
    w = f32([0, 2.0**-25]).reshape(2, 1, 1)
    dy, settings = np.ones((1, 1, 1, 1), f32), {"strides": [1] * 4, "rates": [1] * 4, "padding": "VALID"}
    flow = told("Dilation2DBackpropFilter", [x, w, dy], **settings)[0]
    assert flow.value.ravel().tolist() == [1, 0]
    w = round_to(f32([0, 2.0**-8]), "bfloat16").reshape(2, 1, 1)
    call = NodeCall("Dilation2DBackpropFilter", settings, ("bfloat16",) * 3, ("bfloat16",))
    assert answer(call, [x, w, dy])[0].value.ravel().tolist() == [1, 0]


# -- orders of axes, and memory


@pytest.mark.parametrize("before, after", [("NHWC", "NCHW"), ("NCHW", "NHWC"), ("NHWC", "HWNC")])
def test_orders_of_axes(before, after):
    shape = np.array([10, 20, 30, 40], np.int32)
    image = np.zeros(shape)
    turned = image.transpose([before.index(axis) for axis in after])
    sizes = told("DataFormatVecPermute", [shape], src_format=before, dst_format=after)[0]
    assert tuple(sizes) == turned.shape
    axes = np.array([0, 1, 2, 3, -1, -4], np.int32)
    places = told("DataFormatDimMap", [axes], src_format=before, dst_format=after)[0]
    assert [turned.shape[place] for place in places] == [image.shape[axis] for axis in axes]


def test_sizes_of_the_directions_alone():
    assert told("DataFormatVecPermute", [np.int32([5, 6])], src_format="NHWC", dst_format="NCHW")[
        0
    ].tolist() == [5, 6]
    found = told("DataFormatVecPermute", [np.int32([[5, 6], [7, 8]])], src_format="HWNC", dst_format="NCWH")[
        0
    ]
    assert found.tolist() == [[7, 8], [5, 6]]


def test_memory():
    with pytest.raises(Taken, match="memory"):
        told("Empty", [np.int32([2])])
    assert told("Empty", [np.int32([2])], init=True)[0].tolist() == [0, 0]
    with pytest.raises(NoRule, match="writes over"):
        told("InplaceAdd", [noise(3, 2), np.int32([1]), noise(1, 2)])
