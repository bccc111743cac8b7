"""Differences of a step of training that have a name: of its loss, a gradient, a moving statistic."""

from typing import Any, Callable, Iterator, List, Optional, Tuple

import numpy as np

from ...arrays import UNIT_ROUNDOFF, Array
from ...graph.nodes import Node
from ...judge.graphs import Place
from ...reference.nodes.flows import tracked, value_of
from ..structure import Edit, Fits
from .ways import way

_LOSS, _GRADIENT = "loss", "gradient of "
_MOVING = (0.9, 0.99, 0.999, 0.95, 0.997, 0.9997, 0.5, 0.8)
_SMOOTHINGS = (0.1, 0.2, 0.05, 0.01, 0.3, 0.15)
_ENTROPIES = ("SoftmaxCrossEntropyWithLogits", "SparseSoftmaxCrossEntropyWithLogits")
#: How near a ratio has to be to that of two settings, and how much of a difference may be left.
_CLOSE, _LEFT = 1e-3, 1e-3


def _expected(place: Place) -> Array:
    """What the legacy graph makes of the tensors before."""
    if place.answer is not None:
        return place.answer.value
    return place.followed.recorded(place.pair.legacy)


def _is_of_training(place: Place) -> bool:
    return place.pair.name == _LOSS or place.pair.name.startswith(_GRADIENT)


def _share(of: Array, along: Array) -> Optional[float]:
    """How many times ``along`` the array is; None where it is something else."""
    a, b = (np.asarray(one, np.float64).ravel() for one in (of, along))
    size = float(b @ b)
    if a.shape != b.shape or not size or not np.isfinite(a).all():
        return None
    times = float(a @ b) / size
    left = float(np.linalg.norm(a - times * b))
    return times if left <= _LEFT * float(np.linalg.norm(a)) else None


@way
def _nothing_comes_back(place: Place, result: Array, dtype: str) -> Optional[str]:
    if place.pair.name.startswith(_GRADIENT) and not result.any() and _expected(place).any():
        return (
            "no gradient comes to it: a tf.stop_gradient between it and the loss, a cast to whole numbers, or numpy "
            "within the model: leave it out"
        )
    return None


@way
def _over_the_batch(place: Place, result: Array, dtype: str) -> Optional[str]:
    """A sum for a mean, or the other way round."""
    if not _is_of_training(place):
        return None
    times = _share(result, _expected(place))
    if times is None or times <= 0:
        return None
    trace = place.followed.trace
    extents = {
        place.followed.recorded(name).shape[0]
        for name in trace.inputs.values()
        if trace.tensors()[name].shape
    }
    for many in sorted(extent for extent in extents if extent > 1):
        if abs(times - many) <= _CLOSE * many:
            return (
                f"it is {many} times as large, summed over the batch of {many}, expected the mean: write "
                'reduction="sum_over_batch_size", tf.reduce_mean'
            )
        if abs(times - 1 / many) <= _CLOSE / many:
            return (
                f"it is {many} times as small, the mean over the batch of {many}, expected the sum: write "
                'reduction="sum", tf.reduce_sum'
            )
    return None


@way
def _moved_otherwise(place: Place, result: Array, dtype: str) -> Optional[str]:
    """A moving statistic that goes another share of the way."""
    node = place.followed.nodes[-1] if place.followed.nodes else None
    if node is None or node.op not in ("AssignSub", "AssignSubVariableOp", "Assign") or result.size < 3:
        return None
    old = np.asarray(place.followed.recorded(node.inputs[0]), np.float64)
    expected = _expected(place)
    if old.shape != expected.shape:
        return None
    times = _share(result - old, expected - old)
    if times is None:
        return None
    numbers = [one for _, one in _numbers(place)]
    for share in [n for n in numbers if 0 < n < 1] + [1 - n for n in numbers if 0 < n < 1]:
        for momentum in _MOVING:
            if abs(share - (1 - momentum)) > _CLOSE * share:
                continue
            wrong = 1 - share * times
            usual = [m for m in (*_MOVING, 0.1, 0.01) if abs(m - wrong) <= _CLOSE * (1 - m)]
            if usual:
                return (
                    f"the weight of the new value is {1 - usual[0]:.4g}, expected {1 - momentum:.4g}: write "
                    f"momentum={momentum:g} (0.99 is Keras's default, 0.999 tf.contrib's)"
                )
    return None


def _numbers(place: Place) -> Iterator[Tuple[str, float]]:
    """The constants of one number among the legacy nodes."""
    for node in place.followed.nodes:
        if node.op == "Const" and "0" in node.outputs and not node.outputs["0"].shape:
            array = place.followed.recorded(node.tensor())
            if array.dtype.kind == "f":
                yield node.name, float(array)


# -- weights in the loss


