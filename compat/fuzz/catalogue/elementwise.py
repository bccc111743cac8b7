"""Functions of single numbers, arithmetic of two, comparisons."""

import functools
from typing import Any

import numpy as np

from ... import reference
from ...arrays import LARGEST
from ...reference.nodes.flows import tracked
from ...reference.nodes.registry import NoRule
from ..entries import FLOATS, WIDE, Wanted, by_node, of_exact, parameter
from ..entries import entry as any_entry

#: Of single numbers.
entry = functools.partial(any_entry, direct=True)

_POSITIVE = lambda pick: (pick.shape(1, 3), pick.flavour("positive", "small positive"))

#: name -> (op of the graph, spelling, what Keras calls it)
_FUNCTIONS = {
    "relu": ("Relu", "tf.nn.relu({x})", "keras.activations.relu({x})"),
    "relu6": ("Relu6", "tf.nn.relu6({x})", ""),
    "elu": ("Elu", "tf.nn.elu({x})", "keras.activations.elu({x})"),
    "selu": ("Selu", "tf.nn.selu({x})", "keras.activations.selu({x})"),
    "softplus": ("Softplus", "tf.nn.softplus({x})", "keras.activations.softplus({x})"),
    "softsign": ("Softsign", "tf.nn.softsign({x})", "keras.activations.softsign({x})"),
    "sigmoid": ("Sigmoid", "tf.sigmoid({x})", "keras.activations.sigmoid({x})"),
    "tanh": ("Tanh", "tf.tanh({x})", "keras.activations.tanh({x})"),
    "exp": ("Exp", "tf.exp({x})", ""),
    "expm1": ("Expm1", "tf.math.expm1({x})", ""),
    "erf": ("Erf", "tf.math.erf({x})", ""),
    "sin": ("Sin", "tf.sin({x})", ""),
    "cos": ("Cos", "tf.cos({x})", ""),
    "atan": ("Atan", "tf.atan({x})", ""),
    "square": ("Square", "tf.square({x})", ""),
    "abs": ("Abs", "tf.abs({x})", ""),
    "negative": ("Neg", "tf.negative({x})", ""),
    "floor": ("Floor", "tf.floor({x})", ""),
    "ceil": ("Ceil", "tf.math.ceil({x})", ""),
    "round": ("Round", "tf.round({x})", ""),
    "sign": ("Sign", "tf.sign({x})", ""),
    "reciprocal": ("Reciprocal", "tf.math.reciprocal({x})", ""),
}
_OF_POSITIVE = {"sqrt": "Sqrt", "rsqrt": "Rsqrt", "log": "Log", "log1p": "Log1p"}


def _keras(name: str, spelled: str) -> Any:
    """Functions that Keras 3 alone has are among its operations."""
    return {"keras": spelled} if spelled else {"keras3": f"keras.ops.{name}({{x}})"}


for _name, (_op, _spelled, _of_keras) in _FUNCTIONS.items():
    _more = (
        _keras(_name, _of_keras) if _name in ("exp", "square", "floor", "round", "sign") or _of_keras else {}
    )
    _halves = {
        "cases": lambda p, dtype, traits, name=_name: [(name, dtype)] if dtype == "bfloat16" else [],
        "dtypes": (*FLOATS, "bfloat16") if _name in ("relu", "sigmoid", "tanh") else FLOATS,
    }
    entry(_name, by_node(_op), tf=_spelled, **_more, **_halves)


for _name, _op in _OF_POSITIVE.items():
    entry(
        _name,
        by_node(_op),
        tf=f"tf.math.{_name}({{x}})",
        keras3=f"keras.ops.{_name}({{x}})",
        first=_POSITIVE,
    )


def _alpha(pick: Any, shape: Any) -> Any:
    return {"alpha": pick.of("alpha", None, 0.2, 0.01, 0.3)}, []


entry(
    "leaky_relu",
    by_node("LeakyRelu", alpha=parameter("alpha", 0.2)),
    tf="tf.nn.leaky_relu({x}<, alpha={alpha}>)",
    keras2="keras.layers.LeakyReLU(<alpha={alpha}, >dtype={dtype})({x})",
    keras3="keras.layers.LeakyReLU(<negative_slope={alpha}, >dtype={dtype})({x})",
    form=_alpha,
    dtypes=WIDE,
    cases=lambda p, dtype, traits: [
        *([("leaky_relu", "not-written")] if p["alpha"] is None else []),
        *([("leaky_relu", "float64-written")] if dtype == "float64" else []),
    ],
)
entry(
    "elu_layer",
    by_node("Elu"),
    tf="tf.nn.elu({x})",
    keras="keras.layers.ELU(dtype={dtype})({x})",
    dtypes=WIDE,
)
entry(
    "hard_sigmoid",
    of_exact(lambda ask, x: reference.hard_sigmoid(x, slope=0.2)),
    tf="tf.clip_by_value({x} * 0.2 + 0.5, 0, 1)",
    keras="keras.activations.hard_sigmoid({x})",
    dtypes=WIDE,
    cases=lambda p, dtype, traits: [("hard_sigmoid", "keras-2")],
)
entry(
    "gelu",
    of_exact(lambda ask, x: reference.gelu(x, approximate=bool(ask.parameters["approximate"]))),
    tf1="""
inner = 0.7978845608028654 * ({x} + 0.044715 * {x} * {x} * {x})
0.5 * {x} * (1 + (tf.tanh(inner) if {approximate} else tf.math.erf({x} / 2 ** 0.5)))
""",
    tf2="tf.nn.gelu({x}<, approximate={approximate}>)",
    keras="keras.activations.gelu({x}<, approximate={approximate}>)",
    form=lambda pick, shape: ({"approximate": pick.of("approximate", None, False, True)}, []),
    dtypes=(*WIDE, "bfloat16"),
    cases=lambda p, dtype, traits: [("gelu", f"{dtype}-{'tanh' if p['approximate'] else 'erf'}")],
)
entry(
    "clip",
    lambda ask, x: by_node("ClipByValue")(
        ask._replace(dtypes=ask.dtypes * 3),
        x,
        *(np.array(ask.parameters[end], np.asarray(getattr(x, "value", x)).dtype) for end in ("low", "high")),
    ),
    tf="tf.clip_by_value({x}, {low}, {high})",
    keras3="keras.ops.clip({x}, {low}, {high})",
    form=lambda pick, shape: (
        {"low": pick.of("low", -1.0, 0.0, -0.5), "high": pick.of("high", 1.0, 0.5, 6.0)},
        [],
    ),
)


