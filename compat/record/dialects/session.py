"""``tf1.session``: a graph with placeholders, computed by ``Session.run``.

In TensorFlow 1 the implementation gets ``tensorflow`` itself, in TensorFlow 2 ``tf.compat.v1``.
"""

from typing import Any, Callable, Dict, Optional

from ..versions import tensorflow_version, threads
from .base import Dialect, Results, named
from .tensorflow import fetched, import_tensorflow, initializers, missing_tensorflow


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
        tf = self.module()
        config = tf.ConfigProto(intra_op_parallelism_threads=threads(), inter_op_parallelism_threads=1)
        with tf.Graph().as_default() as graph:
            feed, tensors = {}, []
            for name, fixture in inputs.items():
                placeholder = tf.placeholder(fixture.array.dtype, fixture.array.shape, name=name)
                feed[placeholder] = fixture.array
                tensors.append(
                    tf.cast(placeholder, tf.bfloat16) if fixture.dtype == "bfloat16" else placeholder
                )
            outputs = named(implementation(tf, *tensors, **parameters))
            first = initializers(tf)
            with tf.Session(graph=graph, config=config) as session:
                for initializer in first:
                    session.run(initializer, feed)
                return fetched(lambda tensors: session.run(tensors, feed), outputs)
