"""The bounds hold in every precision, for whatever order and mixture of precisions; and still find faults.

Every operation is spelled here once more, for a machine that rounds after each single step: in the half
precision itself, with or without denormal numbers, or in float32 with one rounding at the end.
"""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support import WARNINGS_FAIL

from compat import reference
from compat.arrays import SMALLEST_NORMAL, round_to
from compat.judge.compare import compare

pytestmark = WARNINGS_FAIL

HALVES = ("float16", "bfloat16")
DTYPES = (*HALVES, "float32", "float64")


def to_precision(array, dtype, flushing=False):
    """float64 values as the precision holds them."""
    held = np.asarray(round_to(np.asarray(array, np.float64), dtype), np.float64)
    return np.where(abs(held) < SMALLEST_NORMAL[dtype], 0.0, held) if flushing else held


class Machine:
    """Makes numbers that round after every operation. ``order``: of summation; ``step``: the precision."""

    def __init__(self, dtype, step=None, order="forward", flushing=False):
        self.dtype, self.step, self.order, self.flushing = dtype, step or dtype, order, flushing

    def __repr__(self):
        return f"<{self.dtype} in steps of {self.step}, {self.order}, flushing={self.flushing}>"

    def number(self, value):
        """An input or a setting, or what is one of the machine's already."""
        return value if isinstance(value, Number) else Number(to_precision(value, self.step), self)

    def rounded(self, value):
        """What an operation gives."""
        return Number(to_precision(value, self.step, self.flushing), self)

    def result(self, number):
        """What comes out in the end."""
        return to_precision(number.held, self.dtype)


def _operator(function, reflected=False):
    def operate(self, other):
        pair = self.held, self.machine.number(other).held
        with np.errstate(all="ignore"):
            return self.machine.rounded(function(*pair[::-1] if reflected else pair))

    return operate


