"""Activations, the losses that are single ops, biases, and the gradients of these."""

from typing import Any, List, Tuple

import numpy as np

from ...arrays import Array
from .. import activations as layers
from .. import carried, chain, functions, losses, tracked
from ..bounds import Reference, exact
from ..carried import Carried
from ..logsums import log_softmax_off, softmax_off
from ..tracked import Tracked, constant, follows
from .elementwise import arithmetic
from .flows import floating, is_exact, moved, value_of, whole, with_one_more_term
from .flows import tracked as as_tracked
from .reductions import summed
from .registry import Flow, NodeCall, NoRule, rule_of
from .whole_numbers import exactly


def _of_layer(layer: Any, of_whole: Any) -> Any:
    def rule(call: NodeCall, x: Flow) -> Flow:
        if not floating(call.dtype):
            return exactly(call, of_whole, x)
        if np.isnan(value_of(x)).any():
            raise NoRule(f"{call.op} of NaN: versions differ")
        return layer(x)

    return rule


rule_of("Relu")(_of_layer(chain.relu, lambda v: np.maximum(v, 0)))
rule_of("Relu6")(_of_layer(chain.relu6, lambda v: np.clip(v, 0, 6)))


@rule_of("Sigmoid", "Tanh", "Softmax", "LogSoftmax")
def _(call: NodeCall, x: Flow) -> Flow:
    if not floating(call.dtype):
        raise NoRule(f"{call.op} of {call.dtype}")
    if call.op == "LogSoftmax":
        return _carrying(losses.log_softmax(exact(x)), x, lambda w: log_softmax_off(exact(x), w))
    return {"Sigmoid": chain.sigmoid, "Tanh": chain.tanh, "Softmax": chain.softmax}[call.op](x)


def _carrying(answer: Reference, x: Flow, worst: Any) -> Reference:
    """``worst``: what errors of x do to the answer."""
    if isinstance(x, Reference):
        bound = lambda dtype: worst(x.worst(dtype))
        answer.carried = Carried(bound, bound, np.zeros(answer.value.shape), x.longest)
    return answer


#: As TensorFlow has them (Klambauer et al. 2017).
SELU_SCALE, SELU_ALPHA = 1.0507009873554804934193349852946, 1.7580993408473768599402175208123


def _exponential(x: Tracked, alpha: float, scale: float, roundings: int) -> Tracked:
    """scale x, or alpha (exp(x) - 1) where negative, which cancels near 0; or alpha expm1(x)."""

    def function(v):
        return np.where(v < 0, alpha * np.expm1(np.minimum(v, 0)), scale * v)

    value = function(x.value)

    def error(p, e):
        inherited = np.where(e > 0, functions.between(function, value, (x.value - e,), (x.value + e,)), 0.0)
        below = p.rounding(abs(value), inherited, 1 + roundings)
        below = below + alpha * p.gamma(p.call) * np.exp(np.minimum(x.value + e, 0))
        above = p.rounding(abs(value), inherited, roundings) if roundings else 0.0
        return inherited + np.where(x.value - e < 0, below, above)

    return follows(value, error, x)


def _softplus(x: Tracked) -> Tracked:
    """log1p(exp(x)) or log(1 + exp(x)); beyond log(2 u) + 2 on either side exp(x), or x itself.

    There e^x differs from it by e^x / 2 of itself and x by e^-x / x: within 2 e^2 u and e^2 / 4 u.
    """
    powers = functions.monotone(x, np.exp)
    spelled = functions.monotone(x, lambda v: np.logaddexp(0, v))
    roundings = lambda p: p.gamma(p.call + 15) * abs(spelled.value)
    cancelled = lambda p: p.gamma(p.call + 1) * np.minimum(1.0, powers.value)
    lost = lambda p: np.where(x.value > np.log(2 * p.u) + 1, p.u, 0.0)
    return spelled.off_by(lambda p: roundings(p) + cancelled(p) + lost(p))


arithmetic("Elu", real=lambda x: _exponential(x, 1.0, 1.0, 0))
arithmetic("Selu", real=lambda x: _exponential(x, SELU_ALPHA, SELU_SCALE, 2))
arithmetic("Softplus", real=_softplus)
arithmetic("Softsign", real=lambda x: functions.monotone(x, lambda v: v / (1 + abs(v)), 2))
arithmetic("SoftplusGrad", real=lambda g, x: g / (tracked.exp(-x) + 1))
arithmetic("SoftsignGrad", real=lambda g, x: g / ((1 + abs(x)) * (1 + abs(x))))
arithmetic("EluGrad", real=lambda g, y: functions.where(lambda v: v < 0, y, (y + 1) * g, g))
arithmetic(
    "SeluGrad",
    real=lambda g, y: functions.where(
        lambda v: v < 0, y, (y + constant(SELU_ALPHA)) * g, g * constant(SELU_SCALE)
    ),
)


