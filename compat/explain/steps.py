"""The step of a network at which a difference begins, as a target of its own."""

from typing import Mapping, Optional, Tuple

import numpy as np

from ..arrays import Array
from ..judge.compare import compare
from ..records import PASSING
from ..reference.chain import Network
from .target import ReferenceOnly, Target


def first_wrong_step(
    network: Network, results: Mapping[str, Tuple[Array, str]], input_dtype: str
) -> Optional[Tuple[str, Target]]:
    """(name, Target) of the first tensor that does not follow from those that were recorded, or None."""
    for name, (result, dtype) in results.items():
        step = network.step_alone(name, lambda source: results[source][0]) if name in network else None
        if step is None:
            continue
        rule, inputs = step
        with np.errstate(all="ignore"):  # what was recorded may be anything
            answer = rule(*inputs)
        if compare(result, dtype, answer, input_dtype).word not in PASSING:
            return name, Target(ReferenceOnly(rule), inputs, {}, {"y": (result, dtype)}, input_dtype)
    return None
