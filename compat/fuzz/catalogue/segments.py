"""Rows by their number: segments, what is scattered and gathered, what is among the largest."""

from typing import Any, List

import numpy as np

from ...reference.nodes.flows import moved, tracked
from ...reference.nodes.registry import Flow, NoRule
from ..entries import FLOATS, WIDE, Ask, Shape, Wanted, by_node, entry, nowhere, of_rank, parameter
from ..samples import traits


def _whole(name: str) -> Any:
    return lambda ask, inputs: np.array(ask.parameters[name], np.int32)


def _ids(pick: Any, shape: Shape, low: int, high: int) -> List[int]:
    return [pick.size(f"id{row}", low, high) for row in range(shape[0])]


def _sorted(pick: Any, shape: Shape) -> Any:
    return {"ids": sorted(_ids(pick, shape, 0, 3))}, []


def _unsorted(pick: Any, shape: Shape) -> Any:
    return {"ids": _ids(pick, shape, -1, 3), "count": 4}, []


def _segmented(pick: Any) -> Any:
    return pick.shape(1, 3), pick.flavour("normal", "integers", "halves", "positive")


for _name in ("sum", "mean", "max", "min", "prod"):
    entry(
        f"segment_{_name}",
        by_node(f"Segment{_name.capitalize()}", _whole("ids")),
        tf1=f"tf.segment_{_name}({{x}}, {{ids}})",
        tf2=f"tf.math.segment_{_name}({{x}}, {{ids}})",
        first=_segmented,
        form=_sorted,
        dtypes=WIDE,
    )
for _name in ("sum", "max", "min", "prod"):
    _of_keras = (
        {"keras3": f"keras.ops.segment_{_name}({{x}}, np.array({{ids}}), num_segments={{count}})"}
        if _name in ("sum", "max")
        else {}
    )
    entry(
        f"unsorted_segment_{_name}",
        by_node(f"UnsortedSegment{_name.capitalize()}", _whole("ids"), _whole("count")),
        tf1=f"tf.unsorted_segment_{_name}({{x}}, {{ids}}, {{count}})",
        tf2=f"tf.math.unsorted_segment_{_name}({{x}}, {{ids}}, {{count}})",
        first=_segmented,
        takes=nowhere if _name in ("max", "min") else of_rank(1, 2, 3),
        form=_unsorted,
        dtypes=WIDE,
        **_of_keras,
    )


def _shared(ask: Ask, x: Flow) -> Flow:
    """The sums, over how many rows there are, or over its root."""
    sums = tracked(by_node("UnsortedSegmentSum", _whole("ids"), _whole("count"))(ask, x))
    ids = np.array(ask.parameters["ids"])
    rows = np.maximum(np.bincount(ids[ids >= 0], minlength=ask.parameters["count"]), 1).astype(np.float64)
    rows = rows.reshape((-1,) + (1,) * (sums.value.ndim - 1))
    by = tracked(np.sqrt(rows)).off_by(lambda p: p.gamma(p.call) * rows)
    return (sums * (1 / by) if ask.parameters.get("root") else sums / tracked(rows)).reference()


for _name in ("mean", "sqrt_n"):
    entry(
        f"unsorted_segment_{_name}",
        _shared,
        tf1=f"tf.unsorted_segment_{_name}({{x}}, {{ids}}, {{count}})",
        tf2=f"tf.math.unsorted_segment_{_name}({{x}}, {{ids}}, {{count}})",
        first=_segmented,
        form=lambda pick, shape, root=_name == "sqrt_n": (
            {**_unsorted(pick, shape)[0], "root": root},
            [],
        ),
        dtypes=WIDE,
    )

# -- put in places


def _into(pick: Any, shape: Shape) -> Any:
    rows = 4
    return {"indices": [[row] for row in _ids(pick, shape, 0, rows - 1)], "shape": [rows, *shape[1:]]}, []


def _scattered(ask: Ask, x: Flow) -> Flow:
    indices = np.array(ask.parameters["indices"], np.int32)
    found: Flow = by_node("ScatterNd")(
        ask._replace(dtypes=("int32", *ask.dtypes, "int32")),
        indices,
        x,
        np.array(ask.parameters["shape"], np.int32),
    )
    return found


entry(
    "scatter_nd",
    _scattered,
    tf="tf.scatter_nd({indices}, {x}, {shape})",
    keras3="keras.ops.scatter({indices}, {x}, {shape})",
    first=_segmented,
    form=_into,
    dtypes=WIDE,
)


