"""``tf2.eager``: TensorFlow 2 operations called one by one.

In TensorFlow 1.14 and 1.15 this is ``tf.compat.v2`` after ``enable_eager_execution()``, which
must come first in a process: hence a process of its own there.
"""

from typing import Any, Callable, Dict, Optional, Tuple

from ...errors import CompatError, Unsupported
from ...graph.capture.eager import listening
from ...graph.nodes import Keep, Trace
from ..alone import Alone
from ..versions import tensorflow_version, threads
from .base import Dialect, Results, named
from .tensorflow import as_tensor, from_tensors, import_tensorflow, missing_tensorflow, parts

#: An error, never "unsupported": what is asked for exists here.
EAGER_IS_OFF = (
    "eager execution was switched off in this process, by tf.disable_v2_behavior() or disable_eager_execution() in "
    "the case file or in what it imports: tf1.session needs neither, or import that within its implementation"
)


class Eager(Dialect):
    name = "tf2.eager"
    depends_on: Tuple[str, ...] = ("tensorflow",)
    order: float = 4

    @property
    def process(self) -> str:
        return "eager" if (tensorflow_version() or (2,)) < (2,) else "graph"

    def missing(self) -> Optional[str]:
        reason = missing_tensorflow((1, 14))
        return f"tf.compat.v2 {reason}" if reason and tensorflow_version() else reason

    def module(self) -> Any:
        tensorflow = import_tensorflow()
        if (tensorflow_version() or ()) < (2,):
            self._switch_on(tensorflow)
            return tensorflow.compat.v2
        if not tensorflow.executing_eagerly():
            raise CompatError(EAGER_IS_OFF)
        return tensorflow

    @staticmethod
    def _switch_on(tf):
        if tf.executing_eagerly():
            return
        config = tf.ConfigProto(intra_op_parallelism_threads=threads(), inter_op_parallelism_threads=1)
        try:
            tf.enable_eager_execution(config=config)
        except ValueError:
            raise Unsupported(
                "TensorFlow 1 switches eager execution on at start-up only: run this dialect alone"
            ) from None

    def compute(
        self, implementation: Callable[..., Any], inputs: Dict[str, Any], parameters: Dict[str, Any]
    ) -> Results:
        tf = self.module()
        tensors = [as_tensor(tf, fixture) for fixture in inputs.values()]
        return from_tensors(implementation(tf, *tensors, **parameters))

    def trace(
        self,
        implementation: Callable[..., Any],
        inputs: Dict[str, Any],
        parameters: Dict[str, Any],
        keep: Keep,
    ) -> Trace:
        tf = self.module()
        return heard(
            tf, lambda *tensors: implementation(tf, *tensors, **parameters), inputs, len(inputs), keep
        )


def heard(tf: Any, run: Callable[..., Any], inputs: Dict[str, Any], flowing: int, keep: Keep) -> Trace:
    """The Trace of ``run``, called with the first ``flowing`` inputs as tensors and the others as arrays."""
    with listening(tf, keep, Alone(keep)) as listener:
        arguments = []
        for number, (name, fixture) in enumerate(inputs.items()):
            arguments.append(as_tensor(tf, fixture) if number < flowing else fixture.array)
            listener.input(name, arguments[-1], fixture.dtype)
        return listener.trace(parts(named(run(*arguments))))