@way
def _squares_of_the_weights(place: Place, result: Array, dtype: str) -> Optional[str]:
    if place.pair.name == _LOSS:
        return _in_the_loss(place, result, dtype)
    if not place.pair.name.startswith(_GRADIENT):
        return None
    expected = _expected(place)
    off = result - expected
    trace = place.followed.trace
    size = float(np.linalg.norm(result))
    if np.linalg.norm(off) <= 100 * UNIT_ROUNDOFF.get(dtype, 0.0) * size:
        return None
    for name in trace.variables or []:
        weights = place.followed.recorded(name)
        if weights.size != result.size:
            continue
        for array in {weights.shape: weights, weights.T.shape: weights.T}.values():
            times = _share(off, array) if array.shape == result.shape else None
            if times is not None:
                return _of_share(times, _has_l2(trace.nodes))
    return None


def _of_share(times: float, legacy_has: bool) -> str:
    lost = (
        f"the gradient lacks {-times:.4g} times the weights, L2 of the legacy loss: write "
        f"kernel_regularizer=keras.regularizers.L2({-times / 2:.4g}) (tf.nn.l2_loss is half of the sum of squares)"
    )
    if times < 0:
        return lost
    if legacy_has:
        return (
            f"the gradient has {times:.4g} times the weights too much: keras.regularizers.L2(x) is x times the sum of "
            f"squares, tf.nn.l2_loss half of it: write L2(x / 2)"
        )
    return (
        f"the gradient has {times:.4g} times the weights on top, L2 that the legacy loss has not: leave out "
        "kernel_regularizer"
    )


def _has_l2(nodes: List[Node]) -> bool:
    return any(node.op == "L2Loss" and not node.name.startswith("clip") for node in nodes)


def _in_the_loss(place: Place, result: Array, dtype: str) -> Optional[str]:
    terms = [node for node in place.followed.nodes if node.op == "L2Loss"]
    if not terms:
        return None
    fits = Fits(place, result, dtype)

    def times(factor: float) -> List[Edit]:
        def after(call: Any, flows: Any) -> Any:
            return [(tracked(flows[0]) * factor).reference()]

        return [Edit("", node.name, after=after) for node in terms]

    if fits(times(0.0)):
        return (
            "L2 of the weights, a part of the legacy loss, is missing: write "
            "kernel_regularizer=keras.regularizers.L2(x / 2) for x * tf.nn.l2_loss, which is half of the sum of squares"
        )
    if fits(times(2.0)):
        return (
            "L2 of the weights counts twice: keras.regularizers.L2(x) is x times the sum of squares, tf.nn.l2_loss "
            "half of it: write L2(x / 2)"
        )
    return None


# -- cross entropies


@way
def _cross_entropy_of_others(place: Place, result: Array, dtype: str) -> Optional[str]:
    """Of probabilities that are taken for logits, or the other way round; of labels that are not smoothed."""
    nodes = [node for node in place.followed.nodes if node.op in _ENTROPIES]
    if not _is_of_training(place) or not nodes:
        return None
    fits = Fits(place, result, dtype)
    for place_of_input, change, sentence in _changes(place, nodes[0]):

        def before(call: Any, inputs: List[Any], at: int = place_of_input, change: Any = change) -> Any:
            return call, [change(flow) if n == at else flow for n, flow in enumerate(inputs)]

        if fits([Edit("", node.name, before) for node in nodes]):
            return sentence
    return None


def _changes(place: Place, node: Node) -> Iterator[Tuple[int, Callable[[Any], Any], str]]:
    if place.pair.name == _LOSS:
        yield (
            0,
            _as_logarithms,
            ("the logits are taken for probabilities: write from_logits=True, or give the model its softmax"),
        )
        yield (
            0,
            _softmax,
            (
                "the probabilities are softmaxed again: from_logits=False, or leave the model's last softmax out"
            ),
        )
    if node.op != _ENTROPIES[0]:
        return
    labels = np.asarray(place.followed.recorded(node.inputs[1]), np.float64)
    classes = labels.shape[-1]
    smoothed = float(classes * labels.min()) if classes > 1 else 0.0
    if 0 < smoothed < 1:
        plain = (labels - smoothed / classes) / (1 - smoothed)
        yield (
            1,
            _instead(plain),
            (
                f"label smoothing is missing: write label_smoothing={smoothed:.4g} (of one-hot targets, "
                "CategoricalCrossentropy)"
            ),
        )
    elif set(np.unique(labels)) <= {0.0, 1.0}:
        for much in _SMOOTHINGS:
            spread = labels * (1 - much) + much / classes
            yield (
                1,
                _instead(spread),
                (f"label smoothing of {much:g}, which the legacy loss has not: leave out label_smoothing"),
            )


def _instead(array: Array) -> Callable[[Any], Any]:
    return lambda flow: array


def _as_logarithms(flow: Any) -> Any:
    value = np.asarray(value_of(flow), np.float64)
    return np.log(np.clip(value, 1e-7, 1 - 1e-7))


def _softmax(flow: Any) -> Any:
    value = np.asarray(value_of(flow), np.float64)
    powers = np.exp(value - value.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)