def _second(pick: Any, shape: Any) -> Any:
    """Of the same shape, or one that broadcasts to it."""
    kept = tuple(1 if pick.of(f"broadcast{axis}", False, False, True) else n for axis, n in enumerate(shape))
    dropped = pick.of("dropped", 0, 0, 1) if len(shape) > 1 else 0
    return {}, [Wanted(kept[dropped:], pick.flavour())]


def _divisor(pick: Any, shape: Any) -> Any:
    return {}, [Wanted(shape, "positive")]


_ARITHMETIC = {
    "add": "AddV2",
    "subtract": "Sub",
    "multiply": "Mul",
    "maximum": "Maximum",
    "minimum": "Minimum",
}
for _name, _op in _ARITHMETIC.items():
    entry(
        _name,
        by_node(_op),
        tf=f"tf.{_name}({{x}}, {{y}})",
        keras3=f"keras.ops.{_name}({{x}}, {{y}})",
        form=_second,
        dtypes=(*FLOATS, "int32"),
    )
entry(
    "squared_difference",
    by_node("SquaredDifference"),
    tf="tf.math.squared_difference({x}, {y})",
    form=_second,
)
entry(
    "divide",
    lambda ask, x, y: (tracked(x) * (1 / tracked(y))).reference(),  # a graph knows a constant's reciprocal
    tf="tf.divide({x}, {y})",
    keras3="keras.ops.divide({x}, {y})",
    form=_divisor,
)


def _floor_divided(ask: Any, x: Any, y: Any) -> Any:
    quotient = tracked(x).value / tracked(y).value
    if (np.abs(quotient[np.isfinite(quotient)]) > LARGEST[ask.out]).any():
        raise NoRule("a quotient beyond the largest number")
    return by_node("FloorDiv")(ask, x, y)


entry("floordiv", _floor_divided, tf="tf.math.floordiv({x}, {y})", form=_divisor, dtypes=WIDE)
entry("floormod", by_node("FloorMod"), tf="tf.math.floormod({x}, {y})", form=_divisor, dtypes=WIDE)
entry("atan2", by_node("Atan2"), tf="tf.atan2({x}, {y})", form=_second, dtypes=WIDE)
entry("pow", by_node("Pow"), tf="tf.pow({x}, {y})", form=_second, dtypes=WIDE,
      first=_POSITIVE)  # fmt: skip
entry("divide_no_nan", by_node("DivNoNan"), tf="tf.math.divide_no_nan({x}, {y})", form=_second, dtypes=WIDE)

_COMPARISONS = {
    "less": "Less",
    "less_equal": "LessEqual",
    "greater": "Greater",
    "equal": "Equal",
    "not_equal": "NotEqual",
}
for _name, _op in _COMPARISONS.items():
    entry(
        _name,
        by_node(_op),
        tf=f"tf.{_name}({{x}}, {{y}})",
        keras3=f"keras.ops.{_name}({{x}}, {{y}})",
        form=_second,
        first=lambda pick: (pick.shape(1, 3), pick.flavour("integers", "halves", "edges")),
        dtypes=(*FLOATS, "int32"),
        out=lambda parameters, dtype: "bool",
    )


def _alike(pick: Any, shape: Any) -> Any:
    return {}, [Wanted(shape, "integers")]


entry(
    "equal_sign",
    of_exact(lambda ask, x, y: reference.equal(x, y, dtype="float32")),
    tf="tf.cast({x} == {y}, tf.float32)",
    first=lambda pick: (pick.shape(1, 3), "integers"),
    form=_alike,
    dtypes=WIDE,
    out=lambda parameters, dtype: "float32",
    cases=lambda p, dtype, traits: [("equal_sign", "labels")],
)


def _cast(ask: Any, x: Any) -> Any:
    to = ask.parameters["to"]
    return by_node("Cast", SrcT=lambda a: a.dtypes[0], DstT=to, Truncate=False)(ask, x)


entry(
    "cast",
    _cast,
    tf="tf.cast({x}, {to})",
    keras3="keras.ops.cast({x}, {to})",
    first=lambda pick: (pick.shape(1, 3), pick.flavour("normal", "integers", "halves")),
    form=lambda pick, shape: ({"to": pick.of("to", "float32", "int32", "float16", "float64")}, []),
    out=lambda parameters, dtype: parameters["to"],
    dtypes=(*FLOATS, "int32"),
)
