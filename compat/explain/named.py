"""Differences of two graphs that have a name: another dtype, weights in another order, a slope, an epsilon, a divisor.

What the ops alone do not tell: one op of the port may stand for several of the legacy graph.  Each is read from both
graphs, or from the numbers beside the legacy one, and told where the port's numbers follow from it.
"""

from typing import Any, Callable, Dict, Iterator, List, NamedTuple, Optional, Tuple

import numpy as np

from ..arrays import UNIT_ROUNDOFF, Array
from ..graph.nodes import Node
from ..graph.replay import Followed
from ..judge.compare import compare
from ..judge.graphs import Place
from ..records import PASSING
from ..reference.nodes.flows import tracked
from .catalogue.precisions import OnTheWay
from .matching import match
from .structure import EPSILONS, Edit, Fits, depending
from .wiring import at

#: A sentence for a place, its result and the result's dtype, or None.
Way = Callable[[Place, Array, str], Optional[str]]
_WAYS: List[Way] = []
#: As far apart two numbers of float32 may be that are one number.
_CLOSE = 1e-5
_DIVIDING = ("RealDiv", "Div", "DivNoNan")


def _way(function: Way) -> Way:
    _WAYS.append(function)
    return function


def named(place: Place, result: Array, dtype: str) -> List[str]:
    """The sentence of the first difference with a name that makes the port's numbers, or nothing."""
    for way in _WAYS:
        with np.errstate(all="ignore"):
            sentence = way(place, result, dtype)
        if sentence:
            return [sentence]
    return []


# -- dtypes


@_way
def _another_dtype(place: Place, result: Array, dtype: str) -> Optional[str]:
    right = place.followed.dtype
    if dtype == right or dtype not in UNIT_ROUNDOFF or right not in UNIT_ROUNDOFF:
        return None
    less = max(dtype, right, key=UNIT_ROUNDOFF.__getitem__)
    if not _right_in(place, result, less):
        return None
    cast = _first_cast(place.spelled, dtype)
    where = f"the port casts to it{at(cast)} and stays in it" if cast else "the port computes in it"
    return f"the dtype is {dtype}, expected {right}: {where}; cast back, or say dtype= (Keras 2: set_floatx)"


def _right_in(place: Place, result: Array, dtype: str) -> bool:
    """Whether the numbers are right but for roundings in that dtype."""
    try:
        answer = place.followed.reference()
    except Exception:  # no rule says how far off they are
        return True
    if answer.value.shape != result.shape:
        return False
    off = np.abs(result.astype(np.float64) - answer.value)
    return bool((off <= answer.worst(dtype) + UNIT_ROUNDOFF[dtype] * np.abs(answer.value)).all())


def _first_cast(side: Optional[Followed], dtype: str) -> Optional[Node]:
    nodes = side.nodes if side is not None else []
    return next((n for n in nodes if n.op == "Cast" and n.outputs["0"].dtype == dtype), None)


@_way
def _less_exact_on_the_way(place: Place, result: Array, dtype: str) -> Optional[str]:
    if dtype != "float64" or place.spelled is None or _of_float32(place.followed):
        return None
    less = _of_float32(place.spelled)
    try:
        answer = OnTheWay(place.followed.reference())
    except Exception:  # no rule
        return None
    if not less or compare(result, dtype, answer, dtype).word not in PASSING:
        return None
    return (
        f"the port goes through float32 on the way ({less[0].op}{at(less[0])}), and the legacy graph stays in "
        "float64: write that number, or that step, in float64"
    )


def _of_float32(side: Followed) -> List[Node]:
    """Casts from float32 or less to float64, and what is made of their numbers."""
    return [n for n in side.nodes if n.op == "Cast" and side.dtype_of(n.inputs[0]) in _LESS]


_LESS = ("float32", "float16", "bfloat16")


# -- what is given


@_way
def _weights_in_another_order(place: Place, result: Array, dtype: str) -> Optional[str]:
    """What the legacy graph takes, taken in another order of rows or columns: the port's own tensors say which."""
    if place.spelled is None:
        return None
    theirs = [array for array in _taken(place.spelled).values() if array.ndim]
    moved: Dict[str, Tuple[Array, List[str]]] = {}
    for name, array in _taken(place.followed).items():
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
    name, (_, words) = next(iter(moved.items()))
    others = f" (and {', '.join(_bare(n) for n in list(moved)[1:])} likewise)" if len(moved) > 1 else ""
    return f"{_bare(name)} is {' and '.join(words)}{others}, in another order than the legacy graph has it: {_edit(words)}"


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


