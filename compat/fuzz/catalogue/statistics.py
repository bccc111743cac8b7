"""Statistics of an array, losses of rows, layers that normalise, spectra."""

from typing import Any

import numpy as np

from ... import reference
from ...reference import tracked as steps
from ...reference.bounds import Reference
from ...reference.nodes.flows import moved, tracked, value_of
from ...reference.nodes.registry import Flow, NoRule
from ...reference.normalisation import moments_along
from ...reference.tracked import Tracked, joined
from ..entries import (
    SINGLE,
    WIDE,
    Ask,
    Shape,
    Wanted,
    by_node,
    entry,
    nowhere,
    of_exact,
    of_rank,
    parameter,
    rows,
)


def _axis(pick: Any, shape: Shape) -> Any:
    return {"axis": pick.of("axis", *range(-1, len(shape))), "keepdims": pick.of("keepdims", None, True)}, []


def _only(pick: Any, shape: Shape) -> Any:
    return {"axis": pick.of("axis", *range(len(shape)))}, []


def _squeezed(ask: Ask, x: Tracked) -> Tracked:
    return x if ask.parameters["keepdims"] else x.rearranged(lambda a: np.squeeze(a, ask.parameters["axis"]))


# -- of an axis


def _logsumexp(ask: Ask, x: Flow) -> Flow:
    """max + log(sum(exp(x - max)))."""
    if not np.isfinite(value_of(x)).all():
        raise NoRule("of what is not finite")
    x, axis = tracked(x), ask.parameters["axis"]
    most = x.value.max(axis=axis, keepdims=True)
    total = steps.exp(x - most).sum(axis, True)
    return _squeezed(ask, steps.log(total) + most).reference()


entry(
    "reduce_logsumexp",
    _logsumexp,
    tf="tf.reduce_logsumexp({x}, axis={axis}<, keepdims={keepdims}>)",
    keras3="keras.ops.logsumexp({x}, axis={axis}<, keepdims={keepdims}>)",
    form=_axis,
    dtypes=(*WIDE, "float16"),
)
entry(
    "cumulative_logsumexp",
    by_node(
        "CumulativeLogsumexp",
        lambda ask, inputs: np.array(ask.parameters["axis"], np.int32),
        exclusive=False,
        reverse=lambda ask: bool(ask.parameters["reverse"]),
    ),
    tf="tf.math.cumulative_logsumexp({x}, axis={axis}<, reverse={reverse}>)",
    first=lambda pick: (pick.shape(1, 3), pick.flavour("normal", "integers", "halves")),
    takes=nowhere,
    form=lambda pick, shape: ({**_only(pick, shape)[0], "reverse": pick.of("reverse", None, True)}, []),
    dtypes=WIDE,
)


def _deviation(ask: Ask, x: Flow) -> Flow:
    return _squeezed(ask, steps.sqrt(moments_along(tracked(x), (ask.parameters["axis"],))[1])).reference()


entry(
    "reduce_std",
    of_exact(_deviation),
    tf="tf.math.reduce_std({x}, axis={axis}<, keepdims={keepdims}>)",
    keras3="keras.ops.std({x}, axis={axis}<, keepdims={keepdims}>)",
    keras2="keras.backend.std({x}, axis={axis}<, keepdims={keepdims}>)",
    form=_axis,
    dtypes=WIDE,
)


def _both_moments(ask: Ask, x: Flow) -> Flow:
    both = moments_along(tracked(x), (ask.parameters["axis"],))
    return joined(np.stack, [_squeezed(ask, one) for one in both]).reference()


entry(
    "moments",
    of_exact(_both_moments),
    tf1="tf.stack(tf.nn.moments({x}, [{axis}]<, keep_dims={keepdims}>))",
    tf2="tf.stack(tf.nn.moments({x}, [{axis}]<, keepdims={keepdims}>))",
    keras3="keras.ops.stack(keras.ops.moments({x}, {axis}<, keepdims={keepdims}>))",
    form=_axis,
    dtypes=WIDE,
)


def _sums(pick: Any, shape: Shape) -> Any:
    return {}, [Wanted((), "positive"), Wanted(shape), Wanted(shape)]


def _normalised(ask: Ask, total: Flow, count: Flow, squares: Flow, shift: Flow) -> Flow:
    """total / count + shift, and squares / count - (total / count)^2."""
    divisor = tracked(by_node("Reciprocal")(ask._replace(dtypes=ask.dtypes[:1]), count))
    mean = tracked(total) * divisor
    return joined(np.stack, [mean + tracked(shift), tracked(squares) * divisor - mean * mean]).reference()


