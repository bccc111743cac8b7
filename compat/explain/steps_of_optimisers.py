"""Why two steps of an optimiser are others than the legacy one's: asked with the gradients that it was given.

First what the legacy graph does with gradients before its optimiser has them, and with the rate from one step to the
next; then the catalogue's hypotheses of optimisers.
"""

from typing import Any, Dict, Iterator, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np

from ..arrays import Array
from ..judge.compare import compare
from ..reference.bounds import Reference
from ..reference.tracked import constant, track
from ..reference.training import OPTIMISERS, stacked, weights_after
from .causes import causes
from .target import ReferenceOnly, Target

_NAMES = {
    "GradientDescent": "sgd", "Momentum": "momentum", "Adam": "adam", "RMSProp": "rmsprop",
    "CenteredRMSProp": "rmsprop", "Adagrad": "adagrad",
}  # fmt: skip
_SECONDS = 6.0
_MOST = (1.0, 0.5, 5.0, 0.1, 10.0, 0.25, 2.0, 0.01, 40.0)


class Stepped(NamedTuple):
    """The steps of one variable.  ``op``: Adam of ApplyAdam.  ``rates``: of each step; ``start``: the slot that begins.

    ``before``, ``gradients``, ``result``: (steps, ...) of the port; ``taken``: the gradients as the legacy optimiser
    takes them, clipped or decayed.
    """

    op: str
    settings: Dict[str, float]
    nesterov: bool
    rates: List[float]
    start: Optional[Array]
    before: Array
    gradients: Array
    taken: Array
    result: Array


def causes_of_steps(one: Stepped, all_of_them: Sequence[Stepped]) -> Iterator[str]:
    """The lines of the first cause that fits; ``all_of_them``: the steps of every variable."""
    known = _settings(one)
    if known is None:
        return
    with np.errstate(all="ignore"):
        sentence = _of_the_gradients(one, known, all_of_them) or _of_the_rates(one, known)
        if sentence:
            yield f"cause: {sentence}"
            return
        yield from _of_the_catalogue(one, known)


def _settings(one: Stepped) -> Optional[Dict[str, Any]]:
    """As the rules call them; None where no rule is of that."""
    settings: Dict[str, Any] = dict(one.settings)
    if one.op not in _NAMES or settings.pop("momentum", 0.0) and "RMSProp" in one.op:
        return None
    if one.op == "Momentum":
        settings.update(momentum=one.settings["momentum"], nesterov=one.nesterov)
    if one.op in ("RMSProp", "CenteredRMSProp", "Adagrad"):
        assert one.start is not None
        first = one.start if one.op != "CenteredRMSProp" else np.zeros(1)
        if np.ptp(first):
            return None
        settings["start"] = float(first.ravel()[0])
    if one.op == "CenteredRMSProp":
        settings["centred"] = True
    if one.op == "Adagrad":
        settings["epsilon"] = 0.0
    return {name: round(value, 12) if isinstance(value, float) else value for name, value in _short(settings)}


def _short(settings: Dict[str, Any]) -> Iterator[Tuple[str, Any]]:
    """Numbers of float32 as they were written."""
    for name, value in settings.items():
        yield name, float(f"{value:.7g}") if isinstance(value, float) else value


def _reference(one: Stepped, known: Dict[str, Any], gradients: Array, rates: Sequence[float]) -> Reference:
    move = OPTIMISERS[_NAMES[one.op]](**known)
    steps = zip(one.before, gradients, rates)
    return stacked([track(w) - move(track(g), constant(rate)) for w, g, rate in steps]).reference()


def _fits(one: Stepped, known: Dict[str, Any], gradients: Array, rates: Sequence[float]) -> bool:
    dtype = one.result.dtype.name
    reference = _reference(one, known, gradients, rates)
    return compare(one.result, dtype, reference, dtype).word == "agrees"


