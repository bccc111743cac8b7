"""``tf1.session``: a graph with placeholders, computed by ``Session.run``.

In TensorFlow 1 the implementation gets ``tensorflow`` itself, in TensorFlow 2 ``tf.compat.v1``.
"""

import contextlib
from typing import Any, Callable, Dict, Iterator, NamedTuple, Optional

from ...graph.capture.session import one_by_one, traced
from ...graph.nodes import Keep, Trace
from ..versions import tensorflow_version, threads
from .base import Dialect, Results, named
from .tensorflow import fetched, frames, import_tensorflow, initializers, missing_tensorflow, symbolic


class Session(Dialect):
    name = "tf1.session"
    depends_on = ("tensorflow",)
    order = 3

    def missing(self) -> Optional[str]:
        return missing_tensorflow()

    def module(self) -> Any:
        tensorflow = import_tensorflow()
        return tensorflow if (tensorflow_version() or ()) < (2,) else tensorflow.compat.v1

    def compute(
        self, implementation: Callable[..., Any], inputs: Dict[str, Any], parameters: Dict[str, Any]
    ) -> Results:
        with self._built(implementation, inputs, parameters) as built:
            return fetched(lambda tensors: built.session.run(tensors, built.feed), built.outputs)

    def trace(
        self,
        implementation: Callable[..., Any],
        inputs: Dict[str, Any],
        parameters: Dict[str, Any],
        keep: Keep,
    ) -> Trace:
        tf = self.module()
        with frames(tf), self._built(implementation, inputs, parameters, as_it_is=True) as built:
            return traced(tf, built.session, symbolic(built.outputs), built.feed, keep, built.inputs)

    @contextlib.contextmanager
    def _built(
        self,
        implementation: Callable[..., Any],
        inputs: Dict[str, Any],
        parameters: Dict[str, Any],
        as_it_is: bool = False,
    ) -> Iterator["_Built"]:
        """The graph with its variables initialised.  ``as_it_is``: it runs node by node, none rewritten."""
        tf = self.module()
        config = tf.ConfigProto(intra_op_parallelism_threads=threads(), inter_op_parallelism_threads=1)
        config.graph_options.rewrite_options.disable_meta_optimizer = as_it_is
        with tf.Graph().as_default() as graph:
            feed, tensors = {}, {}
            for name, fixture in inputs.items():
                placeholder = tf.placeholder(fixture.array.dtype, fixture.array.shape, name=name)
                feed[placeholder] = fixture.array
                tensors[name] = (
                    tf.cast(placeholder, tf.bfloat16) if fixture.dtype == "bfloat16" else placeholder
                )
            with one_by_one(tf, graph, as_it_is):
                outputs = named(implementation(tf, *tensors.values(), **parameters))
            first = initializers(tf)
            with tf.Session(graph=graph, config=config) as session:
                for initializer in first:
                    session.run(initializer, feed)
                yield _Built(session, feed, tensors, outputs)


class _Built(NamedTuple):
    """``feed``: what is fed, by placeholder.  ``inputs``, ``outputs``: tensors by name."""

    session: Any
    feed: Dict[Any, Any]
    inputs: Dict[str, Any]
    outputs: Dict[str, Any]
