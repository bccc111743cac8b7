"""Steps of training: the loss and the gradients of a small network, and what optimisers make of gradients.

Training amplifies roundings step by step, so each step is judged from where the implementation stood: the
gradients follow from its weights before the step, its weights after the step from those and from all the
gradients so far.  Bounds by running error analysis, see ``tracked``.
"""

from typing import Any, Callable, Dict, Iterable, List, Sequence

import numpy as np

from ..arrays import Array
from . import tracked
from .bounds import exact
from .calls import rule
from .geometry import Padding, Sizes, Taps
from .tracked import Tracked, Value, constant, joined, moving_average, sqrt, track


def stacked(parts: Iterable[Value]) -> Tracked:
    """Tracked values, one for each step, as one."""
    return joined(np.stack, parts)


def patches(x: Array, kernel: Sequence[int], strides: Sizes, padding: Padding) -> Array:
    """Images (n, h, w, c) -> (n * out_h * out_w, kh * kw * c): what each output of a convolution sees."""
    taps = Taps(x.shape, kernel, strides, padding, 1)
    padded = taps.pad(exact(x))
    return np.stack([padded[window] for _, window in taps], axis=3).reshape(-1, np.prod(kernel) * x.shape[3])


@rule
def conv_dense_step(
    images: Array, labels: Array, w1: Array, b1: Array, w2: Array, b2: Array, *, strides: Sizes = 2
) -> Dict[str, Tracked]:
    """Convolution "SAME", sigmoid, dense, softmax cross-entropy: its mean over the batch, and gradients.

    images (n, h, w, c); labels (n,) integers; w1 HWIO.  A dict of Tracked: ``loss`` and ``w1`` ... ``b2``.
    """
    seen = patches(images, w1.shape[:2], strides, "SAME")
    hidden = tracked.sigmoid(track(seen) @ w1.reshape(-1, w1.shape[-1]) + b1)
    flat = hidden.reshape(len(images), -1)
    logits = flat @ w2 + b2
    truth = np.eye(logits.value.shape[-1])[labels]
    shifted = logits - logits.value.max(axis=-1, keepdims=True)
    powers = tracked.exp(shifted)
    total = powers.sum(-1, keepdims=True)
    losses = tracked.log(total)[:, 0] - (shifted * truth).sum(-1)
    errors = (powers / total - truth) * (1 / constant(len(images)))
    back = (errors @ exact(w2).T).reshape(*hidden.value.shape) * hidden * (1 - hidden)
    return {
        "loss": losses.mean(),
        "w1": (track(seen.T) @ back).reshape(*w1.shape),
        "b1": back.sum(0),
        "w2": flat.transpose(1, 0) @ errors,
        "b2": errors.sum(0),
    }


@rule
def weights_after(
    before: Array,
    gradients: Array,
    optimiser: str,
    rate: float,
    decay: float = 0.0,
    decayed_first: bool = False,
    weight_decay: float = 0.0,
    **settings: Any,
) -> Tracked:
    """The weights after each step, a Tracked (steps, ...); ``before`` and ``gradients`` as recorded.

    ``optimiser``: a name in ``OPTIMISERS``, whose functions explain ``settings``.  ``decay``: the rate of
    step t = 0, 1 ... is rate / (1 + decay t), as ``tf.train.inverse_time_decay``; ``decayed_first``: t = 1,
    2 ...  ``weight_decay``: every step takes that share of the weights times the rate off, beside the
    gradient (Loshchilov and Hutter 2017).
    """
    move = OPTIMISERS[optimiser](**settings)
    after = []
    for t, (weights, gradient) in enumerate(zip(before, gradients)):
        steps = t + int(decayed_first)
        now = constant(rate) / (1 + constant(decay) * steps) if decay else constant(rate)
        if optimiser == "ftrl":  # it sets the weights, of which it takes no step
            moved = move(track(gradient), now, weights)
        else:
            moved = track(weights) - move(track(gradient), now)
        after.append(moved - now * constant(weight_decay) * weights if weight_decay else moved)
    return stacked(after)


def _gradient_descent():
    return lambda gradient, rate: rate * gradient


def _momentum(momentum, nesterov=False, rate_inside=False):
    """rate * accumulator, the accumulator momentum * accumulator + g.

    ``rate_inside``: the accumulator holds each gradient times the rate of its own step, as Keras's velocity.
    ``nesterov``: the step is that of the next accumulator, with the gradient of this one.
    """
    state, momentum = [track(0.0)], constant(momentum)

    def move(gradient, rate):
        gradient, rate = (rate * gradient, 1.0) if rate_inside else (gradient, rate)
        state[0] = momentum * state[0] + gradient
        return (gradient + momentum * state[0] if nesterov else state[0]) * rate

    return move


