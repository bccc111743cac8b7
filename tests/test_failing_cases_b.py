"""The rows of section B that need no graph: what is said of a wrong result, and what is not."""

import numpy as np
import pytest
from support import quick_run, write

from compat import cli, reference
from compat.arrays import plain
from compat.explain import ReferenceOnly, Target, explain, recognise
from compat.explain import causes as _causes
from compat.reference import Reference
from compat.reference.measured import Measured
from compat.scorecard import FAULTS, OPERATIONS

RANDOM = np.random.RandomState(5)


def said(result, answer, inputs=(), known=None, dtype="float32", seconds=3):
    """The lines that ``compat explain`` prints of a result; ``answer``: a Reference, or a rule of the inputs."""
    rule = answer if callable(answer) else lambda: answer
    array, name = plain(result)
    target = Target(ReferenceOnly(rule), list(inputs), {}, {"y": (array, name)}, dtype)
    return "\n".join(_causes(target, known or {}, seconds))


def exact(array, dtype=None):
    """A right answer of which some roundings are allowed, and nothing else is known."""
    return Reference(array, np.abs(np.asarray(array, np.float64)), 4, dtype or np.asarray(array).dtype.name)


def noise(*shape):
    return RANDOM.normal(size=shape).astype(np.float32)


# -- B2: a default that moved comes before any number


def adagrad(start, steps=5):
    gradients = (0.3 * RANDOM.normal(size=(steps, 4, 3))).astype(np.float32)
    weights, total = [noise(4, 3)], np.full((4, 3), start, np.float32)
    for gradient in gradients:
        total = total + gradient * gradient
        weights.append(weights[-1] - np.float32(0.1) * gradient / (np.sqrt(total) + np.float32(1e-7)))
    return np.array(weights[:-1]), gradients, np.array(weights[1:])


def adagrad_of(start):
    return lambda before, gradients: reference.training.weights_after(
        before, gradients, "adagrad", 0.1, start=start, epsilon=1e-7
    ).reference()


@pytest.mark.parametrize(("right", "wrong"), [(0.1, 0.0), (0.0, 0.1)])
def test_b2_where_adagrad_begins(right, wrong):
    before, gradients, after = adagrad(wrong)
    lines = said(after, adagrad_of(right), [before, gradients])
    assert lines.startswith(f"cause: the sum of squares begins with {wrong:g}, expected {right:g}: ")
    assert f"initial_accumulator_value={right:g}" in lines
    assert "rate by" not in lines and "batch" not in lines


def test_b2_of_the_right_steps_nothing_is_said():
    before, gradients, after = adagrad(0.1)
    target = Target(
        ReferenceOnly(adagrad_of(0.1)), [before, gradients], {}, {"y": (after, "float32")}, "float32"
    )
    assert explain(target) == []


def test_b2_a_number_out_of_many_is_said_where_nothing_founded_fits():
    before, gradients, _ = adagrad(0.1)
    after = before - np.float32(0.1 * 32) * gradients
    rule = lambda b, g: reference.training.weights_after(b, g, "sgd", 0.1).reference()
    assert "32 times as long" in said(after, rule, [before, gradients])


# -- B3: metrics

PROBABILITIES = RANDOM.uniform(0, 1, 64).astype(np.float32)
LABELS = (RANDOM.uniform(0, 1, 64) < 0.6).astype(np.float32)
ROWS = RANDOM.uniform(0, 1, (64, 5)).astype(np.float32)
CLASSES = RANDOM.randint(0, 5, 64)


@pytest.mark.parametrize(
    ("right", "expected", "known"),
    [
        ("BinaryAccuracy", np.mean((PROBABILITIES > 0.5) == LABELS), (PROBABILITIES, LABELS)),
        (
            "CategoricalAccuracy",
            np.mean(ROWS.argmax(-1) == CLASSES),
            (ROWS, np.eye(5, dtype=np.float32)[CLASSES]),
        ),
        ("SparseCategoricalAccuracy", np.mean(ROWS.argmax(-1) == CLASSES), (ROWS, CLASSES)),
    ],
)
@pytest.mark.parametrize("with_rule", [True, False])
def test_b3_accuracy_for_another_one(right, expected, known, with_rule):
    if with_rule:
        lines = said(np.float32(0), lambda p, t: exact(np.float32(expected)), known)
    else:
        lines = said(np.float32(0), Measured(np.float32(expected), "float32"), known=dict(zip("pt", known)))
    assert lines.startswith(f"cause: the metric is Accuracy, expected {right}: ")
    assert "compares probabilities with labels" in lines and f"keras.metrics.{right}" in lines
    assert "gradient" not in lines


