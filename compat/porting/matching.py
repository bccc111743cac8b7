"""Which use of variables in the port stands for which of the legacy graph.

What can stand for each other has the same kind and fitting shapes.  Of those the flow decides: what comes right before
and right after must stand for each other as well.  What the flow leaves open, places in a concat, names and, along one
path, the order settle; what is open after that is ambiguous, and nobody guesses.
"""

import functools
import re
from typing import (
    Callable,
    Dict,
    FrozenSet,
    Iterable,
    List,
    Mapping,
    NamedTuple,
    Optional,
    Sequence,
    Set,
    Tuple,
)

from ..judge.graphs import untold
from .alike import alike
from .layouts import fitting
from .uses import Use


class Match(NamedTuple):
    legacy: Use
    port: Use
    why: str


class Matching(NamedTuple):
    """``open``: legacy uses with several port uses that may stand for them; ``left``, ``bare``: uses of the legacy
    side and of the port without any."""

    matches: List[Match]
    open: List[Tuple[Use, List[Use]]]
    left: List[Use]
    bare: List[Use]


def matching(
    legacy: Sequence[Use],
    port: Sequence[Use],
    told: Optional[Mapping[str, FrozenSet[str]]] = None,
    progress: Callable[[int, int], None] = untold,
) -> Matching:
    """``told``: of a port's variable the legacy variables that a person named for it."""
    return _Matching(
        [u for u in legacy if u.kind != "gone"], [u for u in port if u.kind != "gone"], told or {}, progress
    ).found()


def hows(legacy: Use, port: Use) -> Dict[str, str]:
    """How each part becomes the port's (``layouts.fitting``), by part; none where they do not fit."""
    if legacy.kind != port.kind:
        return {}
    if legacy.cell is not None and port.cell is not None:
        return _of_cells(legacy, port)
    found = {}
    for name, part in port.parts.items():
        mine = legacy.parts.get(name)
        if mine is not None:
            how = fitting(mine.shape, mine.flipped, part.shape, part.flipped)
            if not how:
                return {}
            found[name] = how
    return found


def _of_cells(legacy: Use, port: Use) -> Dict[str, str]:
    assert legacy.cell is not None and port.cell is not None
    mine, theirs = ({part: use.parts[part].shape for part in use.parts} for use in (legacy, port))
    if legacy.cell.style == port.cell.style:
        return (
            {part: "as it is" for part in theirs if theirs[part] == mine.get(part)} if mine == theirs else {}
        )
    if legacy.cell.style != "cell" or port.cell.style != "keras":
        return {}
    inputs, units = theirs["kernel"][0], theirs["recurrent_kernel"][0]
    rows, columns = mine["kernel" if legacy.kind == "lstm" else "candidate/kernel"]
    gates = {"lstm": 4, "gru": 1}.get(legacy.kind, 0)
    fits = (rows, columns) == (inputs + units, gates * units)
    return dict.fromkeys(theirs, "gates in another order") if fits else {}


