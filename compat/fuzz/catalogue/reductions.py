"""Along axes: sums, extremes, statistics, softmax and what losses make of it, sorting."""

from typing import Any

import numpy as np

from ... import reference
from ...reference.nodes.flows import tracked
from ...reference.nodes.registry import NoRule
from ...reference.normalisation import moments_along
from ...reference.tracked import rsqrt
from ..entries import FLOATS, SINGLE, WIDE, Shape, Wanted, by_node, entry, nowhere, of_rank, rows


def _axis(pick: Any, shape: Shape) -> Any:
    axis = pick.of("axis", *range(-1, len(shape)))
    return {"axis": axis, "keepdims": pick.of("keepdims", None, True)}, []


def _axes(ask: Any, inputs: Any) -> Any:
    return np.array([ask.parameters["axis"]], np.int32)


_KEEP = lambda ask: bool(ask.parameters["keepdims"])
_TEXT = "({x}, axis={axis}<, keepdims={keepdims}>)"
for _name, _op in {"sum": "Sum", "mean": "Mean", "prod": "Prod"}.items():
    entry(
        f"reduce_{_name}",
        by_node(_op, _axes, keep_dims=_KEEP),
        tf=f"tf.reduce_{_name}{_TEXT}",
        keras3=f"keras.ops.{_name}{_TEXT}",
        keras2=f"keras.backend.{_name}{_TEXT}",
        form=_axis,
        dtypes=FLOATS,
    )


def _extreme(of: str) -> Any:
    """As TensorFlow 1 has it, which skips NaN."""

    def answered(ask: Any, x: Any) -> Any:
        exact = np.asarray(x.value if isinstance(x, reference.Reference) else x)
        if not np.isnan(exact).any():
            return by_node(of.capitalize(), _axes, keep_dims=_KEEP)(ask, x)
        if ask.parameters["keepdims"] or np.isnan(exact).all(axis=ask.parameters["axis"]).any():
            raise NoRule("of nothing but NaN TensorFlow 1 makes the lowest number, or the highest")
        return reference.extreme(exact, of=of, axis=ask.parameters["axis"], nan="skipped")

    return answered


for _of in ("max", "min"):
    entry(
        f"reduce_{_of}",
        _extreme(_of),
        tf=f"tf.reduce_{_of}{_TEXT}",
        keras3=f"keras.ops.{_of}{_TEXT}",
        keras2=f"keras.backend.{_of}{_TEXT}",
        form=_axis,
        dtypes=(*FLOATS, "int32"),
        direct=True,
        cases=lambda p, dtype, traits, of=_of: [(f"reduce_{of}", "nan")] if "nan" in traits else [],
    )


def _exactly(x: Any) -> Any:
    if isinstance(x, reference.Reference):
        raise NoRule("the variance of what is rounded")
    return tracked(x)


def _variance(ask: Any, x: Any) -> Any:
    mean, variance = moments_along(_exactly(x), (ask.parameters["axis"],))
    if not ask.parameters["keepdims"]:
        variance = variance.rearranged(lambda array: np.squeeze(array, ask.parameters["axis"]))
    return variance.reference()


entry(
    "reduce_variance",
    _variance,
    tf="tf.math.reduce_variance({x}, axis={axis}<, keepdims={keepdims}>)",
    keras3="keras.ops.var({x}, axis={axis}<, keepdims={keepdims}>)",
    form=_axis,
    dtypes=WIDE,
)


def _last(pick: Any, shape: Shape) -> Any:
    return {}, []


entry(
    "softmax",
    by_node("Softmax"),
    tf="tf.nn.softmax({x})",
    keras="keras.activations.softmax({x})",
    takes=of_rank(2, 3),
    first=rows,
    form=_last,
    dtypes=FLOATS,
)
entry(
    "log_softmax",
    by_node("LogSoftmax"),
    tf="tf.nn.log_softmax({x})",
    keras3="keras.activations.log_softmax({x})",
    takes=of_rank(2),
    first=rows,
    dtypes=FLOATS,
)
entry(
    "softmax_layer",
    by_node("Softmax"),
    tf="tf.nn.softmax({x})",
    keras="keras.layers.Softmax(dtype={dtype})({x})",
    takes=of_rank(2),
    first=rows,
    dtypes=WIDE,
)


def _along(pick: Any, shape: Shape) -> Any:
    return {
        "axis": pick.of("axis", *range(len(shape))),
        "exclusive": pick.of("exclusive", None, True),
        "reverse": pick.of("reverse", None, True),
    }, []


def _cumulative(op: str) -> Any:
    return by_node(
        op,
        lambda ask, inputs: np.array(ask.parameters["axis"], np.int32),
        exclusive=lambda ask: bool(ask.parameters["exclusive"]),
        reverse=lambda ask: bool(ask.parameters["reverse"]),
    )


for _name in ("cumsum", "cumprod"):
    entry(
        _name,
        _cumulative(_name.capitalize()),
        tf=f"tf.math.{_name}({{x}}, axis={{axis}}<, exclusive={{exclusive}}><, reverse={{reverse}}>)",
        form=_along,
        dtypes=FLOATS,
    )


def _arg(pick: Any, shape: Shape) -> Any:
    return {"axis": pick.of("axis", *range(len(shape)))}, []


