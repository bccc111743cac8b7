"""The layers of networks, for inputs that are arrays or the References of the layer before; and networks.

The answers and their own roundings are those of the other files; here is what an input that is not exact
brings with it, by ``carried``.
"""

from typing import Any, Callable, Dict, List, Optional, Tuple

import numpy as np

from ..arrays import Array
from . import activations, carried, normalisation, tracked
from .bounds import Answer, Move, Reference, exact
from .calls import rule

dense = rule(
    carried.carrying(activations.dense, lambda x, w, b: carried.linear(x, lambda x, w: x @ w, exact(w)))
)
lrn = rule(carried.carrying(normalisation.lrn, lambda x, **settings: carried.lrn(x, **settings)))


def _carry_batch_norm(x, mean, variance, beta, gamma, *, epsilon):
    scale = exact(gamma) / np.sqrt(exact(variance) + epsilon)
    return carried.linear(x, lambda x, w: x * w, scale)


batch_norm = rule(carried.carrying(normalisation.batch_norm, _carry_batch_norm))


@rule
def relu(x: Answer) -> Reference:
    """max(x, 0): a selection."""
    return Reference(np.maximum(exact(x), 0), carried=carried.rectified(x))


@rule
def relu6(x: Answer) -> Reference:
    """min(max(x, 0), 6): a selection."""
    return rearranged(relu(x), lambda array: np.minimum(array, 6))


@rule
def sigmoid(x: Answer) -> Reference:
    """1 / (1 + exp(-x)); never steeper than 1/4."""
    answer = tracked.sigmoid(exact(x)).reference()
    answer.carried = carried.monotone(
        x, lambda v: 0.5 + 0.5 * np.tanh(v / 2), lambda v: 0.25 / np.cosh(v / 2) ** 2
    )
    return answer


@rule
def tanh(x: Answer) -> Reference:
    answer = tracked.tanh(exact(x)).reference()
    answer.carried = carried.monotone(x, np.tanh, lambda v: 1 / np.cosh(v) ** 2)
    return answer


@rule
def softmax(x: Answer) -> Reference:
    """exp(x) over its sum along the last axis, the greatest x taken off first."""
    answer = tracked.softmax(x).reference()
    answer.carried = carried.softmax(x, answer.value)
    return answer


@rule
def scaled(x: Answer, factor: float) -> Reference:
    """factor * x: the product's rounding, and the factor's."""
    value = exact(x) * factor
    return Reference(value, abs(value), 2, carried=carried.linear(x, lambda x, w: x * w, np.float64(factor)))


@rule
def rearranged(x: Answer, move: Move) -> Reference:
    """The same elements in other places or fewer of them, by ``move`` of an array: exact."""
    return x.rearranged(move) if isinstance(x, Reference) else Reference(move(exact(x)))


@rule
def flatten(x: Answer) -> Reference:
    """(count, everything else), in the order of the dimensions."""
    return rearranged(x, lambda array: array.reshape(len(array), -1))


class Network(dict):
    """The references of a network's tensors by name, in the order of flow, each with how it follows.

    network = Network(image)
    network.step("conv1", lambda x: conv2d_bias(x, w, b, padding="SAME"))
    network.step("relu1", relu)

    Every reference allows for what the layers before it may have done to its input.  ``replay`` says
    what one step gives for the very tensor that an implementation had as its input: with that an early
    difference hides no later one.
    """

    #: Whether a tensor is also judged by the answer of the whole, or only by that of its own step.
    judged_whole = True

    def __init__(self, image: Any) -> None:
        super().__init__()
        self._whole: Dict[Optional[str], Any] = {None: image}
        self._steps: Dict[
            str, Tuple[Callable[..., Reference], Tuple[Optional[str], ...], Optional[Move]]
        ] = {}

    def step(
        self, name: str, rule: Callable[..., Reference], *sources: str, shown: Optional[Move] = None
    ) -> "Network":
        """The tensor ``name`` is ``rule`` of the tensors ``sources``, by default of the one before.

        ``shown``: what implementations return of it, a function of the whole array; by default all.  The
        steps after a tensor that is not shown whole cannot be replayed.
        """
        taken: Tuple[Optional[str], ...] = sources or (list(self._whole)[-1],)
        answer = self._whole[name] = rule(*[self._whole[source] for source in taken])
        self._steps[name] = (rule, taken, shown)
        self[name] = answer if shown is None else answer.rearranged(shown)
        return self

    def replay(self, name: str, recorded: Callable[[str], Array]) -> Optional[Reference]:
        """The reference of one step alone, on the tensors that were recorded; None where they were not whole.

        ``recorded``: name -> array, of the dtype in which it was computed.
        """
        step = self.step_alone(name, recorded)
        if step is None:
            return None
        rule, inputs = step
        with np.errstate(all="ignore"):  # what was recorded may be anything
            return rule(*inputs)

    def step_alone(
        self, name: str, recorded: Callable[[str], Array]
    ) -> Optional[Tuple[Callable[..., Reference], List[Any]]]:
        """(the rule of one step, the recorded tensors that it takes); None where they were not whole."""
        rule, sources, shown = self._steps[name]
        inputs = []
        for source in sources:
            if source is None:
                inputs.append(self._whole[None])
            elif self._steps[source][2] is not None or recorded(source).shape != self[source].value.shape:
                return None
            else:
                inputs.append(recorded(source))
        return (lambda *arrays: rule(*arrays).rearranged(shown)) if shown else rule, inputs


class Steps(Network):
    """Tensors of which each has to follow from others that the same implementation recorded.

    For what amplifies roundings until the whole says nothing, as the training of a network does: there is
    an answer for every step, given where the implementation stood before it.

    steps.step("loss", lambda w: ..., "weights", value=losses_in_float64)
    """

    judged_whole = False

    def __init__(self) -> None:
        super().__init__(None)

    def step(  # type: ignore[override]  # shows no part, and has to be told what to show
        self, name: str, rule: Callable[..., Reference], *sources: str, value: Any
    ) -> "Steps":
        """``rule`` of the tensors ``sources``, recorded before or after.  ``value``: to show on the pages."""
        self._steps[name] = (rule, sources, None)
        self[name] = Reference(value)
        return self