def _of_the_gradients(one: Stepped, known: Dict[str, Any], all_of_them: Sequence[Stepped]) -> Optional[str]:
    """Clipped, or not: by value, by the norm of one variable, by that of all."""
    norms = _norms(one.gradients)
    everything = np.sqrt(sum(_norms(other.gradients) ** 2 for other in all_of_them))
    is_clipped = not np.allclose(one.taken, one.gradients, rtol=1e-6, atol=0)
    if is_clipped and _fits(one, known, one.gradients, one.rates):
        how = _how_clipped(one.taken, one.gradients, norms, everything)
        return f"the gradients are not clipped, expected {how[0]}: write {how[1]} in the optimiser"
    for gradients, what, edit in _clipped(one.gradients, norms, everything):
        if _fits(one, known, gradients, one.rates):
            if is_clipped:
                how = _how_clipped(one.taken, one.gradients, norms, everything)
                return f"the gradients are clipped {what}, expected {how[0]}: write {how[1]}, and not {edit}"
            return f"the gradients are clipped {what}, and should not be: leave out {edit}"
    return None


def _norms(gradients: Array) -> Array:
    """Of each step."""
    found: Array = np.sqrt(np.square(gradients.astype(np.float64)).reshape(len(gradients), -1).sum(axis=1))
    return found


def _clipped(gradients: Array, norms: Array, everything: Array) -> Iterator[Tuple[Array, str, str]]:
    g = gradients.astype(np.float64)
    form = (-1,) + (1,) * (g.ndim - 1)
    for most in _MOST:
        if everything.max() > most:
            share = np.minimum(1, most / everything).reshape(form)
            yield g * share, f"to a global norm of {most:g}", f"global_clipnorm={most:g}"
        if norms.max() > most:
            share = np.minimum(1, most / norms).reshape(form)
            yield g * share, f"to a norm of {most:g} for each variable", f"clipnorm={most:g}"
        if np.abs(g).max() > most:
            yield np.clip(g, -most, most), f"to +-{most:g}", f"clipvalue={most:g}"


def _how_clipped(taken: Array, gradients: Array, norms: Array, everything: Array) -> Tuple[str, str]:
    """(in words, the argument) of what the legacy graph does."""
    largest = float(np.abs(taken).max())
    taken, gradients = taken.astype(np.float64), gradients.astype(np.float64)
    share = float((taken[0] * gradients[0]).sum() / max(float(np.square(gradients[0]).sum()), 1e-300))
    if np.allclose(taken[0], share * gradients[0], rtol=1e-4, atol=0) and share < 1:
        for norm, words, argument in (
            (norms[0], "a norm of {:.4g} for each variable", "clipnorm={:.4g}"),
            (everything[0], "a global norm of {:.4g}", "global_clipnorm={:.4g}"),
        ):
            most = float(_norms(taken)[0] * norm / norms[0])
            if abs(most - float(f"{most:.3g}")) <= 1e-5 * most:
                return f"clipped to {words.format(most)}", argument.format(most)
    if largest < np.abs(gradients).max():
        return f"clipped to +-{largest:.4g}", f"clipvalue={largest:.4g}"
    return "other ones (clipped, or with weight decay)", "the same"


def _of_the_rates(one: Stepped, known: Dict[str, Any]) -> Optional[str]:
    first, second = one.rates
    if first != second and _fits(one, known, one.taken, [first, first]):
        return (
            f"the rate stays {first:.4g}, expected {second:.4g} in the second step: give learning_rate= the schedule "
            "of keras.optimizers.schedules"
        )
    if first != second:
        for early in ([second, second * second / first], [second, second]):
            if _fits(one, known, one.taken, early):
                return f"the first rate is {second:.4g}, expected {first:.4g}: the schedule is one step ahead"
    return None


def _of_the_catalogue(one: Stepped, known: Dict[str, Any]) -> Iterator[str]:
    dtype = one.result.dtype.name
    rate = float(f"{one.rates[0]:.7g}")
    if one.rates[0] != one.rates[1]:
        return

    def reference() -> Any:
        return weights_after(one.before, one.taken, _NAMES[one.op], rate, **known).reference()

    target = Target(ReferenceOnly(reference), [], {}, {"y": (one.result, dtype)}, dtype)
    for line in causes(target, {}, _SECONDS):
        if line.startswith(("cause: ", "as well possible: ")):
            yield line
