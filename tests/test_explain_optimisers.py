"""Steps of training that were broken on purpose: an optimiser in NumPy, and the cause comes first."""

import numpy as np
import pytest

from compat import operation, reference
from compat.explain import Target, explain

RANDOM = np.random.RandomState(11)
STEPS = 12
GRADIENTS = (RANDOM.normal(0, 0.3, (STEPS, 4, 3)) * RANDOM.uniform(0.01, 3, (STEPS, 1, 1))).astype(np.float32)
START = RANDOM.normal(0, 1, (4, 3)).astype(np.float32)

#: What is expected of each optimiser: settings of ``reference.training.weights_after``.
EXPECTED = {
    "sgd": {},
    "momentum": {"momentum": 0.9},
    "rmsprop": {"decay_of_square": 0.9, "epsilon": 1e-3, "start": 0},
    "adam": {"beta1": 0.9, "beta2": 0.999, "epsilon": 1e-2},
}


class Broken:
    """An optimiser in float32, after the books and not after ``compat``; every switch is a mistake."""

    def __init__(self, optimiser, rate=0.1, decay=0.0, early=0, **settings):
        self.optimiser, self.rate, self.decay, self.early = optimiser, rate, decay, early
        self.settings = dict(EXPECTED[optimiser], **settings)
        self.slots = {}

    def slot(self, name, start=0.0):
        return self.slots.setdefault(name, np.full_like(START, start))

    def step(self, t, w, g):
        s, rate = self.settings, np.float32(self.rate / (1 + self.decay * (t + self.early)))
        g = g * np.float32(s.get("times", 1)) + np.float32(s.get("l2", 0)) * w
        g = np.clip(g, -s["clip"], s["clip"]) if "clip" in s else g
        w = w - rate * np.float32(s.get("decoupled", 0)) * w
        return (w - getattr(self, "_" + self.optimiser)(t, g, rate, s)).astype(np.float32)

    def _sgd(self, t, g, rate, s):
        return rate * g

    def _momentum(self, t, g, rate, s):
        g, rate = (rate * g, np.float32(1)) if s.get("rate_inside") else (g, rate)
        v, m = self.slot("v"), np.float32(s["momentum"])
        v[:] = m * v + g
        return rate * (g + m * v if s.get("nesterov") else v)

    def _rmsprop(self, t, g, rate, s):
        square, mean, rho = self.slot("s", s["start"]), self.slot("m"), np.float32(s["decay_of_square"])
        square[:] = rho * square + (1 - rho) * g * g
        mean[:] = rho * mean + (1 - rho) * g
        kept = square - mean * mean if s.get("centred") else square
        epsilon = np.float32(s["epsilon"])
        return rate * g / (np.sqrt(kept) + epsilon if s.get("outside") else np.sqrt(kept + epsilon))

    def _adam(self, t, g, rate, s):
        m, v = self.slot("m"), self.slot("v")
        b1, b2, epsilon = np.float32(s["beta1"]), np.float32(s["beta2"]), np.float32(s["epsilon"])
        m[:] = b1 * m + (1 - b1) * g
        v[:] = b2 * v + (1 - b2) * g * g
        one, two = np.float32(1 - s["beta1"] ** (t + 1)), np.float32(1 - s["beta2"] ** (t + 1))
        if s.get("uncorrected"):
            return rate * m / (np.sqrt(v) + epsilon)
        if s.get("paper"):
            return rate * (m / one) / (np.sqrt(v / two) + epsilon)
        return rate * np.sqrt(two) / one * m / (np.sqrt(v) + epsilon)


def found(optimiser, broken, rate=0.1, decay=0.0):
    """The names of the causes of what a broken optimiser did, where this one is expected."""
    weights = [START]
    for t, gradient in enumerate(GRADIENTS):
        weights.append(broken.step(t, weights[-1], gradient))
    before, after = np.array(weights[:-1]), np.array(weights[1:])

    def rule(before, gradients):
        training = reference.training
        return training.weights_after(
            before, gradients, optimiser, rate, decay=decay, **EXPECTED[optimiser]
        ).reference()

    target = Target(
        operation("steps", reference=rule), [before, GRADIENTS], {}, {"y": (after, "float32")}, "float32"
    )
    return explain(target, seconds=0)


@pytest.mark.parametrize("optimiser", EXPECTED)
@pytest.mark.parametrize("decay", [0.0, 0.1])
def test_of_the_right_steps_nothing_is_said(optimiser, decay):
    assert found(optimiser, Broken(optimiser, decay=decay), decay=decay) == []
    weights = Broken(optimiser, decay=decay).step(0, START, GRADIENTS[0])
    assert not np.array_equal(weights, START)


