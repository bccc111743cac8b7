"""What no input of inference shows of an edit: a port that drops, or moves its statistics, in training has to go on so.

A dropout of rate 0 and one that is told ``training=False`` agree with the legacy graph in inference, as the right port
does; in training they are other networks.
"""

import functools
import inspect
from typing import Any, NamedTuple

from ...arrays import UNIT_ROUNDOFF
from ...explain.named.drawn import draws
from ...record.dialects.tensorflow import import_tensorflow
from ...sources.live import program_of_live
from ...sources.program import Wish
from ..sides import Port, Recorded, inputs_of

#: What functions call the argument that says that this is training.
_SWITCHES = ("training", "is_training", "train")
_ASSIGNING = ("AssignVariableOp", "AssignAddVariableOp", "AssignSubVariableOp")


class Training(NamedTuple):
    """``drawing``: ops that draw random numbers when a model is called in training.  ``still``: statistics that do not
    move."""

    drawing: int
    still: int

    def lost(self, before: "Training") -> str:
        """What it does no longer, or ""."""
        if self.drawing < before.drawing:
            return "in training it would draw fewer random numbers than before, which is another network"
        if self.still > before.still:
            return "in training it would no longer move its statistics, which is another network"
        return ""


def in_training(port: Port, legacy: Recorded) -> Training:
    """Of a function or a tf.Module that takes no switch, as it is called.  Raises CompatError where it cannot be called
    in training."""
    arrays = {name: array for name, (array, _) in legacy.inputs.items()}
    given = inputs_of(port.text, port._signed(arrays), arrays)
    wish = Wish({mine: arrays[theirs] for mine, theirs in given.items()})
    made = port.made if port.is_keras else _switched_on(port.made)
    program = program_of_live(port.text, made, wish, in_training=True)
    drawing = sum(draws(op.type) for op in program.graph.get_operations())
    moved = {
        op.inputs[0].name
        for op in program.operations
        if op.type in _ASSIGNING and op.inputs[1].dtype.name in UNIT_ROUNDOFF
    }
    tf = import_tensorflow()
    kinds = [tf.as_dtype(one.dtype).name for one in getattr(port.made, "non_trainable_variables", ())]
    return Training(drawing, sum(kind in UNIT_ROUNDOFF for kind in kinds) - len(moved))


def _switched_on(made: Any) -> Any:
    """The call with its switch, where it takes one, as in training."""
    call = (
        made.__call__ if hasattr(made, "variables") and not hasattr(made, "get_concrete_function") else made
    )
    try:
        parameters = inspect.signature(getattr(call, "python_function", call)).parameters
    except (TypeError, ValueError):
        return made
    switches = [name for name in _SWITCHES if name in parameters]
    return functools.partial(call, **{switches[0]: True}) if switches else made
