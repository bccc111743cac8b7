"""``tf1.session``: a graph with placeholders, computed by ``Session.run``.

In TensorFlow 1 the implementation gets ``tensorflow`` itself, in TensorFlow 2 ``tf.compat.v1``.
"""

from ..arrays import plain
from ..environment import tensorflow_version, threads
from .base import Dialect, named
from .tensorflow import import_tensorflow, missing_tensorflow


class Session(Dialect):
    name = "tf1.session"

    def missing(self):
        return missing_tensorflow()

    def module(self):
        tensorflow = import_tensorflow()
        return tensorflow if tensorflow_version() < (2,) else tensorflow.compat.v1

    def compute(self, implementation, inputs, parameters):
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
            initialise = tf.global_variables_initializer() if tf.global_variables() else None
            with tf.Session(graph=graph, config=config) as session:
                if initialise is not None:
                    session.run(initialise, feed)
                results = session.run(list(outputs.values()), feed)
        return {name: plain(result) for name, result in zip(outputs, results)}