MISTAKES = [
    ("optimiser: another epsilon", "adam", {"epsilon": 1e-7}),
    ("optimiser: another epsilon", "adam", {"epsilon": 1e-8}),
    ("optimiser: another epsilon", "rmsprop", {"epsilon": 1e-10}),
    ("RMSProp: epsilon on the other side of the root", "rmsprop", {"outside": True}),
    ("RMSProp: the mean square begins elsewhere", "rmsprop", {"start": 1}),
    ("RMSProp: centred", "rmsprop", {"centred": True}),
    ("defaults of another library", "rmsprop", {"epsilon": 1e-10, "start": 1}),
    ("defaults of another library", "rmsprop", {"epsilon": 1e-8, "outside": True, "decay_of_square": 0.99}),
    ("Adam: no bias correction", "adam", {"uncorrected": True}),
    ("Adam: epsilon and epsilon-hat", "adam", {"paper": True}),
    ("Adam: beta1 and beta2 swapped", "adam", {"beta1": 0.999, "beta2": 0.9}),
    ("optimiser: 1 - decay for decay", "momentum", {"momentum": 0.1}),
    ("optimiser: 1 - decay for decay", "rmsprop", {"decay_of_square": 0.1}),
    ("optimiser: another decay of the mean", "momentum", {"momentum": 0.99}),
    ("optimiser: another decay of the mean", "rmsprop", {"decay_of_square": 0.99}),
    ("optimiser: another decay of the mean", "adam", {"beta1": 0.5}),
    ("Nesterov's momentum", "momentum", {"nesterov": True}),
    ("gradient ascent", "sgd", {"times": -1}),
    ("gradient ascent", "adam", {"times": -1}),
    ("the step is that of a sum over the batch", "rmsprop", {"times": 32}),
    ("the step is divided by the batch", "momentum", {"times": 1 / 32}),
    ("weight decay", "sgd", {"l2": 0.01}),
    ("weight decay", "adam", {"l2": 0.01}),
    ("decoupled weight decay", "adam", {"decoupled": 0.01}),
    ("clipped gradients", "sgd", {"clip": np.float32(0.5)}),
]


@pytest.mark.parametrize(("cause", "optimiser", "mistake"), MISTAKES)
def test_the_cause_comes_first(cause, optimiser, mistake):
    causes = found(optimiser, Broken(optimiser, **mistake))
    assert causes and causes[0].names == (cause,), [c.sentences for c in causes]


@pytest.mark.parametrize("optimiser", EXPECTED)
@pytest.mark.parametrize("rate", [1.0, 0.01, 0.001])
def test_another_rate(optimiser, rate):
    causes = found(optimiser, Broken(optimiser, rate=rate))
    assert causes[0].names == ("another rate",)
    assert causes[0].sentences[0].startswith(f"the rate is {rate:g}, expected 0.1: ")


@pytest.mark.parametrize("optimiser", EXPECTED)
@pytest.mark.parametrize(
    ("cause", "broken"),
    [("decay of the rate ignored", {"decay": 0.0}), ("decay of the rate one step early", {"early": 1})],
)
def test_a_rate_that_decays(optimiser, cause, broken):
    assert found(optimiser, Broken(optimiser, **dict({"decay": 0.1}, **broken)), decay=0.1)[0].names == (
        cause,
    )


def test_the_rate_inside_the_velocity_matters_where_the_rate_changes():
    assert found("momentum", Broken("momentum", rate_inside=True)) == []
    causes = found("momentum", Broken("momentum", rate_inside=True, decay=0.1), decay=0.1)
    assert causes[0].names == ("the rate inside the velocity",)


@pytest.mark.parametrize(
    ("expected", "taken", "words"),
    [
        ("adam", "sgd", "gradient descent (the rate alone), expected Adam"),
        ("sgd", "momentum", "Momentum (momentum 0.9), expected gradient descent"),
        ("adam", "rmsprop", "RMSProp (decay_of_square 0.9, epsilon 1e-10, start 1, epsilon inside the root)"),
    ],
)
def test_an_optimiser_taken_for_another(expected, taken, words):
    settings = {"rmsprop": {"epsilon": 1e-10, "start": 1}}.get(taken, {})
    causes = found(expected, Broken(taken, **settings))
    assert causes[0].names == ("another optimiser",)
    assert words in causes[0].sentences[0]


def test_momentum_that_is_left_at_0_is_gradient_descent():
    names = [cause.names for cause in found("momentum", Broken("momentum", momentum=0.0))]
    assert ("optimiser: another decay of the mean",) in names and ("another optimiser",) in names


def test_the_sentence_has_the_numbers_and_the_edit():
    (sentence,) = found("adam", Broken("adam", epsilon=1e-7))[0].sentences
    assert sentence.startswith("epsilon is 1e-07, expected 0.01 ") and sentence.endswith("write epsilon=0.01")


# -- the loss and its gradients


IMAGES = RANDOM.uniform(0, 1, (3, 8, 6, 6, 1)).astype(np.float32)
LABELS = RANDOM.randint(0, 4, (3, 8))
WEIGHTS = [
    RANDOM.uniform(-0.5, 0.5, shape).astype(np.float32)
    for shape in ((3, 3, 1, 2), (2,), (3 * 3 * 2, 4), (4,))
]


def steps_of(name, labels=LABELS, times=1):
    steps = [reference.training.conv_dense_step(x, y, *WEIGHTS) for x, y in zip(IMAGES, labels)]
    return reference.training.stacked([step[name] * float(times) for step in steps]).reference()


@pytest.mark.parametrize("name", ["loss", "w1"])
@pytest.mark.parametrize(
    ("cause", "mistake"),
    [
        ("summed over the batch", {"times": 8}),
        ("divided by the batch twice", {"times": 1 / 8}),
        ("labels of another image", {"labels": np.roll(LABELS, 1, axis=1)}),
    ],
)
def test_every_step_has_the_same_mistake(name, cause, mistake):
    result = steps_of(name, **mistake).value.astype(np.float32)
    target = Target(
        operation("loss", reference=lambda: steps_of(name)), [], {}, {"y": (result, "float32")}, "float32"
    )
    assert explain(target, seconds=0)[0].names == (cause,)