@rule_of("LeakyRelu")
def _(call: NodeCall, x: Flow) -> Flow:
    if not floating(call.dtype):
        raise NoRule(f"LeakyRelu of {call.dtype}")
    slope = float(call.get("alpha", 0.2))
    answer = layers.leaky_relu(x, slope=slope)
    turns = lambda v: np.where(v < 0, slope * v, v)
    if slope < 0 and not is_exact(x):
        raise NoRule("LeakyRelu that falls")
    answer.carried = carried.monotone(x, turns, lambda v: np.where(v < 0, slope, 1.0))
    return answer


@rule_of("ReluGrad", "Relu6Grad")
def _(call: NodeCall, gradient: Flow, x: Flow) -> Flow:
    passes = (lambda v: v > 0) if call.op == "ReluGrad" else (lambda v: (v > 0) & (v < 6))
    if is_exact(gradient) and is_exact(x):
        gradient = np.asarray(gradient)
        return np.where(passes(np.asarray(x)), gradient, np.zeros((), gradient.dtype))
    return functions.where(passes, as_tracked(x), as_tracked(gradient), 0.0).reference()


@rule_of("LeakyReluGrad")
def _(call: NodeCall, gradient: Flow, x: Flow) -> Flow:
    g, slope = as_tracked(gradient), constant(float(call.get("alpha", 0.2)))
    return functions.where(lambda v: v > 0, as_tracked(x), g, g * slope).reference()


def _crossentropy(logits: Flow, labels: Array) -> List[Reference]:
    """The loss of each row and its gradient in the logits."""
    answers = losses.softmax_cross_entropy(exact(logits), labels, labels_constant=True)
    x = exact(logits)
    _carrying(answers["loss"], logits, lambda w: _weighted(labels, log_softmax_off(x, w)).sum(-1))
    _carrying(answers["dlogits"], logits, lambda w: softmax_off(x, w))
    return [answers["loss"], answers["dlogits"]]


def _weighted(labels: Array, off: Array) -> Array:
    """What no label asks for counts for nothing, however far off it is."""
    return np.where(labels == 0, 0.0, abs(labels) * off)


@rule_of("SoftmaxCrossEntropyWithLogits")
def _(call: NodeCall, logits: Flow, labels: Flow) -> List[Flow]:
    shape = np.broadcast(value_of(logits), value_of(labels)).shape
    spread = lambda array: np.broadcast_to(array, shape)
    logits = logits.rearranged(spread) if isinstance(logits, Reference) else spread(logits)
    truth = spread(exact(labels))
    answers = _crossentropy(logits, truth)
    if isinstance(labels, Reference):
        logarithms = abs(tracked.log_softmax(exact(logits)).value)
        for answer, factor in zip(answers, (logarithms, None)):
            _also(answer, labels.rearranged(spread), factor)
    return list(answers)


def _also(answer: Reference, labels: Reference, factor: Any) -> None:
    """What errors of the labels do on top: |log p| of them to the loss, themselves to the gradient."""
    before = answer.carried

    def bound(dtype):
        e = labels.worst(dtype)
        own = e if factor is None else (factor * e).sum(-1)
        # Errors of the logits meet labels that are off, and errors of both multiply.
        return own if before is None else own + before.worst(dtype) * (1 + e.max())

    answer.carried = Carried(bound, bound, np.zeros(answer.value.shape), labels.longest)


@rule_of("SparseSoftmaxCrossEntropyWithLogits")
def _(call: NodeCall, logits: Flow, labels: Flow) -> List[Flow]:
    indices, classes = whole(labels), np.shape(value_of(logits))[-1]
    if ((indices < 0) | (indices >= classes)).any():
        raise NoRule("a label that is no class")
    return list(_crossentropy(logits, np.eye(classes)[indices]))


def _channels(call: NodeCall, rank: int) -> int:
    """The axis of the channels."""
    first = str(call.get("data_format", "NHWC")).startswith("NC")
    return 1 if first and rank > 2 else rank - 1


@rule_of("BiasAdd", "BiasAddV1")
def _(call: NodeCall, x: Flow, bias: Flow) -> Flow:
    rank = np.ndim(value_of(x))
    shape = [1] * rank
    shape[_channels(call, rank)] = -1
    if not floating(call.dtype):
        return exactly(call, lambda v, b: v + b.reshape(shape), x, bias)
    bias = moved(lambda array: array.reshape(shape), bias)
    return with_one_more_term(x, bias) or (as_tracked(x) + as_tracked(bias)).reference()


@rule_of("BiasAddGrad")
def _(call: NodeCall, gradient: Flow) -> Flow:
    shape: Tuple[int, ...] = np.shape(value_of(gradient))
    channel = _channels(call, len(shape))
    others = tuple(axis for axis in range(len(shape)) if axis != channel)
    if not floating(call.dtype):
        return exactly(call, lambda v: v.sum(axis=others, dtype=v.dtype), gradient)
    terms = int(np.prod([shape[axis] for axis in others]))
    return summed(gradient, lambda v: v.sum(axis=others), max(terms - 1, 0))