def _edit(words: List[str]) -> str:
    if any("Flatten" in word for word in words):
        return "reorder the rows of the dense kernel, NHWC for NCHW"
    return (
        "split and join it in that order (the gates of TensorFlow 1's LSTM cells are i, c, f, o, Keras's i, f, c, o)"
    )


def _bare(tensor: str) -> str:
    return tensor[:-2] if tensor.endswith(":0") else tensor


@_way
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


# -- settings that are spelled in several ways


class _Setting(NamedTuple):
    """A number of a node: an ``attribute``, or else the constant that stands at ``place`` of its inputs."""

    node: Node
    value: float
    attribute: str = ""
    place: int = -1

    def edit(self, value: float) -> Edit:
        def before(call: Any, inputs: List[Any]) -> Any:
            if self.attribute:
                return call._replace(attributes=dict(call.attributes, **{self.attribute: value})), inputs
            new = np.asarray(value, np.asarray(inputs[self.place]).dtype)
            return call, [new if n == self.place else given for n, given in enumerate(inputs)]

        return Edit("", self.node.name, before)


def _constants(side: Followed, node: Node) -> Iterator[Tuple[int, float]]:
    """(place, number) of the inputs of a node that are one number and follow from nothing."""
    depends = depending(side)
    for place, name in enumerate(node.inputs):
        if name not in depends:
            array = side.recorded(name)
            if array.size == 1 and array.dtype.kind == "f":
                yield place, float(array.ravel()[0])


def _other(
    place: Place, result: Array, dtype: str, mine: List[_Setting], theirs: List[_Setting]
) -> Optional[Tuple[float, float]]:
    """(wrong, right) where the port's setting in place of the legacy one makes the port's numbers."""
    fits = Fits(place, result, dtype)
    for wrong in dict.fromkeys(setting.value for setting in theirs):
        other = [setting for setting in mine if abs(setting.value - wrong) > _CLOSE * abs(wrong)]
        if other and fits([setting.edit(wrong) for setting in other]):
            return wrong, other[0].value
    return None


@_way
def _another_epsilon(place: Place, result: Array, dtype: str) -> Optional[str]:
    if place.spelled is None:
        return None
    found = _other(place, result, dtype, *(_epsilons(side) for side in (place.followed, place.spelled)))
    return found and f"epsilon is {found[0]:g}, expected {found[1]:g}: write epsilon={found[1]:g}"


def _epsilons(side: Followed) -> List[_Setting]:
    found = []
    for node in side.nodes:
        if node.op.startswith("FusedBatchNorm") and "epsilon" in node.attributes:
            found.append(_Setting(node, float(node.attributes["epsilon"]), attribute="epsilon"))
        elif node.op in ("Add", "AddV2"):
            for place, number in _constants(side, node):
                usual = [e for e in EPSILONS if abs(number - e) <= _CLOSE * e]
                found += [_Setting(node, e, place=place) for e in usual]
    return found


@_way
def _slope_of_a_hard_sigmoid(place: Place, result: Array, dtype: str) -> Optional[str]:
    if place.spelled is None:
        return None
    found = _other(place, result, dtype, *(_slopes(side) for side in (place.followed, place.spelled)))
    return found and (
        f"the slope of the hard_sigmoid is {found[0]:.4g}, expected {found[1]:.4g}: it is 0.2 in Keras 2 and 1/6 in "
        f"Keras 3; write tf.clip_by_value({found[1]:.4g} * x + 0.5, 0, 1)"
    )


def _slopes(side: Followed) -> List[_Setting]:
    """Of clip(slope x + 1/2, 0, 1), and of relu6(x + 3) / 6."""
    makers = {node.tensor(): node for node in side.nodes}
    found = []
    for node in side.nodes:
        numbers = [number for _, number in _constants(side, node)]
        if node.op == "Relu6" and _adds(side, makers.get(node.inputs[0]), 3.0):
            found.append(_Setting(node, 1 / 6))
        if node.op in ("Add", "AddV2") and 0.5 in numbers:
            products = [makers[name] for name in node.inputs if name in makers and makers[name].op == "Mul"]
            found += [
                _Setting(product, number, place=place)
                for product in products
                for place, number in _constants(side, product)
            ]
    return found