def _rmsprop(decay_of_square, epsilon, start, inside=True, centred=False):
    """g / sqrt(mean square + epsilon), the mean square beginning with ``start``.

    ``inside`` False: g / (sqrt(mean square) + epsilon).  ``centred``: the square of the mean gradient is
    taken off the mean square.
    """
    state = [track(float(start)), track(0.0)]

    def move(gradient, rate):
        state[0] = square = moving_average(state[0], gradient * gradient, decay_of_square)
        if centred:
            state[1] = moving_average(state[1], gradient, decay_of_square)
            square = square - state[1] * state[1]
        if inside:
            return rate * gradient * tracked.rsqrt(square + constant(epsilon))
        return rate * gradient / (sqrt(square) + constant(epsilon))

    return move


def _adam(beta1, beta2, epsilon, hat=True, corrected=True):
    """Kingma and Ba 2014, the end of section 2: the order with the "epsilon hat".

    ``hat`` False: algorithm 1, where the root is corrected before epsilon is added.  ``corrected`` False:
    neither mean is corrected for its beginning with 0.
    """
    state: List[Any] = [track(0.0), track(0.0), 0]

    def power(beta, t):  # by products or by one call
        return Tracked(beta**t, lambda p: p.rounding(beta**t, 0.0, 2 * t + p.call))

    def move(gradient, rate):
        m, v, t = state
        m = moving_average(m, gradient, beta1)
        v = moving_average(v, gradient * gradient, beta2)
        state[:] = m, v, t + 1
        if not corrected:
            return rate * m / (sqrt(v) + constant(epsilon))
        if not hat:
            root = sqrt(v / (1 - power(beta2, t + 1)))
            return rate * m / (1 - power(beta1, t + 1)) / (root + constant(epsilon))
        rate = rate * sqrt(1 - power(beta2, t + 1)) / (1 - power(beta1, t + 1))
        return rate * m / (sqrt(v) + constant(epsilon))

    return move


def _adagrad(start, epsilon):
    """g / (sqrt(sum of squares) + epsilon), the sum beginning with ``start``."""
    state = [track(float(start))]

    def move(gradient, rate):
        state[0] = state[0] + gradient * gradient
        return rate * gradient / (sqrt(state[0]) + constant(epsilon))

    return move


def _adadelta(decay_of_square, epsilon):
    """sqrt(mean square step + epsilon) / sqrt(mean square gradient + epsilon) * g, both means beginning with 0.

    Zeiler 2012, algorithm 1, whose rate is 1; that of TensorFlow is 0.001, and the mean is that of steps before it.
    """
    state = [track(0.0), track(0.0)]

    def move(gradient, rate):
        state[0] = square = moving_average(state[0], gradient * gradient, decay_of_square)
        below = tracked.rsqrt(square + constant(epsilon))
        step = sqrt(state[1] + constant(epsilon)) * below * gradient
        state[1] = moving_average(state[1], step * step, decay_of_square)
        return rate * step

    return move


def _ftrl(start=0.1, l1=0.0, l2=0.0, l2_shrinkage=0.0):
    """Follow the regularised leader, per coordinate (McMahan et al., Ad click prediction, 2013, algorithm 1).

    With n the sum of squares, beginning with ``start``:  z += g - (sqrt(n') - sqrt(n)) / rate * w,  and
    w = -(z - clip(z, -l1, l1)) / (sqrt(n') / rate + 2 l2).  ``l2_shrinkage``: z takes g + 2 l2_shrinkage w.
    Source: https://www.tensorflow.org/api_docs/python/tf/keras/optimizers/Ftrl
    """
    state = [track(float(start)), track(0.0)]

    def move(gradient, rate, weights):
        before, z = state
        pulled = gradient + 2 * constant(l2_shrinkage) * weights if l2_shrinkage else gradient
        squares = before + gradient * gradient
        root = sqrt(squares)
        z = z + pulled - (root - sqrt(before)) / rate * weights
        state[:] = squares, z
        beyond = z.through(lambda v: v - np.clip(v, -l1, l1), lambda low, high: 1.0, roundings=1)
        quadratic = root / rate + 2 * constant(l2) if l2 else root / rate
        return -beyond.off_by(lambda p: p.u * l1) / quadratic

    return move


OPTIMISERS: Dict[str, Callable[..., Any]] = {
    "sgd": _gradient_descent,
    "momentum": _momentum,
    "rmsprop": _rmsprop,
    "adam": _adam,
    "adagrad": _adagrad,
    "adadelta": _adadelta,
    "ftrl": _ftrl,
}
