"""What the numbers of a result give away beside the legacy graph: nothing flows, a NaN, a cast that wraps."""

from typing import Optional

import numpy as np

from ...arrays import Array
from ...judge.graphs import Place
from ..wiring import at, bare
from .ways import way


@way
def _nothing_flows(place: Place, result: Array, dtype: str) -> Optional[str]:
    if result.size < 2 or result.any() or result.dtype.kind != "f":
        return None
    expected = place.followed.recorded(place.pair.legacy)
    stops = [n for n in (place.spelled.nodes if place.spelled else []) if "Gradient" in n.op]
    if expected.shape != result.shape or not expected.any() or stops:
        return None
    return (
        "the answer is 0 everywhere: nothing flows here (a stopped gradient, a missing read; "
        "softmax_cross_entropy_with_logits of TensorFlow 1 gives the labels no gradient, its _v2 does)"
    )


@way
def _left_as_it_was(place: Place, result: Array, dtype: str) -> Optional[str]:
    """What the legacy graph moves on, as it was before."""
    expected = place.followed.recorded(place.pair.legacy)
    if result.dtype.kind != "f" or result.size < 2 or not np.ptp(result) or expected.shape != result.shape:
        return None
    if sum(len(node.inputs) == 1 for node in place.followed.nodes) == len(place.followed.nodes) == 1:
        return None  # a function that is missing, and no step
    for name, before in {**place.followed.given, **place.followed.sources()}.items():
        if name != place.pair.legacy and np.array_equal(before, result):
            return (
                f"the answer is {bare(name)}, which stayed what it was: run the update operations "
                "(tf.GraphKeys.UPDATE_OPS), call with training=True, or assign what was computed"
            )
    return None


@way
def _skipped_nan(place: Place, result: Array, dtype: str) -> Optional[str]:
    nodes = [node for node in place.followed.nodes if node.op in ("Max", "Min")]
    if "of NaN" not in place.why or not nodes or result.dtype.kind != "f":
        return None
    expected = place.followed.recorded(place.pair.legacy)
    if expected.shape != result.shape or np.isnan(expected).any() == np.isnan(result).any():
        return None
    wrong, right = ("skipped", "passed on") if np.isnan(expected).any() else ("passed on", "skipped")
    return (
        f"a NaN is {wrong} by the reduction{at(nodes[0])}, expected {right}: TensorFlow's reduce_max and reduce_min "
        "skip it up to 2.1 and pass it on from 2.4; test tf.math.is_nan"
    )


@way
def _wrapped(place: Place, result: Array, dtype: str) -> Optional[str]:
    """A cast that wraps around where the legacy graph clips first."""
    last = place.followed.nodes[-1] if place.followed.nodes else None
    clips = [node for node in place.followed.nodes if node.op in ("Maximum", "Minimum", "ClipByValue")]
    if last is None or last.op != "Cast" or not clips or result.dtype.kind not in "iu":
        return None
    limits = np.iinfo(result.dtype)
    low, high = int(limits.min), int(limits.max)
    source = place.followed.recorded(clips[0].inputs[0]).astype(np.float64)
    if source.shape != result.shape or not np.isfinite(source).all():
        return None
    if not np.array_equal((np.trunc(source) - low) % (high - low + 1) + low, result):
        return None
    return (
        f"the cast wraps around beyond {low}..{high}, expected the nearer end: clip first, "
        f"np.clip(x, {low}, {high}), or tf.saturate_cast"
    )