def _updated(pick: Any, shape: Shape) -> Any:
    count = pick.size("count", 1, 3)
    return {"indices": [[pick.size(f"id{row}", 0, shape[0] - 1)] for row in range(count)]}, [
        Wanted((count, *shape[1:]))
    ]


for _verb in ("add", "sub", "update", "max", "min"):
    _op = f"TensorScatter{_verb.capitalize()}"
    _nd = "nd_" if _verb in ("max", "min") else ""  # TensorFlow 1 did not have these
    entry(
        f"tensor_scatter_nd_{_verb}",
        lambda ask, x, y, op=_op: by_node(op)(
            ask._replace(dtypes=(ask.dtypes[0], "int32", ask.dtypes[0])),
            x,
            np.array(ask.parameters["indices"], np.int32),
            y,
        ),
        tf1=f"tf.tensor_scatter_{_nd}{_verb}({{x}}, {{indices}}, {{y}})",
        tf2=f"tf.tensor_scatter_nd_{_verb}({{x}}, {{indices}}, {{y}})",
        first=_segmented,
        takes=of_rank(1, 2, 3),
        form=_updated,
        dtypes=WIDE,
        **({"keras3": "keras.ops.scatter_update({x}, {indices}, {y})"} if _verb == "update" else {}),
    )

# -- taken from places


def _along(pick: Any, shape: Shape) -> Any:
    axis = pick.of("axis", None, *range(-1, len(shape)))
    taken = [pick.size(f"id{n}", 0, shape[axis or 0] - 1) for n in range(pick.size("count", 1, 3))]
    return {"axis": axis, "indices": taken}, []


entry(
    "gather_along",
    by_node(
        "GatherV2",
        _whole("indices"),
        lambda ask, inputs: np.array(parameter("axis", 0)(ask), np.int32),
        batch_dims=0,
    ),
    tf="tf.gather({x}, {indices}<, axis={axis}>)",
    form=_along,
    dtypes=FLOATS,
)


def _places(pick: Any, shape: Shape) -> Any:
    depth = pick.size("depth", 1, len(shape))
    rows = range(pick.size("count", 1, 3))
    index = [[pick.size(f"id{row}", 0, n - 1) for n in shape[:depth]] for row in rows]
    return {"indices": index}, []


entry(
    "gather_nd",
    by_node("GatherNd", _whole("indices")),
    tf="tf.gather_nd({x}, {indices})",
    first=lambda pick: (pick.shape(1, 3), pick.flavour()),
    form=_places,
    dtypes=FLOATS,
)


def _mask(pick: Any, shape: Shape) -> Any:
    kept = [pick.of(f"kept{row}", True, False) for row in range(shape[0])]
    return {"mask": [True, *kept[1:]]}, []


entry(
    "boolean_mask",
    lambda ask, x: moved(lambda array: array[np.array(ask.parameters["mask"])], x),
    tf="tf.boolean_mask({x}, {mask})",
    form=_mask,
    dtypes=FLOATS,
)

# -- in order


def _in_order(pick: Any, shape: Shape) -> Any:
    return {
        "axis": pick.of("axis", None, *range(len(shape))),
        "direction": pick.of("direction", None, "DESCENDING"),
    }, []


def _ordered(ask: Ask, x: Flow) -> Flow:
    if not isinstance(x, np.ndarray) or {"nan", "denormal"}.intersection(traits(x)):
        raise NoRule("the order of what is rounded, of NaN, or of what a kernel may read as zero")
    axis = parameter("axis", -1)(ask)
    rising = np.sort(x, axis=axis)
    return np.flip(rising, axis) if ask.parameters["direction"] else rising


entry(
    "sort",
    _ordered,
    tf="tf.sort({x}<, axis={axis}><, direction={direction}>)",
    form=_in_order,
    dtypes=WIDE,
)


def _among(pick: Any, shape: Shape) -> Any:
    return {"k": pick.size("k", 1, shape[-1])}, [Wanted(shape[:1], "integers", "int32", shape[-1])]


entry(
    "in_top_k",
    by_node("InTopKV2", lambda ask, inputs: np.array(ask.parameters["k"], np.int32)),
    tf1="tf.nn.in_top_k({x}, {y}, {k})",
    tf2="tf.nn.in_top_k({y}, {x}, {k})",
    keras2="keras.backend.in_top_k({x}, {y}, {k})",
    keras3="keras.ops.in_top_k({y}, {x}, {k})",
    first=lambda pick: (pick.shape(2, 2), pick.flavour("normal", "integers", "halves", "not finite")),
    takes=nowhere,
    form=_among,
    out=lambda parameters, dtype: "bool",
    dtypes=("float32",),
)