class Number:
    __array_ufunc__ = None

    def __init__(self, held, machine):
        self.held, self.machine = held, machine

    __add__, __radd__ = _operator(np.add), _operator(np.add, True)
    __sub__, __rsub__ = _operator(np.subtract), _operator(np.subtract, True)
    __mul__, __rmul__ = _operator(np.multiply), _operator(np.multiply, True)
    __truediv__, __rtruediv__ = _operator(np.divide), _operator(np.divide, True)

    def __neg__(self):
        return self.of(np.negative)

    def __abs__(self):
        return self.of(np.abs)

    def __getitem__(self, index):
        return Number(self.held[index], self.machine)

    def of(self, function):
        """A call, rounded once."""
        with np.errstate(all="ignore"):
            return self.machine.rounded(function(self.held))

    def move(self, function):
        return Number(function(self.held), self.machine)

    def sum(self, axis=None, keepdims=False):
        held = self.held
        axes = tuple(range(held.ndim)) if axis is None else axis if isinstance(axis, tuple) else (axis,)
        axes = tuple(a % held.ndim for a in axes)
        kept = [1 if a in axes else n for a, n in enumerate(held.shape)]
        first = np.moveaxis(held, axes, range(len(axes))).reshape(
            (-1,) + tuple(n for a, n in enumerate(held.shape) if a not in axes)
        )
        parts = [Number(part, self.machine) for part in first]
        if self.machine.order == "backward":
            parts.reverse()
        while len(parts) > 1:
            if self.machine.order == "pairs":
                pairs = [a + b for a, b in zip(parts[::2], parts[1::2])]
                parts = pairs + parts[len(parts) - len(parts) % 2 :]
            else:
                parts = [parts[0] + parts[1], *parts[2:]]
        return parts[0].move(lambda array: array.reshape(kept)) if keepdims else parts[0]

    def mean(self, axis=None):
        total = self.sum(axis)
        return total / (self.held.size // max(total.held.size, 1))

    def __matmul__(self, other):
        other = self.machine.number(other)
        return (self.move(lambda a: a[..., None]) * other).sum(axis=-2)


def sigmoid(x):
    return 1 / (1 + (-x).of(np.exp))


def hard(x):
    return (x * 0.2 + 0.5).move(lambda array: np.clip(array, 0, 1))


def root(x):
    return 1 / x.of(np.sqrt)


def below_greatest(x):
    return x - x.held.max(axis=-1, keepdims=True)


def softmax(x):
    powers = below_greatest(x).of(np.exp)
    return powers / powers.sum(-1, keepdims=True)


def log_softmax(x):
    shifted = below_greatest(x)
    return shifted - shifted.of(np.exp).sum(-1, keepdims=True).of(np.log)


def concatenated(first, second):
    return Number(np.concatenate([first.held, second.held], axis=1), first.machine)


class Drawn:
    """Inputs as a precision holds them, by name of a shape."""

    def __init__(self, seed, dtype, scale):
        self._random, self.dtype, self.scale = np.random.RandomState(seed), dtype, scale

    def noise(self, *shape):
        return to_precision(self._random.uniform(-1, 1, shape) * self.scale, self.dtype)

    def positive(self, *shape, low=0.05):
        return to_precision(self._random.uniform(low, 1.5, shape), self.dtype)

    def one_hot(self, count, classes):
        return np.eye(classes)[self._random.randint(0, classes, count)]


#: name -> a function of a ``Drawn``: what the reference says, then spellings, functions of a ``Machine``.
SPELLED = {}


def spelled(function):
    SPELLED[function.__name__] = function
    return function


@spelled
def dense(draw):
    x, w, b = draw.noise(3, 7), draw.noise(7, 4), draw.noise(4)
    yield reference.dense(x, w, b)
    yield lambda m: m.number(x) @ w + b


def _statistics(draw):
    return draw.noise(3), draw.positive(3), draw.noise(3), draw.positive(3)


@spelled
def batch_norm(draw):
    x, (beta, gamma, mean, variance) = draw.noise(2, 3, 3), _statistics(draw)
    yield reference.batch_norm(x, mean, variance, beta, gamma, epsilon=1e-3)

    def scale(m):
        return root(m.number(variance) + 1e-3) * gamma

    yield lambda m: (m.number(x) - mean) * scale(m) + beta
    yield lambda m: m.number(x) * scale(m) + (beta - mean * scale(m))
    yield lambda m: (m.number(x) - mean) / (m.number(variance) + 1e-3).of(np.sqrt) * gamma + beta


@spelled
def batch_norm_training(draw):
    x, (beta, gamma, mean, variance) = draw.noise(2, 3, 2, 3), _statistics(draw)
    answers = reference.batch_norm_training(
        x, beta, gamma, mean, variance, epsilon=1e-3, momentum=0.9, bessel=True
    )
    yield answers
    axes = (0, 1, 2)

    def centred(m):
        batch = m.number(x).mean(axes)
        return batch, ((m.number(x) - batch) * (m.number(x) - batch)).mean(axes)

    def squares(m):
        batch = m.number(x).mean(axes)
        return batch, (m.number(x) * x).mean(axes) - batch * batch

    def step(m, moments):
        batch, deviation = moments(m)
        unbiased = deviation * (12 / 11)
        return {
            "y": (m.number(x) - batch) * (root(deviation + 1e-3) * gamma) + beta,
            "moving_mean": mean * m.number(0.9) + batch * (1 - m.number(0.9)),
            "moving_variance": variance - (variance - unbiased) * (1 - m.number(0.9)),
        }

    yield lambda m: step(m, centred)
    yield lambda m: step(m, squares)


@spelled
def lrn(draw):
    x = draw.noise(2, 2, 7) * 4
    yield reference.lrn(x, depth_radius=2, bias=1.0, alpha=0.1, beta=0.75)

    def norm(m):
        squares = m.number(x) * x
        sums = [squares[..., max(c - 2, 0) : c + 3].sum(-1).held for c in range(7)]
        return Number(np.stack(sums, -1), m) * 0.1 + 1

    yield lambda m: x * (norm(m).of(np.log) * -0.75).of(np.exp)
    yield lambda m: x / norm(m).of(lambda v: v**0.75)


@spelled
def activations(draw):
    x = draw.noise(40) * 4
    yield {
        "sigmoid": reference.sigmoid(x),
        "tanh": reference.tanh(x),
        "hard_sigmoid": reference.hard_sigmoid(x, slope=1 / 6),
        "leaky_relu": reference.leaky_relu(x, slope=0.2),
        "relu": reference.relu(x),
    }
    yield lambda m: {
        "sigmoid": sigmoid(m.number(x)),
        "tanh": m.number(x).of(np.tanh),
        "hard_sigmoid": (m.number(x) + 3).move(lambda v: np.clip(v, 0, 6)) / 6,
        "leaky_relu": m.number(np.where(x < 0, (m.number(x) * 0.2).held, x)),
        "relu": m.number(np.maximum(x, 0)),
    }
    yield lambda m: {
        "sigmoid": (m.number(x) * 0.5).of(np.tanh) * 0.5 + 0.5,
        "tanh": m.number(x).of(np.tanh),
        "hard_sigmoid": (m.number(x) * (1 / 6) + 0.5).move(lambda v: np.clip(v, 0, 1)),
        "leaky_relu": m.number(np.where(x < 0, (m.number(x) * 0.2).held, x)),
        "relu": m.number(np.maximum(x, 0)),
    }


@spelled
def gelu(draw):
    import math

    x = draw.noise(40) * 4
    yield {
        approximate: reference.gelu(x, approximate=approximate == "tanh") for approximate in ("tanh", "erf")
    }

    def spell(m, cube):
        inner = (m.number(x) + cube(m.number(x)) * 0.044715) * math.sqrt(2 / math.pi)
        erf = (m.number(x) / math.sqrt(2)).of(np.vectorize(math.erf, otypes=[float]))
        return {"tanh": 0.5 * m.number(x) * (1 + inner.of(np.tanh)), "erf": m.number(x) * (1 + erf) * 0.5}

    yield lambda m: spell(m, lambda v: v * v * v)
    yield lambda m: spell(m, lambda v: v.of(lambda array: array**3))


@spelled
def softmax_cross_entropy(draw):
    logits, labels = draw.noise(4, 5) * 6, draw.one_hot(4, 5)
    answers = reference.softmax_cross_entropy(logits, labels)
    yield dict(answers, softmax=reference.softmax(logits))

    def spell(m, probabilities):
        logarithms = log_softmax(m.number(logits))
        shifted = below_greatest(m.number(logits))
        log_of_sum = shifted.of(np.exp).sum(-1, keepdims=True).of(np.log)
        return {
            "loss": (labels * (log_of_sum - shifted)).sum(-1),
            "dlogits": probabilities(m) - labels,
            "dlabels": -logarithms,
            "softmax": softmax(m.number(logits)),
        }

    yield lambda m: spell(m, lambda m: softmax(m.number(logits)))
    yield lambda m: spell(m, lambda m: log_softmax(m.number(logits)).of(np.exp))


@spelled
def crossentropies(draw):
    logits, labels, p = draw.noise(4, 5) * 6, draw.one_hot(4, 5), draw.positive(4, 5)
    yield {
        "probabilities": reference.crossentropy(p, labels),
        "sigmoid": reference.sigmoid_cross_entropy(logits, labels),
    }

    def spell(m):
        share = m.number(p) / m.number(p).sum(-1, keepdims=True)
        x = m.number(logits)
        tail = (-abs(x)).of(np.exp).of(np.log1p)
        return {
            "probabilities": -(share.of(np.log) * labels).sum(-1),
            "sigmoid": m.number(np.maximum(logits, 0)) - x * labels + tail,
        }

    yield spell


@spelled
def losses(draw):
    prediction, target, weights = draw.noise(9, 1), draw.noise(9, 1), draw.positive(9, 1)
    weights[2] = 0
    reductions = ("none", "sum", "sum_by_nonzero_weights", "sum_over_batch_size", "mean")
    yield dict(
        {r: reference.weighted_mse(prediction, target, weights, reduction=r) for r in reductions},
        huber=reference.huber(prediction, target, delta=0.3),
    )

    def spell(m, far):
        difference = m.number(prediction) - target
        losses = difference * difference * weights
        size, delta = abs(difference), m.number(0.3)
        quadratic = m.number(np.minimum(size.held, delta.held))
        plain = quadratic * quadratic * 0.5 + delta * (size - quadratic)
        beyond = size * delta - delta * delta * 0.5
        near = size.held <= delta.held
        return {
            "none": losses,
            "sum": losses.sum(),
            "sum_by_nonzero_weights": losses.sum() / 8,
            "sum_over_batch_size": losses.sum() * (1 / m.number(9)),
            "mean": losses.sum() / m.number(weights).sum(),
            "huber": (m.number(np.where(near, plain.held, beyond.held)) if far else plain).mean(),
        }

    yield lambda m: spell(m, False)
    yield lambda m: spell(m, True)


@spelled
def pooling(draw):
    x, dy = draw.noise(1, 5, 5, 2), draw.noise(1, 3, 3, 2)
    geometry = {"ksize": 3, "strides": 2, "padding": "SAME"}
    taps = reference.Taps(x.shape, (3, 3), 2, "SAME", 1)
    yield {
        "average": reference.avg_pool2d(x, **geometry),
        "largest": reference.max_pool2d(x, **geometry),
        "average_grad": reference.avg_pool2d_grad(x, dy, **geometry)["dx"],
        "largest_grad": reference.max_pool2d_grad(x, dy, **geometry)["dx"],
    }
    padded, inside = taps.pad(x), taps.pad(np.ones_like(x))
    count = sum(inside[window] for _, window in taps)
    stacked = np.stack([taps.pad(x, fill=-np.inf)[window] for _, window in taps])
    winner = stacked.argmax(axis=0)

    def scatter(m, shares):
        """Adds up what the windows give to each pixel, of all taps in turn."""
        layers = np.zeros((len(shares), *padded.shape))
        for layer, (_, window), share in zip(layers, taps, shares):
            layer[window] += share
        return m.number(taps.crop(Number(layers, m).sum(0).held))

    def spell(m):
        windows = np.stack([padded[window] for _, window in taps])
        return {
            "average": m.number(windows).sum(0) / count,
            "largest": m.number(stacked.max(axis=0)),
            "average_grad": scatter(m, [(m.number(dy) / count).held] * 9),
            "largest_grad": scatter(m, [(winner == k) * dy for k in range(9)]),
        }

    yield spell


@spelled
def resize(draw):
    x = draw.noise(1, 5, 6, 2)
    half = {"align_corners": False, "half_pixel_centers": True}
    yield reference.resize(x, size=(9, 4), method="bilinear", **half)

    def along(image, axis, m):
        n = image.held.shape[axis]
        count = {1: 9, 2: 4}[axis]
        at = ((m.number(np.arange(count)) + 0.5) * (m.number(n) / count) - 0.5).held
        low = np.floor(at)
        fraction = m.number(at - low).move(lambda f: f.reshape([-1 if a == axis else 1 for a in range(4)]))
        lower, upper = (
            image.move(lambda array, k=k: np.take(array, np.clip(low + k, 0, n - 1).astype(int), axis=axis))
            for k in (0, 1)
        )
        return lower * (1 - fraction) + upper * fraction

    yield lambda m: along(along(m.number(x), 1, m), 2, m)
    yield lambda m: along(along(m.number(x), 2, m), 1, m)


@spelled
def lstm(draw):
    x, kernel, recurrent, bias = draw.noise(2, 3, 3), draw.noise(3, 8), draw.noise(2, 8), draw.noise(8)
    yield reference.lstm(x, kernel, recurrent, bias, forget_bias=1.0)

    def cell(m, sums):
        h = c = m.number(np.zeros((2, 2)))
        for t in range(3):
            i, f, g, o = (sums(m.number(x[:, t]), h)[:, k : k + 2] for k in (0, 2, 4, 6))
            c = sigmoid(f + 1.0) * c + sigmoid(i) * g.of(np.tanh)
            h = sigmoid(o) * c.of(np.tanh)
        return h

    yield lambda m: cell(m, lambda now, h: now @ kernel + h @ recurrent + bias)
    both = np.concatenate([kernel, recurrent])
    yield lambda m: cell(m, lambda now, h: concatenated(now, h) @ both + bias)


@spelled
def gru(draw):
    x, kernel, recurrent, bias = draw.noise(2, 3, 3), draw.noise(3, 6), draw.noise(2, 6), draw.noise(2, 6)
    yield {
        "after": reference.gru(x, kernel, recurrent, bias, reset_after=True),
        "before": reference.gru(x, kernel, recurrent, bias[0], gate="hard_sigmoid"),
    }

    def cell(m, gate, after):
        h = m.number(np.zeros((2, 2)))
        for t in range(3):
            sums = m.number(x[:, t]) @ kernel + bias[0]
            states = h @ recurrent + (bias[1] if after else np.zeros(6))
            z, r = gate(sums[:, :2] + states[:, :2]), gate(sums[:, 2:4] + states[:, 2:4])
            through = r * states[:, 4:] if after else (r * h) @ recurrent[:, 4:]
            h = z * h + (1 - z) * (sums[:, 4:] + through).of(np.tanh)
        return h

    yield lambda m: {"after": cell(m, sigmoid, True), "before": cell(m, hard, False)}


@spelled
def dropout(draw):
    x, mask = draw.noise(30), draw.one_hot(30, 2)[:, 0]
    yield reference.dropout(x, mask, rate=0.9)
    yield lambda m: m.number(x * mask) / (1 - m.number(0.9))
    yield lambda m: m.number(x * mask) * (1 / (1 - m.number(0.9)))
    yield lambda m: m.number(x * mask) * 10.0


@spelled
def optimisers(draw):
    before, gradients = draw.noise(4, 6), draw.noise(4, 6)
    after = reference.training.weights_after
    yield {
        "sgd": after(before, gradients, "sgd", 0.1, decay=0.1).reference(),
        "momentum": after(before, gradients, "momentum", 0.1, momentum=0.9).reference(),
        "rmsprop": after(
            before, gradients, "rmsprop", 0.01, decay_of_square=0.9, epsilon=1e-2, start=1
        ).reference(),
        "adam": after(before, gradients, "adam", 0.01, beta1=0.9, beta2=0.75, epsilon=0.1).reference(),
    }

    def spell(m):
        velocity, square, moment, second = 0.0, m.number(1.0), m.number(0.0), m.number(0.0)
        steps = {"sgd": [], "momentum": [], "rmsprop": [], "adam": []}
        for t, (weights, gradient) in enumerate(zip(before, gradients)):
            w, g = m.number(weights), m.number(gradient)
            velocity = m.number(0.9) * velocity + g
            square = square * 0.9 + g * g * (1 - m.number(0.9))
            moment = moment + (g - moment) * (1 - m.number(0.9))
            second = second + (g * g - second) * (1 - m.number(0.75))
            powers = [m.number(beta).of(lambda array: array ** (t + 1)) for beta in (0.75, 0.9)]  # noqa: B023
            rate = 0.01 * (1 - powers[0]).of(np.sqrt) / (1 - powers[1])
            steps["sgd"].append(w - g * (0.1 / (1 + m.number(0.1) * t)))
            steps["momentum"].append(w - velocity * 0.1)
            steps["rmsprop"].append(w - m.number(0.01) * g * root(square + 1e-2))
            steps["adam"].append(w - rate * moment / (second.of(np.sqrt) + 0.1))
        return {name: Number(np.stack([s.held for s in of]), m) for name, of in steps.items()}

    yield spell


@spelled
def training_step(draw):
    images, labels = draw.noise(3, 4, 4, 1), np.array([0, 2, 1])
    w1, b1, w2, b2 = draw.noise(3, 3, 1, 2), draw.noise(2), draw.noise(8, 3), draw.noise(3)
    answers = reference.training.conv_dense_step(images, labels, w1, b1, w2, b2)
    yield {name: answer.reference() for name, answer in answers.items()}
    seen = reference.training.patches(images, (3, 3), 2, "SAME")

    def spell(m):
        hidden = sigmoid(m.number(seen) @ w1.reshape(-1, 2) + b1)
        flat = hidden.move(lambda array: array.reshape(3, -1))
        logits = flat @ w2 + b2
        truth = np.eye(3)[labels]
        errors = (softmax(logits) - truth) / 3
        back = (errors @ w2.T).move(lambda array: array.reshape(hidden.held.shape)) * hidden * (1 - hidden)
        return {
            "loss": -(log_softmax(logits) * truth).sum(-1).mean(),
            "w1": (m.number(seen.T) @ back).move(lambda array: array.reshape(w1.shape)),
            "b1": back.sum(0),
            "w2": flat.move(np.transpose) @ errors,
            "b2": errors.sum(0),
        }

    yield spell


def named(result):
    return result if isinstance(result, dict) else {"y": result}


@st.composite
def machines(draw):
    dtype = draw(st.sampled_from(DTYPES))
    step = draw(st.sampled_from([dtype, "float32"])) if dtype in HALVES else dtype
    order = draw(st.sampled_from(["forward", "backward", "pairs"]))
    return Machine(dtype, step, order, draw(st.booleans()))


@pytest.mark.parametrize("name", sorted(SPELLED))
@settings(max_examples=60)
@given(machine=machines(), seed=st.integers(0, 2**31), scale=st.sampled_from([1.0, 0.3, 2.0**-6, 2.0**-13]))
def test_no_implementation_exceeds_the_bound(name, machine, seed, scale):
    answers, *spellings = SPELLED[name](Drawn(seed, machine.dtype, scale))
    for spelling in spellings:
        for output, number in named(spelling(machine)).items():
            answer = named(answers)[output]
            error = abs(machine.result(number) - answer.value)
            allowed = answer.worst(machine.dtype)
            assert (error <= allowed).all(), (output, machine, error, allowed)


def fault(name, rule, *inputs, instead, **settings):
    """The rule with its settings, and what it says with others ``instead``."""
    return pytest.param(rule(*inputs, **settings), rule(*inputs, **dict(settings, **instead)), id=name)


_DRAW = Drawn(5, "bfloat16", 1.0)  # what bfloat16 holds, the others hold
_X = _DRAW.noise(64) * 4
_IMAGES, _DY = _DRAW.noise(1, 6, 6, 2), _DRAW.noise(1, 3, 3, 2)
_CHANNELS = dict(zip(("beta", "gamma", "mean", "variance"), _statistics(_DRAW)))
_PAIR = _DRAW.noise(9, 1), _DRAW.noise(9, 1)
_CELL = _DRAW.noise(2, 3, 3), _DRAW.noise(3, 16), _DRAW.noise(4, 16)
_WINDOWS = {"ksize": 3, "strides": 2, "padding": "SAME"}
_LRN = {"depth_radius": 2, "bias": 1.0, "beta": 0.75}


def _lstm(x, kernel, recurrent, bias, gates, **settings):
    def ordered(array):
        return np.concatenate([array[..., 4 * k : 4 * k + 4] for k in gates], axis=-1)

    return reference.lstm(x, ordered(kernel), ordered(recurrent), bias, **settings)


def _gru(x, kernel, recurrent, bias, after):
    rule = reference.gru
    return (
        rule(x, kernel, recurrent, bias, reset_after=True) if after else rule(x, kernel, recurrent, bias[0])
    )


def _optimised(optimiser, **settings):
    gradients = np.stack([_X[:8], _X[8:16], _X[16:24]])
    return reference.training.weights_after(gradients / 4, gradients, optimiser, **settings).reference()


def _sigmoid(kind):
    return reference.sigmoid(_X) if kind == "smooth" else reference.hard_sigmoid(_X, slope=0.25)


def _scaled(rule, *inputs, scale):
    return rule(inputs[0] * scale, *inputs[1:])


@pytest.mark.parametrize("dtype", HALVES)
@pytest.mark.parametrize(
    ("right", "faulty"),
    [
        fault("bias", reference.dense, np.eye(8), np.eye(8), b=np.ones(8) / 8, instead={"b": np.zeros(8)}),
        *(
            fault(f"batch-norm-{name}", reference.batch_norm, _IMAGES[..., :1] + np.zeros(3), **settings)
            for name, settings in (
                (
                    "epsilon",
                    dict(
                        _CHANNELS,
                        variance=_CHANNELS["variance"] / 16,
                        epsilon=1e-3,
                        instead={"epsilon": 1e-2},
                    ),
                ),
                ("gamma", dict(_CHANNELS, epsilon=1e-3, instead={"gamma": np.ones(3)})),
                ("beta", dict(_CHANNELS, epsilon=1e-3, instead={"beta": np.zeros(3)})),
            )
        ),
        *(
            fault(
                f"batch-norm-training-{name}",
                reference.batch_norm_training,
                _DRAW.noise(2, 2, 3, 3),
                instead={name: value},
                epsilon=1e-3,
                momentum=0.5,
                bessel=True,
                **_CHANNELS,
            )
            for name, value in (("gamma", np.ones(3)), ("momentum", 0.875), ("beta", np.zeros(3)))
        ),
        fault("lrn", reference.lrn, _X.reshape(1, 2, 4, 8), alpha=1.0, instead={"alpha": 0.5}, **_LRN),
        fault("softmax", _scaled, reference.softmax, _X.reshape(8, 8), scale=1, instead={"scale": 0.5}),
        fault(
            "cross-entropy",
            _scaled,
            reference.softmax_cross_entropy,
            _X.reshape(8, 8),
            np.eye(8),
            scale=1,
            instead={"scale": 0.5},
        ),
        fault("sigmoid", _sigmoid, kind="smooth", instead={"kind": "hard"}),
        fault("tanh", _scaled, reference.tanh, _X, scale=1, instead={"scale": 0.5}),
        fault("hard-sigmoid", reference.hard_sigmoid, _X, slope=0.2, instead={"slope": 1 / 6}),
        fault("leaky-relu", reference.leaky_relu, _X, slope=0.2, instead={"slope": 0.3}),
        fault("average-pool", reference.avg_pool2d, _IMAGES, instead={"ksize": 2}, **_WINDOWS),
        fault("max-pool", reference.max_pool2d, _IMAGES, instead={"ksize": 2}, **_WINDOWS),
        fault("average-grad", reference.avg_pool2d_grad, _IMAGES, _DY, instead={"ksize": 2}, **_WINDOWS),
        fault("max-grad", reference.max_pool2d_grad, _IMAGES, _DY, instead={"ksize": 2}, **_WINDOWS),
        fault(
            "resize",
            reference.resize,
            _X.reshape(1, 4, 8, 2),
            size=(8, 16),
            method="bilinear",
            half_pixel_centers=True,
            instead={"align_corners": True, "half_pixel_centers": False},
        ),
        fault("lstm-order", _lstm, *_CELL, _X[:16] / 4, gates=(0, 1, 2, 3), instead={"gates": (0, 2, 1, 3)}),
        fault(
            "lstm-forget-bias",
            _lstm,
            *(array / 4 for array in _CELL),
            _X[:16] / 4,
            gates=(0, 1, 2, 3),
            forget_bias=4.0,
            instead={"forget_bias": 0.0},
        ),
        fault(
            "gru-reset",
            _gru,
            *(array[..., :12] for array in _CELL),
            _X[:24].reshape(2, 12),
            after=True,
            instead={"after": False},
        ),
        fault("dropout", reference.dropout, _X, np.ones(64), rate=0.75, instead={"rate": 0.5}),
        fault(
            "mean-square",
            reference.weighted_mse,
            *_PAIR,
            np.arange(9)[:, None] // 3,
            reduction="sum_by_nonzero_weights",
            instead={"reduction": "sum_over_batch_size"},
        ),
        fault("huber", reference.huber, *_PAIR, delta=0.5, instead={"delta": 0.25}),
        fault("sgd", _optimised, "sgd", rate=0.5, instead={"rate": 0.25}),
        fault("momentum", _optimised, "momentum", rate=0.5, momentum=0.75, instead={"momentum": 0.5}),
        fault(
            "adam",
            _optimised,
            "adam",
            rate=0.5,
            beta1=0.5,
            beta2=0.75,
            epsilon=0.25,
            instead={"epsilon": 0.5},
        ),
    ],
)
def test_a_fault_larger_than_rounding_differs(right, faulty, dtype):
    """What a faulty implementation computes is what its own reference says, rounded."""
    found = {
        name: compare(round_to(named(faulty)[name].value, dtype), dtype, answer, dtype).word
        for name, answer in named(right).items()
    }
    assert "differs" in found.values(), found


def _verdict(result, answer, dtype):
    return compare(np.asarray(round_to(result, dtype)), dtype, answer, dtype).word


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    "answers",
    [
        lambda: reference.softmax(_X.reshape(8, 8) * 200),
        lambda: reference.softmax_cross_entropy(_X.reshape(8, 8) * 200, np.eye(8)),
        lambda: reference.sigmoid_cross_entropy(_X * 200, np.ones(64)),
        lambda: reference.sigmoid(_X * 200),
        lambda: reference.gelu(_X * 2000, approximate=True),
        lambda: reference.batch_norm_training(
            _IMAGES * 300,
            np.zeros(2),
            np.ones(2),
            np.zeros(2),
            np.ones(2),
            epsilon=1e-3,
            momentum=0.5,
            bessel=True,
        ),
        lambda: reference.batch_norm(
            _IMAGES, np.zeros(2), np.zeros(2), np.zeros(2), np.ones(2), epsilon=2.0**-20
        ),
        lambda: reference.lrn(_X.reshape(1, 2, 4, 8) * 1000, alpha=1.0, **_LRN),
        lambda: reference.huber(_X * 5000, -_X, delta=1.0),
        lambda: reference.weighted_mse(_X * 400, _X, 1.0, reduction="sum"),
        lambda: _optimised("adam", rate=0.01, beta1=0.9, beta2=0.999, epsilon=1e-8),
        lambda: _optimised("rmsprop", rate=0.01, decay_of_square=0.9, epsilon=1e-30, start=0),
    ],
)
def test_numbers_too_large_or_too_small_have_a_verdict(answers, dtype):
    """No warning, no NaN among the bounds; what is right agrees, what overflowed on the way differs."""
    for answer in named(answers()).values():
        for bound in (answer.worst, answer.expected, answer.typical):
            assert not np.isnan(bound(dtype)).any()
        assert _verdict(answer.value, answer, dtype) == "agrees"
        overflowed = np.where(np.isinf(round_to(answer.value, dtype)), 0, np.inf)
        assert compare(overflowed.astype(np.float32), dtype, answer, dtype).word == "differs"


