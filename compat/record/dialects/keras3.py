"""``keras3``: Keras 3 on its TensorFlow backend, or on the one that ``KERAS_BACKEND`` names: JAX."""

import os
import traceback
from typing import Any, Callable, Dict, List, Optional

import numpy as np

from ...errors import CompatError, Unsupported
from ...graph.nodes import Keep, Trace
from ..versions import release, version_of
from .base import Dialect, Results, collect, load, named, only_plain_inputs
from .eager import EAGER_IS_OFF, heard
from .keras2 import flowing_and_weights
from .tensorflow import from_tensors, import_tensorflow, missing_tensorflow

_TENSORFLOW, _JAX = "tensorflow", "jax"


class Keras3(Dialect):
    name = "keras3"
    depends_on = ("tensorflow", "keras", "jax")
    order = 7

    def missing(self) -> Optional[str]:
        if _backend() == _TENSORFLOW and missing_tensorflow((2, 16)):
            return missing_tensorflow((2, 16))
        if _backend() not in (_TENSORFLOW, _JAX):
            return f"KERAS_BACKEND={_backend()}: Keras 3 is run on tensorflow or on jax"
        if _backend() == _JAX and not version_of("jax"):
            return "JAX is not installed"
        version = version_of("keras")
        return None if version and release(version) >= (3,) else "Keras 3 is not installed"

    def module(self) -> Any:
        if _backend() == _TENSORFLOW:
            import_tensorflow()
        os.environ["KERAS_BACKEND"] = _backend()

        def importer():
            import keras

            return keras

        return load(f"Keras {version_of('keras')}", importer)

    def compute(
        self, implementation: Callable[..., Any], inputs: Dict[str, Any], parameters: Dict[str, Any]
    ) -> Results:
        keras = self.module()
        if _backend() == _JAX:
            return _on_jax(keras, implementation, inputs, parameters)
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
        if _backend() == _JAX:
            raise Unsupported("a computation of JAX has no ops of TensorFlow to be seen")
        keras = self.module()
        keras.utils.clear_session(free_memory=False)
        tf = import_tensorflow()
        return heard(tf, lambda *given: implementation(keras, *given, **parameters), inputs, 1, keep)


def _backend() -> str:
    return os.environ.get("KERAS_BACKEND") or _TENSORFLOW


def _on_jax(
    keras: Any, implementation: Callable[..., Any], inputs: Dict[str, Any], parameters: Dict[str, Any]
) -> Results:
    arrays: List[Any] = only_plain_inputs("keras3 on JAX", inputs)
    keras.utils.clear_session(free_memory=False)
    first = keras.ops.convert_to_tensor(arrays[0], dtype=arrays[0].dtype.name)
    try:
        outputs = named(implementation(keras, first, *arrays[1:], **parameters))
    except Exception as error:
        if _in_tensorflow(error):
            raise Unsupported("it is spelled with TensorFlow, which takes no arrays of JAX") from None
        raise
    return collect({name: np.asarray(value) for name, value in outputs.items()})


def _in_tensorflow(error: BaseException) -> bool:
    """Whether it came out of a function of TensorFlow."""
    frames = traceback.walk_tb(error.__traceback__)
    return any(frame.f_globals.get("__name__", "").startswith("tensorflow.") for frame, _ in frames)
