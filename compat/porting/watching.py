"""What a step of training shows while it is taken, whoever wrote it: the loss, the gradients, what is assigned.

The gradients are those that a ``tf.GradientTape`` gives, before anybody clips them.  ``held``: nothing is written, and
what a variable would have afterwards is kept as a tensor instead; so a step can be traced as a graph.
"""

import contextlib
import inspect
import sys
from typing import Any, Callable, Dict, Iterator, List, Set, Tuple

from ..sources.functions import number_of
from .construction import unconverted

_STEPPING = ("apply_gradients", "apply")
_ASSIGNING = ("assign", "assign_add", "assign_sub")
_NOTHING = object()


class Watching:
    """``predicted``: what the first call of the port returned, None where there was none.  ``losses``: what gradients
    were taken of.  ``gradients``: by variable, None where the loss does not depend on it.  ``before``, ``behind``: what
    was assigned, by variable, before and after the gradients were taken.  ``again``: what was assigned twice.
    ``optimizers``: those that stepped."""

    def __init__(self, tf: Any, made: Any, variables: Dict[str, Any]) -> None:
        self._tf, self._made, self._variables = tf, made, variables
        self._names = {number_of(variable): name for name, variable in variables.items()}
        self.predicted: Any = None
        self.losses: List[Any] = []
        self.gradients: Dict[str, Any] = {}
        self.before: Dict[str, Any] = {}
        self.behind: Dict[str, Any] = {}
        self.again: List[str] = []
        self.optimizers: List[Any] = []

    @contextlib.contextmanager
    def here(self, held: bool) -> Iterator[None]:
        undo: List[Tuple[Any, str, Any]] = []

        def put(owner: Any, name: str, wrap: Callable[[Any], Any]) -> None:
            undo.append((owner, name, vars(owner).get(name, _NOTHING)))
            setattr(owner, name, wrap(inspect.getattr_static(owner, name)))

        try:
            put(self._tf.GradientTape, "gradient", self._differentiating)
            put(type(self._made), "__call__", self._calling)
            for base in _optimizers():
                for name in _STEPPING:
                    if name in vars(base):
                        put(base, name, lambda step: self._stepping(step, held))
            for variable in self._variables.values() if held else ():
                for name in _ASSIGNING:
                    put(variable, name, self._holding(variable, name))
            with _at_once(self._tf):
                yield
        finally:
            for owner, name, before in reversed(undo):
                if before is _NOTHING:
                    delattr(owner, name)
                else:
                    setattr(owner, name, before)

    def _calling(self, call: Any) -> Any:
        def called(model: Any, *arguments: Any, **settings: Any) -> Any:
            bound = call.__get__(model, type(model)) if hasattr(call, "__get__") else call
            result = bound(*arguments, **settings)
            if model is self._made and self.predicted is None:
                self.predicted = result
            return result

        return unconverted(called, call)

    def _differentiating(self, gradient: Any) -> Any:
        def differentiated(tape: Any, target: Any, sources: Any, *arguments: Any, **settings: Any) -> Any:
            found = gradient(tape, target, sources, *arguments, **settings)
            flatten = self._tf.nest.flatten
            met = False
            for source, one in zip(flatten(sources), flatten(found)):
                name = self._names.get(number_of(_held(source)))
                if name is not None:
                    met = True
                    self.gradients[name] = one
            if met and not any(target is other for other in self.losses):
                self.losses.append(target)
            return found

        return unconverted(differentiated, gradient)

    def _stepping(self, step: Any, held: bool) -> Any:
        def stepped(optimizer: Any, *arguments: Any, **settings: Any) -> Any:
            if not any(optimizer is one for one in self.optimizers):
                self.optimizers.append(optimizer)
            return None if held else step(optimizer, *arguments, **settings)

        return unconverted(stepped, step)

    def _holding(self, variable: Any, name: str) -> Callable[[Any], Any]:
        own = self._names[number_of(variable)]

        def wrap(assign: Any) -> Any:
            def held(value: Any, *arguments: Any, **settings: Any) -> Any:
                value = self._tf.convert_to_tensor(value, variable.dtype)
                kept = self.behind if self.gradients else self.before
                if own in self.before or own in self.behind:
                    self.again.append(own)
                if name != "assign":
                    start = self.behind.get(own, self.before.get(own))
                    start = variable.read_value() if start is None else start
                    value = start + value if name == "assign_add" else start - value
                kept[own] = value
                return variable

            return unconverted(held, assign)

        return wrap

    def follows_from_gradients(self, tensor: Any) -> bool:
        """Whether a tensor of the graph that is built follows from one of the gradients, as a slot does."""
        there = {getattr(one, "op", None) for one in map(self._dense, self.gradients.values())} - {None}
        met: Set[Any] = set()
        waiting = [tensor.op]
        while waiting:
            op = waiting.pop()
            if op in there:
                return True
            if op not in met:
                met.add(op)
                waiting += [one.op for one in op.inputs]
        return False

    def _dense(self, gradient: Any) -> Any:
        return getattr(gradient, "values", gradient)  # of rows of a table


def _held(variable: Any) -> Any:
    """A variable of Keras 3 holds TensorFlow's."""
    value = getattr(variable, "value", None)
    return variable if value is None or callable(value) else value


def _optimizers() -> List[Any]:
    """The classes that say how optimisers of any Keras step."""
    found: List[Any] = []
    tensorflow: Any = sys.modules.get("tensorflow")
    for keras in (sys.modules.get("keras"), sys.modules.get("tf_keras"), getattr(tensorflow, "keras", None)):
        optimizers = getattr(keras, "optimizers", None)
        legacy = getattr(optimizers, "legacy", None)
        for kind in (getattr(optimizers, "Optimizer", None), getattr(legacy, "Optimizer", None)):
            for base in getattr(kind, "__mro__", ()):
                if base not in found and any(name in vars(base) for name in _STEPPING):
                    found.append(base)
    return found


@contextlib.contextmanager
def _at_once(tf: Any) -> Iterator[None]:
    """A tf.function within the step is run, or traced, as what it is made of."""
    say = getattr(tf.config, "run_functions_eagerly", None) or tf.config.experimental_run_functions_eagerly
    asked = getattr(tf.config, "functions_run_eagerly", None)
    before = asked() if asked is not None else False
    say(True)
    try:
        yield
    finally:
        say(before)