class _Matching:
    """Sets of port uses are whole numbers with a bit for each, by its place in ``_port``: in a deep graph of equal
    blocks every use may at first stand for every other, and what is before one, with shortcuts, are all blocks.
    """

    def __init__(
        self,
        legacy: List[Use],
        port: List[Use],
        told: Mapping[str, FrozenSet[str]],
        progress: Callable[[int, int], None] = untold,
    ) -> None:
        self._progress = progress
        self._legacy, self._port = {u.number: u for u in legacy}, {u.number: u for u in port}
        self._places = {number: place for place, number in enumerate(self._port)}
        self._numbers = list(self._port)
        self._may = self._fitting(legacy, port)
        self._why: Dict[int, str] = {}
        self._alone = {number: len(self._of(may)) == 1 for number, may in self._may.items()}
        self._obey(told)
        self._keep_alike()
        self._fixed: Dict[int, int] = {}
        self._taken = 0
        #: Of each legacy use what is before and after it; of each of the port's the same as sets of bits.
        self._near = [{n: [b for b in u.before if b in self._legacy] for n, u in self._legacy.items()}, {}]
        self._near[1] = {n: sorted(after) for n, after in _after(self._legacy).items()}
        self._port_near = [
            {n: self._bits(u.before) for n, u in self._port.items()},
            {n: self._bits(after) for n, after in _after(self._port).items()},
        ]
        #: The port's uses without any before, and without any after.
        self._ends = [self._bits(n for n, bits in near.items() if not bits) for near in self._port_near]
        #: Of each legacy use the port's uses with something for all that is before it, and for all that is after it.
        #: What may stand for a use only becomes less, and these with it.
        self._good = [
            {n: -1 if near[n] else ends for n in near} for near, ends in zip(self._near, self._ends)
        ]
        for number in self._legacy:
            self._tell(number, self._may[number])

    def _bits(self, numbers: Iterable[int]) -> int:
        bits = 0
        for number in numbers:
            if number in self._places:
                bits |= 1 << self._places[number]
        return bits

    def _of(self, bits: int) -> List[int]:
        """The uses of the port of a set of bits, in order."""
        found = []
        while bits:
            last = bits & -bits
            found.append(self._numbers[last.bit_length() - 1])
            bits ^= last
        return found

    def _fitting(self, legacy: List[Use], port: List[Use]) -> Dict[int, int]:
        """Of each legacy use those of the port that fit it; those of one form fit the same."""
        forms: Dict[object, List[Use]] = {}
        for use in port:
            forms.setdefault(_form(use), []).append(use)
        known: Dict[object, int] = {}
        for one in legacy:
            if _form(one) not in known:
                known[_form(one)] = self._bits(
                    other.number for uses in forms.values() if hows(one, uses[0]) for other in uses
                )
        return {one.number: known[_form(one)] for one in legacy}

    def _obey(self, told: Mapping[str, FrozenSet[str]]) -> None:
        """A use with a variable that a person spoke of stands for a use with the one that was named."""
        for number, one in self._legacy.items() if told else ():
            mine = set(one.variables)
            for other in self._of(self._may[number]):
                theirs = self._port[other].variables
                named = [told[name] for name in theirs if name in told]
                if named and not any(mine & names for names in named):
                    self._may[number] &= ~self._bits([other])
                elif any(mine & names for names in named):
                    self._may[number] = self._bits([other])
                    self._why[number] = "as the map says"
                    break

    def _keep_alike(self) -> None:
        """Where both graphs have one form a use stands for one that has the same before and after it, all the way."""
        forms = {may: place for place, may in enumerate(dict.fromkeys(self._may.values()))}
        mine = {number: forms[may] for number, may in self._may.items()}
        theirs = {other: form for may, form in forms.items() for other in self._of(may)}
        if sum(len(self._of(may)) for may in forms) != len(self._port) or len(theirs) != len(self._port):
            return  # what fits does not fall into groups
        before = [{n: u.before for n, u in side.items()} for side in (self._legacy, self._port)]
        found = alike((mine, before[0]), (theirs, before[1]))
        for number, others in found.items():
            self._may[number] = self._bits(others)

    def found(self) -> Matching:
        self._settle()
        for narrowed, why in ((self._by_slots, "by its place in the concat"), (self._by_names, "by name")):
            while self._choose(narrowed, why):
                self._settle()
        while self._by_order():
            self._settle()
        matches = [
            Match(self._legacy[one], self._port[other], self._why.get(one, "by where it is used"))
            for one, other in self._fixed.items()
        ]
        matches.sort(key=lambda match: match.port.number)
        self._progress(len(self._legacy), len(self._legacy))
        open_, left = [], []
        for number, use in self._legacy.items():
            if number not in self._fixed:
                may = self._free(number)
                if may:
                    open_.append((use, [self._port[other] for other in sorted(may)]))
                else:
                    left.append(use)
        may_be = {other.number for _, others in open_ for other in others}
        taken = set(self._fixed.values())
        bare = [use for number, use in self._port.items() if number not in taken and number not in may_be]
        return Matching(matches, open_, left, bare)

    def _free(self, number: int) -> List[int]:
        return self._of(self._may[number] & ~self._taken)

    def _open(self) -> List[int]:
        return [number for number in self._legacy if number not in self._fixed]

    def _take(self, number: int, other: int, why: str) -> None:
        self._fixed[number] = other
        self._taken |= self._bits([other])
        self._tell(number, self._bits([other]))
        self._why.setdefault(number, why)

    # What follows.

    def _settle(self) -> None:
        """Narrow by the flow and fix what only one can stand for, until nothing changes."""
        changed = True
        while changed:
            self._progress(min(len(self._fixed), len(self._legacy) - 1), len(self._legacy))
            narrowed = [self._narrow(number) for number in self._open()]
            changed = self._fix() or any(narrowed)

    def _narrow(self, number: int) -> bool:
        """Keep what has matching uses before and after; nothing changes where none has."""
        may = self._may[number] & ~self._taken
        if not may & (may - 1):
            return False
        before, after = (good[number] for good in self._good)
        for good in (may & before & after, may & (before | after)):
            if good and good != may:
                self._may[number] = good
                self._tell(number, good)
                return True
        return False

    def _tell(self, number: int, may: int) -> None:
        """What is before and after a legacy use is before and after one of those that may stand for it."""
        others = self._of(may)
        for side in (0, 1):
            beside = 0
            for other in others:
                beside |= self._port_near[1 - side][other]
            good = self._good[side]
            for one in self._near[1 - side][number]:
                good[one] &= beside

    def _fix(self) -> bool:
        once = twice = 0
        for number in self._open():
            free = self._may[number] & ~self._taken
            once, twice = once | free, twice | (once & free)
        fixed = False
        for number in self._open():
            free = self._may[number] & ~self._taken
            if free and not free & (free - 1) and not free & twice:
                why = "the only one of its kind and shape" if self._alone[number] else "by where it is used"
                self._take(number, self._of(free)[0], why)
                fixed = True
        return fixed

    # What may be chosen by, where the flow leaves several.

    def _choose(self, narrowed: Callable[[int, int], float], why: str) -> bool:
        """Fix each two that are each other's best, strictly."""
        scores = {(one, other): narrowed(one, other) for one in self._open() for other in self._free(one)}
        rows: Dict[int, List[float]] = {}
        columns: Dict[int, List[float]] = {}
        for (one, other), score in scores.items():
            rows.setdefault(one, []).append(score)
            columns.setdefault(other, []).append(score)
        best = [{n: (max(of), of.count(max(of))) for n, of in lines.items()} for lines in (rows, columns)]
        chosen = [
            (one, other)
            for (one, other), score in scores.items()
            if score > 0 and best[0][one] == best[1][other] == (score, 1)
        ]
        for one, other in chosen:
            self._take(one, other, why)
        return bool(chosen)

    def _by_slots(self, one: int, other: int) -> float:
        mine, theirs = self._legacy[one].slots, self._port[other].slots
        return float(bool(mine) and mine == theirs)

    def _by_names(self, one: int, other: int) -> float:
        return float(
            max(
                common_scopes(mine, theirs)
                for mine in self._legacy[one].variables
                for theirs in self._port[other].variables
            )
        )

    def _by_order(self) -> bool:
        """As many on either side that may all stand for each other, each side along one path: one after the other."""
        groups: Dict[FrozenSet[int], List[int]] = {}
        for number in self._open():
            groups.setdefault(frozenset(self._free(number)), []).append(number)
        for may, mine in groups.items():
            if len(may) == len(mine) > 0 and all(
                _on_one_path(side, numbers)
                for side, numbers in ((self._legacy, mine), (self._port, sorted(may)))
            ):
                for one, other in zip(sorted(mine), sorted(may)):
                    self._take(one, other, "by the order of flow")
                return True
        return False