def test_a_sequence_may_be_long():
    """Errors are made without recursion: this is 20,000 operations deep."""
    x = np.full((1, 1000, 1), 0.5)
    answer = reference.lstm(x, np.full((1, 4), 0.1), np.full((1, 4), 0.1), np.zeros(4))
    assert (answer.worst("float16") > answer.worst("float32")).all()


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_network_has_bounds_in_every_precision(dtype):
    """What a layer carries on from the one before may be large, but is a number."""
    network = reference.Network(_X.reshape(1, 4, 4, 4))
    given = {"mean": np.ones(4), "variance": np.ones(4), "beta": np.zeros(4), "gamma": np.ones(4)}
    network.step("normed", lambda x: reference.batch_norm(x, epsilon=1e-3, **given))
    network.step("lrn", lambda x: reference.lrn(x, alpha=1.0, **_LRN))
    network.step("pooled", lambda x: reference.avg_pool2d(x, ksize=2, strides=2))
    network.step("flat", reference.flatten)
    network.step("dense", lambda x: reference.dense(x, _X.repeat(2).reshape(16, 8), np.zeros(8)))
    network.step("scaled", lambda x: reference.scaled(x, 100.0))
    network.step("softmax", reference.softmax)
    network.step("sigmoid", reference.sigmoid)
    for answer in network.values():
        for bound in (answer.worst, answer.expected, answer.typical):
            assert (bound(dtype) >= 0).all()
