"""``tf2.function``: the same operations traced into a ``tf.function``, then called once."""

from .base import named
from .eager import Eager
from .tensorflow import as_tensor, from_tensors


class Function(Eager):
    name = "tf2.function"

    def compute(self, implementation, inputs, parameters):
        tf = self.module()
        tensors = [as_tensor(tf, fixture) for fixture in inputs.values()]
        # The outputs travel as a list: tf.function sorts a dict by name, and the order of flow matters.
        names = []

        def traced(*arguments):
            outputs = named(implementation(tf, *arguments, **parameters))
            names[:] = outputs
            return list(outputs.values())

        results = tf.function(traced, autograph=False)(*tensors)
        return from_tensors(dict(zip(names, results)))
