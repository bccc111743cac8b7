"""More functions of single numbers, and of two: angles, gamma functions, remainders, rounding to levels."""

import functools
from typing import Any

import numpy as np

from ...arrays import UNIT_ROUNDOFF
from ...reference import tracked as steps
from ...reference.functions import where
from ...reference.nodes.flows import joined, tracked, value_of
from ...reference.nodes.registry import NoRule
from ...reference.tracked import constant
from ..entries import FLOATS, SINGLE, WIDE, Ask, Shape, Wanted, by_node, nowhere, of_exact, parameter
from ..entries import entry as any_entry

#: Of single numbers.
entry = functools.partial(any_entry, direct=True)

#: name -> (op of the graph, what it is drawn of, whether Keras 3 has it among its operations)
_FUNCTIONS = {
    "tan": ("Tan", (), True),
    "asin": ("Asin", ("image", "halves"), False),
    "acos": ("Acos", ("image", "halves"), False),
    "sinh": ("Sinh", (), True),
    "cosh": ("Cosh", (), True),
    "asinh": ("Asinh", (), False),
    "acosh": ("Acosh", ("positive", "halves"), False),
    "atanh": ("Atanh", ("image", "small positive", "halves"), False),
    "erfc": ("Erfc", (), False),
    "erfinv": ("Erfinv", ("image", "small positive"), True),
    "lgamma": ("Lgamma", ("positive", "halves"), False),
    "digamma": ("Digamma", ("positive", "halves"), False),
    "rint": ("Rint", (), False),
}
_KERAS_SAYS = {"asin": "arcsin", "acos": "arccos", "asinh": "arcsinh", "acosh": "arccosh", "atanh": "arctanh"}


def _drawn_of(*flavours: str) -> Any:
    return lambda pick: (pick.shape(1, 3), pick.flavour(*flavours))


def _erfinv(ask: Ask, x: Any) -> Any:
    """Not beside 1: (x + 1) / 2, of which TensorFlow makes it, may round to 1, where it is infinite."""
    value = np.asarray(value_of(x))
    if ((value < 1) & (value > 1 - 4 * UNIT_ROUNDOFF[ask.out])).any():
        raise NoRule("what rounds to 1 on the way")
    return by_node("Erfinv")(ask, x)


for _name, (_op, _flavours, _of_keras) in _FUNCTIONS.items():
    _called = _KERAS_SAYS.get(_name, _name)
    _more = {"keras3": f"keras.ops.{_called}({{x}})"} if _of_keras or _called != _name else {}
    entry(
        _name,
        _erfinv if _name == "erfinv" else by_node(_op),
        tf=f"tf.math.{_name}({{x}})",
        first=_drawn_of(*_flavours),
        dtypes=WIDE,
        **_more,
    )


def _finite_or(function: Any) -> Any:
    """What multiplies on its way: not told beside what is not finite."""

    def answered(ask: Ask, *inputs: Any) -> Any:
        if not all(np.isfinite(value_of(flow)).all() for flow in inputs):
            raise NoRule("a product with what is not finite")
        return function(ask, *[tracked(flow) for flow in inputs]).reference()

    return answered


any_entry(
    "silu",
    _finite_or(lambda ask, x: x * steps.sigmoid(x)),
    tf="tf.nn.swish({x})",
    keras2="keras.activations.swish({x})",
    keras3="keras.activations.silu({x})",
    dtypes=(*WIDE, "float16"),
)


def _rectified_both(ask: Ask, x: Any) -> Any:
    return joined(
        lambda parts: np.concatenate(parts, -1),
        [by_node("Relu")(ask, x), by_node("Relu")(ask, by_node("Neg")(ask, x))],
    )


entry(
    "crelu",
    _rectified_both,
    tf="tf.nn.crelu({x})",
    first=_drawn_of("normal", "integers", "halves"),
    dtypes=WIDE,
)

# -- rectified

_RELU_TEXT = (
    "keras.layers.ReLU(<max_value={max_value}, ><negative_slope={negative_slope}, >"
    "<threshold={threshold}, >dtype={dtype})({x})"
)


def _rectifier(pick: Any, shape: Shape) -> Any:
    """Nothing that is drawn is a threshold: there the layer gives 0, and its documentation says otherwise."""
    return {
        "max_value": pick.of("max_value", None, 6.0, 1.5),
        "negative_slope": pick.of("negative_slope", None, 0.1, 0.25),
        "threshold": pick.of("threshold", None, 0.7),
    }, []


def _rectified(ask: Ask, x: Any) -> Any:
    """The largest value beyond it, x from the threshold on, and below that the slope times x - threshold."""
    most, slope, threshold = (
        parameter(name, default)(ask)
        for name, default in (("max_value", np.inf), ("negative_slope", 0.0), ("threshold", 0.0))
    )
    if np.isnan(x).any() or (slope == 0 and np.isneginf(x).any()):
        raise NoRule("ReLU of NaN, or no slope times infinity: versions differ")
    x = tracked(x)
    below = (x - constant(threshold)) * constant(slope) if slope else x * 0.0
    return where(lambda v: v >= threshold, x, x.clip(-np.inf, most), below).reference()


