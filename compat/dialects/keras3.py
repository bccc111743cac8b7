"""``keras3``: Keras 3 on its TensorFlow backend."""

import os

from ..environment import release, tensorflow_version, version_of
from ..errors import Unsupported
from .base import Dialect, load
from .tensorflow import from_tensors, import_tensorflow, missing_tensorflow


class Keras3(Dialect):
    name = "keras3"

    def missing(self):
        if missing_tensorflow((2, 16)):
            return missing_tensorflow((2, 16))
        version = version_of("keras")
        return None if version and release(version) >= (3,) else "Keras 3 is not installed"

    def module(self):
        import_tensorflow()
        os.environ["KERAS_BACKEND"] = "tensorflow"

        def importer():
            import keras

            return keras

        return load(f"Keras {version_of('keras')}", importer)

    def compute(self, implementation, inputs, parameters):
        if any(fixture.dtype == "bfloat16" for fixture in inputs.values()):
            raise Unsupported("Keras 3 weights are set from NumPy arrays, which have no bfloat16")
        keras = self.module()
        keras.utils.clear_session(free_memory=False)
        arrays = [fixture.array for fixture in inputs.values()]
        return from_tensors(implementation(keras, *arrays, **parameters))
