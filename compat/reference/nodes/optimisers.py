"""Optimiser updates: TensorFlow's kernels ``ApplyX``, on a variable, and ``ResourceApplyX``, on a handle.

Inputs in the order of the op, the numbers that a variable had where its reference or handle stands.  An ``ApplyX`` has
the new variable as its output; a ``ResourceApplyX`` the new numbers of each handle: the variable, then its slots.
Formulas: tensorflow/core/kernels/training_ops.cc.
"""

from typing import Any, Callable, Sequence

import numpy as np

from .. import functions, tracked
from ..tracked import Tracked, either, follows, rsqrt, sqrt
from .flows import floating
from .flows import tracked as as_tracked
from .registry import Flow, NodeCall, NoRule, rule_of

#: An update: the op's attributes and its inputs -> the variable and its slots after it.
Update = Callable[..., Sequence[Tracked]]


def _update(*names: str) -> Callable[[Update], Update]:
    def register(update: Update) -> Update:
        def rule(call: NodeCall, *inputs: Flow) -> Any:
            if not floating(call.dtype):
                raise NoRule(f"{call.op} of {call.dtype}")
            after = [one.reference() for one in update(call, *[as_tracked(flow) for flow in inputs])]
            return after if call.op.startswith("Resource") else after[:1]

        for name in names:
            rule_of(f"Apply{name}", f"ResourceApply{name}")(rule)
        return update

    return register


def _averaged(old: Tracked, new: Tracked, decay: Tracked) -> Tracked:
    """decay * old + (1 - decay) * new, or old + (new - old) * (1 - decay)."""
    return either(old * decay + new * (1 - decay), old + (new - old) * (1 - decay))


@_update("GradientDescent")
def _(call: NodeCall, var: Tracked, rate: Tracked, gradient: Tracked) -> Sequence[Tracked]:
    return [var - rate * gradient]


@_update("Momentum")
def _(
    call: NodeCall, var: Tracked, accumulator: Tracked, rate: Tracked, gradient: Tracked, momentum: Tracked
) -> Sequence[Tracked]:
    accumulator = accumulator * momentum + gradient
    if call.get("use_nesterov"):
        return [var - (gradient * rate + accumulator * momentum * rate), accumulator]
    return [var - accumulator * rate, accumulator]


@_update("KerasMomentum")
def _(
    call: NodeCall, var: Tracked, accumulator: Tracked, rate: Tracked, gradient: Tracked, momentum: Tracked
) -> Sequence[Tracked]:
    accumulator = accumulator * momentum - gradient * rate
    if call.get("use_nesterov"):
        return [var + (accumulator * momentum - gradient * rate), accumulator]
    return [var + accumulator, accumulator]


@_update("Adagrad")
def _(
    call: NodeCall, var: Tracked, accumulator: Tracked, rate: Tracked, gradient: Tracked
) -> Sequence[Tracked]:
    if call.get("update_slots", True):
        accumulator = accumulator + gradient * gradient
    return [var - rate * gradient * rsqrt(accumulator), accumulator]


@_update("AdagradV2")
def _(
    call: NodeCall, var: Tracked, accumulator: Tracked, rate: Tracked, epsilon: Tracked, gradient: Tracked
) -> Sequence[Tracked]:
    if call.get("update_slots", True):
        accumulator = accumulator + gradient * gradient
    return [var - rate * gradient / (sqrt(accumulator) + epsilon), accumulator]


@_update("Adadelta")
def _(
    call: NodeCall,
    var: Tracked,
    accumulator: Tracked,
    updates: Tracked,
    rate: Tracked,
    rho: Tracked,
    epsilon: Tracked,
    gradient: Tracked,
) -> Sequence[Tracked]:
    accumulator = _averaged(accumulator, gradient * gradient, rho)
    update = sqrt(updates + epsilon) * rsqrt(accumulator + epsilon) * gradient
    return [var - update * rate, accumulator, _averaged(updates, update * update, rho)]


@_update("Adam")
def _(
    call: NodeCall,
    var: Tracked,
    m: Tracked,
    v: Tracked,
    power1: Tracked,
    power2: Tracked,
    rate: Tracked,
    beta1: Tracked,
    beta2: Tracked,
    epsilon: Tracked,
    gradient: Tracked,
) -> Sequence[Tracked]:
    rate = rate * sqrt(1 - power2) / (1 - power1)
    m, v = _averaged(m, gradient, beta1), _averaged(v, gradient * gradient, beta2)
    mean = gradient * (1 - beta1) + beta1 * m if call.get("use_nesterov") else m
    return [var - mean * rate / (sqrt(v) + epsilon), m, v]


@_update("AdaMax")
def _(
    call: NodeCall,
    var: Tracked,
    m: Tracked,
    v: Tracked,
    power1: Tracked,
    rate: Tracked,
    beta1: Tracked,
    beta2: Tracked,
    epsilon: Tracked,
    gradient: Tracked,
) -> Sequence[Tracked]:
    m = _averaged(m, gradient, beta1)
    v = functions.greatest(beta2 * v, abs(gradient))
    return [var - rate / (1 - power1) * (m / (v + epsilon)), m, v]


