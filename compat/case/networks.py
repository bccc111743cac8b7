"""What the cases of networks share: weights that are held by variables, and counted."""

from typing import Any, Callable, Dict, Iterable, List, Mapping, Sequence


def held(tf: Any, weights: Sequence[Any]) -> List[Any]:
    """A TensorFlow 1 graph's variables that begin as these tensors."""
    return [tf.get_variable(f"weights_{number}", initializer=w) for number, w in enumerate(weights)]


def counted(tf: Any, tensors: Mapping[str, Any], variables: Iterable[Any]) -> Dict[str, Any]:
    """``tensors`` with one more, ``parameters``: how many numbers the variables hold, int32."""
    total = sum(variable.shape.num_elements() for variable in variables)
    return dict(tensors, parameters=tf.constant(total, tf.int32))


def counted_by_keras(keras: Any, tensors: Mapping[str, Any], model: Any, fixed: int = 0) -> Dict[str, Any]:
    """``counted`` of a Keras model's weights, less those that are ``fixed``."""
    constant = keras.ops.convert_to_tensor if hasattr(keras, "ops") else keras.backend.constant
    return dict(tensors, parameters=constant(model.count_params() - fixed, dtype="int32"))


def module(tf: Any, build: Callable[..., Any], weights: Sequence[Any]) -> Any:
    """A ``tf.Module`` that holds the weights in variables and calls ``build(tf, x, *variables)``."""

    class Network(tf.Module):
        def __init__(self):
            super().__init__()
            self.held = [tf.Variable(w) for w in weights]

        def __call__(self, x):
            return build(tf, x, *self.held)

    return Network()
