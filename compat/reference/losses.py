"""Losses and how they are reduced."""

from typing import Dict

import numpy as np

from ..arrays import Array
from . import tracked
from .bounds import Reference, exact
from .calls import rule
from .tracked import constant, either, exp, log, log1p, track


@rule
def log_softmax(logits: Array) -> Reference:
    """logits - max - log(sum exp(logits - max)), along the last axis."""
    return tracked.log_softmax(logits).reference()


@rule
def softmax_cross_entropy(
    logits: Array, labels: Array, *, labels_constant: bool = False
) -> Dict[str, Reference]:
    """-sum labels * log_softmax(logits), one a row, and its gradients.

    In logits softmax(logits) * sum(labels) - labels (TensorFlow leaves sum(labels) = 1 out, which is the
    same for labels that sum to 1), in labels -log_softmax(logits), or 0 where these are ``labels_constant``.
    """
    labels = exact(labels)
    logarithms = tracked.log_softmax(logits)
    loss = -(logarithms * labels).sum(-1)
    # The loss may be summed from -labels * shifted and labels * log(sum): either way these terms.
    probabilities = either(exp(logarithms), tracked.softmax(logits))
    return {
        "loss": loss.reference(),
        "dlogits": (probabilities - labels).reference(),
        "dlabels": Reference(np.zeros_like(labels)) if labels_constant else (-logarithms).reference(),
    }


@rule
def crossentropy(
    probabilities: Array,
    labels: Array,
    *,
    from_logits: bool = False,
    divided: bool = True,
    clipped: float = 0.0,
) -> Reference:
    """Keras's categorical crossentropy, one number a row.

    Of probabilities: rows are first ``divided`` by their sum, as Keras does, and clipped to ``clipped`` and
    1 - ``clipped``, in Keras 1e-7, which touches no real probabilities.  Or of logits.
    """
    labels = exact(labels)
    if from_logits:
        return (-(tracked.log_softmax(probabilities) * labels).sum(-1)).reference()
    p = track(exact(probabilities))
    p = p / p.sum(-1, keepdims=True) if divided else p
    if clipped:  # one rounding of either end
        p = p.clip(clipped, 1 - clipped).off_by(lambda precision: precision.u)
    return (-(log(p) * labels).sum(-1)).reference()


@rule
def smoothed_cross_entropy(logits: Array, labels: Array, *, smoothing: float) -> Reference:
    """-sum z log_softmax(logits), one a row, with z = labels (1 - smoothing) + smoothing / classes.

    labels (rows, classes) sum to 1.  All classes share what is taken off, the true one as well (Szegedy et al.,
    Rethinking the Inception architecture, 2016, section 7).
    """
    classes = np.shape(labels)[-1]
    return (-(tracked.log_softmax(logits) * _smoothed(labels, smoothing, classes)).sum(-1)).reference()


def _smoothed(labels, smoothing, classes):
    if not smoothing:
        return track(exact(labels))
    return track(exact(labels)) * (1 - constant(smoothing)) + constant(smoothing) / constant(classes)


@rule
def sigmoid_cross_entropy(logits: Array, labels: Array, *, smoothing: float = 0.0) -> Reference:
    """max(x, 0) - x z + log(1 + exp(-|x|)), elementwise: all terms round.

    z = labels (1 - smoothing) + smoothing / 2.
    """
    x, z = exact(logits), _smoothed(labels, smoothing, 2)
    return (track(np.maximum(x, 0)) - track(x) * z + log1p(exp(-abs(x)))).reference()


@rule
def weighted_mse(prediction: Array, target: Array, weights: Array, *, reduction: str) -> Reference:
    """Squared errors times weights (broadcast), and then reduced.

    none                     one number an element
    sum                      their sum
    sum_by_nonzero_weights   the sum over the number of elements whose weight is not 0 (TF1's default)
    sum_over_batch_size      the sum over the number of elements (Keras's default, on one-column targets)
    mean                     the sum over the sum of the weights (MEAN of TF1)
    """
    difference = track(exact(prediction)) - exact(target)
    weights = np.broadcast_to(exact(weights), difference.value.shape)
    return _reduce(difference * difference * weights, weights, reduction)


@rule
def huber(prediction: Array, target: Array, *, delta: float) -> Reference:
    """error^2 / 2 up to delta, delta |error| - delta^2 / 2 beyond; the mean of all.

    Beyond it is spelled like that, or q^2 / 2 + delta (|error| - q) with q the smaller of |error| and delta.
    """
    size, limit = abs(track(exact(prediction)) - exact(target)), constant(delta)
    quadratic = either(size.clip(0, delta), limit)
    losses = quadratic * quadratic * 0.5 + (size - quadratic) * limit
    return either(losses, size * limit - limit * limit * 0.5).mean().reference()


def _reduce(losses, weights, reduction):
    if reduction == "none":
        return losses.reference()
    total = losses.sum()
    if reduction == "sum":
        return total.reference()
    counts = {
        "sum_by_nonzero_weights": constant(int(np.count_nonzero(weights))),
        "sum_over_batch_size": constant(weights.size),
        "mean": track(weights).sum(),
    }
    # By the reciprocal: one rounding more than a division has.
    return (total * (1 / counts[reduction])).reference()
