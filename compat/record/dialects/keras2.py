"""``keras2``: ``tf.keras`` up to TensorFlow 2.15, the package ``tf_keras`` after it.

Implementations get the first input as the tensor that flows through the layers and the others as
arrays; they build a layer, ``set_weights`` and call it.  In TensorFlow 1 the tensor is a placeholder
of Keras's graph, and Keras's session computes the result.
"""

import contextlib
from typing import Any, Callable, Dict, Iterator, List, Optional, Tuple

from ...errors import CompatError, Unsupported
from ...graph.capture.session import one_by_one, traced
from ...graph.nodes import Keep, Trace
from ..versions import tensorflow_version, threads, version_of
from .base import Dialect, Results, load, named
from .eager import EAGER_IS_OFF, heard
from .tensorflow import as_tensor, fetched, from_tensors, import_tensorflow, missing_tensorflow, symbolic

_KERAS_3_IS_TF_KERAS = (2, 16)


class Keras2(Dialect):
    name = "keras2"
    depends_on = ("tensorflow", "tf_keras")
    order = 6

    def missing(self) -> Optional[str]:
        if missing_tensorflow():
            return missing_tensorflow()
        if (tensorflow_version() or ()) >= _KERAS_3_IS_TF_KERAS and not version_of("tf_keras"):
            return "from TensorFlow 2.16 Keras 2 is the package tf_keras, which is not installed"
        return None

    def module(self) -> Any:
        tensorflow = import_tensorflow()
        if (tensorflow_version() or ()) < _KERAS_3_IS_TF_KERAS:
            return tensorflow.keras

        def importer():
            import tf_keras

            return tf_keras

        return load(f"tf_keras {version_of('tf_keras')}", importer)

    def compute(
        self, implementation: Callable[..., Any], inputs: Dict[str, Any], parameters: Dict[str, Any]
    ) -> Results:
        keras = self.module()
        keras.backend.clear_session()
        if (tensorflow_version() or ()) >= (2,):
            if not import_tensorflow().executing_eagerly():
                raise CompatError(EAGER_IS_OFF)
            arguments = flowing_and_weights(import_tensorflow(), inputs)
            return from_tensors(implementation(keras, *arguments, **parameters))
        with _in_session(keras, implementation, list(inputs.values()), parameters) as (
            session,
            feed,
            _,
            outputs,
        ):
            return fetched(lambda tensors: session.run(tensors, feed), outputs)

    def trace(
        self,
        implementation: Callable[..., Any],
        inputs: Dict[str, Any],
        parameters: Dict[str, Any],
        keep: Keep,
    ) -> Trace:
        keras, tf = self.module(), import_tensorflow()
        keras.backend.clear_session()
        if (tensorflow_version() or ()) >= (2,):
            return heard(tf, lambda *given: implementation(keras, *given, **parameters), inputs, 1, keep)
        with _in_session(keras, implementation, list(inputs.values()), parameters, as_it_is=True) as (
            session,
            feed,
            first,
            outputs,
        ):
            return traced(tf, session, symbolic(outputs), feed, keep, {next(iter(inputs)): first})


def flowing_and_weights(tf: Any, inputs: Dict[str, Any]) -> List[Any]:
    """The first input as the tensor that flows through the layers, the others as arrays."""
    first, *others = inputs.values()
    return [as_tensor(tf, first)] + [fixture.array for fixture in others]


@contextlib.contextmanager
def _in_session(
    keras: Any,
    implementation: Callable[..., Any],
    fixtures: List[Any],
    parameters: Dict[str, Any],
    as_it_is: bool = False,
) -> Iterator[Tuple[Any, Dict[Any, Any], Any, Dict[str, Any]]]:
    """(session, what to feed, the first input's tensor, the outputs by name).

    ``as_it_is``: the graph runs node by node, none rewritten.
    """
    tf = import_tensorflow()
    if tf.executing_eagerly():
        raise Unsupported("Keras of TensorFlow 1 is run as a graph: not in a process with eager execution on")
    if any(fixture.dtype == "bfloat16" for fixture in fixtures):
        raise Unsupported("Keras of TensorFlow 1 knows no bfloat16")
    config = tf.ConfigProto(intra_op_parallelism_threads=threads(), inter_op_parallelism_threads=1)
    config.graph_options.rewrite_options.disable_meta_optimizer = as_it_is
    graph = tf.get_default_graph()
    with tf.Session(graph=graph, config=config) as session:
        keras.backend.set_session(session)
        first = tf.placeholder(fixtures[0].array.dtype, fixtures[0].array.shape)
        weights = [fixture.array for fixture in fixtures[1:]]
        with one_by_one(tf, graph, as_it_is):
            outputs = named(implementation(keras, first, *weights, **parameters))
        yield keras.backend.get_session(), {first: fixtures[0].array}, first, outputs
