"""A step of training of a port: its loss, gradients and statistics as a graph, and its optimiser's steps taken.

The step is the port's own, of ``fit`` or of its ``train_step``, and is really taken, twice: of a momentum the first
step shows nothing.  As a graph it is taken without writing anything, so that every tensor on the way is of the trace.
"""

import contextlib
from typing import Any, Dict, Iterator, List, NamedTuple, Tuple

import numpy as np

from ..arrays import Array
from ..errors import CompatError
from ..record.dialects.tensorflow import import_tensorflow
from ..sources.functions import program_of
from ..sources.program import Wish, point_of
from ..sources.tracing import trace_program
from .rates import rates_of_port
from .sides import Recorded, Stacks, TracedPort, inputs_of
from .trained import Trained, slots_of, value_of
from .watching import Watching

GRADIENT, AFTER = "gradient of {}", "{} after an update"
_STEPS = 2
#: What layers draw in training.
_DRAWS = ("rate", "dropout", "recurrent_dropout", "stddev")
#: What layers of Keras 2 call it that their loop may be a kernel.
_KERNELS = ("_could_use_gpu_kernel", "could_use_cudnn", "_could_use_cudnn")


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


def port_step(trained: Trained, legacy: Recorded) -> PortStep:
    """Raises CompatError for targets that are not clear, and a step that does not run."""
    return _Stepping(trained, legacy).step()


def _layers(model: Any) -> List[Any]:
    if hasattr(model, "_flatten_layers"):
        return list(model._flatten_layers())
    return list(model.layers if hasattr(model, "layers") else model.submodules)


def _without_draws(model: Any) -> List[str]:
    """What is random in training is set to nothing, as keep_prob 1 does on the other side; what that was, in lines."""
    found = []
    for layer in _layers(model):
        for name in _DRAWS:
            rate = getattr(layer, name, None)
            if isinstance(rate, (int, float)) and rate and (name != "rate" or hasattr(layer, "seed")):
                with contextlib.suppress(AttributeError):  # a property, of the cell that comes as well
                    setattr(layer, name, 0.0)
                    found.append(
                        f"{layer.name}: {name} {rate:g} is random in training: left out of what is compared"
                    )
    return found


@contextlib.contextmanager
def _unrolled(model: Any) -> Iterator[None]:
    """Recurrent layers go step by step in the graph, where each is seen: the same numbers but for rounding."""
    undo = []
    for layer in _layers(model):
        if getattr(layer, "unroll", None) is False and hasattr(layer, "cell"):
            for name, value in (("unroll", True), *((kernel, False) for kernel in _KERNELS)):
                if hasattr(layer, name):
                    undo.append((layer, name, getattr(layer, name)))
                    setattr(layer, name, value)
    try:
        yield
    finally:
        for layer, name, before in undo:
            setattr(layer, name, before)