for _of in ("max", "min"):
    entry(
        f"arg{_of}",
        by_node(f"Arg{_of.capitalize()}", lambda ask, inputs: np.array(ask.parameters["axis"], np.int32)),
        tf=f"tf.math.arg{_of}({{x}}, axis={{axis}})",
        keras2=f"keras.backend.arg{_of}({{x}}, axis={{axis}})",
        form=_arg,
        first=lambda pick: (pick.shape(1, 3), pick.flavour("normal", "integers")),
        out=lambda parameters, dtype: "int64",
        dtypes=WIDE,
    )


def _k(pick: Any, shape: Shape) -> Any:
    return {"k": pick.of("k", *range(1, shape[-1] + 1))}, []


def _top(number: int) -> Any:
    return by_node("TopKV2", lambda ask, inputs: np.array(ask.parameters["k"], np.int32), number=number)


for _number, _part in enumerate(("values", "indices")):
    entry(
        f"top_k_{_part}",
        _top(_number),
        tf=f"tf.nn.top_k({{x}}, k={{k}})[{_number}]",
        keras3=f"keras.ops.top_k({{x}}, k={{k}})[{_number}]",
        form=_k,
        takes=of_rank(1, 2),
        first=lambda pick: (pick.shape(1, 2), pick.flavour("normal", "integers")),
        out=lambda parameters, dtype, part=_part: "int32" if part == "indices" else dtype,
        dtypes=WIDE,
    )


# -- losses


def _targets(pick: Any, shape: Shape) -> Any:
    return {}, [Wanted(shape, "image")]


entry(
    "sigmoid_cross_entropy",
    lambda ask, x, z: reference.sigmoid_cross_entropy(x, z),
    tf="tf.nn.sigmoid_cross_entropy_with_logits(labels={y}, logits={x})",
    form=_targets,
    first=rows,
    takes=nowhere,
    dtypes=WIDE,
)


def _classes(pick: Any, shape: Shape) -> Any:
    return {"from_logits": pick.of("from_logits", None, True)}, [
        Wanted(shape[:1], "integers", "int32", shape[-1])
    ]


def _crossentropy(ask: Any, logits: Any, classes: Any) -> Any:
    labels = np.eye(logits.shape[-1])[classes]
    return reference.crossentropy(logits, labels, from_logits=True)


def _of_logits(pick: Any) -> Any:
    return (pick.size("n", 1, 4), pick.size("k", 2, 5)), pick.flavour("normal", "integers", "halves")


_CROSSENTROPY = "keras.losses.sparse_categorical_crossentropy({y}, {x}<, from_logits={from_logits}>)"
entry(
    "crossentropy",
    _crossentropy,
    tf="tf.nn.sparse_softmax_cross_entropy_with_logits(labels={y}, logits={x})",
    keras=_CROSSENTROPY,
    form=_classes,
    first=_of_logits,
    takes=nowhere,
    dtypes=SINGLE,
    cases=lambda p, dtype, traits: [("crossentropy", "logits-unsaid")] if p["from_logits"] is None else [],
)


def _target(pick: Any, shape: Shape) -> Any:
    return {}, [Wanted(shape)]


_COLUMN: Any = lambda pick: ((pick.size("n", 1, 5), 1), pick.flavour("normal", "integers", "halves"))
entry(
    "huber",
    lambda ask, x, y: reference.huber(x, y, delta=1.0),
    tf1="tf.losses.huber_loss({y}, {x})",
    tf2="tf.keras.losses.Huber()({y}, {x})",
    keras2="keras.losses.Huber()(tf.cast({y}, {x}.dtype), {x})",
    keras3="keras.losses.Huber(dtype={dtype})({y}, {x})",
    form=_target,
    first=_COLUMN,
    takes=nowhere,
    dtypes=("float32", "float32", "float64", "float16"),
    cases=lambda p, dtype, traits: [("huber", dtype)] if dtype != "float32" else [],
)


def _weights(pick: Any, shape: Shape) -> Any:
    return {}, [Wanted(shape), Wanted(shape, "integers", "", 3)]


def _weighted(ask: Any, x: Any, y: Any, w: Any) -> Any:
    if not np.any(w):
        raise NoRule("of no weights but 0 the mean is 0, or 0 over 0")
    return reference.weighted_mse(x, y, w, reduction="sum_by_nonzero_weights")


entry(
    "weighted_mse",
    _weighted,
    tf1="tf.losses.mean_squared_error({y}, {x}, {z})",
    tf2="tf.keras.losses.MeanSquaredError()({y}, {x}, sample_weight={z})",
    keras="keras.losses.MeanSquaredError()(tf.convert_to_tensor({y}), {x}, sample_weight=tf.convert_to_tensor({z}))",
    form=_weights,
    first=_COLUMN,
    takes=nowhere,
    dtypes=SINGLE,
    cases=lambda p, dtype, traits: [("weighted_mse_default", "masked")],
)


def _row_norm(ask: Any, x: Any) -> Any:
    x = tracked(x)
    total = (x * x).sum((-1,), True)
    return (x * rsqrt(total.clip(1e-12, np.inf))).reference()


entry(
    "l2_normalize",
    _row_norm,
    tf1="tf.nn.l2_normalize({x}, axis=-1)",
    tf2="tf.math.l2_normalize({x}, axis=-1)",
    first=rows,
    takes=nowhere,
    dtypes=SINGLE,
)