def _ftrl(call, var, accumulator, linear, gradient, shrunk, settings):
    """McMahan et al. 2013, algorithm 1, with the power of the rate."""
    rate, l1, l2, power = settings
    if call.get("multiply_linear_by_lr"):
        raise NoRule("a linear slot that is multiplied by the rate")
    root = (lambda x: functions.pow(x, -power)) if np.any(power.value != -0.5) else sqrt
    after = accumulator + gradient * gradient
    linear = linear + shrunk - (root(after) - root(accumulator)) / rate * var
    slope = root(after) / rate + l2 * 2
    moved = (functions.sign(linear) * l1 - linear) / slope
    excess = abs(linear) + -l1
    return [_where_positive(excess, moved), after, linear]


def _where_positive(excess: Tracked, chosen: Tracked) -> Tracked:
    return functions.where(lambda v: v > 0, excess, chosen, 0.0)


@_update("Ftrl")
def _(
    call: NodeCall,
    var: Tracked,
    accumulator: Tracked,
    linear: Tracked,
    gradient: Tracked,
    rate: Tracked,
    l1: Tracked,
    l2: Tracked,
    power: Tracked,
) -> Sequence[Tracked]:
    return _ftrl(call, var, accumulator, linear, gradient, gradient, (rate, l1, l2, power))


@_update("FtrlV2")
def _(
    call: NodeCall,
    var: Tracked,
    accumulator: Tracked,
    linear: Tracked,
    gradient: Tracked,
    rate: Tracked,
    l1: Tracked,
    l2: Tracked,
    shrinkage: Tracked,
    power: Tracked,
) -> Sequence[Tracked]:
    shrunk = gradient + shrinkage * 2 * var
    return _ftrl(call, var, accumulator, linear, gradient, shrunk, (rate, l1, l2, power))


@_update("RMSProp")
def _(
    call: NodeCall,
    var: Tracked,
    square: Tracked,
    velocity: Tracked,
    rate: Tracked,
    rho: Tracked,
    momentum: Tracked,
    epsilon: Tracked,
    gradient: Tracked,
) -> Sequence[Tracked]:
    square = _averaged(square, gradient * gradient, rho)
    velocity = velocity * momentum + gradient * rate * rsqrt(square + epsilon)
    return [var - velocity, square, velocity]


@_update("CenteredRMSProp")
def _(
    call: NodeCall,
    var: Tracked,
    mean: Tracked,
    square: Tracked,
    velocity: Tracked,
    rate: Tracked,
    rho: Tracked,
    momentum: Tracked,
    epsilon: Tracked,
    gradient: Tracked,
) -> Sequence[Tracked]:
    square, mean = _averaged(square, gradient * gradient, rho), _averaged(mean, gradient, rho)
    spread = square - mean * mean + epsilon
    velocity = velocity * momentum + gradient * rate * rsqrt(spread)
    return [var - velocity, mean, square, velocity]


def _proximal(moved: Tracked, rate: Tracked, l1: Tracked, l2: Tracked) -> Tracked:
    """sign(x) max(|x| - rate l1, 0) / (1 + rate l2): |x| - rate l1 never turns, nor does its sign matter at 0."""
    kept = abs(moved) - rate * l1
    kept = follows(np.maximum(kept.value, 0), lambda p, e: np.where(kept.value + e > 0, e, 0.0), kept)
    shrunk = functions.sign(moved) * kept / (rate * l2 + 1)
    return either(shrunk, moved / (rate * l2 + 1)) if not np.any(l1.value) else shrunk


@_update("ProximalGradientDescent")
def _(
    call: NodeCall, var: Tracked, rate: Tracked, l1: Tracked, l2: Tracked, gradient: Tracked
) -> Sequence[Tracked]:
    return [_proximal(var - rate * gradient, rate, l1, l2)]


@_update("ProximalAdagrad")
def _(
    call: NodeCall,
    var: Tracked,
    accumulator: Tracked,
    rate: Tracked,
    l1: Tracked,
    l2: Tracked,
    gradient: Tracked,
) -> Sequence[Tracked]:
    accumulator = accumulator + gradient * gradient
    rates = rate * rsqrt(accumulator)
    return [_proximal(var - gradient * rates, rates, l1, l2), accumulator]


def _agreement(gradient: Tracked, m: Tracked, decay: Tracked) -> Tracked:
    return decay * (functions.sign(gradient) * functions.sign(m))


@_update("AddSign")
def _(
    call: NodeCall,
    var: Tracked,
    m: Tracked,
    rate: Tracked,
    alpha: Tracked,
    decay: Tracked,
    beta: Tracked,
    gradient: Tracked,
) -> Sequence[Tracked]:
    m = _averaged(m, gradient, beta)
    return [var - rate * (alpha + _agreement(gradient, m, decay)) * gradient, m]


@_update("PowerSign")
def _(
    call: NodeCall,
    var: Tracked,
    m: Tracked,
    rate: Tracked,
    base: Tracked,
    decay: Tracked,
    beta: Tracked,
    gradient: Tracked,
) -> Sequence[Tracked]:
    m = _averaged(m, gradient, beta)
    return [var - rate * tracked.exp(base * _agreement(gradient, m, decay)) * gradient, m]
