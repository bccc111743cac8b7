"""Steps of training: the loss and the gradients of a small network, and what optimisers make of gradients.

Training amplifies roundings step by step, so each step is judged from where the implementation stood: the
gradients follow from its weights before the step, its weights after the step from those and from all the
gradients so far.  Bounds by running error analysis, see ``tracked``.
"""

import numpy as np

from . import tracked
from .bounds import exact
from .geometry import Taps
from .tracked import Tracked, constant, joined, moving_average, sqrt, track


def stacked(parts):
    """Tracked values, one for each step, as one."""
    return joined(np.stack, parts)


def patches(x, kernel, strides, padding):
    """Images (n, h, w, c) -> (n * out_h * out_w, kh * kw * c): what each output of a convolution sees."""
    taps = Taps(x.shape, kernel, strides, padding, 1)
    padded = taps.pad(exact(x))
    return np.stack([padded[window] for _, window in taps], axis=3).reshape(-1, np.prod(kernel) * x.shape[3])


def conv_dense_step(images, labels, w1, b1, w2, b2, *, strides=2):
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


def weights_after(before, gradients, optimiser, rate, decay=0.0, **settings):
    """The weights after each step, a Tracked (steps, ...); ``before`` and ``gradients`` as recorded.

    ``optimiser``: a name in ``OPTIMISERS``, whose functions explain ``settings``.  ``decay``: the rate of
    step t = 0, 1 ... is rate / (1 + decay t), as ``tf.train.inverse_time_decay``.
    """
    move = OPTIMISERS[optimiser](**settings)
    after = []
    for t, (weights, gradient) in enumerate(zip(before, gradients)):
        now = constant(rate) / (1 + constant(decay) * t) if decay else constant(rate)
        after.append(track(weights) - move(track(gradient), now))
    return stacked(after)


def _gradient_descent():
    return lambda gradient, rate: rate * gradient


def _momentum(momentum):
    state = [track(0.0)]

    def move(gradient, rate):
        state[0] = constant(momentum) * state[0] + gradient
        return rate * state[0]

    return move


def _rmsprop(decay_of_square, epsilon, start):
    """g / sqrt(mean square + epsilon), the mean square beginning with ``start``."""
    state = [track(float(start))]

    def move(gradient, rate):
        state[0] = moving_average(state[0], gradient * gradient, decay_of_square)
        return rate * gradient * tracked.rsqrt(state[0] + constant(epsilon))

    return move


def _adam(beta1, beta2, epsilon):
    """Kingma and Ba 2014, the end of section 2: the order with the "epsilon hat"."""
    state = [track(0.0), track(0.0), 0]

    def power(beta, t):  # by products or by one call
        return Tracked(beta**t, lambda p: p.rounding(beta**t, 0.0, 2 * t + p.call))

    def move(gradient, rate):
        m, v, t = state
        m = moving_average(m, gradient, beta1)
        v = moving_average(v, gradient * gradient, beta2)
        state[:] = m, v, t + 1
        rate = rate * sqrt(1 - power(beta2, t + 1)) / (1 - power(beta1, t + 1))
        return rate * m / (sqrt(v) + constant(epsilon))

    return move


OPTIMISERS = {
    "sgd": _gradient_descent,
    "momentum": _momentum,
    "rmsprop": _rmsprop,
    "adam": _adam,
}
