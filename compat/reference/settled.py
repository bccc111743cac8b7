"""An answer without its history: the same value and the same allowances, and none of the arrays that they follow from.

What is kept of a long graph, and what others go on from, holds else every array on the way to it.
"""

from typing import Callable, Dict, Iterable, Optional

from ..arrays import Array
from .bounds import Reference
from .carried import Carried
from .tracked import PRECISIONS, Analysed, Tracked

#: In which every answer is asked for.
_ALWAYS = ("float32", "float64")


def settled(answer: Reference, dtypes: Iterable[str]) -> Reference:
    """The answer for results of these dtypes, and of float32 and float64; of others it tells nothing any more.

    Of a kind that has no history, or looks into it when it is compared, the same.
    """
    precisions = [dtype for dtype in dict.fromkeys((*_ALWAYS, *dtypes)) if dtype in PRECISIONS]
    if type(answer) is Analysed:
        errors = {dtype: answer.tracked.error(dtype) for dtype in precisions}
        found: Reference = Analysed(Tracked(answer.value, lambda p: errors[p.dtype]), answer.dtype)
    elif type(answer) is Reference:
        found = Reference(answer.given, answer.magnitude, answer.terms, answer.dtype)
    else:
        return answer
    found.carried = _settled(answer.carried, precisions)
    return found


def _settled(carried: Optional[Carried], precisions: Iterable[str]) -> Optional[Carried]:
    if carried is None:
        return None
    worst, noise = (_known(of, precisions) for of in (carried.worst, carried.noise))
    return Carried(worst.__getitem__, noise.__getitem__, carried.drift, carried.longest)


def _known(of: Callable[[str], Array], precisions: Iterable[str]) -> Dict[str, Array]:
    return {dtype: of(dtype) for dtype in precisions}
