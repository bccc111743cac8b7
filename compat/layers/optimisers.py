"""Gradient descent in the forms of TF1's ``tf.train``, with its formulas and its defaults.

An optimiser is called with two dicts of arrays with the same names, parameters and gradients, as
``Sequential`` gives them, and changes the parameters in place.  What it remembers (``slots``) has the
parameters' dtype, as in TensorFlow.  Formulas: ``tensorflow/core/kernels/training_ops.cc``.
"""

from typing import Any, ClassVar, Dict

import numpy as np

from ..arrays import Array


class Optimiser:
    """What they share: a step over all parameters, and the memory of each."""

    #: name of a slot -> the value that it starts with
    initial: ClassVar[Dict[str, int]] = {}

    def __init__(self, learning_rate: float) -> None:
        if not learning_rate >= 0:
            raise ValueError(f"learning_rate={learning_rate!r}: expected a number that is not negative")
        self.learning_rate = learning_rate
        self.steps = 0
        self.slots: Dict[str, Dict[str, Array]] = {}

    def __call__(self, parameters: Dict[str, Array], gradients: Dict[str, Array]) -> None:
        """One step: changes every array of ``parameters`` in place.

        Raises ValueError for names, shapes or a missing backward pass (None) that do not match.
        """
        self.steps += 1
        if set(parameters) != set(gradients):
            raise ValueError(f"gradients are of {sorted(gradients)}: expected those of {sorted(parameters)}")
        for name, value in parameters.items():
            gradient = gradients[name]
            if np.shape(gradient) != value.shape:
                raise ValueError(
                    f"gradients[{name!r}] has shape {np.shape(gradient)}: expected {value.shape} (was "
                    "backward run?)"
                )
            slots = self.slots.setdefault(
                name, {slot: np.full_like(value, start) for slot, start in self.initial.items()}
            )
            self.update(value, gradient, **slots)

    def update(self, value: Array, gradient: Array, *more: Any, **slots: Any) -> None:
        """One step of one array, in place."""
        raise NotImplementedError


class GradientDescent(Optimiser):
    """value -= learning_rate * g (``tf.train.GradientDescentOptimizer``)."""

    def update(self, value: Array, gradient: Array) -> None:
        value -= value.dtype.type(self.learning_rate) * gradient


class Momentum(Optimiser):
    """accumulator = momentum * accumulator + g; value -= learning_rate * accumulator.

    With nesterov=True: value -= learning_rate * (g + momentum * accumulator)
    (``tf.train.MomentumOptimizer``).
    """

    initial: ClassVar[Dict[str, int]] = {"accumulator": 0}

    def __init__(self, learning_rate: float, momentum: float = 0.9, nesterov: bool = False) -> None:
        super().__init__(learning_rate)
        self.momentum, self.nesterov = momentum, nesterov

    def update(self, value: Array, gradient: Array, accumulator: Array) -> None:
        number = value.dtype.type
        accumulator *= number(self.momentum)
        accumulator += gradient
        step = gradient + number(self.momentum) * accumulator if self.nesterov else accumulator
        value -= number(self.learning_rate) * step


class RMSProp(Optimiser):
    """mean_square = decay * mean_square + (1 - decay) * g**2, beginning with 1;
    step = momentum * step + learning_rate * g / sqrt(mean_square + epsilon); value -= step
    (``tf.train.RMSPropOptimizer``).

    Keras' RMSprop begins with 0, adds its epsilon 1e-7 after the root and has no such step memory by
    default: the two train differently.
    """

    initial: ClassVar[Dict[str, int]] = {"mean_square": 1, "step": 0}

    def __init__(
        self, learning_rate: float, decay: float = 0.9, momentum: float = 0.0, epsilon: float = 1e-10
    ) -> None:
        super().__init__(learning_rate)
        self.decay, self.momentum, self.epsilon = decay, momentum, epsilon

    def update(self, value: Array, gradient: Array, mean_square: Array, step: Array) -> None:
        number = value.dtype.type
        mean_square += (np.square(gradient) - mean_square) * number(1 - self.decay)
        step *= number(self.momentum)
        step += number(self.learning_rate) * gradient / np.sqrt(mean_square + number(self.epsilon))
        value -= step


class Adam(Optimiser):
    """m = beta1 * m + (1 - beta1) * g; v = beta2 * v + (1 - beta2) * g**2;
    rate = learning_rate * sqrt(1 - beta2**t) / (1 - beta1**t); value -= rate * m / (sqrt(v) + epsilon)
    (``tf.train.AdamOptimizer``; its epsilon is the "epsilon hat" of Kingma and Ba 2014).
    """

    initial: ClassVar[Dict[str, int]] = {"m": 0, "v": 0}

    def __init__(
        self, learning_rate: float = 0.001, beta1: float = 0.9, beta2: float = 0.999, epsilon: float = 1e-8
    ) -> None:
        super().__init__(learning_rate)
        self.beta1, self.beta2, self.epsilon = beta1, beta2, epsilon

    def update(self, value: Array, gradient: Array, m: Array, v: Array) -> None:
        number = value.dtype.type
        t = self.steps
        rate = self.learning_rate * np.sqrt(1 - self.beta2**t) / (1 - self.beta1**t)
        m += (gradient - m) * number(1 - self.beta1)
        v += (np.square(gradient) - v) * number(1 - self.beta2)
        value -= number(rate) * m / (np.sqrt(v) + number(self.epsilon))
