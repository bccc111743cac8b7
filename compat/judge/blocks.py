"""Large tensors judged a part at a time, where the nodes compute every element from those at its own place.

An element's answer and its allowance follow then from a slice of each tensor along one axis, and are the same numbers
as of the whole, which of a batch norm would be thirty arrays of float64.  What is said of a part by this is that it
agrees: what does not, or is vague, is judged as a whole, for whoever looks into it.
"""

from typing import Callable, Dict, Iterator, List, Mapping, Optional, Set

import numpy as np

from ..arrays import UNIT_ROUNDOFF, Array
from ..graph.lazily import lazily
from ..graph.nodes import SOURCES
from ..graph.replay import Followed
from ..records import Numbers
from ..reference.bounds import Reference
from ..reference.nodes.registry import NoRule
from ..reference.tracked import Analysed
from .measuring import PART, Part, Tally, slices, start_of

#: Ops whose element follows from the elements at its place, with broadcasting.
_ELEMENTWISE = frozenset(
    (
        *("Add", "AddV2", "AddN", "Sub", "Mul", "Div", "RealDiv", "Maximum", "Minimum", "SquaredDifference"),
        *(
            "Neg",
            "Abs",
            "Square",
            "Sqrt",
            "Rsqrt",
            "Reciprocal",
            "Inv",
            "Exp",
            "Log",
            "Log1p",
            "Expm1",
            "Erf",
        ),
        *("Pow", "Tanh", "Sigmoid", "Relu", "Relu6", "LeakyRelu", "Elu", "Selu", "Softplus", "Softsign"),
        *("Identity", "StopGradient"),
        *("ReluGrad", "Relu6Grad", "SigmoidGrad", "TanhGrad", "EluGrad", "SeluGrad", "RsqrtGrad"),
    )
)
#: The same where the channels are last.
_OF_CHANNELS = ("BiasAdd", "FusedBatchNorm", "FusedBatchNormV2", "FusedBatchNormV3")

#: (the answer, what the port's spelling adds to it or None) -> an answer, as ``judge.graphs`` makes it of both.
Both = Callable[[Reference, Followed, Followed], Optional[Reference]]


class Cut:
    """The nodes of a Followed along ``axis`` of what they give, counted from the last axis on, 1 for that."""

    def __init__(self, followed: Followed, axis: int, extent: int) -> None:
        self.followed, self._axis, self._extent = followed, axis, extent
        self._sliced: Set[str] = set()
        self._given: Optional[Dict[str, Array]] = None
        self.can = self._looked_into()

    def _is_whole(self, shape: List[int]) -> Optional[bool]:
        """Whether it reaches along the axis; None where it has another extent there."""
        if len(shape) < self._axis or shape[-self._axis] == 1:
            return False
        return True if shape[-self._axis] == self._extent else None

    def _looked_into(self) -> bool:
        one = self.followed
        whole: Dict[str, bool] = {}
        for name in one.given:
            along = self._is_whole(one.shape_of(name))
            if along is None:
                return False
            whole[name] = along
            self._sliced.update([name] if along else [])
        for node in one.nodes:
            along_inputs = [whole.get(name, False) for name in node.inputs]
            shapes = {node.tensor(int(number)): output.shape for number, output in node.outputs.items()}
            if not any(along_inputs):
                # As it is recorded or computed, whole: it must not reach along the axis.
                if any(self._is_whole(shape) is not False for shape in shapes.values()):
                    return False
                continue
            if node.op in SOURCES or not self._at_its_place(node.op, node.attributes, along_inputs):
                return False
            if self._is_whole(shapes.get(node.tensor(), [])) is not True:
                return False
            whole[node.tensor()] = True
        return whole.get(one.tensor, False)

    def _at_its_place(self, op: str, attributes: Mapping[str, object], along: List[bool]) -> bool:
        if op in _ELEMENTWISE:
            return True
        channels_last = not str(attributes.get("data_format") or "NHWC").startswith("NC")
        told = op == "BiasAdd" or attributes.get("is_training") is False
        return op in _OF_CHANNELS and channels_last and told and along == [True] + [False] * (len(along) - 1)

    def at(self, where: slice) -> Followed:
        """Of that part of what is given."""
        if self._given is None:  # read once
            self._given = dict(self.followed.given)
        places = (..., where) + (slice(None),) * (self._axis - 1)
        return self.followed.of(
            lazily({n: array[places] if n in self._sliced else array for n, array in self._given.items()})
        )


def agreeing(
    followed: Followed, own: Optional[Followed], result: Array, dtype: str, both: Both, most: float
) -> Optional[Numbers]:
    """The numbers of a result that agrees, measured in parts; None where it is to be judged as a whole.

    ``most``: the share of its mean size that the allowance of a tensor may be and tell something.
    """
    if result.size < 2 * PART or result.ndim < 2 or dtype not in UNIT_ROUNDOFF or result.dtype.kind != "f":
        return None
    axis = int(np.argmax(result.shape[:-1]))
    if result.size > PART * 4 * result.shape[axis] or list(result.shape) != followed.shape_of(
        followed.tensor
    ):
        return None
    mine = Cut(followed, result.ndim - axis, result.shape[axis])
    if not mine.can:
        return None
    theirs = None if own is None else Cut(own, result.ndim - axis, result.shape[axis])
    for spelling in (None, theirs) if theirs is not None and theirs.can else (None,):
        numbers = _measured(mine, spelling, axis, result, dtype, both, most)
        if numbers is not None:
            return numbers
    return None


def _measured(
    mine: Cut, theirs: Optional[Cut], axis: int, result: Array, dtype: str, both: Both, most: float
) -> Optional[Numbers]:
    def parts() -> Iterator[Part]:
        for where in slices(result.shape, axis):
            followed = mine.at(where[-1])
            answer: Optional[Reference] = followed.reference()
            mine.followed.hows.update(followed.hows)
            if theirs is not None and answer is not None:
                _count(answer, result.size)
                answer = both(answer, followed, theirs.at(where[-1]))
            if answer is None or followed.close or not _is_simple(answer, result[where], dtype):
                raise NoRule("it is not judged in parts")
            _count(answer, result.size)
            yield Part(start_of(where, result.ndim), result[where], answer)

    tally = Tally(dtype)
    try:
        for part in parts():
            tally.add(part)
            if not (tally.share <= 1 and tally.share_expected <= 1 and tally.finite == tally.count):
                return None
        numbers = tally.numbers(parts)
    except NoRule:
        return None
    vague = numbers.unequal != 0 and tally.vague(most)
    return numbers if numbers.word == "agrees" and not vague else None


def _count(answer: Reference, count: int) -> None:
    for one in (answer, *answer.made_of):
        one.count = count


def _is_simple(answer: Reference, result: Array, dtype: str) -> bool:
    """Whether an answer is that of each of its elements, and all are numbers of the dtype."""
    return (
        all(
            type(one) in (Reference, Analysed) and one.products is None
            for one in (answer.made_of or [answer])
        )
        and answer.given.shape == result.shape
        and (answer.dtype or dtype) == dtype
        and bool(np.isfinite(answer.value).all())
    )
