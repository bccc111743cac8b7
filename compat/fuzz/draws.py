"""Samples drawn by Hypothesis: operations of the catalogue in a row, each on what came before."""

import functools
from typing import Any, Dict, List, Optional, Sequence, Tuple

import numpy as np

from ..arrays import Array
from ..errors import CompatError
from .answers import alone, asked
from .catalogue import ENTRIES, Entry
from .entries import Wanted
from .samples import Drawn, Given, Step, _held, name_of

try:
    import hypothesis
    from hypothesis import strategies as st
except ImportError:  # the workers, and who only reads findings
    hypothesis = None  # type: ignore[assignment]

#: Numbers of the steps of a graph: half are single operations.
_COUNTS = (1, 1, 1, 1, 1, 2, 3, 4, 6, 8)
#: Larger tensors are not followed.
_LARGEST = 400
#: What arrays are filled with where an operation says nothing: mostly noise.
_USUAL = ("normal", "normal", "normal", "normal", "integers", "halves", "edges", "not finite")


def needed() -> None:
    """Raises CompatError where Hypothesis is not installed."""
    if hypothesis is None:
        raise CompatError("draws with Hypothesis, which is not installed: pip install 'compat[fuzz]'")


class Pick:
    """How an entry draws.  ``pinned``: choices that are made already, by name."""

    def __init__(self, draw: Any, pinned: Optional[Dict[str, Any]] = None) -> None:
        self.draw = draw
        self.pinned = pinned or {}

    def of(self, name: str, *choices: Any) -> Any:
        if name in self.pinned and any(_same(self.pinned[name], choice) for choice in choices):
            return self.pinned[name]
        return self.draw(_one_of(repr(choices), choices))

    def size(self, name: str, low: int, high: int) -> int:
        return int(self.draw(_between(low, max(low, high))))

    def shape(self, lowest: int, highest: int) -> Tuple[int, ...]:
        return tuple(self.size("", 1, 4) for _ in range(self.size("rank", lowest, highest)))

    def flavour(self, *choices: str) -> str:
        return str(self.of("flavour", *(choices or _USUAL)))

    def order(self, rank: int) -> List[int]:
        return list(self.draw(st.permutations(range(rank))))


def _same(one: Any, other: Any) -> bool:
    return type(one) is type(other) and bool(one == other)


class _Keyed:
    """What ``lru_cache`` is to tell apart by its text: True is not 1."""

    def __init__(self, key: str, value: Any) -> None:
        self.key, self.value = key, value

    def __hash__(self) -> int:
        return hash(self.key)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Keyed) and self.key == other.key


@functools.lru_cache(maxsize=None)
def _sampled(keyed: _Keyed) -> Any:
    return st.sampled_from(keyed.value)


def _one_of(key: str, choices: Any) -> Any:
    return _sampled(_Keyed(key, choices))


@functools.lru_cache(maxsize=None)
def _between(low: int, high: int) -> Any:
    return st.integers(low, high)


class _Growing:
    """A sample that grows step by step; ``values``: what every name holds, about."""

    def __init__(self, draw: Any, seed: int) -> None:
        self.draw, self.seed = draw, seed
        self.drawn = Drawn([], [])
        self.values: Dict[str, Array] = {}
        self.dtypes: Dict[str, str] = {}

    def given(self, wanted: Wanted, dtype: str) -> str:
        name = f"i{len(self.drawn.given)}"
        given = Given(
            name,
            wanted.dtype or dtype,
            list(wanted.shape),
            wanted.flavour,
            self.seed + len(self.drawn.given),
            wanted.high,
        )
        return self.take(given)

    def take(self, given: Given) -> str:
        self.drawn.given.append(given)
        self.values[given.name], self.dtypes[given.name] = given.array(), given.dtype
        return given.name

    def beside(self, wanted: Wanted, dtype: str) -> str:
        """An earlier tensor where one fits, sometimes; else a new input."""
        fitting = [
            name
            for name, value in self.values.items()
            if value.shape == tuple(wanted.shape) and self.dtypes[name] == (wanted.dtype or dtype)
        ]
        usual = wanted.flavour in _USUAL and not wanted.high
        if usual and fitting and self.draw(_between(0, 3)) == 3:
            return str(self.draw(_one_of(repr(fitting), tuple(fitting))))
        return self.given(wanted, dtype)

    def add(self, entry: Entry, flowing: str, pick: Pick) -> bool:
        """One step more; whether it is known what comes of it."""
        dtype = self.dtypes[flowing]
        parameters, wanted = entry.form(pick, self.values[flowing].shape)
        # The weights of a layer are numbers: nothing that a graph is still to compute.
        beside = self.given if any("set_weights" in text for text in entry.spelled.values()) else self.beside
        step = Step(entry.name, [flowing, *(beside(one, dtype) for one in wanted)], parameters)
        self.drawn.steps.append(step)
        dtypes = [self.dtypes[name] for name in step.inputs]
        answer = alone(step, [self.values[name] for name in step.inputs], dtypes)
        if answer is None:
            return False
        name, out = name_of(len(self.drawn.steps) - 1), asked(step, dtypes).out
        with np.errstate(all="ignore"):
            self.values[name] = _held(answer.given, out)
        self.dtypes[name] = out
        return True


def begun(draw: Any, entry: Entry, seed: int, pick: Pick) -> Tuple[_Growing, str]:
    growing = _Growing(draw, seed)
    shape, flavour = entry.first(pick)
    dtype = pick.of("dtype", *entry.dtypes)
    return growing, growing.given(Wanted(shape, flavour), dtype)


def _sample(draw: Any, names: Tuple[str, ...], largest: int) -> Drawn:
    pick = Pick(draw)
    count = min(draw(_one_of(repr(_COUNTS), _COUNTS)), largest)
    entry = ENTRIES[draw(_one_of(repr(names), names))]
    growing, flowing = begun(draw, entry, draw(_between(0, 1 << 20)), pick)
    while growing.add(entry, flowing, pick) and len(growing.drawn.steps) < count:
        flowing = name_of(len(growing.drawn.steps) - 1)
        value, dtype = growing.values[flowing], growing.dtypes[flowing]
        fitting = tuple(
            name
            for name in names
            if dtype in ENTRIES[name].dtypes and ENTRIES[name].takes(value.shape, dtype)
        )
        if not fitting or not 0 < value.size <= _LARGEST:
            break
        entry = ENTRIES[draw(_one_of(repr(fitting), fitting))]
    growing.drawn.whole = len(growing.drawn.steps) > 1 and draw(_between(0, 3)) == 3
    return growing.drawn


def batch(seed: int, count: int, names: Sequence[str], largest: int = 8) -> List[Drawn]:
    """So many samples, the same for the same seed.

    Hypothesis likes what comes first, so the names come in another order each time.
    """
    found: List[Drawn] = []
    order = np.random.RandomState(seed).permutation(len(names))
    strategy = st.composite(_sample)(tuple(names[place] for place in order), largest)

    @hypothesis.seed(seed)
    @hypothesis.settings(
        max_examples=count,
        database=None,
        deadline=None,
        phases=[hypothesis.Phase.generate],
        suppress_health_check=list(hypothesis.HealthCheck),
        derandomize=False,
        print_blob=False,
    )
    @hypothesis.given(strategy)
    def collect(drawn: Drawn) -> None:
        found.append(drawn)

    collect()
    return found
