"""Gradients that are made smaller before a step."""

from typing import Any, Dict, Sequence

import numpy as np

from ..arrays import Array
from .bounds import exact
from .calls import rule
from .tracked import Tracked, constant, joined, maximum, minimum, sqrt, track


@rule
def clipped_step(
    before: Sequence[Array], gradients: Sequence[Array], *, by: str, limit: float, rate: float
) -> Dict[str, Any]:
    """One step of gradient descent, w - rate * clipped gradient, of several variables, References by name:
    ``gradient_0``, ``weights_0``, ``gradient_1`` ...

    by = global norm   all gradients times limit / max(limit, norm of all together): ``tf.clip_by_global_norm``,
                       Keras's ``global_clipnorm`` (Pascanu, Mikolov and Bengio 2013, algorithm 1)
         norm          every gradient by its own norm: ``tf.clip_by_norm``, Keras's ``clipnorm``
         value         every number to -limit ... limit: ``tf.clip_by_value``, Keras's ``clipvalue``
    """
    answers = {}
    exacts = [exact(gradient) for gradient in gradients]
    for place, (weights, gradient) in enumerate(zip(before, exacts)):
        clipped = _clipped(gradient, exacts if by == "global norm" else [gradient], by, limit)
        answers[f"gradient_{place}"] = clipped.reference()
        answers[f"weights_{place}"] = (track(exact(weights)) - constant(rate) * clipped).reference()
    return answers


def _clipped(gradient: Array, together: Sequence[Array], by: str, limit: float) -> Tracked:
    """The norm may be made of all numbers at once or of the sums of the variables, halved and doubled: exactly.

    g * (limit * min(1 / norm, 1 / limit)) and g * limit / max(norm, limit) round alike, 3 times at most.
    """
    most = constant(limit)
    if by == "value":  # a limit is rounded where it takes the place of a number
        return minimum(maximum(gradient, -most), most)
    numbers = joined(np.concatenate, [track(one.reshape(-1)) for one in together])
    norm = sqrt((numbers * numbers).sum())
    return track(gradient) * (most * minimum(1 / norm, 1 / most))
