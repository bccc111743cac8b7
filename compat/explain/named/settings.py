"""Settings that ops spell in several ways: an epsilon, a slope, a divisor, a momentum."""

from typing import Any, Iterator, List, NamedTuple, Optional, Tuple

import numpy as np

from ...arrays import UNIT_ROUNDOFF, Array
from ...graph.nodes import Node
from ...graph.replay import Followed
from ...judge.graphs import Place
from ...reference.nodes.flows import tracked
from ...reference.tracked import sigmoid
from ..structure import EPSILONS, Edit, Fits, depending
from ..wiring import at, bare
from .ways import way

#: As far apart two numbers of float32 may be that are one number.
_CLOSE = 1e-5
_DIVIDING = ("RealDiv", "Div", "DivNoNan")


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


@way
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
        elif node.op in _UPDATES and len(node.inputs) > _UPDATES[node.op]:
            at_place = _UPDATES[node.op]
            found += [_Setting(node, e, place=p) for p, e in _constants(side, node) if p == at_place]
    return found


#: Where the kernels of optimisers take epsilon.
_UPDATES = {
    f"{kind}{name}": place
    for kind in ("Apply", "ResourceApply")
    for name, place in (("Adam", 8), ("RMSProp", 6), ("AdagradV2", 3), ("Adadelta", 5))
}


@way
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


@way
def _sigmoid_for_a_hard_one(place: Place, result: Array, dtype: str) -> Optional[str]:
    """A hard sigmoid of the legacy graph, in gates or alone, that is a sigmoid in the port."""
    found = list(_hard_sigmoids(place.followed))
    edits = [Edit("", last.name, instead=_sigmoid, inputs={len(last.inputs): x}) for last, x, _ in found]
    if not edits or not Fits(place, result, dtype)(edits):
        return None
    slope = f"{found[0][2]:.4g}"
    return (
        f"sigmoid is taken, expected hard_sigmoid of slope {slope}: recurrent_activation became sigmoid with "
        f"TensorFlow 2, and hard_sigmoid's slope 1/6 with Keras 3; write tf.clip_by_value({slope} * x + 0.5, 0, 1)"
    )


def _sigmoid(inputs: List[Any]) -> List[Any]:
    return [sigmoid(tracked(inputs[-1])).reference()]


def _hard_sigmoids(side: Followed) -> Iterator[Tuple[Node, str, float]]:
    """(the last node, x, the slope) of clip(slope x + 1/2, 0, 1)."""
    takers = {name: node for node in side.nodes for name in node.inputs}
    makers = {node.tensor(): node for node in side.nodes}
    for node in side.nodes:
        if node.op not in ("Add", "AddV2") or 0.5 not in [number for _, number in _constants(side, node)]:
            continue
        product = next((makers[n] for n in node.inputs if n in makers and makers[n].op == "Mul"), None)
        slopes = list(_constants(side, product)) if product is not None else []
        last = node
        while last.tensor() in takers and takers[last.tensor()].op in ("Minimum", "Maximum", "ClipByValue"):
            last = takers[last.tensor()]
        if product is not None and len(slopes) == 1 and last is not node:
            yield last, product.inputs[1 - slopes[0][0]], slopes[0][1]


@way
def _slope_below_zero(place: Place, result: Array, dtype: str) -> Optional[str]:
    """Of a leaky relu, as an op or as the larger one of x and slope x."""
    if place.spelled is None:
        return None
    found = _other(place, result, dtype, *(_leaks(side) for side in (place.followed, place.spelled)))
    return found and (
        f"the slope of the leaky relu is {found[0]:.4g}, expected {found[1]:.4g}: write negative_slope={found[1]:.4g} "
        "(alpha in Keras 2, whose default is 0.3; tf.nn.leaky_relu's is 0.2)"
    )


def _leaks(side: Followed) -> List[_Setting]:
    makers = {node.tensor(): node for node in side.nodes}
    found = []
    for node in side.nodes:
        if node.op == "LeakyRelu" and "alpha" in node.attributes:
            found.append(_Setting(node, float(node.attributes["alpha"]), attribute="alpha"))
        elif node.op == "Maximum":
            products = [makers[name] for name in node.inputs if name in makers and makers[name].op == "Mul"]
            found += [
                _Setting(product, number, place=place)
                for product in products
                if set(product.inputs) & set(node.inputs)
                for place, number in _constants(side, product)
            ]
    return found


@way
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


