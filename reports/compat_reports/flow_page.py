"""A network on its page: its outputs in the order of flow, the verdict on each, and where a difference begins."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from markupsafe import Markup

from compat.records import PASSING

from . import along
from .grid import Group, Row
from .strips import hue_of
from .wording import percent, plural

#: Fewer outputs are no network.
_LEAST = 3
#: Distinct results beyond these are in the table of numbers only.
_MOST = 8
#: Of these, results that agree where others differ.
_BESIDE = 2
#: Outputs whose maps stand open.
_OPEN = 6


@dataclass(frozen=True)
class Chip:
    """What the judge says of some results.  ``state``: look, known, agrees or none, as the shapes have it.

    ``letters``: of each distinct array, with its hue.  ``follows``: wrong, and by itself right: it comes from the
    outputs before.
    """

    state: str
    words: str
    follows: bool = False
    letters: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Step:
    """An output in the order of flow.  ``begins``: what begins there, ``message``: by how much."""

    name: str
    shape: str
    state: str
    chips: list[Chip]
    begins: str = ""
    message: str = ""

    @property
    def wrong(self) -> bool:
        """Whether it is by itself."""
        return any(chip.state in ("look", "known") and not chip.follows for chip in self.chips)


@dataclass(frozen=True)
class Flow:
    """``legend``: the results with the styles of their lines; ``hidden``: what is said of those that are not shown.

    ``by_itself``: whether the judge has judged every step alone as well.
    """

    steps: list[Step]
    plot: Markup | None
    legend: list[tuple[str, str]]
    hidden: str
    by_itself: bool

    def opens(self, place: int) -> bool:
        """Whether the maps of an output stand open: of the first few, and where something is wrong by itself."""
        return place < _OPEN or self.steps[place].wrong or bool(self.steps[place].begins)


def beginning(row: Row, names: Sequence[str]) -> tuple[str, str]:
    """Of several outputs the one where it begins, and what: the first that disagrees, else that with other bits."""
    if len(names) > 1:
        for name in names:
            numbers = [cell.numbers.get(name) for cell in row.recorded()]
            if any(n is not None and n.word not in PASSING for n in numbers):
                return name, "the first output that differs"
        for name in names:
            if len({group.outputs[name].digest for group in row.groups if name in group.outputs}) > 1:
                return name, "the first output with other bits"
    return "", ""


def compose(row: Row, names: Sequence[str]) -> Flow | None:
    """The outputs of these names along the network; None for a sample that is none."""
    if len(names) < _LEAST or not _is_network(row):
        return None
    groups = shown(row.groups)
    first, _ = beginning(row, names)
    steps = [_step(name, names, row.groups, groups, name == first) for name in names]
    return Flow(
        steps, _plot(names, groups, first), _legend(groups), _hidden(row.groups, groups), _by_itself(row)
    )


def _legend(groups: Sequence[Group]) -> list[tuple[str, str]]:
    """A line for each result, and one for those that differ, which have one colour."""
    styles: dict[str, list[Group]] = {}
    for group in groups:
        styles.setdefault(_style(group) + ("" if is_wrong(group) else group.letter), []).append(group)
    return [
        (f"{'results' if len(same) > 1 else 'result'} {_letters(same)}{_differ(same)}", _style(same[0]))
        for same in styles.values()
    ]


def _differ(groups: Sequence[Group]) -> str:
    if not is_wrong(groups[0]):
        return ""
    return (", differ" if len(groups) > 1 else ", differs") + (", known" if is_known(groups[0]) else "")


def _hidden(groups: Sequence[Group], shown: Sequence[Group]) -> str:
    left = [group for group in groups if not any(group is one for one in shown)]
    differ = sum(map(is_wrong, left))
    told = f" ({differ} of them {'differs' if differ == 1 else 'differ'})" if differ else ""
    return f"{plural(len(left), 'more distinct result')}{told} in the table of numbers only" if left else ""


def _plot(names: Sequence[str], groups: Sequence[Group], first: str) -> Markup | None:
    """What is wrong is drawn last, in the colour of what is to be looked at, with its letter."""
    drawn = [name for name in names if not _is_whole(name, groups)]
    curves = []
    for group in sorted(groups, key=is_wrong):
        numbers = [group.judged.numbers.get(name) for name in drawn]
        shares = [one.share if one else None for one in numbers]
        alone = [one.own.share if one and one.own else None for one in numbers]
        by_itself = any(share is not None for share in alone)
        style, told = _style(group), group.letter if is_wrong(group) else ""
        curves.append(
            along.Curve(f"{group.letter}, the step alone", alone, f"{style} thin", told if by_itself else "")
        )
        curves.append(along.Curve(f"result {group.letter}", shares, style, "" if by_itself else told))
    begins = drawn.index(first) if first in drawn and any(map(is_wrong, groups)) else None
    return along.plot(curves, "The error along the network", drawn, begins)


def _is_whole(name: str, groups: Sequence[Group]) -> bool:
    """Whether an output is of whole numbers, and right: there is no rounding in them."""
    there = [group for group in groups if name in group.outputs]
    real = any(g.outputs[name].dtype.startswith(("float", "bfloat", "complex")) for g in there)
    judged = [group.judged.numbers.get(name) for group in there]
    return not real and all(one is not None and one.word in PASSING for one in judged)


def _style(group: Group) -> str:
    """The class of its line."""
    if not is_wrong(group):
        return f"line-{hue_of(group.letter)}"
    return "isknown" if is_known(group) else "islook"


def _is_network(row: Row) -> bool:
    """Whether the judge went from output to output, or a port names them in the order of flow."""
    return bool(row.against) or _by_itself(row)


def _by_itself(row: Row) -> bool:
    return any(numbers.own is not None for group in row.groups for numbers in group.judged.numbers.values())


def is_wrong(group: Group) -> bool:
    return any(numbers.word not in PASSING for numbers in group.judged.numbers.values())


def is_known(group: Group) -> bool:
    return all(cell.known for cell in group.cells)


def _beginning(name: str, names: Sequence[str], groups: Sequence[Group]) -> list[Group]:
    """The results that are right in every output before this one."""
    found = []
    for group in groups:
        wrong = (n for n in names if (one := group.judged.numbers.get(n)) and one.word not in PASSING)
        if next(wrong, None) == name:
            found.append(group)
    return found


def shown(groups: Sequence[Group]) -> list[Group]:
    """The first few, and of these those that differ first, beside some that do not; in the order of the letters."""
    wrong = [group for group in groups if is_wrong(group)]
    right = [group for group in groups if not is_wrong(group)]
    chosen = wrong[: _MOST - min(len(right), _BESIDE)]
    chosen += right[: _MOST - len(chosen)]
    return [group for group in groups if any(group is one for one in chosen)]


def _step(
    name: str, names: Sequence[str], groups: Sequence[Group], shown: Sequence[Group], first: bool
) -> Step:
    """``shown``: of all the results those with a chip; what is wrong in another one is told all the same."""
    there = [group for group in groups if name in group.outputs]
    said: dict[Chip, dict[tuple[str, str], list[Group]]] = {}
    for group in there:
        bits = group.outputs[name].digest, group.outputs[name].dtype
        said.setdefault(_chip(name, group), {}).setdefault(bits, []).append(group)
    state = next((s for s in ("look", "known", "agrees") if any(c.state == s for c in said)), "none")
    chips = []
    for chip, alike in said.items():
        lettered = [[g for g in same if any(g is one for one in shown)] for same in alike.values()]
        letters = tuple((_letters(same), hue_of(same[0].letter)) for same in lettered if same)
        chips += [replace(chip, letters=letters)] if letters else []
    shape = " × ".join(map(str, there[0].outputs[name].shape)) if there else ""
    beginning = _beginning(name, names, groups)
    begins = "other bits begin here" if first else ""
    if beginning:
        whose = _letters(beginning) if sum(map(is_wrong, groups)) > len(beginning) else ""
        begins = f"{whose} {'begin' if len(beginning) > 1 and whose else 'begins'} here".strip()
    return Step(name, shape, state, chips, begins, _message(name, beginning))


def _letters(groups: Sequence[Group]) -> str:
    return ", ".join(group.letter for group in groups)


def _message(name: str, groups: Sequence[Group]) -> str:
    """By how much the first of these is wrong, of the step alone where that is known."""
    told = [group.judged.numbers[name] for group in groups]
    return next((n.own.message if n.own and n.own.message else n.message for n in told), "")


def _chip(name: str, group: Group) -> Chip:
    cell = group.judged
    numbers = cell.numbers.get(name)
    if numbers is None:
        return Chip("look", cell.word) if cell.loud else Chip("none", "not judged")
    own = numbers.own
    words = percent(numbers.share) if numbers.share is not None else numbers.word
    if numbers.word in PASSING:
        shares = [one.share for one in (numbers, own) if one is not None and one.share is not None]
        return Chip("agrees", percent(max(shares)) if shares else numbers.word)
    state = "known" if is_known(group) else "look"
    alone = percent(own.share) if own is not None and own.share is not None else ""
    follows = own is not None and own.word in PASSING
    told = [
        words if follows else numbers.word,
        f"by itself {alone}" if alone else words if not follows else "",
    ]
    return Chip(state, ", ".join(dict.fromkeys(filter(None, told))), follows)
