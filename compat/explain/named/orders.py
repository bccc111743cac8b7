"""Weights in another order of rows, columns or gates, and the parts of a table."""

from typing import Dict, List, Optional, Tuple

import numpy as np

from ...arrays import Array
from ...graph.replay import Followed
from ...judge.compare import compare
from ...judge.graphs import Place
from ...records import PASSING
from ..matching import match
from ..structure import depending
from ..wiring import bare
from .ways import way


@way
def _weights_in_another_order(place: Place, result: Array, dtype: str) -> Optional[str]:
    """What the legacy graph takes, taken in another order of rows or columns: the port's own tensors say which."""
    if place.spelled is None:
        return None
    theirs = [a for a in {**place.spelled.sources(), **_taken(place.spelled)}.values() if a.ndim]
    moved: Dict[str, Tuple[Array, List[str]]] = {}
    mine = _taken(place.followed)
    for name, array in mine.items():
        if array.ndim == 0 or any(_same(array, other) for other in theirs):
            continue
        for other in theirs:
            words = _order(other, array)
            if words:
                moved[name] = other, words
                break
    if not moved:
        return None
    other = place.followed.giving({name: array for name, (array, _) in moved.items()})
    try:
        reference = other.reference()
    except Exception:  # no rule
        return None
    if compare(result, dtype, reference, dtype).word not in PASSING:
        return None
    name, (turned, words) = next(iter(moved.items()))
    others = f" (and {', '.join(bare(n) for n in list(moved)[1:])} likewise)" if len(moved) > 1 else ""
    said = f"{bare(name)} is {' and '.join(words)}{others}"
    return f"{said}, in another order than the legacy graph has it: {_edit(words, turned, mine[name])}"


def _taken(side: Followed) -> Dict[str, Array]:
    """What the nodes take that follows from none of them: given tensors, constants and variables."""
    depends = depending(side)
    names = dict.fromkeys(name for node in side.nodes for name in node.inputs)
    return {
        name: side.given.get(name, side.recorded(name))
        for name in names
        if name in side.given or name not in depends
    }


def _same(a: Array, b: Array) -> bool:
    return a.size == b.size and bool(np.array_equal(a.ravel(), b.ravel()))


def _order(found: Array, given: Array) -> List[str]:
    if found.shape != given.shape or found.dtype.kind != "f" or given.ndim > 2 or given.size < 4:
        return []
    if not np.array_equal(np.sort(found.ravel()), np.sort(given.ravel())):
        return []
    flatten = _other_flatten(found, given)
    if flatten:
        return [flatten]
    outputs = (given.ndim - 1,)
    words = match(found, given, np.zeros(found.shape), 0, outputs)
    return words or []


def _other_flatten(found: Array, given: Array) -> Optional[str]:
    """Rows that go channel by channel where they went pixel by pixel."""
    rows = given.shape[0]
    for channels in range(2, rows // 2 + 1):
        if given.ndim == 2 and rows % channels == 0:
            order = np.arange(rows).reshape(channels, -1).T.ravel()
            for turned, words in (
                (order, "channel by channel"),
                (np.argsort(order, kind="stable"), "pixel by pixel"),
            ):
                if np.array_equal(found, given[turned]):
                    return f"taken with its rows in the order of the other Flatten, {words}"
    return None


def _edit(words: List[str], found: Array, given: Array) -> str:
    if any("Flatten" in word for word in words):
        return "reorder the rows of the dense kernel, NHWC for NCHW"
    if np.array_equal(found, given.T):
        return "transpose it"
    if any(_in_blocks(found, given, gates) for gates in (3, 4)):
        return (
            "split and join it in that order (the gates of TensorFlow 1's LSTM cells are i, c, f, o, Keras's "
            "i, f, c, o)"
        )
    return "put it in that order"


def _in_blocks(found: Array, given: Array, count: int) -> bool:
    """Whether one is the other with so many equal parts of its last axis exchanged, as gates are."""
    if given.shape[-1] % count:
        return False
    mine, theirs = (np.split(array, count, axis=-1) for array in (given, found))
    return all(any(np.array_equal(part, other) for other in mine) for part in theirs)


@way
def _parts_of_a_table(place: Place, result: Array, dtype: str) -> Optional[str]:
    """Which part of a table has which row: the partitions that DynamicPartition takes."""
    if place.spelled is None:
        return None
    mine, theirs = (
        [node for node in side.nodes if node.op == "DynamicPartition"]
        for side in (place.followed, place.spelled)
    )
    for legacy, port in zip(mine, theirs):
        old, new = place.followed.recorded(legacy.inputs[1]), place.spelled.recorded(port.inputs[1])
        if old.shape == new.shape and not np.array_equal(old, new):
            right, wrong = ("mod", "div") if _in_turn(place.followed, legacy.inputs[1]) else ("div", "mod")
            return (
                f"the parts of the table are taken by {wrong}, expected by {right}: partition_strategy={right!r} of "
                f"tf.compat.v1.nn.embedding_lookup (parts {_few(new)}, expected {_few(old)}), or lay the rows in the "
                "other order"
            )
    return None


def _in_turn(side: Followed, tensor: str) -> bool:
    """Whether whole numbers are a rest: FloorMod makes them."""
    makers = {node.tensor(): node for node in side.nodes}
    node = makers.get(tensor)
    while node is not None and node.op in ("Cast", "Identity", "Reshape"):
        node = makers.get(node.inputs[0])
    return node is not None and node.op == "FloorMod"


def _few(array: Array) -> str:
    shown = ", ".join(map(str, array.ravel()[:6].tolist()))
    return f"[{shown}{', ...' if array.size > 6 else ''}]"
