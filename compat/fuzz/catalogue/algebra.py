"""Products of matrices and what is made of one: diagonals, norms, factors, solutions."""

from typing import Any, Sequence

import numpy as np

from ...reference.nodes.flows import moved, tracked
from ...reference.nodes.registry import Flow
from ...reference.tracked import constant, maximum, sqrt
from ..entries import (
    FLOATS,
    SINGLE,
    WIDE,
    Ask,
    Shape,
    Wanted,
    anything,
    by_node,
    entry,
    nowhere,
    of_rank,
    parameter,
)


def _of(ask: Ask, op: str, *inputs: Any, **attributes: Any) -> Flow:
    """The rule of an op on what is made on the way."""
    found: Flow = by_node(op, **attributes)(ask._replace(dtypes=ask.dtypes[:1] * len(inputs)), *inputs)
    return found


def _matrices(pick: Any) -> Any:
    return (pick.size("b", 1, 3), pick.size("n", 1, 4), pick.size("k", 1, 4)), pick.flavour()


def _batches(pick: Any, shape: Shape) -> Any:
    turned = [pick.of(f"transpose_{one}", None, True) for one in "ab"]
    inner = shape[1] if turned[0] else shape[2]
    other = (inner, pick.size("columns", 1, 4))
    return {"transpose_a": turned[0], "transpose_b": turned[1]}, [
        Wanted((shape[0], *(other[::-1] if turned[1] else other)))
    ]


entry(
    "batch_matmul",
    by_node("BatchMatMulV2", adj_x=parameter("transpose_a", False), adj_y=parameter("transpose_b", False)),
    tf="tf.matmul({x}, {y}<, transpose_a={transpose_a}><, transpose_b={transpose_b}>)",
    first=_matrices,
    takes=of_rank(3),
    form=_batches,
    dtypes=WIDE,
)


def _dot(pick: Any, shape: Shape) -> Any:
    axes = pick.of("axes", *[(i, j) for i in (1, 2) for j in (1, 2)])
    other = [shape[0], pick.size("more", 1, 3), pick.size("more", 1, 3)]
    other[axes[1]] = shape[axes[0]]
    return {"axes": list(axes)}, [Wanted(tuple(other))]


def _dotted(ask: Ask, x: Flow, y: Flow) -> Flow:
    first, second = ask.parameters["axes"]
    return _of(ask, "BatchMatMulV2", x, y, adj_x=first == 1, adj_y=second == 2)


entry(
    "dot_layer",
    _dotted,
    keras="keras.layers.Dot({axes}, dtype={dtype})([{x}, tf.convert_to_tensor({y})])",
    first=_matrices,
    takes=of_rank(3),
    form=_dot,
    dtypes=WIDE,
)
entry(
    "matvec",
    lambda ask, x, y: moved(
        lambda array: array[:, 0],
        _of(
            ask,
            "MatMul",
            x,
            moved(lambda array: array[:, None], y),
            transpose_a=bool(ask.parameters["transpose_a"]),
        ),
    ),
    tf="tf.linalg.matvec({x}, {y}<, transpose_a={transpose_a}>)",
    first=lambda pick: (pick.shape(2, 2), pick.flavour()),
    takes=of_rank(2),
    form=lambda pick, shape: _vector(shape, pick.of("transpose_a", None, True)),
    dtypes=WIDE,
)


def _vector(shape: Shape, turned: Any) -> Any:
    return {"transpose_a": turned}, [Wanted((shape[0] if turned else shape[1],))]


#: By the rank of what flows: of two tensors, and of one.
_PAIRS = {
    2: ("ij,jk->ik", "ij,ij->i", "ij,kj->ki", "ij,j->i"),
    3: ("bij,bjk->bik", "bij,bkj->bik", "bij,bij->b", "bij,j->bi"),
}
_SINGLES = {2: ("ij->ji", "ij->j"), 3: ("bij->bji", "bij->bi")}


def _pair(pick: Any, shape: Shape) -> Any:
    equation = pick.of("equation", *_PAIRS[len(shape)])
    first, second = equation.partition("->")[0].split(",")
    sizes = dict(zip(first, shape))
    return {"equation": equation}, [
        Wanted(tuple(sizes.get(label) or pick.size("more", 1, 3) for label in second))
    ]


def _single(pick: Any, shape: Shape) -> Any:
    return {"equation": pick.of("equation", *_SINGLES[len(shape)])}, []


for _name, _inputs, _form in (("einsum", "{x}, {y}", _pair), ("einsum_of_one", "{x}", _single)):
    entry(
        _name,
        by_node("Einsum", equation=parameter("equation")),
        tf="tf.einsum({equation}, " + _inputs + ")",
        keras3="keras.ops.einsum({equation}, " + _inputs + ")",
        first=lambda pick: (pick.shape(2, 3), pick.flavour()),
        takes=of_rank(2, 3),
        form=_form,
        dtypes=WIDE,
    )


def _contracted(pick: Any, shape: Shape) -> Any:
    count = pick.of("axes", *range(1, len(shape) + 1))
    return {"axes": count}, [Wanted((*shape[len(shape) - count :], pick.size("more", 1, 3)))]


def _tensordot(ask: Ask, x: Flow, y: Flow) -> Flow:
    rank, count = np.ndim(getattr(x, "value", x)), ask.parameters["axes"]
    first, inner = "abcd"[: rank - count], "ijkl"[:count]
    return _of(ask, "Einsum", x, y, equation=f"{first}{inner},{inner}z->{first}z")


