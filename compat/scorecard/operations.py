"""What faults are injected into: a rule of ``compat.reference`` beside an implementation in float32."""

from typing import Any, Callable, Dict

import numpy as np

from .. import layers, reference
from ..arrays import Array


class Computation:
    """``rule(**arguments)`` is the Reference, ``implementation(**arguments)`` the float32 result.

    ``tensors``: the names of the arguments that are arrays, in the order in which the rule takes them.
    """

    def __init__(
        self,
        name: str,
        rule: Callable[..., Any],
        implementation: Callable[..., Any],
        tensors: Dict[str, Array],
        **settings: Any,
    ) -> None:
        self.name = name
        self.rule = rule
        self.implementation = implementation
        self.tensors = tensors
        self.settings = settings

    @property
    def arguments(self) -> Dict[str, Any]:
        return dict(self.tensors, **self.settings)

    def __repr__(self) -> str:
        return self.name


def _noise(seed, *shape, low=-1.0):
    return np.random.RandomState(seed).uniform(low, 1.0, shape).astype(np.float32)


_IMAGE = _noise(1, 2, 9, 8, 3)
_KERNEL, _BIAS = _noise(2, 3, 3, 3, 4), _noise(3, 4)
_CHANNELS = {
    "mean": _noise(4, 3),
    "variance": _noise(5, 3, low=0.1),
    "beta": _noise(6, 3),
    "gamma": _noise(7, 3, low=0.2) + 1,
}


def _conv(x, w, b, strides, padding, dilations):
    return layers.conv2d(x, w, bias=b, strides=strides, padding=padding, dilations=dilations)


def _transposed(x, w, output_shape, strides, padding):
    return layers.conv2d_transpose(x, w, output_shape, strides=strides, padding=padding)


def _gradient(of):
    """One of the two gradients of a convolution as an operation."""

    def rule(x, w, dy, strides, padding):
        return reference.conv2d_grad(x, w, dy, strides=strides, padding=padding)[of]

    def implementation(x, w, dy, strides, padding):
        if of == "dx":
            return layers.conv2d_input_grad(dy, w, x.shape, strides=strides, padding=padding)
        return layers.conv2d_filter_grad(x, dy, w.shape, strides=strides, padding=padding)

    return rule, implementation


def _convolutions():
    for name, strides, padding, dilations in (
        ("conv2d same", 1, "SAME", 1),
        ("conv2d same stride 2", 2, "SAME", 1),
        ("conv2d valid", 1, "VALID", 1),
        ("conv2d dilated", 1, "SAME", 2),
    ):
        yield Computation(
            name,
            reference.conv2d_bias,
            _conv,
            {"x": _IMAGE, "w": _KERNEL, "b": _BIAS},
            strides=strides,
            padding=padding,
            dilations=dilations,
        )
    yield Computation(
        "conv2d of 256 channels",
        reference.conv2d_bias,
        _conv,
        {"x": _noise(8, 1, 5, 6, 256), "w": _noise(9, 3, 3, 256, 4), "b": _BIAS},
        strides=1,
        padding="SAME",
        dilations=1,
    )
    yield Computation(
        "depthwise conv2d",
        reference.depthwise_conv2d,
        layers.depthwise_conv2d,
        {"x": _IMAGE, "w": _noise(10, 3, 3, 3, 2)},
        strides=1,
        padding="SAME",
    )
    yield Computation(
        "conv2d transpose",
        reference.conv2d_transpose,
        _transposed,
        {"x": _noise(11, 2, 5, 4, 3), "w": _noise(12, 3, 3, 4, 3)},
        output_shape=(2, 9, 8, 4),
        strides=2,
        padding="SAME",
    )
    dy = _noise(13, 2, 9, 8, 4)
    for of in ("dx", "dw"):
        tensors = {"x": _IMAGE, "w": _KERNEL, "dy": dy}
        rule, implementation = _gradient(of)
        yield Computation(f"conv2d gradient {of}", rule, implementation, tensors, strides=1, padding="SAME")


def _windows():
    for kind, rule, pool in (
        ("max", reference.max_pool2d, layers.max_pool2d),
        ("mean", reference.avg_pool2d, layers.avg_pool2d),
    ):
        for padding in ("SAME", "VALID"):
            name = f"{kind} pooling {padding.lower()}"
            yield Computation(name, rule, pool, {"x": _IMAGE}, ksize=3, strides=2, padding=padding)


def _functions():
    wide = 4 * _noise(14, 6, 10)
    for name, rule, function in (
        ("relu", reference.relu, layers.relu),
        ("sigmoid", reference.sigmoid, layers.sigmoid),
        ("tanh", reference.tanh, np.tanh),
        ("softmax", reference.softmax, layers.softmax),
    ):
        yield Computation(name, rule, lambda x, function=function: function(x), {"x": wide})
    yield Computation("leaky relu", reference.leaky_relu, _leaky_relu, {"x": wide}, slope=0.2)
    yield Computation(
        "dense",
        reference.dense,
        lambda x, w, b: layers.dense(x, w, b),
        {"x": _noise(15, 6, 48), "w": _noise(16, 48, 5), "b": _noise(17, 5)},
    )


def _leaky_relu(x, slope):
    return np.where(x > 0, x, np.float32(slope) * x)


def _normalisations():
    for name, epsilon in (("batch norm", 1e-3), ("batch norm, small epsilon", 1e-5)):
        tensors = dict({"x": _IMAGE}, **_CHANNELS)
        yield Computation(name, reference.batch_norm, layers.batch_norm, tensors, epsilon=epsilon)
    lrn = {"depth_radius": 2, "bias": 1.0, "alpha": 0.5, "beta": 0.75}
    yield Computation("lrn", reference.lrn, layers.lrn, {"x": _noise(18, 2, 4, 3, 8)}, **lrn)


OPERATIONS = [*_convolutions(), *_windows(), *_functions(), *_normalisations()]
