"""The samples of an operation: they follow from its name and its entry in the catalogue, and from nothing else."""

from collections import Counter
from typing import Any, Dict, List, Tuple

import numpy as np

from ..fuzz.catalogue import ENTRIES
from ..fuzz.draws import _USUAL, Pick
from ..fuzz.entries import Entry, Wanted
from ..fuzz.samples import Drawn, Given, Step, seed_of, traits

#: Numbers of samples: of ordinary numbers, small and large by turns, and of others.
ORDINARY, OTHERS = 16, 6
#: Ways to fill an array that are not ordinary.
_AWKWARD = ("edges", "not finite")
#: How many times larger a large sample may be: kernels take some numbers at once.
_LARGE = 4


class Evenly(Pick):
    """Draws each choice as often as the others, pairs of choices as well, and shapes at random.

    What the catalogue names several times comes as many times as often.  ``larger``: how many times shapes may be; 0
    where no shape is drawn but what else there is to choose.
    """

    def __init__(self, seed: int, awkward: bool) -> None:
        super().__init__(None)
        self.larger = 1
        self._random = np.random.RandomState(seed)
        self._awkward = awkward
        self._used: Dict[Tuple[str, ...], int] = Counter()
        self._chosen: List[str] = []

    def begin(self) -> None:
        """The next sample: its choices are counted in pairs with each other."""
        self._chosen = []

    def of(self, name: str, *choices: Any) -> Any:
        weights = Counter(f"{name}={choice!r}" for choice in choices)
        values = {f"{name}={choice!r}": choice for choice in choices}

        def cost(text: str) -> Tuple[float, int]:
            pairs = sum(self._used[text, other] for other in self._chosen)
            return (self._used[(text,)] + 1) / weights[text], pairs

        order = list(weights)
        text = min((order[place] for place in self._random.permutation(len(order))), key=cost)
        for key in [(text,), *((text, other) for other in self._chosen)]:
            self._used[key] += 1
        self._chosen.append(text)
        return values[text]

    def size(self, name: str, low: int, high: int) -> int:
        if not self.larger:
            return int(self.of(name, *range(low, max(low, high) + 1)))
        larger = 1 if name == "rank" else self.larger
        return int(self._random.randint(low, max(low, high * larger) + 1))

    def flavour(self, *choices: str) -> str:
        choices = choices or _USUAL
        fitting = [choice for choice in choices if (choice in _AWKWARD) == self._awkward]
        return str(self.of("flavour", *(fitting or choices)))

    def order(self, rank: int) -> List[int]:
        return [int(axis) for axis in self._random.permutation(rank)]


def samples(name: str) -> List[Drawn]:
    """Of one step each, ordinary ones first."""
    found = []
    for awkward, count in ((False, ORDINARY), (True, OTHERS)):
        pick = Evenly(seed_of("atlas", name, awkward), awkward)
        drawn = [
            _sample(ENTRIES[name], pick, seed_of(name, awkward, number), number % 2 > 0)
            for number in range(count)
        ]
        found += [one for one in drawn if not awkward or not ordinary(one)]  # some entries draw no others
    return sorted(found, key=lambda one: not ordinary(one))


def _sample(entry: Entry, pick: Evenly, seed: int, large: bool) -> Drawn:
    pick.begin()
    pick.larger = _LARGE if large else 1
    shape, flavour = entry.first(pick)
    pick.larger = 0
    dtype = pick.of("dtype", *entry.dtypes)
    parameters, beside = entry.form(pick, shape)
    wanted = [Wanted(shape, flavour), *beside]
    given = [
        Given(f"i{place}", one.dtype or dtype, list(one.shape), one.flavour, seed + place, one.high)
        for place, one in enumerate(wanted)
    ]
    return Drawn(given, [Step(entry.name, [one.name for one in given], parameters)])


def ordinary(drawn: Drawn) -> bool:
    """Whether nothing that goes in is infinite, NaN, or at an end of the range, as all small numbers are in float16.

    Among many numbers drawn by chance one may be denormal.
    """
    return not any(
        (given.flavour in _AWKWARD and not given.dtype.startswith("int"))
        or (given.flavour, given.dtype) == ("small positive", "float16")
        or {*traits(given.array())} - {"denormal"}
        for given in drawn.given
    )