def test_b3_a_scalar_0_is_no_stopped_gradient():
    lines = said(np.float32(0), Measured(np.float32(0.609375), "float32"))
    assert "0 where 39/64 is expected, a share as metrics give it" in lines
    assert "cause" not in lines and "gradient" not in lines
    nothing = said(np.zeros((4, 4), np.float32), exact(noise(4, 4)))
    assert nothing.startswith("cause: the answer is 0 everywhere: nothing flows here")


# -- B4: few numbers


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16"])
@pytest.mark.parametrize("shape", [(), (1,), (3,)])
def test_b4_one_unit_in_the_last_place_needs_no_cause(dtype, shape):
    value = np.full(shape, 1.2345, dtype)
    result = np.nextafter(value, np.asarray(2, dtype))
    for answer in (Reference(value, dtype=dtype), Reference(value)):
        assert said(result, answer, dtype=dtype).startswith("nothing to explain: a few roundings")


@pytest.mark.parametrize("result", [1.7, 1.4, -1.1, 0.3])
def test_b4_one_number_is_no_evidence(result):
    lines = said(np.float32(result), Measured(np.float32(1.5), "float32"))
    assert "cause" not in lines and "hypotheses fits" in lines


def test_b4_two_that_undo_each_other_are_none_whatever_the_dtype_says():
    # Every step allows for its rounding: both together would allow for what is off here.
    values = noise(40)
    result = (values.astype(np.float64) * (1 + 3e-7)).astype(np.float32)
    assert "cause" not in said(result, Reference(values, dtype="float32"), seconds=20)


@pytest.mark.parametrize(
    ("factor", "words"), [(0.5, "half as large"), (2, "twice as large"), (255, "255 times")]
)
def test_b4_what_is_exact_is_said_of_one_number_too(factor, words):
    result = np.float32(1.2345) * np.float32(factor)
    assert words in said(result, Measured(np.float32(1.2345), "float32"))


# -- B5: dtypes

IMAGE = RANDOM.uniform(0, 1, (1, 6, 5, 3)).astype(np.float32)
BYTES = np.trunc(IMAGE * 255).astype(np.uint8)


@pytest.mark.parametrize(
    ("result", "expected", "words"),
    [
        (
            IMAGE,
            np.clip(np.trunc(IMAGE * 255.5), 0, 255).astype(np.uint8),
            "a scale of 255.5: tf.image.convert",
        ),
        (IMAGE, BYTES, "a scale of 255: multiply by 255 and cast"),
        (BYTES / np.float32(255), BYTES, "0..1 for 0..255, a scale of 255"),
        (BYTES.astype(np.float32), BYTES, "and the numbers are those expected"),
        (BYTES / np.float32(127.5) - np.float32(1), BYTES, "-1..1 for 0..255, a scale of 127.5"),
        (BYTES, BYTES / np.float32(255), "0..255 for 0..1, a scale of 255"),
        (BYTES.astype(np.int32), BYTES.astype(np.int64), "and the numbers are right: cast"),
    ],
)
def test_b5_the_dtype_and_the_scale(result, expected, words):
    lines = said(result, exact(expected))
    dtypes = f"the dtype is {result.dtype.name}, expected {expected.dtype.name}"
    if "those expected" not in words:
        assert lines.startswith(f"cause: {dtypes}") and words in lines, lines
    assert "relu" not in lines


def test_b5_other_numbers_have_no_scale():
    lines = said(np.ascontiguousarray(IMAGE[:, ::-1]), exact(BYTES))
    assert "cause" not in lines and "the dtype is float32; expected uint8" in lines


# -- B6: factors, and what a mask hides

SCORES = noise(2, 4, 16, 16)
MASK = np.tril(np.ones((16, 16))) == 0


def masked(scores, number=-1e9):
    return np.where(MASK, scores.dtype.type(number), scores)


@pytest.mark.parametrize("number", [-1e9, -np.inf, 1e9])
@pytest.mark.parametrize(
    ("factor", "words"),
    [
        (8**0.5, "2.828 = sqrt(8)"),
        (8**-0.5, "0.3536 = 1/sqrt(8)"),
        (np.pi, "3.142 = pi"),
        (np.log2(np.e), "1.443 = log2 e"),
        (np.log(2), "0.6931 = ln 2"),
        (16 / 15, "1.067 = 16/15"),
        (64.0, "64 = 2^6"),
    ],
)
def test_b6_a_factor_beside_a_mask(number, factor, words):
    lines = said(masked(SCORES * np.float32(factor), number), exact(masked(SCORES, number)))
    assert lines.startswith(f"cause: a factor: {words}") and "other places" not in lines, lines


def test_b6_a_factor_that_is_no_constant_is_described():
    lines = said(masked(SCORES * np.float32(3.7)), exact(masked(SCORES)), seconds=1)
    assert "cause" not in lines and "every wrong element is 3.7 times the expected one" in lines
    assert "960 numbers of a mask, 1e+09, set aside" in lines