class _Stepping:
    def __init__(self, trained: Trained, legacy: Recorded) -> None:
        self._trained, self._port, self._model = trained, trained.port, trained.made
        self._tf = import_tensorflow()
        self._notes: List[str] = []
        self._left: List[str] = []
        arrays = {name: array for name, (array, _) in legacy.inputs.items()}
        self._program = self._port._signed(arrays)
        self._given = inputs_of(self._port.text, self._program, arrays)
        self._inputs = {mine: arrays[theirs] for mine, theirs in self._given.items()}
        self._variables = self._port.variables()
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
        said = self._trained.loss
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
        tf = self._tf
        drawn = _without_draws(self._model)
        states, steps, slots, optimizer = self._steps()
        name, target = self._target
        specs = {
            n: tf.TensorSpec(a.shape, t.dtype) for (n, a), t in zip(self._inputs.items(), self._tensors())
        }
        label = name if name not in specs else f"target {name}"
        specs[label] = tf.TensorSpec(target.shape, target.dtype)
        found: Dict[str, List[str]] = {}

        def call(*tensors: Any) -> Dict[str, Any]:
            outputs, parts = self._computed(tensors)
            found.update(parts)
            return outputs

        with _unrolled(self._model):
            program = program_of(
                self._port.text, tf, call, specs, self._trained.dialect, self._port.variables
            )
        given = dict(self._given, **{label: name})
        wish = Wish({**self._inputs, label: target}, "the legacy side's inputs")
        traced = trace_program(program, wish, self._port.objects, lambda text: None, lambda done, total: None)
        rates, scheduled = rates_of_port(optimizer) if optimizer is not None else ([], False)
        return PortStep(
            TracedPort(program, traced, given, Stacks(program.operations)), found["predictions"], "loss",
            {path: GRADIENT.format(path) for path in found["trained"]},
            {path: AFTER.format(path) for path in found["moved"]},
            states, steps, slots, _clips(optimizer), self._notes + _said(found, optimizer),
            [*drawn, *_left(found), *_hidden(optimizer)], rates, scheduled,
        )  # fmt: skip

    def _tensors(self) -> List[Any]:
        return [self._program.inputs[name] for name in self._inputs]

    def _computed(self, tensors: Any) -> Tuple[Dict[str, Any], Dict[str, List[str]]]:
        """The outputs by name, and which variables they are of."""
        tf = self._tf
        seen = Watching(tf, self._model, self._variables)
        with seen.here(held=True):
            self._trained.step(tensors[:-1], list(self._inputs), tensors[-1], self._target[0])
        predicted = tf.nest.flatten(seen.predicted) if seen.predicted is not None else []
        outputs = dict(zip(self._names(len(predicted)), predicted))
        parts: Dict[str, List[str]] = {"predictions": list(outputs), "trained": list(seen.gradients)}
        outputs["loss"] = seen.losses[0]
        for name, gradient in seen.gradients.items():
            outputs[GRADIENT.format(name)] = self._dense(gradient, self._variables[name])
        parts["stopped"] = [name for name, gradient in seen.gradients.items() if gradient is None]
        still = {
            name
            for name, one in self._variables.items()
            if name not in seen.gradients and one.dtype.is_floating and one.shape.rank
        }
        for name in still:  # what nothing assigns stays as it is
            outputs[AFTER.format(name)] = seen.before.get(name, self._variables[name].read_value())
        behind = {name: one for name, one in seen.behind.items() if name in still}
        # What follows from the gradients is the optimiser's.
        parts["late"] = [name for name, one in behind.items() if not seen.follows_from_gradients(one)]
        parts["again"] = [name for name in dict.fromkeys(seen.again) if name in still and name not in behind]
        parts["moved"] = [name for name in self._variables if name in still and name not in behind]
        return outputs, parts

    def _dense(self, gradient: Any, variable: Any) -> Any:
        if gradient is None:
            return self._tf.zeros(variable.shape, variable.dtype)
        return self._tf.convert_to_tensor(gradient)

    def _names(self, count: int) -> List[str]:
        names = [str(name) for name in getattr(self._model, "output_names", None) or []]
        if len(names) != count or "loss" in names:
            names = list(self._program.outputs)
        return names if len(names) == count else [f"y{n}" for n in range(count)]

    # -- the steps taken

    def _steps(self) -> Any:
        """The port steps, its statistics move; then it is as it was.  With it the optimiser, where one is seen."""
        tf = self._tf
        tensors = [tf.constant(a, t.dtype) for a, t in zip(self._inputs.values(), self._tensors())]
        target = tf.constant(self._target[1])
        start = {name: one.numpy() for name, one in self._variables.items()}
        states, steps, slots = [self._state()], [], {}  # type: Any, Any, Dict[str, Dict[str, Array]]
        for _ in range(_STEPS):
            seen = Watching(tf, self._model, self._variables)
            try:
                with seen.here(held=False):
                    self._trained.step(tensors, list(self._inputs), target, self._target[0])
            except CompatError:
                raise
            except Exception as error:
                raise CompatError(
                    f"--training: {self._port.text}: its step of training does not run: {point_of(error)}"
                ) from None
            self._check(seen)
            trained = {name: self._variables[name] for name in seen.gradients}
            steps.append(
                {name: value_of(self._dense(g, trained[name])) for name, g in seen.gradients.items()}
            )
            states.append(self._state())
            optimizer = seen.optimizers[0] if seen.optimizers else None
            slots = slots or (slots_of(optimizer, trained) if optimizer is not None else {})
        for name, value in start.items():
            self._variables[name].assign(value)
        return states, steps, slots, optimizer

    def _check(self, seen: Watching) -> None:
        """Raises CompatError for a step that is not one of one loss."""
        what = ""
        if not seen.losses:
            what = "takes no gradients of the port's variables with a tf.GradientTape"
        elif len(seen.losses) > 1:
            what = f"takes the gradients of {len(seen.losses)} losses"
        elif len(self._tf.nest.flatten(seen.losses[0])) > 1:
            what = "takes the gradients of several tensors at once"
        elif len(seen.optimizers) > 1:
            what = f"has {len(seen.optimizers)} optimisers"
        if what:
            raise CompatError(
                f"--training: {self._port.text}: its train_step {what}: what is judged is one loss, one gradient of "
                "each variable, one optimiser"
            )

    def _state(self) -> Dict[str, Array]:
        return {name: value_of(one) for name, one in self._variables.items()}


def _clips(optimizer: Any) -> List[float]:
    kept = [getattr(optimizer, name, None) for name in ("clipnorm", "clipvalue", "global_clipnorm")]
    return [float(one) for one in kept if one is not None]


def _hidden(optimizer: Any) -> List[str]:
    """What the port's optimiser does that two steps do not show."""
    return [
        f"{name}=True of the port's optimiser, which two steps do not show: TensorFlow 1's optimisers have it not"
        for name in ("amsgrad", "use_ema")
        if getattr(optimizer, name, None) is True
    ]


def _said(found: Dict[str, List[str]], optimizer: Any) -> List[str]:
    stopped = [
        f"the port's loss does not depend on {path}: its gradient is taken for zeros"
        for path in found["stopped"]
    ]
    own = "the port's optimiser is its own: its slots, and its rate after two steps, are not compared"
    return stopped if optimizer is not None else [*stopped, own]


def _left(found: Dict[str, List[str]]) -> List[str]:
    return [f"{path} is assigned after the gradients were taken" for path in found["late"]] + [
        f"{path} after an update: it is assigned more than once in a step" for path in found["again"]
    ]
