"""``keras3``: Keras 3 on its TensorFlow backend."""

import os
from typing import Any, Callable, Dict, Optional

from ...errors import CompatError
from ...graph.nodes import Keep, Trace
from ..versions import release, version_of
from .base import Dialect, Results, load
from .eager import EAGER_IS_OFF, heard
from .keras2 import flowing_and_weights
from .tensorflow import from_tensors, import_tensorflow, missing_tensorflow


class Keras3(Dialect):
    name = "keras3"
    depends_on = ("tensorflow", "keras")
    order = 7

    def missing(self) -> Optional[str]:
        if missing_tensorflow((2, 16)):
            return missing_tensorflow((2, 16))
        version = version_of("keras")
        return None if version and release(version) >= (3,) else "Keras 3 is not installed"

    def module(self) -> Any:
        import_tensorflow()
        os.environ["KERAS_BACKEND"] = "tensorflow"

        def importer():
            import keras

            return keras

        return load(f"Keras {version_of('keras')}", importer)

    def compute(
        self, implementation: Callable[..., Any], inputs: Dict[str, Any], parameters: Dict[str, Any]
    ) -> Results:
        keras = self.module()
        if not import_tensorflow().executing_eagerly():
            raise CompatError(EAGER_IS_OFF)
        keras.utils.clear_session(free_memory=False)
        arguments = flowing_and_weights(import_tensorflow(), inputs)
        return from_tensors(implementation(keras, *arguments, **parameters))

    def trace(
        self,
        implementation: Callable[..., Any],
        inputs: Dict[str, Any],
        parameters: Dict[str, Any],
        keep: Keep,
    ) -> Trace:
        keras = self.module()
        keras.utils.clear_session(free_memory=False)
        tf = import_tensorflow()
        return heard(tf, lambda *given: implementation(keras, *given, **parameters), inputs, 1, keep)
