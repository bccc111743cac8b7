"""The rate at later steps, which two steps do not show: that of the legacy graph's nodes beside the port's schedule."""

from typing import Any, Dict, List, Optional, Tuple

import numpy as np

from ..graph.nodes import Trace
from ..graph.replay import Replay
from ..judge.graphs import Read
from ..reference.nodes.registry import NoRule
from ..sources.training import Update

#: Steps at which rates are compared; how near two of float32 are that are one.
STEPS = (0, 1, 2, 9, 10, 99, 100, 500, 999, 1000, 5000, 10000, 50000, 100000)
_CLOSE = 1e-4
#: What float32 is about to lose.
_NOTHING = 1e-30
_RATE_AT = {
    "GradientDescent": 1, "Momentum": 2, "Adagrad": 2, "AdagradV2": 2, "Adam": 5, "RMSProp": 3, "CenteredRMSProp": 4,
    "Ftrl": 4, "Adadelta": 3,
}  # fmt: skip


def rates_of_port(optimizer: Any) -> Tuple[List[float], bool]:
    """The rate at each of ``STEPS``, and whether that is a schedule's."""
    rate = getattr(optimizer, "_learning_rate", None)
    rate = optimizer.learning_rate if rate is None else rate  # up to Keras 2.10
    if callable(rate) and not hasattr(rate, "assign"):
        return [float(np.asarray(rate(step))) for step in STEPS], True
    rate = optimizer.learning_rate
    return [float(rate.numpy() if hasattr(rate, "numpy") else rate)] * len(STEPS), False


def compared_rates(
    trace: Trace, read: Read, update: Update, rates: List[float], scheduled: bool
) -> Tuple[Optional[str], Optional[str]]:
    """(what is otherwise, what cannot be told) of the rate at later steps; None where there is nothing to say.

    ``rates``: none where the port's optimiser is its own.
    """
    place = _RATE_AT.get(update.node.op.replace("ResourceApply", ""))
    if place is None:
        return None, "the rate at later steps: its place in the optimiser's op is not known"
    tensor = update.node.inputs[place]
    nodes = trace.ancestors([tensor])
    counts = [
        node.tensor()
        for node in nodes
        if node.op in ("Variable", "VariableV2", "VarHandleOp") and node.outputs["0"].dtype.startswith("int")
    ]
    fed = any(node.op.startswith("Placeholder") for node in nodes)
    if fed and scheduled:
        return None, "the rate at later steps: the legacy graph is fed it, and the port has a schedule"
    if any(
        node.op in ("Switch", "RefSwitch", "Merge", "RefMerge", "If", "StatelessIf", "Case") for node in nodes
    ):
        return (
            None,
            "the rate at later steps: the legacy schedule takes branches, of which this step shows one",
        )
    if not rates:
        return None, "the rate at later steps: the port's optimiser is none of Keras's" if counts else None
    if len(counts) != 1 and (counts or scheduled):
        known = _recorded(trace, read, tensor)
        if counts or known is None:
            return None, "the rate at later steps: what it follows from is not known"
        return _first_other([known] * len(STEPS), rates), None
    if not counts:
        return None, None  # both stay what they are
    replay = Replay(trace, read)
    kind = trace.tensors()[counts[0]].dtype
    try:
        given: List[Dict[str, Any]] = [{counts[0]: np.array(step, kind)} for step in STEPS]
        with np.errstate(all="ignore"):
            mine = [float(replay.follow(tensor, one).reference().value) for one in given]
    except NoRule as why:
        return None, f"the rate at later steps: {why}"
    return _first_other(mine, rates), None


def _recorded(trace: Trace, read: Read, tensor: str) -> Optional[float]:
    output = trace.tensors()[tensor]
    return None if output.shape else float(read(output.digest))


def _first_other(mine: List[float], theirs: List[float]) -> Optional[str]:
    for step, one, other in zip(STEPS, mine, theirs):
        size = max(abs(one), abs(other))
        if abs(one - other) > _CLOSE * size and size > _NOTHING:
            return (
                f"the rate at step {step}: {other:.4g}, expected {one:.4g}; cause: another schedule: give "
                "learning_rate= that of the legacy graph, keras.optimizers.schedules has most"
            )
    return None
