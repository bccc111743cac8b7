"""How a port is trained: the step that it takes of a batch, as ``fit`` takes it or as its own ``train_step`` does."""

from typing import Any, Dict, List, Sequence

from ..arrays import Array, plain
from ..errors import CompatError
from ..sources.functions import number_of
from ..sources.live import names_of
from .sides import Port

_NO_LOSS = (
    "--training: {}: the port has no loss and no optimiser: compile the model: "
    "model.compile(optimizer=..., loss=...)"
)
_NO_STEP = (
    "--training: {}: a {} that says nothing of its training: give it a method train_step(self, {}), which takes the "
    "gradients with a tf.GradientTape and steps its variables; or return a compiled Keras model"
)
#: What optimisers of Keras keep beside each variable, and what they called it up to 2.10.
_SLOTS = ("_momentums", "_velocities", "_accumulators", "_average_gradients", "momentums")
_SLOTS_BY_NAME = {
    "m": "momentums", "v": "velocities", "momentum": "momentums", "rms": "velocities", "mg": "average_gradients",
    "accumulator": "accumulators",
}  # fmt: skip


class Trained:
    """A model of Keras 2 or 3 that is compiled or has a ``train_step`` of its own, or a tf.Module that has one.

    Raises CompatError for a port that does not say how it is trained.
    """

    def __init__(self, port: Port) -> None:
        self.port, self.made = port, port.made
        step = getattr(self.made, "train_step", None)
        if not port.is_keras:
            if not callable(step) or not port.has_variables:
                kind = "tf.Module" if port.has_variables else type(self.made).__name__
                names = ", ".join(names_of(self.made.__call__ if port.has_variables else self.made) or ["x"])
                raise CompatError(_NO_STEP.format(port.text, kind, f"{names}, targets"))
            return
        compiled = getattr(self.made, "compiled", True) and getattr(self.made, "optimizer", None) is not None
        if not compiled and (step is None or _is_of_keras(step)):
            raise CompatError(_NO_LOSS.format(port.text))
        if hasattr(getattr(self.made, "optimizer", None), "inner_optimizer"):
            raise CompatError(
                f"--training: {port.text}: its optimiser scales the loss: give it the one within"
            )

    @property
    def dialect(self) -> str:
        if not self.port.is_keras:
            return "tf2.function"
        return "keras3" if hasattr(self.made, "quantize") else "keras2"

    @property
    def loss(self) -> str:
        """What the loss is called, as far as the model says; empty where it does not."""
        loss = (
            self.made._compile_loss._user_loss
            if getattr(self.made, "_compile_loss", None) is not None
            else getattr(self.made, "loss", None)
        )
        if loss is None or not self.port.is_keras:
            return ""
        return (loss if isinstance(loss, str) else getattr(loss, "name", _name(loss))).lower()

    def still(self) -> List[str]:
        """The variables that are not to be trained, by name."""
        trained = {number_of(one) for one in map(_held, self.made.trainable_variables)}
        return [name for name, one in self.port.variables().items() if number_of(one) not in trained]

    def step(self, inputs: Sequence[Any], names: List[str], target: Any, target_name: str) -> None:
        """A step of the batch.  ``names``: of the inputs."""
        model = self.made
        if not self.port.is_keras:
            self._step_of_module(dict(zip(names, inputs)), target, target_name)
            return
        given = inputs[0] if len(inputs) == 1 else list(inputs)
        if isinstance(getattr(model, "input", None) if getattr(model, "inputs", None) else None, dict):
            given = dict(zip(model.input, inputs))
        if hasattr(model, "train_step"):
            model.train_step((given, target))
            return
        from tensorflow.python.keras.engine import training_eager  # Keras of TensorFlow 2.1 has no train_step

        training_eager._process_single_batch(model, list(inputs), [target], training=True)

    def _step_of_module(self, inputs: Dict[str, Any], target: Any, target_name: str) -> None:
        """By the names of its arguments, or in the order of the inputs, the target last; or both as one."""
        values = {**inputs, target_name: target}
        names = names_of(self.made.train_step)
        if set(names) == set(values):
            self.made.train_step(*(values[name] for name in names))
        elif len(names) == len(values):
            self.made.train_step(*inputs.values(), target)
        elif len(names) == 1:
            given = list(inputs.values())
            self.made.train_step((given[0] if len(given) == 1 else given, target))
        else:
            raise CompatError(
                f"--training: {self.port.text}: its train_step takes {', '.join(names) or 'nothing'}; expected "
                f"{', '.join(values)}"
            )


def slots_of(optimizer: Any, variables: Dict[str, Any]) -> Dict[str, Dict[str, Array]]:
    """What an optimiser keeps, by the name of the slot and of the variable.  ``variables``: those that it trains."""
    found: Dict[str, Dict[str, Array]] = {}
    if hasattr(optimizer, "get_slot_names"):
        for slot in optimizer.get_slot_names():
            if slot in _SLOTS_BY_NAME:
                found[_SLOTS_BY_NAME[slot]] = {
                    name: value_of(optimizer.get_slot(one, slot)) for name, one in variables.items()
                }
        return found
    order = _order(optimizer, variables)
    for slot in _SLOTS:
        kept = getattr(optimizer, slot, None)
        if isinstance(kept, (list, tuple)) and len(kept) > max(order.values(), default=-1):
            found[slot.lstrip("_")] = {
                name: value_of(kept[place]) for name, place in order.items() if kept[place] is not None
            }
    return found


def _order(optimizer: Any, variables: Dict[str, Any]) -> Dict[str, int]:
    """The place of each variable in an optimiser's lists."""
    if hasattr(optimizer, "_index_dict"):  # Keras 2
        places = {name: optimizer._index_dict.get(optimizer._var_key(one)) for name, one in variables.items()}
        return {name: place for name, place in places.items() if place is not None}
    trained = getattr(optimizer, "_trainable_variables", None) or []
    by_number = {number_of(_held(one)): place for place, one in enumerate(trained)}
    return {name: by_number[number_of(one)] for name, one in variables.items() if number_of(one) in by_number}


def value_of(variable: Any) -> Array:
    return plain(_held(variable).numpy())[0].copy()


def _held(variable: Any) -> Any:
    """A variable of Keras 3 holds TensorFlow's."""
    value = getattr(variable, "value", None)
    return variable if value is None or callable(value) else value


def _name(loss: Any) -> str:
    return str(getattr(loss, "__name__", type(loss).__name__))


def _is_of_keras(step: Any) -> bool:
    return str(getattr(step, "__module__", "")).startswith(("keras", "tf_keras", "tensorflow"))