def _form(use: Use) -> object:
    """What ``hows`` asks of a use."""
    return (
        use.number
        if use.cell is not None
        else (use.kind, tuple((n, p.shape, p.flipped) for n, p in use.parts.items()))
    )


def _after(side: Mapping[int, Use]) -> Dict[int, FrozenSet[int]]:
    found: Dict[int, Set[int]] = {number: set() for number in side}
    for number, use in side.items():
        for one in use.before:
            if one in found:
                found[one].add(number)
    return {number: frozenset(numbers) for number, numbers in found.items()}


def _on_one_path(side: Mapping[int, Use], numbers: Sequence[int]) -> bool:
    return all(_follows(side, later, one) for one, later in zip(sorted(numbers), sorted(numbers)[1:]))


def _follows(side: Mapping[int, Use], later: int, one: int) -> bool:
    waiting, met = [later], set()
    while waiting:
        number = waiting.pop()
        if number == one:
            return True
        if number not in met:
            met.add(number)
            waiting += [n for n in (side[number].before if number in side else ()) if one <= n < number]
    return False


_WHAT = re.compile(
    r"(kernel|recurrent_kernel|depthwise_kernel|pointwise_kernel|embeddings|weights?|w|bias(es)?|b|gamma|beta|moving_mean|"
    r"moving_variance|scale|offset)\Z"
)
#: Names that Keras gives by counting: conv2d_1 is the second, whatever conv1 is.
_COUNTED = re.compile(
    r"(conv\d?d?(_transpose)?|dense|batch_?norm(alization)?|depthwise_conv2d|separable_conv2d|embedding|lstm|gru|rnn|layer|"
    r"(basic_)?lstm_cell|gru_cell|cell|sequential|model|functional|variable|w|b|kernel|weights?)_?\d*\Z"
)


def common_scopes(mine: str, theirs: str) -> int:
    """How many scopes two names share, from the last one on; none where that one is a name that counts."""
    ours, others = _scopes(mine), _scopes(theirs)
    count = 0
    for one, other in zip(reversed(ours), reversed(others)):
        if one != other:
            break
        count += 1
    return 0 if count and all(_COUNTED.match(part) for part in ours[len(ours) - count :]) else count


@functools.lru_cache(maxsize=1 << 16)
def _scopes(name: str) -> List[str]:
    """Without a last part that says what it is, and not where: kernel, w."""
    parts = [re.sub(r"[^a-z0-9]+", "_", part) for part in name.lower().partition(":")[0].split("/")]
    return parts[:-1] if parts and _WHAT.match(parts[-1]) else parts