def _adds(side: Followed, node: Optional[Node], number: float) -> bool:
    return (
        node is not None
        and node.op in ("Add", "AddV2")
        and number in [found for _, found in _constants(side, node)]
    )


@_way
def _bessel(place: Place, result: Array, dtype: str) -> Optional[str]:
    """The variance of the fused kernel is sum / (n - 1), that of tf.nn.moments sum / n."""
    fused = [node for node in place.followed.nodes if node.op.startswith("FusedBatchNorm")]
    spelled = place.spelled.nodes if place.spelled is not None else []
    if not fused or any(node.op.startswith("FusedBatchNorm") for node in spelled):
        return None
    x = place.followed.recorded(fused[0].inputs[0])
    n = x.size // place.followed.recorded(fused[0].inputs[1]).size

    def after(call: Any, flows: Any) -> Any:
        flows = list(flows)
        flows[2] = (tracked(flows[2]) * ((n - 1) / n)).reference()
        return flows

    if not Fits(place, result, dtype)([Edit("", node.name, after=after) for node in fused]):
        return None
    return (
        f"the variance takes sum / n, expected sum / (n - 1): the fused kernel divides by n - 1, tf.nn.moments and "
        f"Keras 3 by n: multiply it by {n} / {n - 1}"
    )


@_way
def _another_divisor(place: Place, result: Array, dtype: str) -> Optional[str]:
    """A sum that is divided by another count than the legacy graph counts in what it is given."""
    node = place.followed.nodes[-1] if place.followed.nodes else None
    while node is not None and node.op not in _DIVIDING and node.op in ("Identity", "Reshape", "Mul"):
        node = next((n for n in place.followed.nodes if n.tensor() == node.inputs[0]), None)
    if node is None or node.op not in _DIVIDING or node.inputs[1] not in depending(place.followed):
        return None
    right = place.followed.recorded(node.inputs[1])
    if right.size != 1:
        return None
    fits = Fits(place, result, dtype)
    sizes = {n: name for name, array in place.followed.given.items() for n in (array.size, len(np.atleast_1d(array)))}
    for count, name in sorted(sizes.items()):
        number = np.asarray(count, right.dtype)
        taken = Edit("", node.name, lambda call, inputs, number=number: (call, [inputs[0], number]))
        if count != float(right) and fits([taken]):
            return (
                f"the sum is divided by {count}, all of {_bare(name)}, expected by {float(right):g}{at(node)}: another "
                "reduction; tf.losses has sum_by_nonzero_weights, Keras sum_over_batch_size: divide by hand"
            )
    return None


#: Weights of the old value that are usual.
_MOMENTA = (0.9, 0.99, 0.999, 0.95, 0.997)


@_way
def _weight_of_the_new_value(place: Place, result: Array, dtype: str) -> Optional[str]:
    """A moving average that went m / (1 - m) times as far from the old value, or as many times less."""
    expected = place.followed.recorded(place.pair.legacy)
    if dtype not in UNIT_ROUNDOFF or expected.shape != result.shape or result.size < 3:
        return None
    for name, old in place.followed.given.items():
        if old.shape != result.shape or old.dtype.kind != "f":
            continue
        way, went = (np.asarray(array - old, np.float64).ravel() for array in (expected, result))
        times = float(way @ went) / max(float(way @ way), 1e-300)
        allowed = _OFF * UNIT_ROUNDOFF[dtype] * (1 + abs(times)) * (np.abs(old) + np.abs(result)).max()
        usual = [(m, r) for m in _MOMENTA for r in (m, 1 - m) if abs(times - r / (1 - r)) <= _CLOSE_RATIO * times]
        if usual and (np.abs(went - times * way) <= allowed).all():
            momentum, share = usual[0]
            return (
                f"momentum is taken for 1 - momentum: the weight of the new value is {share:g}, expected "
                f"{1 - share:g}; write momentum={max(share, 1 - share):g} where it is the weight of the old value"
            )
    return None


#: How near a ratio has to be to that of two weights; roundings that a few steps may be off.
_CLOSE_RATIO, _OFF = 1e-4, 16


# -- results that are none


@_way
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


@_way
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


@_way
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