entry(
    "normalize_moments",
    _normalised,
    tf="tf.stack(tf.nn.normalize_moments({y}, {x}, {z}, {u}))",
    form=_sums,
    takes=nowhere,
    dtypes=WIDE,
)


def _softmax(ask: Ask, x: Flow) -> Flow:
    axis = ask.parameters["axis"]
    turn = lambda array: np.moveaxis(array, axis, -1)
    return moved(lambda a: np.moveaxis(a, -1, axis), by_node("Softmax")(ask, moved(turn, x)))


entry(
    "softmax_along",
    _softmax,
    tf="tf.nn.softmax({x}, axis={axis})",
    keras="keras.layers.Softmax(axis={axis}, dtype={dtype})({x})",
    first=lambda pick: (pick.shape(2, 3), pick.flavour()),
    takes=of_rank(2, 3),
    form=_only,
    dtypes=WIDE,
)

# -- losses


def _labels(pick: Any, shape: Shape) -> Any:
    return {}, [Wanted(shape, "image")]


_LOGITS: Any = lambda pick: (rows(pick)[0], pick.flavour("normal", "integers", "halves"))
entry(
    "softmax_cross_entropy",
    by_node("SoftmaxCrossEntropyWithLogits"),
    tf1="tf.nn.softmax_cross_entropy_with_logits_v2(labels={y}, logits={x})",
    tf2="tf.nn.softmax_cross_entropy_with_logits(labels={y}, logits={x})",
    keras="keras.losses.categorical_crossentropy(tf.convert_to_tensor({y}), {x}, from_logits=True)",
    first=_LOGITS,
    takes=nowhere,
    form=_labels,
    dtypes=WIDE,
)


def _weighted(ask: Ask, x: Flow, y: Flow) -> Flow:
    """(1 - z) x + (1 + (q - 1) z) (log(1 + exp(-|x|)) + max(-x, 0)), with q the weight of what is positive."""
    x, z = tracked(x), tracked(y)
    weight = (steps.constant(ask.parameters["pos_weight"]) - 1.0) * z + 1.0
    below = steps.log1p(steps.exp(-abs(x))) + (-x).clip(0, np.inf)
    return ((1.0 - z) * x + weight * below).reference()


entry(
    "weighted_cross_entropy",
    _weighted,
    tf="tf.nn.weighted_cross_entropy_with_logits({y}, {x}, {pos_weight})",
    first=_LOGITS,
    takes=nowhere,
    form=lambda pick, shape: ({"pos_weight": pick.of("pos_weight", 2.0, 0.3)}, _labels(pick, shape)[1]),
    dtypes=SINGLE,
)
entry(
    "log_poisson_loss",
    lambda ask, x, y: (steps.exp(tracked(x)) - tracked(x) * tracked(y)).reference(),
    tf="tf.nn.log_poisson_loss({y}, {x})",
    first=_LOGITS,
    takes=nowhere,
    form=lambda pick, shape: ({}, [Wanted(shape, "positive")]),
    dtypes=WIDE,
)

# -- layers


def _unit(ask: Ask, x: Flow) -> Flow:
    x, axis = tracked(x), parameter("axis", -1)(ask)
    total = (x * x).sum(axis, True)
    return (x * steps.rsqrt(total.clip(1e-12, np.inf))).reference()


entry(
    "unit_normalization_layer",
    _unit,
    tf="tf.math.l2_normalize({x}, axis=-1 if {axis} is None else {axis})",
    keras="keras.layers.UnitNormalization(<axis={axis}, >dtype={dtype})({x})",
    first=lambda pick: (pick.shape(2, 3), pick.flavour("normal", "integers", "halves", "edges")),
    takes=nowhere,
    form=lambda pick, shape: ({"axis": pick.of("axis", None, 1)}, []),
    dtypes=SINGLE,
)


def _given_statistics(ask: Ask, x: Any, mean: Any, variance: Any) -> Flow:
    """(x - mean) / the root of the variance, or 1e-7 where that is less."""
    return ((tracked(x) - mean) / steps.sqrt(variance).clip(1e-7, np.inf)).reference()


entry(
    "normalization_layer",
    of_exact(_given_statistics),
    keras="keras.layers.Normalization(mean={y}, variance={z}, dtype={dtype})({x})",
    first=lambda pick: (rows(pick)[0], pick.flavour("normal", "integers", "halves")),
    takes=nowhere,
    form=lambda pick, shape: ({}, [Wanted(shape[1:]), Wanted(shape[1:], "positive")]),
    dtypes=SINGLE,
)


