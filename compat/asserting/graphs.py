"""The answers of a TensorFlow function: its graph in float64, where a rule covers it and says enough."""

import sys
from typing import Any, Callable, Dict, Mapping

import numpy as np

from ..arrays import Array
from ..case.fixtures import Fixture
from ..errors import CompatError, Unsupported
from ..graph.nodes import Trace
from ..graph.replay import Replay
from ..judge.graphs import loose
from ..objects import Memory
from ..record.dialects import DIALECTS
from ..record.dialects.tensorflow import take_as_it_is
from ..records import Output
from ..reference.bounds import Reference
from ..reference.nodes.registry import NoRule

#: What a function is called with in the place of its arrays, by name -> what it returns.
Call = Callable[[Mapping[str, Any]], Any]


def answers_of_graph(
    call: Call, inputs: Mapping[str, Fixture], made: Mapping[str, Array], measured: Mapping[str, Reference]
) -> Dict[str, Reference]:
    """{name: Reference} of the arrays that a TensorFlow function ``made`` eagerly, from its inputs on.

    None of what no rule covers, nor of what its graph bounds less well than the ``measured`` answers do; none at all
    of a function that did not compute in TensorFlow, or does something else when it is listened to.
    """
    objects = Memory()
    trace = _traced(call, inputs, objects)
    if trace is None or set(trace.outputs) != set(made):
        return {}
    replay, tensors = Replay(trace, objects.read), trace.tensors()
    given = {tensor: replay.recorded(tensor) for tensor in trace.inputs.values()}
    answers = {}
    for name, tensor in trace.outputs.items():
        dtype = tensors[tensor].dtype
        try:
            with np.errstate(all="ignore"):
                answer = replay.follow(tensor, given).reference()
        except NoRule:
            continue
        if np.array_equal(replay.recorded(tensor), made[name]) and not loose(answer, measured[name], dtype):
            answers[name] = answer
    return answers


def _traced(call: Call, inputs: Mapping[str, Fixture], objects: Memory) -> "Trace | None":
    """What the function does in TensorFlow; None where it computes nothing there, or cannot be listened to."""
    if "tensorflow" not in sys.modules:
        return None

    def keep(array: Array, dtype: str) -> Output:
        return Output(objects.add(array), dtype, list(np.shape(array)))

    def implementation(tf: Any, *tensors: Any) -> Any:
        return call(dict(zip(inputs, tensors)))

    take_as_it_is()
    try:
        trace = DIALECTS["tf2.eager"].trace(implementation, dict(inputs), {}, keep)
        trace.check()
    except (CompatError, Unsupported, TypeError, ValueError, AttributeError):
        return None  # a function of arrays does not take tensors
    makers = trace.makers()
    return trace if all(tensor in makers for tensor in trace.outputs.values()) else None