def test_b6_other_places_are_told_beside_a_mask():
    lines = said(masked(SCORES[:, [1, 0, 2, 3]]), exact(masked(SCORES)), seconds=1)
    assert "the expected numbers, in other places" in lines


def test_b6_in_half_precision_and_before_a_softmax():
    half = SCORES.astype(np.float16)
    lines = said(masked(half * np.float16(8**0.5), -6e4), exact(masked(half, -6e4)), dtype="float16")
    assert lines.startswith("cause: a factor: 2.828 = sqrt(8)"), lines
    softmax = lambda a: reference.softmax(a).value.astype(np.float32)
    lines = said(softmax(masked(SCORES * np.float32(8**0.5))), exact(softmax(masked(SCORES))))
    assert lines.startswith("cause: a factor: 2.828 = sqrt(8): the logits of the softmax"), lines


# -- B7: a step that is missing

ACTIVATIONS = {
    "relu": lambda x: np.maximum(x, 0),
    "relu6": lambda x: np.clip(x, 0, 6),
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "tanh": np.tanh,
    "softmax": lambda x: np.exp(x) / np.exp(x).sum(-1, keepdims=True),
    "leaky relu of slope 0.2": lambda x: np.where(x < 0, np.float32(0.2) * x, x),
    "leaky relu of slope 0.3": lambda x: np.where(x < 0, np.float32(0.3) * x, x),
    "leaky relu of slope 0.01": lambda x: np.where(x < 0, np.float32(0.01) * x, x),
    "elu": lambda x: np.where(x > 0, x, np.expm1(x)),
}


@pytest.mark.parametrize("name", ACTIVATIONS)
@pytest.mark.parametrize("measured", [True, False])
def test_b7_an_activation_that_is_missing(name, measured):
    found = 4 * noise(6, 10)
    right = ACTIVATIONS[name](found).astype(np.float32)
    lines = said(found, Measured(right, "float32") if measured else Reference(right, 1.0, 8))
    assert lines.startswith(f"cause: {name} of what was computed is the answer"), lines


@pytest.mark.parametrize(
    ("of", "words"),
    [
        (lambda x: x.mean(axis=1), "the mean over axis 1 of what was computed is the answer"),
        (lambda x: x.argmax(-1), "tf.argmax(y, 1)"),
        (lambda x: x / np.sqrt((x**2).sum(-1, keepdims=True)), "tf.nn.l2_normalize(y, -1)"),
        (lambda x: np.clip(x, -1, 1), "clipped to -1..1"),
    ],
)
def test_b7_another_step_that_is_missing(of, words):
    found = noise(20, 10)
    right = of(found)
    lines = said(found, Reference(right, 1.0, 4, right.dtype.name))
    assert lines.startswith("cause: ") and words in lines, lines


@pytest.mark.parametrize("found", [-np.abs(noise(4, 10)), np.float32(-0.3), np.array([-1, 2], np.float32)])
def test_b7_zeros_alone_are_no_relu(found):
    """Everything becomes 0 by a relu of negative numbers, and one 0 is no evidence."""
    assert "relu" not in said(found, Measured(np.maximum(found, 0), "float32"), seconds=1)


def test_b7_a_relu_that_the_reference_has_is_named_once():
    x, w = noise(2, 6, 6, 3), noise(3, 3, 3, 4)
    rule = lambda x, w: reference.relu(reference.conv2d(x, w))
    lines = said(reference.conv2d(x, w).value.astype(np.float32), rule, [x, w])
    assert lines.startswith("cause: relu is not applied") and "what was computed" not in lines


# -- B8: factors and offsets by channel


@pytest.mark.parametrize(
    ("factor", "offset", "words"),
    [
        (
            [0.229**-0.5, 0.224**-0.5, 0.225**-0.5],
            0,
            "2.08969, 2.11289, 2.10819 = 1/sqrt(0.229), 1/sqrt(0.224)",
        ),
        ([1 / 0.229, 1 / 0.224, 1 / 0.225], 0, "4.36681, 4.46429, 4.44444 = 1/0.229, 1/0.224, 1/0.225"),
        ([0.225, 0.224, 0.229], 0, "0.225, 0.224, 0.229 (ImageNet's deviations, the channels in reverse)"),
        (1, [-0.485, -0.456, -0.406], "an offset for each channel: -0.485, -0.456, -0.406"),
        (1, [-103.939, -116.779, -123.68], "(Caffe's means, BGR)"),
        (255, [-123.68, -116.779, -103.939], "mode 'caffe' without its BGR (means off), expected 0..1"),
    ],
)
@pytest.mark.parametrize("axis", [1, 3])
def test_b8_by_channel(factor, offset, words, axis):
    right = np.moveaxis(IMAGE, 3, axis)
    found = IMAGE * np.asarray(factor, np.float32) + np.asarray(offset, np.float32)
    lines = said(np.ascontiguousarray(np.moveaxis(found, 3, axis)), exact(np.ascontiguousarray(right)))
    assert lines.startswith("cause: ") and words in lines, lines
    assert f"along axis {axis}" in lines or "prepared" in lines