entry(
    "relu_layer",
    of_exact(_rectified),
    keras=_RELU_TEXT,
    form=_rectifier,
    dtypes=WIDE,
    cases=lambda p, dtype, traits: (
        [("leaky_relu", "float64-written")] if dtype == "float64" and p["negative_slope"] else []
    ),
)


def _thresholded(ask: Ask, x: Any) -> Any:
    """x times whether it is above the threshold."""
    x = np.asarray(x)
    if not np.isfinite(x).all():
        raise NoRule("a product with what is not finite")
    return np.where(x > parameter("theta", 1.0)(ask), x, np.zeros_like(x))


entry(
    "thresholded_relu",
    of_exact(_thresholded),
    keras2="keras.layers.ThresholdedReLU(<theta={theta}, >dtype={dtype})({x})",
    first=_drawn_of("normal", "integers", "halves"),
    form=lambda pick, shape: ({"theta": pick.of("theta", None, 0.5, 2.0)}, []),
    dtypes=WIDE,
)
entry(
    "prelu_layer",
    of_exact(lambda ask, x, alpha: where(lambda v: v >= 0, x, x, tracked(x) * tracked(alpha)).reference()),
    tf="tf.nn.relu({x}) - {y} * tf.nn.relu(-{x})",
    keras="""
layer = keras.layers.PReLU(dtype={dtype})
layer.build({x}.shape)
layer.set_weights([{y}])
layer({x})
""",
    first=lambda pick: (pick.shape(2, 3), pick.flavour("normal", "integers", "halves")),
    takes=nowhere,
    form=lambda pick, shape: ({}, [Wanted(shape[1:])]),
    dtypes=WIDE,
)

# -- of two


def _same(pick: Any, shape: Shape) -> Any:
    return {}, [Wanted(shape, pick.flavour("normal", "halves", "integers"))]


def _positive(pick: Any, shape: Shape) -> Any:
    return {}, [Wanted(shape, pick.flavour("positive", "small positive"))]


for _name, _op, _form in (
    ("xlogy", "Xlogy", _positive),
    ("xlog1py", "Xlog1py", _positive),
    ("xdivy", "Xdivy", _positive),
    ("multiply_no_nan", "MulNoNan", _same),
    ("truncatemod", "TruncateMod", _positive),
):
    entry(
        _name,
        by_node(_op),
        tf="tf.truncatemod({x}, {y})" if _name == "truncatemod" else f"tf.math.{_name}({{x}}, {{y}})",
        first=_drawn_of("normal", "halves", "integers"),
        form=_form,
        dtypes=WIDE,
    )
entry(
    "mod_sign",
    by_node("FloorMod"),
    tf="{x} % {y}",
    keras3="keras.ops.mod({x}, {y})",
    first=_drawn_of("normal", "halves", "integers"),
    form=_positive,
    dtypes=WIDE,
)
entry(
    "bias_add",
    by_node("BiasAdd", data_format="NHWC"),
    tf="tf.nn.bias_add({x}, {y})",
    keras2="keras.backend.bias_add({x}, {y})",
    first=lambda pick: (pick.shape(2, 4), pick.flavour()),
    takes=lambda shape, dtype: len(shape) > 1 and all(shape),
    form=lambda pick, shape: ({}, [Wanted(shape[-1:])]),
    dtypes=FLOATS,
)

# -- chosen, and cut to levels

any_entry(
    "where",
    lambda ask, x, chosen, y: by_node("SelectV2")(
        Ask({}, ("bool", *ask.dtypes[:1] * 2), ask.out), chosen, x, y
    ),
    tf="tf.where({y}, {x}, {z})",
    keras2="keras.backend.switch(tf.convert_to_tensor({y}), {x}, tf.convert_to_tensor({z}))",
    keras3="keras.ops.where({y}, {x}, {z})",
    first=lambda pick: (pick.shape(1, 3), pick.flavour()),
    form=lambda pick, shape: ({}, [Wanted(shape, "normal", "bool"), Wanted(shape)]),
    dtypes=(*FLOATS, "int32"),
)


def _levels(pick: Any, shape: Shape) -> Any:
    low, high = pick.of("range", (None, None), (-1.0, 1.0), (0.0, 6.0), (-0.3, 2.1))
    return {
        "min": low,
        "max": high,
        "num_bits": pick.of("num_bits", None, 4, 8),
        "narrow_range": pick.of("narrow_range", None, True),
    }, []


entry(
    "fake_quant",
    by_node(
        "FakeQuantWithMinMaxArgs",
        min=parameter("min", -6.0),
        max=parameter("max", 6.0),
        num_bits=parameter("num_bits", 8),
        narrow_range=parameter("narrow_range", False),
    ),
    tf="tf.quantization.fake_quant_with_min_max_args({x}<, min={min}><, max={max}><, num_bits={num_bits}>"
    "<, narrow_range={narrow_range}>)",
    form=_levels,
    dtypes=SINGLE,
)
