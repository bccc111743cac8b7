"""A step of training of a port: its loss, gradients and statistics as a graph, and its optimiser's steps taken.

Loss and gradients are computed without writing anything, so that every tensor on the way is one of the trace; the
optimiser is the port's own, and really steps, twice: of a momentum the first step shows nothing.
"""

from typing import Any, Dict, List, NamedTuple, Tuple

import numpy as np

from ..arrays import Array, plain
from ..errors import CompatError
from ..record.dialects.tensorflow import import_tensorflow
from ..sources.functions import program_of
from ..sources.live import _by_path
from ..sources.program import Wish, point_of
from ..sources.tracing import trace_program
from .rates import rates_of_port
from .sides import Port, Recorded, Stacks, TracedPort, inputs_of

GRADIENT, AFTER = "gradient of {}", "{} after an update"
_NO_LOSS = (
    "--training: {}: the port has no loss and no optimiser: compile the model: "
    "model.compile(optimizer=..., loss=...)"
)
#: What optimisers of Keras keep beside each variable.
_SLOTS = ("_momentums", "_velocities", "_accumulators", "_average_gradients", "momentums")
_STEPS = 2
#: What layers draw in training.
_DRAWS = ("rate", "dropout", "recurrent_dropout", "stddev")


class PortStep(NamedTuple):
    """``traced``: forward in training mode, with the loss, the gradients and the statistics after an update as outputs.

    ``predictions``: names of the other outputs.  ``gradients``, ``statistics``: names of outputs by variable.
    ``states``: the variables before the first step, after it, after the second; ``steps``: the gradients of each.
    ``slots``: by name those after the first step, of each variable.  ``clips``: the numbers to which the optimiser
    clips.  ``notes``: what is to be said; ``left``: what is not judged.
    ``rates``: at later steps, ``scheduled``: by a schedule.
    """

    traced: TracedPort
    predictions: List[str]
    loss: str
    gradients: Dict[str, str]
    statistics: Dict[str, str]
    states: List[Dict[str, Array]]
    steps: List[Dict[str, Array]]
    slots: Dict[str, Dict[str, Array]]
    clips: List[float]
    notes: List[str]
    left: List[str]
    rates: List[float]
    scheduled: bool


def port_step(port: Port, legacy: Recorded) -> PortStep:
    """Raises CompatError for targets that are not clear, and a step that does not run."""
    return _Stepping(port, port.made, legacy).step()


def check_compiled(port: Port) -> None:
    """Raises CompatError for a port that does not say how it is trained."""
    model = port.made
    if not port.is_keras or not hasattr(model, "stateless_call"):
        raise CompatError(
            f"--training: {port.text}: expected a compiled model of Keras 3: what steps otherwise is not looked into"
        )
    if not getattr(model, "compiled", False) or getattr(model, "optimizer", None) is None:
        raise CompatError(_NO_LOSS.format(port.text))
    if type(model).train_step is not _trainer(model).train_step:
        raise CompatError(
            f"--training: {port.text}: its train_step is its own: what it does is not known; only fit's is judged"
        )


def _trainer(model: Any) -> Any:
    import keras

    return keras.Model


def _layers(model: Any) -> List[Any]:
    return list(model._flatten_layers()) if hasattr(model, "_flatten_layers") else list(model.layers)


def _without_draws(model: Any) -> List[str]:
    """What is random in training is set to nothing, as keep_prob 1 does on the other side; what that was, in lines."""
    found = []
    for layer in _layers(model):
        for name in _DRAWS:
            rate = getattr(layer, name, None)
            if isinstance(rate, (int, float)) and rate and (name != "rate" or hasattr(layer, "seed")):
                setattr(layer, name, 0.0)
                found.append(
                    f"{layer.name}: {name} {rate:g} is random in training: left out of what is compared"
                )
    return found


def _unrolled(model: Any) -> List[Any]:
    """Recurrent layers go step by step in the graph, where each is seen: the same numbers but for rounding."""
    found = [
        layer
        for layer in _layers(model)
        if getattr(layer, "unroll", None) is False and hasattr(layer, "cell")
    ]
    for layer in found:
        layer.unroll = True
    return found