entry(
    "tensordot",
    _tensordot,
    tf="tf.tensordot({x}, {y}, {axes})",
    keras3="keras.ops.tensordot({x}, {y}, {axes})",
    first=lambda pick: (pick.shape(1, 3), pick.flavour()),
    takes=of_rank(1, 2, 3),
    form=_contracted,
    dtypes=WIDE,
)
entry(
    "cross",
    by_node("Cross"),
    tf1="tf.cross({x}, {y})",
    tf2="tf.linalg.cross({x}, {y})",
    keras3="keras.ops.cross({x}, {y})",
    first=lambda pick: ((pick.size("n", 1, 3), 3), pick.flavour()),
    takes=lambda shape, dtype: bool(shape) and shape[-1] == 3 and all(shape),
    form=lambda pick, shape: ({}, [Wanted(shape)]),
    dtypes=WIDE,
)

# -- norms


def _euclidean(ask: Ask, x: Flow) -> Flow:
    axis = ask.parameters["axis"]
    axes = range(np.ndim(getattr(x, "value", x))) if axis is None else [axis]
    rule = by_node(
        "EuclideanNorm",
        lambda ask, inputs: np.array(list(axes), np.int32),
        keep_dims=bool(ask.parameters["keepdims"]),
    )
    found: Flow = rule(ask, x)
    return found


def _any_axis(pick: Any, shape: Shape) -> Any:
    return {
        "axis": pick.of("axis", None, *range(-1, len(shape))),
        "keepdims": pick.of("keepdims", None, True),
    }, []


entry(
    "norm",
    _euclidean,
    tf="tf.norm({x}<, axis={axis}><, keepdims={keepdims}>)",
    keras3="keras.ops.norm({x}<, axis={axis}><, keepdims={keepdims}>)",
    first=lambda pick: (pick.shape(1, 2), pick.flavour()),
    takes=of_rank(1, 2),
    form=_any_axis,
    dtypes=WIDE,
)
entry(
    "reduce_euclidean_norm",
    _euclidean,
    tf="tf.math.reduce_euclidean_norm({x}<, axis={axis}><, keepdims={keepdims}>)",
    form=_any_axis,
    dtypes=FLOATS,
)
entry("l2_loss", by_node("L2Loss"), tf="tf.nn.l2_loss({x})", dtypes=FLOATS)


def _clipped(ask: Ask, x: Flow) -> Flow:
    """x * clip / max(norm, clip)."""
    x, most = tracked(x), constant(ask.parameters["clip_norm"])
    return (x * most / maximum(sqrt((x * x).sum()), most)).reference()


entry(
    "clip_by_norm",
    _clipped,
    tf="tf.clip_by_norm({x}, {clip_norm})",
    form=lambda pick, shape: ({"clip_norm": pick.of("clip_norm", 1.0, 0.1, 5.0)}, []),
    dtypes=SINGLE,
)
entry(
    "global_norm",
    lambda ask, x, y: sqrt((tracked(x) * x).sum() + (tracked(y) * y).sum()).reference(),
    tf1="tf.global_norm([{x}, {y}])",
    tf2="tf.linalg.global_norm([{x}, {y}])",
    takes=nowhere,
    form=lambda pick, shape: ({}, [Wanted(anything(pick)[0])]),
    dtypes=SINGLE,
)

# -- diagonals


def _is_matrix(shape: Shape, dtype: str) -> bool:
    return len(shape) in (2, 3) and all(shape)


def _band(pick: Any, shape: Shape) -> Any:
    return {"lower": pick.of("lower", -1, 0, 1), "upper": pick.of("upper", -1, 0, 1)}, []


def _settings(*names: str) -> Sequence[Any]:
    return [lambda ask, inputs, name=name: np.array(ask.parameters[name], np.int32) for name in names]


_SQUARES: Any = lambda pick: (pick.shape(2, 3), pick.flavour())
entry(
    "band_part",
    by_node("MatrixBandPart", *_settings("lower", "upper")),
    tf1="tf.matrix_band_part({x}, {lower}, {upper})",
    tf2="tf.linalg.band_part({x}, {lower}, {upper})",
    first=_SQUARES,
    takes=_is_matrix,
    form=_band,
    dtypes=FLOATS,
)
entry(
    "diag_part",
    by_node("MatrixDiagPart"),
    tf1="tf.matrix_diag_part({x})",
    tf2="tf.linalg.diag_part({x})",
    keras3="keras.ops.diagonal({x}, axis1=-2, axis2=-1)",
    first=_SQUARES,
    takes=_is_matrix,
    dtypes=FLOATS,
)
entry(
    "diag",
    by_node("MatrixDiag"),
    tf1="tf.matrix_diag({x})",
    tf2="tf.linalg.diag({x})",
    first=lambda pick: (pick.shape(1, 2), pick.flavour()),
    takes=of_rank(1, 2),
    dtypes=FLOATS,
)
entry(
    "set_diag",
    by_node("MatrixSetDiag"),
    tf1="tf.matrix_set_diag({x}, {y})",
    tf2="tf.linalg.set_diag({x}, {y})",
    first=_SQUARES,
    takes=_is_matrix,
    form=lambda pick, shape: ({}, [Wanted((*shape[:-2], min(shape[-2:])))]),
    dtypes=FLOATS,
)
entry(
    "trace",
    lambda ask, x: by_node("Sum", lambda ask, inputs: np.array([-1], np.int32), keep_dims=False)(
        ask, _of(ask, "MatrixDiagPart", x)
    ),
    tf1="tf.trace({x})",
    tf2="tf.linalg.trace({x})",
    keras3="keras.ops.trace({x}, axis1=-2, axis2=-1)",
    first=_SQUARES,
    takes=_is_matrix,
    dtypes=WIDE,
)
