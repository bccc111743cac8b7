"""``tf2.function``: the same operations traced into a ``tf.function``, then called once."""

from typing import Any, Callable, Dict, List

from .base import Results, named
from .eager import Eager
from .tensorflow import as_tensor, from_tensors, parts


class Function(Eager):
    name = "tf2.function"
    depends_on = ("tensorflow",)
    order = 5

    def compute(
        self, implementation: Callable[..., Any], inputs: Dict[str, Any], parameters: Dict[str, Any]
    ) -> Results:
        tf = self.module()
        tensors = [as_tensor(tf, fixture) for fixture in inputs.values()]
        # The outputs travel as a list: tf.function sorts a dict by name, and the order of flow matters.
        names: List[str] = []

        def traced(*arguments: Any) -> List[Any]:
            outputs = parts(named(implementation(tf, *arguments, **parameters)))
            names[:] = outputs
            return list(outputs.values())

        results = tf.function(traced, autograph=False)(*tensors)
        return from_tensors(dict(zip(names, results)))