def _groups(pick: Any, shape: Shape) -> Any:
    return {"groups": 2, "epsilon": pick.of("epsilon", None, 1e-5)}, [
        Wanted(shape[-1:], "positive"),
        Wanted(shape[-1:]),
    ]


def _group_norm(ask: Ask, x: Any, gamma: Any, beta: Any) -> Flow:
    return reference.group_norm(
        x, gamma, beta, groups=ask.parameters["groups"], epsilon=parameter("epsilon", 1e-3)(ask)
    )


entry(
    "group_normalization_layer",
    of_exact(_group_norm),
    keras="""
layer = keras.layers.GroupNormalization({groups}, dtype={dtype}<, epsilon={epsilon}>)
layer.build({x}.shape)
layer.set_weights([{y}, {z}])
layer({x})
""",
    first=lambda pick: (
        (pick.size("n", 1, 2), pick.size("h", 1, 3), pick.size("w", 1, 3), 2 * pick.size("c", 1, 2)),
        pick.flavour("normal", "integers", "halves"),
    ),
    takes=nowhere,
    form=_groups,
    dtypes=SINGLE,
)


def _table(pick: Any, shape: Shape) -> Any:
    width = pick.size("width", 1, 3)
    return {"width": width}, [Wanted((5, width), "normal", "float32")]


entry(
    "embedding_layer",
    of_exact(lambda ask, x, table: np.asarray(table)[abs(np.asarray(x))]),
    tf="tf.nn.embedding_lookup({y}, tf.abs({x}))",
    keras="""
layer = keras.layers.Embedding(5, {width})
layer.build((None,))
layer.set_weights([{y}])
layer(tf.abs({x}))
""",
    first=lambda pick: (pick.shape(1, 2), "integers"),
    takes=nowhere,
    form=_table,
    out=lambda parameters, dtype: "float32",
    dtypes=("int32",),
)

# -- spectra


def _length(pick: Any, shape: Shape) -> Any:
    length = pick.of("fft_length", None, *range(1, 9))
    return {"fft_length": length and [length]}, []


def _transformed(ask: Ask, x: Flow, length: int) -> Any:
    rule = by_node("RFFT", lambda ask, inputs: np.array([length], np.int32))
    return rule(ask._replace(out="complex64"), x)


def _spectrum(ask: Ask, x: Flow) -> Flow:
    length = (ask.parameters["fft_length"] or np.shape(value_of(x))[-1:])[0]
    spectrum = _transformed(ask, x, length)
    found: Flow = by_node("ComplexAbs")(ask._replace(dtypes=("complex64",)), spectrum)
    return found


_SIGNAL: Any = lambda pick: (
    (*pick.shape(0, 1), pick.size("t", 1, 8)),
    pick.flavour("normal", "integers", "halves"),
)
entry(
    "rfft_size",
    _spectrum,
    tf="tf.abs(tf.signal.rfft({x}<, fft_length={fft_length}>))",
    first=_SIGNAL,
    takes=nowhere,
    form=_length,
    dtypes=SINGLE,
)


def _cosines(ask: Ask, x: Flow) -> Flow:
    """2 sum x_n cos(pi k (2 n + 1) / 2 N), by a transform of twice the length that exp(-i pi k / 2 N) turns.

    Beside the transform's the angle rounds 4 times, its exponential twice a call, the product 4 times; the weights of
    "ortho" are a root, its reciprocal and two products.
    """
    x = np.asarray(x, np.float64)
    n = x.shape[-1]
    places = np.arange(n)
    matrix = 2 * np.cos(np.pi * places * (2 * places[:, None] + 1) / (2 * n))
    weights = np.ones(n)
    if ask.parameters["norm"]:
        weights = np.where(places == 0, 0.5, np.sqrt(0.5)) / np.sqrt(n)
    roundings = float(_transformed(ask, x, 2 * n).terms.max()) + 20 + 12 * bool(ask.parameters["norm"])
    size = np.broadcast_to(2 * abs(x).sum(-1, keepdims=True) * weights, x.shape)
    return Reference(x @ matrix * weights, size, roundings)


entry(
    "dct",
    of_exact(_cosines),
    tf="tf.signal.dct({x}<, norm={norm}>)",
    first=_SIGNAL,
    takes=nowhere,
    form=lambda pick, shape: ({"norm": pick.of("norm", None, "ortho")}, []),
    dtypes=SINGLE,
)
