"""The float64 answer of each step: alone on what it was given, or in a row, with what rounding did before."""

from typing import Any, Callable, Dict, List, Optional, Sequence, Tuple

import numpy as np

from ..arrays import Array
from ..graph.alone import onward
from ..reference.bounds import Reference
from ..reference.nodes import Taken
from ..reference.nodes.registry import Flow, NoRule, as_reference
from .catalogue import ENTRIES
from .entries import Ask
from .samples import Drawn, Step, from_json, name_of


def asked(step: Step, dtypes: Sequence[str]) -> Ask:
    """``dtypes``: of the step's inputs."""
    return Ask(step.parameters, tuple(dtypes), ENTRIES[step.operation].out(step.parameters, dtypes[0]))


def flow_of(step: Step, inputs: Sequence[Flow], dtypes: Sequence[str]) -> Tuple[Flow, str]:
    """What must come, and its dtype.  Raises NoRule."""
    ask = asked(step, dtypes)
    try:
        with np.errstate(all="ignore"):
            return ENTRIES[step.operation].answer(ask, *inputs), ask.out
    except Taken as why:
        raise NoRule(str(why)) from None


def alone(step: Step, inputs: Sequence[Array], dtypes: Sequence[str]) -> Optional[Reference]:
    """What a step must give for exact inputs, or None where no rule tells."""
    try:
        flow, out = flow_of(step, inputs, dtypes)
    except NoRule:
        return None
    return _of_dtype(flow, out)


def _of_dtype(flow: Flow, out: str) -> Reference:
    reference = as_reference(flow, out)
    reference.dtype = reference.dtype or out
    return reference


def in_a_row(drawn: Drawn, arrays: Dict[str, Array]) -> Dict[str, Optional[Reference]]:
    """Of every step, from what goes into the first; None from where no rule tells."""
    flows: Dict[str, Optional[Flow]] = dict(arrays)
    dtypes = drawn.dtypes()
    answers: Dict[str, Optional[Reference]] = {}
    for number, step in enumerate(drawn.steps):
        name = name_of(number)
        dtypes[name] = asked(step, [dtypes[one] for one in step.inputs]).out
        flows[name], answers[name] = None, None
        try:
            inputs: List[Any] = [onward(flows[one]) for one in step.inputs]
            if any(flow is None for flow in inputs):
                continue
            flows[name], out = flow_of(step, inputs, [dtypes[one] for one in step.inputs])
            answers[name] = _of_dtype(flows[name], out)  # type: ignore[arg-type]
        except NoRule:
            continue
    return answers


def reference_of(sample: Dict[str, Any]) -> Callable[..., Dict[str, Reference]]:
    """The reference of a case file that a campaign wrote, for ``operation``: of the inputs in their order."""
    drawn = from_json(sample)

    def reference(*arrays: Array) -> Dict[str, Reference]:
        answers = in_a_row(drawn, dict(zip((given.name for given in drawn.given), arrays)))
        return {name: answer for name, answer in answers.items() if answer is not None}

    return reference
