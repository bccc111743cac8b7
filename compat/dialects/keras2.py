"""``keras2``: ``tf.keras`` up to TensorFlow 2.15, the package ``tf_keras`` after it.

Implementations get arrays, build a layer, ``set_weights`` and call it. In TensorFlow 1 the call
adds to Keras's own graph and its session computes the result.
"""

from ..arrays import plain
from ..environment import tensorflow_version, threads, version_of
from ..errors import Unsupported
from .base import Dialect, load, named
from .tensorflow import from_tensors, import_tensorflow, missing_tensorflow

_KERAS_3_IS_TF_KERAS = (2, 16)


class Keras2(Dialect):
    name = "keras2"

    def missing(self):
        if missing_tensorflow():
            return missing_tensorflow()
        if tensorflow_version() >= _KERAS_3_IS_TF_KERAS and not version_of("tf_keras"):
            return "from TensorFlow 2.16 Keras 2 is the package tf_keras, which is not installed"
        return None

    def module(self):
        tensorflow = import_tensorflow()
        if tensorflow_version() < _KERAS_3_IS_TF_KERAS:
            return tensorflow.keras

        def importer():
            import tf_keras

            return tf_keras

        return load(f"tf_keras {version_of('tf_keras')}", importer)

    def compute(self, implementation, inputs, parameters):
        keras = self.module()
        if any(fixture.dtype == "bfloat16" for fixture in inputs.values()):
            raise Unsupported("Keras 2 weights are set from NumPy arrays, which have no bfloat16")
        arrays = [fixture.array for fixture in inputs.values()]
        if tensorflow_version() >= (2,):
            keras.backend.clear_session()
            return from_tensors(implementation(keras, *arrays, **parameters))
        return _in_session(keras, implementation, arrays, parameters)


def _in_session(keras, implementation, arrays, parameters):
    tf = import_tensorflow()
    if tf.executing_eagerly():
        raise Unsupported("Keras of TensorFlow 1 is run as a graph: not in a process with eager execution on")
    keras.backend.clear_session()
    config = tf.ConfigProto(intra_op_parallelism_threads=threads(), inter_op_parallelism_threads=1)
    keras.backend.set_session(tf.Session(graph=tf.get_default_graph(), config=config))
    outputs = named(implementation(keras, *arrays, **parameters))
    session = keras.backend.get_session()
    fetched = {
        name: session.run(value) if isinstance(value, tf.Tensor) else value for name, value in outputs.items()
    }
    session.close()
    return {name: plain(value) for name, value in fetched.items()}
