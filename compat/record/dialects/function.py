"""``tf2.function``: the same operations traced into a ``tf.function``, then called once."""

from typing import Any, Callable, Dict, List, Tuple

from .base import Results, named
from .eager import Eager
from .tensorflow import as_tensor, from_tensors, parts


class Function(Eager):
    name = "tf2.function"
    depends_on: Tuple[str, ...] = ("tensorflow",)
    order = 5
    #: Of ``tf.function``.
    settings: Dict[str, Any] = {}

    def compute(
        self, implementation: Callable[..., Any], inputs: Dict[str, Any], parameters: Dict[str, Any]
    ) -> Results:
        tf = self.module()
        function, tensors, names = self.function(tf, implementation, inputs, parameters)
        results = function(*tensors)
        return from_tensors(dict(zip(names, results)))

    def function(
        self, tf: Any, implementation: Callable[..., Any], inputs: Dict[str, Any], parameters: Dict[str, Any]
    ) -> Tuple[Any, List[Any], List[str]]:
        """(the ``tf.function``, what to call it with, the names of its outputs once it was traced)."""
        # The outputs travel as a list: tf.function sorts a dict by name, and the order of flow matters.
        names: List[str] = []

        def traced(*arguments: Any) -> List[Any]:
            outputs = parts(named(implementation(tf, *arguments, **parameters)))
            names[:] = outputs
            return list(outputs.values())

        tensors = [as_tensor(tf, fixture) for fixture in inputs.values()]
        return tf.function(traced, autograph=False, **self.settings), tensors, names
