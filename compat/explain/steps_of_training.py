"""The optimiser that takes the steps of a training, solved for: from weights and gradients of every step alone.

No graph is needed, and no rate: with the gradients of all steps an optimiser's directions are known, and how far each
step goes along its own is the rate of that step.
"""

from typing import Callable, Dict, Iterator, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np

from ..arrays import UNIT_ROUNDOFF, Array
from ..judge.graphs import Place

#: Fewer steps say too little.
_FEWEST = 4
#: Roundings of the weights by which a step may be off, and the share of itself.
_ROUNDINGS, _SHARE = 16.0, 1e-5
#: How much rates may vary that are one, and that follow a formula.
_ONE_RATE = 1e-3


class Optimiser(NamedTuple):
    """``settings`` by name; ``rates``: of every step but the first."""

    name: str
    settings: Dict[str, object]
    rates: Array

    @property
    def rate(self) -> Optional[float]:
        """The rate of all steps; None where it changes."""
        return (
            float(self.rates.mean()) if np.ptp(self.rates) <= _ONE_RATE * np.abs(self.rates).max() else None
        )

    @property
    def decay(self) -> Optional[float]:
        """Of a rate that is r / (1 + decay t) at step t; None of any other."""
        steps = np.arange(1, len(self.rates) + 1)
        slope, start = np.polyfit(steps, 1 / self.rates, 1)
        off = np.abs(start + slope * steps - 1 / self.rates).max()
        return float(slope / start) if start and off <= _ONE_RATE * np.abs(1 / self.rates).max() else None

    def said(self) -> str:
        settings = ", ".join(f"{name} {value}" for name, value in self.settings.items())
        return self.name + (f" ({settings})" if settings else "")


def sentence(found: Sequence[Place], read: Callable[[str], Array]) -> Optional[str]:
    """How the port's optimiser differs from the legacy one, where both sides' steps are solved for; else None."""
    for weights, gradients in _trajectories(found):
        with np.errstate(all="ignore"):
            mine = solved(*(place.followed.recorded(place.pair.legacy) for place in (weights, gradients)))
            theirs = solved(*(place.pair.array(read) for place in (weights, gradients))) if mine else None
        if mine and theirs:
            return _difference(theirs, mine)
    return None


def _trajectories(found: Sequence[Place]) -> Iterator[Tuple[Place, Place]]:
    """(weights, gradients): two tensors with a row for every step."""
    for weights in found:
        for gradients in found:
            shape = weights.pair.result.shape
            steps = bool(shape) and shape[0] >= _FEWEST and weights.pair.result.dtype in UNIT_ROUNDOFF
            if weights is not gradients and steps and gradients.pair.result.shape == shape:
                yield weights, gradients


def solved(weights: Array, gradients: Array) -> Optional[Optimiser]:
    """The optimiser that takes these steps, (steps, ...) both; None where none that is known does."""
    if weights.shape != gradients.shape or not (np.isfinite(weights).all() and np.isfinite(gradients).all()):
        return None
    w, g = (array.reshape(len(array), -1).astype(np.float64) for array in (weights, gradients))
    u = UNIT_ROUNDOFF.get(weights.dtype.name, UNIT_ROUNDOFF["float32"])
    fits: List[Tuple[float, Optimiser]] = []
    for name, settings, ways in _KNOWN:
        fit = _fit(w, ways(w, g), u)
        if fit:
            fits.append((fit[0], Optimiser(name, settings, fit[1])))
    return min(fits, key=lambda fit: fit[0])[1] if fits else None


def _fit(w: Array, ways: Tuple[Array, Array], u: float) -> Optional[Tuple[float, Array]]:
    """(how far off at most, as a share of what is allowed; the rates): ``ways`` are (what moved, along what)."""
    moved, along = ways
    squares = (along**2).sum(axis=1)
    if not squares.all():
        return None
    rates = -(moved * along).sum(axis=1) / squares
    if not (rates > 0).all():
        return None
    off = abs(moved + rates[:, None] * along)
    allowed = _ROUNDINGS * u * (abs(w[1:]) + abs(w[:-1])).max() + _SHARE * abs(moved)
    share = float((off / allowed).max())
    return (share, rates) if share <= 1 else None


# -- what is known: (name, settings, (weights, gradients) -> (what moved, along what) from the second step on)

_Ways = Callable[[Array, Array], Tuple[Array, Array]]


