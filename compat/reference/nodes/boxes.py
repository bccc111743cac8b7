"""Suppression of boxes that overlap better ones: indices, exact."""

from typing import Any, List

import numpy as np

from ...arrays import UNIT_ROUNDOFF, Array
from .flows import is_exact, numbers
from .registry import Flow, NodeCall, NoRule, Taken, rule_of

#: Roundings of an overlap: of areas, of their sum and difference, of the quotient.
_ROUNDINGS = 12


def _overlaps(boxes: Array, one: int) -> Array:
    """Intersection over union of every box with one; corners may come in either order."""
    low, high = np.minimum(boxes[:, :2], boxes[:, 2:]), np.maximum(boxes[:, :2], boxes[:, 2:])
    sides = np.maximum(np.minimum(high, high[one]) - np.maximum(low, low[one]), 0)
    common, areas = sides.prod(axis=1), (high - low).prod(axis=1)
    union = areas + areas[one] - common
    return np.where((areas > 0) & (areas[one] > 0), common / np.where(union > 0, union, 1), 0.0)


def _kept(boxes: Array, scores: Array, most: int, threshold: float, least: float) -> List[int]:
    """Greedily, the best score first.

    Raises Taken where an overlap is so near to the threshold that rounding decides, and for equal scores: up to 1.15
    they come as a heap happens to hold them, later the lower index first.
    """
    near = _ROUNDINGS * UNIT_ROUNDOFF["float32"]
    waiting = [int(i) for i in np.argsort(-scores, kind="mergesort") if scores[i] > least]
    if len(set(scores[waiting])) < len(waiting):
        raise Taken("equal scores, whose order depends on the version")
    kept: List[int] = []
    alive = np.ones(len(scores), bool)
    for best in waiting:
        if len(kept) == most:
            break
        if not alive[best]:
            continue
        kept.append(best)
        overlaps = _overlaps(boxes, best)
        beside = abs(overlaps - threshold) <= near * max(threshold, 1e-6)
        beside[best] = False
        if (beside & alive).any():
            raise Taken("an overlap of boxes that is the threshold but for rounding")
        alive &= overlaps <= threshold
    return kept


@rule_of(
    "NonMaxSuppression",
    "NonMaxSuppressionV2",
    "NonMaxSuppressionV3",
    "NonMaxSuppressionV4",
    "NonMaxSuppressionV5",
)
def _(call: NodeCall, boxes: Flow, scores: Flow, most: Flow, *thresholds: Flow) -> List[Any]:
    """The indices; of V4 and V5 also how many there are, and of V5 the scores, as they are without a sigma."""
    if not all(map(is_exact, (boxes, scores, *thresholds))):
        raise NoRule("boxes or scores that follow from rounded numbers")
    if any(name != "float32" for name in call.inputs[:2]):
        raise NoRule("boxes in another precision")
    given = [float(np.asarray(value)) for value in thresholds] or [float(call.get("iou_threshold", 0.5))]
    threshold, least, sigma = (given + [-np.inf, 0.0][len(given) - 1 :])[:3]
    if sigma:
        raise NoRule("scores that fall with the overlap")
    values, count = np.asarray(scores), numbers(most)[0]
    kept = _kept(np.asarray(boxes, np.float64), values, count, threshold, least)
    pad = count - len(kept) if call.get("pad_to_max_output_size") else 0
    indices = np.array(kept + [0] * pad, np.int32)
    if call.op == "NonMaxSuppressionV5":
        chosen = np.concatenate([values[kept], np.zeros(pad, values.dtype)])
        return [indices, chosen, np.array(len(kept), np.int32)]
    return [indices, np.array(len(kept), np.int32)] if call.op == "NonMaxSuppressionV4" else [indices]