def test_b8_factors_that_are_no_constants_are_described():
    found = IMAGE * np.array([1.1, 1.3, 1.7], np.float32) + np.array([0.2, 0, 0.1], np.float32)
    lines = said(found, exact(IMAGE), seconds=1)
    assert "a factor for each channel: 1.1, 1.3, 1.7 and an offset for each channel: 0.2, " in lines
    assert "cause" not in lines


PREPARED = {
    "tf": lambda x: x / np.float32(127.5) - np.float32(1),
    "torch": lambda x: ((x / 255 - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]).astype(np.float32),
    "caffe": lambda x: x[..., ::-1] - np.array([103.939, 116.779, 123.68], np.float32),
}


@pytest.mark.parametrize("wrong", PREPARED)
@pytest.mark.parametrize("right", PREPARED)
def test_b8_images_prepared_for_another_network(wrong, right):
    if wrong != right:
        image = BYTES.astype(np.float32)
        lines = said(PREPARED[wrong](image), exact(PREPARED[right](image)))
        assert lines.startswith(f"cause: the images are prepared as mode '{wrong}'"), lines
        assert f"expected mode '{right}'" in lines


@pytest.mark.parametrize("seed", range(8))
def test_noise_is_nothing_of_all_this(seed):
    """Not a word beside the shape: of other numbers, of a drift, of one element."""
    random = np.random.RandomState(seed)
    right = random.normal(size=(2, 5, 5, 3)).astype(np.float32)
    one = right.copy()
    one[1, 2, 3, 0] += 1
    for wrong in (random.normal(size=right.shape).astype(np.float32), right * np.float32(1.0001), one):
        assert "cause" not in said(wrong, exact(right), known={"x": right[..., :2]}, seconds=0.3)


@pytest.mark.parametrize("fault", [fault.name for fault in FAULTS if not fault.causes])
def test_nothing_is_recognised_in_faults_that_nobody_could_name(fault):
    """From the answer alone, on every operation of the scorecard."""
    (fault,) = [one for one in FAULTS if one.name == fault]
    for computation in OPERATIONS:
        injected = fault.inject(computation)
        answer = computation.rule(**computation.arguments)
        if injected is not None and injected[1].shape == answer.value.shape:
            target = Target(
                ReferenceOnly(lambda a=answer: a), [], {}, {"y": (injected[1], "float32")}, "float32"
            )
            found = recognise(target, dict(computation.tensors))
            assert not [one for one in found if one.cause], (computation, found)


# -- by the command


CASE = """
    from compat import fixtures, operation, reference

    _X = fixtures.uniform("b_x", (2, 6, 6, 4), seed=1, low=-1, high=1)
    _P = fixtures.uniform("b_p", (64,), seed=2)
    _T = fixtures.integers("b_t", (64,), seed=3, low=0, high=2, dtype="float32")

    step = operation("step", against="numpy")


    @step.on("numpy")
    def _(np, x, *, how):
        return {"relu": np.maximum(x, 0), "scale": x, "bytes": np.trunc(abs(x) * 255).astype(np.uint8)}[how]


    @step.on("scipy")
    def _(scipy, x, *, how):
        return {"relu": x, "scale": x * 8 ** 0.5, "bytes": abs(x)}[how].astype(x.dtype)


    for how in ("relu", "scale", "bytes"):
        step.sample(how, x=_X, how=how)

    accuracy = operation("accuracy", against="numpy")


    @accuracy.on("numpy")
    def _(np, p, t):
        return np.mean((p > 0.5) == t, dtype=np.float32)


    @accuracy.on("scipy")
    def _(scipy, p, t):
        return (p == t).mean(dtype=p.dtype)


    accuracy.sample("s", p=_P, t=_T)
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("b")
    quick_run(write(folder / "case.py", CASE), folder / "runs" / "here", dialects=("numpy", "scipy"))
    return folder / "runs" / "here"


@pytest.mark.parametrize(
    ("sample", "words"),
    [
        ("step[relu]", "cause: relu of what was computed is the answer"),
        ("step[scale]", "cause: a factor: 2.828 = sqrt(8)"),
        ("step[bytes]", "cause: the dtype is float32, expected uint8, and the numbers are 0..1 for 0..255"),
        ("accuracy[s]", "cause: the metric is Accuracy, expected BinaryAccuracy"),
    ],
)
def test_without_a_reference_the_command_says_it(run, capsys, sample, words):
    assert cli.main(["explain", str(run), sample, "scipy", "--seconds", "3"]) == 1
    assert words in capsys.readouterr().out