def _descent(w: Array, g: Array) -> Tuple[Array, Array]:
    return np.diff(w, axis=0), g[1:]


def _momentum(share: float) -> _Ways:
    def ways(w: Array, g: Array) -> Tuple[Array, Array]:
        return np.diff(w, axis=0), _averaged(g, share, 1.0)[1:]

    return ways


def _averaged(values: Array, share: float, of_new: float, start: float = 0.0) -> Array:
    """Of every step: share times the one before, and the new value ``of_new`` times."""
    found, now = np.empty_like(values), np.full(values.shape[1:], start)
    for step, value in enumerate(values):
        now = found[step] = share * now + of_new * value
    return found


def _velocity(share: float) -> _Ways:
    """The velocity holds each gradient times the rate of its own step."""

    def ways(w: Array, g: Array) -> Tuple[Array, Array]:
        steps = np.diff(w, axis=0)
        return steps[1:] - share * steps[:-1], g[2:]

    return ways


def _rmsprop(decay: float, epsilon: float, start: float, inside: bool) -> _Ways:
    def ways(w: Array, g: Array) -> Tuple[Array, Array]:
        square = _averaged(g**2, decay, 1 - decay, start)
        root = np.sqrt(square + epsilon) if inside else np.sqrt(square) + epsilon
        return np.diff(w, axis=0), (g / root)[1:]

    return ways


def _adam(epsilon: float, beta1: float = 0.9, beta2: float = 0.999) -> _Ways:
    def ways(w: Array, g: Array) -> Tuple[Array, Array]:
        steps = np.arange(1, len(g) + 1)[:, None]
        mean, square = _averaged(g, beta1, 1 - beta1), _averaged(g**2, beta2, 1 - beta2)
        corrected = np.sqrt(1 - beta2**steps) / (1 - beta1**steps)
        return np.diff(w, axis=0), (corrected * mean / (np.sqrt(square) + epsilon))[1:]

    return ways


_INSIDE = "the velocity holds"
_KNOWN: List[Tuple[str, Dict[str, object], _Ways]] = [("gradient descent", {}, _descent)]
for _share in (0.9, 0.99, 0.5):
    _KNOWN += [
        ("Momentum", {"momentum": _share, _INSIDE: "the gradients"}, _momentum(_share)),
        ("Momentum", {"momentum": _share, _INSIDE: "the gradients times their rates"}, _velocity(_share)),
    ]
for _decay in (0.9, 0.99):
    for _epsilon in (1e-10, 1e-8, 1e-7, 1e-3):
        for _start in (0, 1):
            for _inside in (True, False):
                _named: Dict[str, object] = {
                    "decay": _decay,
                    "epsilon": _epsilon,
                    "the mean square begins with": _start,
                    "epsilon stands": "inside the root" if _inside else "outside the root",
                }
                _KNOWN.append(("RMSProp", _named, _rmsprop(_decay, _epsilon, _start, _inside)))
_KNOWN += [("Adam", {"epsilon": epsilon}, _adam(epsilon)) for epsilon in (1e-8, 1e-7, 1e-3, 0.1)]


def _difference(theirs: Optimiser, mine: Optimiser) -> Optional[str]:
    if theirs.name != mine.name:
        return f"the steps are those of {theirs.said()}, expected {mine.said()}: the optimiser's name"
    changed = [name for name in mine.settings if theirs.settings[name] != mine.settings[name]]
    if changed:
        wrong, right = (
            ", ".join(_setting(name, of.settings[name]) for name in changed) for of in (theirs, mine)
        )
        return (
            f"{mine.name}: {wrong}, expected {right}: defaults of another library; write out what is an argument, set "
            "the slot for the start, or write the update by hand"
        )
    said = [_rate(of) for of in (theirs, mine)]
    return (
        f"the rate is {said[0]}, expected {said[1]}: give a schedule, or learning_rate="
        if said[0] != said[1]
        else None
    )


def _setting(name: str, value: object) -> str:
    return f"{name} {value}" if " " in name else f"{name} is {value}"


def _rate(of: Optimiser) -> str:
    if of.rate is not None:
        return f"{of.rate:.3g} at every step"
    if of.decay is not None:
        start = of.rates[0] * (1 + of.decay)
        return f"{start:.3g} / (1 + {of.decay:.3g} t) at step t"
    return f"{of.rates[0]:.3g} at first, {of.rates[-1]:.3g} at last"
