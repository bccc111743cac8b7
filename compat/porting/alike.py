"""Two graphs of one form: which of their points have the same before and after them, all the way.

A point's colour is its form and the colours of what is before it, and once more with what is after it: whatever maps
one graph onto the other leaves colours as they are.  One pass each way tells them, where settling by what is right
before and after takes as many rounds as the graph is deep.
"""

from typing import AbstractSet, Dict, List, Mapping, Optional, Set, Tuple

#: Of every point its form, and what is right before it.
Side = Tuple[Mapping[int, int], Mapping[int, AbstractSet[int]]]


def alike(mine: Side, theirs: Side) -> Dict[int, List[int]]:
    """Of each point of the first graph those of the second with its colour; nothing where the graphs have not as many
    points of every colour, or one goes in a circle.  Numbers are in the order of flow."""
    known: Dict[object, int] = {}
    first, second = _colours(mine, known), _colours(theirs, known)
    if first is None or second is None or sorted(first.values()) != sorted(second.values()):
        return {}
    of_colour: Dict[Tuple[int, int], List[int]] = {}
    for number, colour in second.items():
        of_colour.setdefault(colour, []).append(number)
    return {number: of_colour[colour] for number, colour in first.items()}


def _colours(side: Side, known: Dict[object, int]) -> Optional[Dict[int, Tuple[int, int]]]:
    """Two whole numbers a point; ``known``: of what was met what its number is."""
    forms, before = side
    befores = {number: {one for one in before[number] if one in forms} for number in forms}
    afters: Dict[int, Set[int]] = {number: set() for number in forms}
    for number, ones in befores.items():
        if any(one >= number for one in ones):
            return None
        for one in ones:
            afters[one].add(number)
    found: List[Dict[int, int]] = []
    for near, order in ((befores, sorted(forms)), (afters, sorted(forms, reverse=True))):
        colours: Dict[int, int] = {}
        for number in order:
            key = forms[number], tuple(sorted(colours[one] for one in near[number]))
            colours[number] = known.setdefault(key, len(known))
        found.append(colours)
    return {number: (found[0][number], found[1][number]) for number in forms}