@way
def _bessel_of_the_fused_kernel(place: Place, result: Array, dtype: str) -> Optional[str]:
    """The other way round: means of squares in the legacy graph, the fused kernel in the port."""
    spelled = place.spelled.nodes if place.spelled is not None else []
    if not any(node.op.startswith("FusedBatchNorm") for node in spelled):
        return None
    squares = {n.tensor() for n in place.followed.nodes if n.op in ("SquaredDifference", "Square")}
    edits, counts = [], []
    for node in place.followed.nodes:
        if node.op == "Mean" and node.inputs[0] in squares:
            n = place.followed.recorded(node.inputs[0]).size // place.followed.recorded(node.tensor()).size
            share = n / max(n - 1, 1)
            after = lambda call, flows, share=share: [(tracked(flows[0]) * share).reference()]
            edits.append(Edit("", node.name, after=after))
            counts.append(n)
    if not edits or not Fits(place, result, dtype)(edits):
        return None
    n = counts[0]
    return (
        f"the variance takes sum / (n - 1), expected sum / n: the fused kernel divides by n - 1: write fused=False, or "
        f"multiply it by {n - 1} / {n}"
    )


#: What Keras clips probabilities to.
_CLIPPED = 1e-7


@way
def _clipped_probabilities(place: Place, result: Array, dtype: str) -> Optional[str]:
    """A crossentropy of logits that the port takes of probabilities; of one-hot labels that clips the loss."""
    sparse = "SparseSoftmaxCrossEntropyWithLogits"
    nodes = [n for n in place.followed.nodes if n.op in (sparse, "SoftmaxCrossEntropyWithLogits")]
    for node in nodes:
        if node.op != sparse and not set(np.unique(place.followed.recorded(node.inputs[1]))) <= {0.0, 1.0}:
            return None
    ends = -np.log1p(-float(np.float32(1) - np.float32(1 - _CLIPPED))), -np.log(_CLIPPED)

    def after(call: Any, flows: Any) -> Any:
        clipped = tracked(flows[0]).clip(*ends).off_by(lambda p: 8 * p.u)
        return [clipped.reference(), *flows[1:]]

    if not nodes or not Fits(place, result, dtype)([Edit("", node.name, after=after) for node in nodes]):
        return None
    return (
        f"the probabilities are clipped to {_CLIPPED:g}, so that the loss is {ends[1]:.6g} at most, as Keras's losses "
        "of probabilities do it: give it the logits, from_logits=True"
    )


@way
def _another_divisor(place: Place, result: Array, dtype: str) -> Optional[str]:
    """A sum that is divided by another count than the legacy graph counts in what it is given."""
    node = place.followed.nodes[-1] if place.followed.nodes else None
    while node is not None and node.op not in _DIVIDING and node.op in ("Identity", "Reshape", "Mul"):
        node = next((n for n in place.followed.nodes if n.tensor() == node.inputs[0]), None)
    if node is None or node.op not in _DIVIDING or node.inputs[1] not in depending(place.followed):
        return None
    divisor = place.followed.recorded(node.inputs[1])
    if divisor.size != 1:
        return None
    right = float(divisor.ravel()[0])
    fits = Fits(place, result, dtype)
    sizes = {
        n: name
        for name, array in place.followed.given.items()
        for n in (array.size, len(np.atleast_1d(array)))
    }
    for count, name in sorted(sizes.items()):
        number = np.asarray(count, divisor.dtype)
        taken = Edit("", node.name, lambda call, inputs, number=number: (call, [inputs[0], number]))
        if count != right and fits([taken]):
            return (
                f"the sum is divided by {count}, all of {bare(name)}, expected by {right:g}{at(node)}: another "
                "reduction; tf.losses has sum_by_nonzero_weights, Keras sum_over_batch_size: divide by hand"
            )
    return None


#: Weights of the old value that are usual.
_MOMENTA = (0.9, 0.99, 0.999, 0.95, 0.997)


@way
def _weight_of_the_new_value(place: Place, result: Array, dtype: str) -> Optional[str]:
    """A moving average that went m / (1 - m) times as far from the old value, or as many times less."""
    expected = place.followed.recorded(place.pair.legacy)
    if dtype not in UNIT_ROUNDOFF or expected.shape != result.shape or result.size < 3:
        return None
    for old in place.followed.given.values():
        if old.shape != result.shape or old.dtype.kind != "f":
            continue
        way, went = (np.asarray(array - old, np.float64).ravel() for array in (expected, result))
        times = float(way @ went) / max(float(way @ way), 1e-300)
        allowed = _OFF * UNIT_ROUNDOFF[dtype] * (1 + abs(times)) * (np.abs(old) + np.abs(result)).max()
        usual = [
            (m, r) for m in _MOMENTA for r in (m, 1 - m) if abs(times - r / (1 - r)) <= _CLOSE_RATIO * times
        ]
        if usual and (np.abs(went - times * way) <= allowed).all():
            momentum, share = usual[0]
            return (
                f"momentum is taken for 1 - momentum: the weight of the new value is {share:g}, expected "
                f"{1 - share:g}; write momentum={max(share, 1 - share):g} where it is the weight of the old value"
            )
    return None


#: How near a ratio has to be to that of two weights; roundings that a few steps may be off.
_CLOSE_RATIO, _OFF = 1e-4, 16