class _Stepping:
    def __init__(self, port: Port, model: Any, legacy: Recorded) -> None:
        self._port, self._model = port, model
        self._tf = import_tensorflow()
        self._notes: List[str] = []
        arrays = {name: array for name, (array, _) in legacy.inputs.items()}
        self._program = port._signed(arrays)
        self._given = inputs_of(port.text, self._program, arrays)
        self._inputs = {mine: arrays[theirs] for mine, theirs in self._given.items()}
        self._target = self._chosen_target({n: a for n, a in arrays.items() if n not in self._given.values()})

    def _chosen_target(self, left: Dict[str, Array]) -> Tuple[str, Array]:
        """What is fed to the legacy graph and not to the port's, and is no switch or rate."""
        found = {name: array for name, array in left.items() if array.ndim}
        if len(found) > 1:
            named = [name for name in found if any(word in name.lower() for word in ("label", "target", "y"))]
            found = {name: found[name] for name in named} if len(named) == 1 else found
        if len(found) != 1:
            there = ", ".join(f"`{name}`" for name in found) or "none"
            raise CompatError(
                f"--training: {self._port.text}: which input of the legacy side is the target? There is {there} "
                "that the port does not take"
            )
        ((name, array),) = found.items()
        return name, self._in_the_form_of_the_loss(name, array)

    def _in_the_form_of_the_loss(self, name: str, array: Array) -> Array:
        """Classes as one of the two sides has them: whole numbers, or a row with a one."""
        loss = (
            self._model._compile_loss._user_loss
            if hasattr(self._model, "_compile_loss")
            else self._model.loss
        )
        said = (loss if isinstance(loss, str) else getattr(loss, "name", type(loss).__name__)).lower()
        sparse, categorical = "sparse" in said, "categorical" in said
        width = self._width()
        if sparse and array.ndim > 1 and width and array.shape[-1] == width > 1:
            self._notes.append(f"the port's targets: the place of the one in `{name}`")
            return array.argmax(-1).astype(np.int32)
        if categorical and not sparse and width and array.dtype.kind in "iu" and array.shape[-1:] != (width,):
            self._notes.append(f"the port's targets: `{name}` as rows with a one")
            return np.eye(width, dtype=np.float32)[array.reshape(len(array))]
        return array

    def _width(self) -> int:
        shape = next(iter(self._program.outputs.values())).shape
        return int(shape.as_list()[-1] or 0) if shape.ndims else 0

    # -- loss and gradients

    def step(self) -> PortStep:
        tf, model = self._tf, self._model
        model.optimizer.build(model.trainable_variables)
        name, target = self._target
        specs = {
            n: tf.TensorSpec(a.shape, t.dtype) for (n, a), t in zip(self._inputs.items(), self._tensors())
        }
        label = name if name not in specs else f"target {name}"
        specs[label] = tf.TensorSpec(target.shape, target.dtype)
        found: Dict[str, List[str]] = {}
        drawn = _without_draws(model)
        unrolled = _unrolled(model)

        def call(*tensors: Any) -> Dict[str, Any]:
            outputs, parts = self._computed(tensors)
            found.update(parts)
            return outputs

        program = program_of(self._port.text, tf, call, specs, "keras3", lambda: _by_path(model))
        given = dict(self._given, **{label: name})
        wish = Wish({**self._inputs, label: target}, "the legacy side's inputs")
        for layer in unrolled:
            layer.unroll = False
        traced = trace_program(program, wish, self._port.objects, lambda text: None, lambda done, total: None)
        first = {
            path: self._port.objects.read(traced.outputs[GRADIENT.format(path)].digest)
            for path in found["trained"]
        }
        states, steps, slots = self._steps(first)
        return PortStep(
            TracedPort(program, traced, given, Stacks(program.operations)), found["predictions"], "loss",
            {path: GRADIENT.format(path) for path in found["trained"]},
            {path: AFTER.format(path) for path in found["moved"]},
            states, steps, slots, self._clips(), self._notes + self._said(found),
            [*drawn, *self._hidden()], *rates_of_port(model.optimizer),
        )  # fmt: skip

    def _clips(self) -> List[float]:
        kept = [
            getattr(self._model.optimizer, name, None)
            for name in ("clipnorm", "clipvalue", "global_clipnorm")
        ]
        return [float(one) for one in kept if one is not None]

    def _hidden(self) -> List[str]:
        """What the port's optimiser does that two steps do not show."""
        optimizer = self._model.optimizer
        return [
            f"{name}=True of the port's optimiser, which two steps do not show: TensorFlow 1's optimisers have it not"
            for name in ("amsgrad", "use_ema")
            if getattr(optimizer, name, None) is True
        ]

    def _said(self, found: Dict[str, List[str]]) -> List[str]:
        return [
            f"the port's loss does not depend on {path}: its gradient is taken for zeros"
            for path in found["stopped"]
        ]

    def _tensors(self) -> List[Any]:
        return [self._program.inputs[name] for name in self._inputs]

    def _computed(self, tensors: Any) -> Tuple[Dict[str, Any], Dict[str, List[str]]]:
        """The outputs by name, and which variables they are of."""
        import keras

        tf, model = self._tf, self._model
        given = tensors[0] if len(tensors) == 2 else list(tensors[:-1])
        if isinstance(getattr(model, "input", None) if getattr(model, "inputs", None) else None, dict):
            given = dict(zip(model.input, tensors))
        trained, others = model.trainable_variables, model.non_trainable_variables
        values = [tf.convert_to_tensor(one.value) for one in trained]
        with tf.GradientTape() as tape:
            tape.watch(values)
            with keras.StatelessScope(state_mapping=list(zip(trained, values)), collect_losses=True) as scope:
                predicted = model(given, training=True)
                loss = model.compute_loss(x=given, y=tensors[-1], y_pred=predicted, training=True)
        gradients = tape.gradient(loss, values)
        outputs = dict(zip(self._names(predicted), tf.nest.flatten(predicted)))
        parts: Dict[str, List[str]] = {
            "predictions": list(outputs),
            "trained": [],
            "moved": [],
            "stopped": [],
        }
        outputs["loss"] = loss
        for variable, value, gradient in zip(trained, values, gradients):
            if gradient is None:
                parts["stopped"].append(variable.path)
            outputs[GRADIENT.format(variable.path)] = (
                tf.zeros_like(value) if gradient is None else tf.convert_to_tensor(gradient)
            )
            parts["trained"].append(variable.path)
        for variable in others:
            value = scope.get_current_value(variable)
            if value is not None and str(variable.dtype).startswith(("float", "bfloat")) and variable.shape:
                outputs[AFTER.format(variable.path)] = value
                parts["moved"].append(variable.path)
        return outputs, parts

    def _names(self, predicted: Any) -> List[str]:
        count = len(self._tf.nest.flatten(predicted))
        names = [str(name) for name in getattr(self._model, "output_names", None) or []]
        if len(names) != count or "loss" in names:
            names = list(self._program.outputs)
        return names if len(names) == count else [f"y{n}" for n in range(count)]

    # -- the optimiser

    def _steps(self, first: Dict[str, Array]) -> Any:
        """The port's own optimiser steps, and its statistics move."""
        tf, model = self._tf, self._model
        tensors = [tf.constant(a, t.dtype) for a, t in zip(self._inputs.values(), self._tensors())]
        tensors.append(tf.constant(self._target[1]))
        trained = model.trainable_variables
        states, steps, slots = [self._state()], [first], {}  # type: Any, Any, Dict[str, Dict[str, Array]]
        try:
            for number in range(_STEPS):
                outputs, _ = self._computed(tensors)
                if number:
                    steps.append({one.path: plain(outputs[GRADIENT.format(one.path)])[0] for one in trained})
                model.optimizer.apply([tf.constant(steps[-1][one.path]) for one in trained], trained)
                for one in model.non_trainable_variables:
                    if AFTER.format(one.path) in outputs:
                        one.assign(outputs[AFTER.format(one.path)])
                states.append(self._state())
                slots = slots or self._slots(trained)
        except Exception as error:
            raise CompatError(
                f"--training: {self._port.text}: its optimiser does not step: {point_of(error)}"
            ) from None
        return states, steps, slots

    def _state(self) -> Dict[str, Array]:
        return {one.path: plain(one.value)[0].copy() for one in self._model.trainable_variables}

    def _slots(self, trained: List[Any]) -> Dict[str, Dict[str, Array]]:
        optimizer = self._model.optimizer
        found: Dict[str, Dict[str, Array]] = {}
        for name in _SLOTS:
            kept = getattr(optimizer, name, None)
            if isinstance(kept, (list, tuple)) and len(kept) == len(trained):
                found[name.lstrip("_")] = {
                    one.path: plain(slot.value)[0].copy()
                    for one, slot in zip(trained, kept)
                    if slot is not None
                }
        return found
