"""The layers as objects that remember what their backward pass needs, and ``Sequential``.

``forward(x)`` computes, ``backward(dy)`` turns the gradient of the output into that of the input and
leaves the gradients of the layer's own parameters in ``.dw`` and ``.db``.  Call ``forward`` first: each
``backward`` belongs to the ``forward`` before it, and raises ValueError without one.  Parameters are plain
arrays (``.w``, ``.b``); optimisers change them in place.
"""

from typing import Any, Callable, ClassVar, Dict, Iterable, Optional, Tuple, Type, TypeVar

import numpy as np

from ..arrays import Array, DType
from . import activations, convolution, normalisation, pooling
from .geometry import Padding, Pair, Shape, floating, pair, same_dtype

#: shape -> array
Initial = Callable[[Tuple[int, ...]], Array]
L = TypeVar("L", bound="Layer")
C = TypeVar("C", bound="Conv2D")


class Layer:
    """A layer: ``parameters`` names its arrays; the gradient of ``w`` is ``dw``, and so on."""

    names: Tuple[str, ...] = ()
    training = False
    seen: Optional[Tuple[Any, ...]] = None

    def forward(self, x: Array) -> Array:
        raise NotImplementedError

    def backward(self, dy: Array) -> Array:
        raise NotImplementedError

    def parameters(self) -> Dict[str, Array]:
        """The layer's own arrays by name, to be changed in place."""
        return {name: getattr(self, name) for name in self.names if getattr(self, name) is not None}

    def gradients(self) -> Dict[str, Array]:
        """The gradients of ``parameters()``, by the same names; of the last ``backward``."""
        return {name: getattr(self, "d" + name) for name in self.parameters()}

    def train(self: L, training: bool = True) -> L:
        """Switches what differs between training and inference (Dropout, BatchNorm); returns the layer."""
        self.training = training
        return self

    def remember(self, *arrays: Any) -> None:
        self.seen = arrays

    def recall(self) -> Tuple[Any, ...]:
        if self.seen is None:
            raise ValueError(
                f"{type(self).__name__}.backward was called before forward: expected forward first"
            )
        return self.seen


class Weighted(Layer):
    """A layer with weights ``w`` and, unless None, a bias ``b``."""

    names: Tuple[str, ...] = ("w", "b")

    def __init__(self, w: Array, b: Optional[Array] = None) -> None:
        self.w = np.array(floating("w", w))
        self.b = None if b is None else np.array(same_dtype("b", b, "w", self.w))
        self.dw: Optional[Array] = None
        self.db: Optional[Array] = None


class Conv2D(Weighted):
    """``conv2d`` with filters w (kh, kw, C / groups, out) and bias b (out,) or None.

    The keywords are those of ``conv2d``: strides, padding, dilations, data_format.
    """

    def __init__(
        self,
        w: Array,
        b: Optional[Array] = None,
        *,
        strides: Pair = 1,
        padding: Padding = "VALID",
        dilations: Pair = 1,
        data_format: str = "NHWC",
    ) -> None:
        super().__init__(w, b)
        self.settings: Dict[str, Any] = {
            "strides": strides,
            "padding": padding,
            "dilations": dilations,
            "data_format": data_format,
        }

    @classmethod
    def create(
        cls: Type[C],
        channels: int,
        filters: int,
        kernel: Pair,
        *,
        initial: Optional[Initial] = None,
        dtype: DType = np.float32,
        **settings: Any,
    ) -> C:
        """A new layer with bias 0 and weights ``initial(shape)``, ``glorot_uniform()`` by default."""
        shape = (*pair("kernel", kernel), channels, filters)
        w = (initial or glorot_uniform())(shape).astype(dtype)
        return cls(w, np.zeros(filters, dtype), **settings)

    def forward(self, x: Array) -> Array:
        self.remember(x)
        return convolution.conv2d(x, self.w, bias=self.b, **self.settings)

    def backward(self, dy: Array) -> Array:
        (x,) = self.recall()
        self.dw = convolution.conv2d_filter_grad(x, dy, self.w.shape, **self.settings)
        if self.b is not None:
            self.db = activations.bias_grad(dy, self.settings["data_format"])
        return convolution.conv2d_input_grad(dy, self.w, np.shape(x), **self.settings)


class DepthwiseConv2D(Conv2D):
    """``depthwise_conv2d`` with filters w (kh, kw, C, multiplier) and bias b (C * multiplier,) or None."""

    @classmethod
    def create(  # type: ignore[override]  # the second number has the name of what it is
        cls: Type[C],
        channels: int,
        multiplier: int,
        kernel: Pair,
        *,
        initial: Optional[Initial] = None,
        dtype: DType = np.float32,
        **settings: Any,
    ) -> C:
        """A new layer with bias 0 and weights ``initial(shape)``, ``glorot_uniform()`` by default."""
        shape = (*pair("kernel", kernel), channels, multiplier)
        w = (initial or glorot_uniform())(shape).astype(dtype)
        return cls(w, np.zeros(channels * multiplier, dtype), **settings)

    def forward(self, x: Array) -> Array:
        self.remember(x)
        return convolution.depthwise_conv2d(x, self.w, bias=self.b, **self.settings)

    def backward(self, dy: Array) -> Array:
        (x,) = self.recall()
        self.dw = convolution.depthwise_conv2d_filter_grad(x, dy, self.w.shape, **self.settings)
        if self.b is not None:
            self.db = activations.bias_grad(dy, self.settings["data_format"])
        return convolution.depthwise_conv2d_input_grad(dy, self.w, np.shape(x), **self.settings)


class Conv2DTranspose(Conv2D):
    """``conv2d_transpose`` with filters w (kh, kw, out, in), bias b (out,) or None and a fixed output_shape.

    output_shape: (height, width, channels) or (channels, height, width), without the count of images.
    """

    def __init__(self, w: Array, b: Optional[Array] = None, *, output_shape: Shape, **settings: Any) -> None:
        super().__init__(w, b, **settings)
        self.output_shape = tuple(output_shape)

    @classmethod
    def create(
        cls: Type[C],
        channels: int,
        filters: int,
        kernel: Pair,
        *,
        initial: Optional[Initial] = None,
        dtype: DType = np.float32,
        **settings: Any,
    ) -> C:
        """A new layer with bias 0 and weights ``initial(shape)``, ``glorot_uniform()`` by default."""
        shape = (*pair("kernel", kernel), filters, channels)
        w = (initial or glorot_uniform())(shape).astype(dtype)
        return cls(w, np.zeros(filters, dtype), **settings)

    def forward(self, x: Array) -> Array:
        self.remember(x)
        shape = (len(x), *self.output_shape)
        return convolution.conv2d_transpose(x, self.w, shape, bias=self.b, **self.settings)

    def backward(self, dy: Array) -> Array:
        (x,) = self.recall()
        self.dw = convolution.conv2d_filter_grad(dy, x, self.w.shape, **self.settings)
        if self.b is not None:
            self.db = activations.bias_grad(dy, self.settings["data_format"])
        return convolution.conv2d(dy, self.w, **self.settings)


class Dense(Weighted):
    """``dense`` with weights w (inputs, units) and bias b (units,) or None."""

    @classmethod
    def create(
        cls, inputs: int, units: int, *, initial: Optional[Initial] = None, dtype: DType = np.float32
    ) -> "Dense":
        """A new layer with bias 0 and weights ``initial(shape)``, ``glorot_uniform()`` by default."""
        return cls((initial or glorot_uniform())((inputs, units)).astype(dtype), np.zeros(units, dtype))

    def forward(self, x: Array) -> Array:
        self.remember(x)
        return activations.dense(x, self.w, self.b)

    def backward(self, dy: Array) -> Array:
        (x,) = self.recall()
        self.dw = activations.dense_filter_grad(x, dy)
        if self.b is not None:
            self.db = activations.bias_grad(dy)
        return activations.dense_input_grad(dy, self.w)


class Pooling2D(Layer):
    """``max_pool2d`` (kind="max") or ``avg_pool2d`` (kind="avg"); the keywords are theirs."""

    def __init__(
        self, ksize: Pair = 2, strides: Optional[Pair] = None, *, kind: str = "max", **settings: Any
    ) -> None:
        if kind not in ("max", "avg"):
            raise ValueError(f"kind={kind!r}: expected 'max' or 'avg'")
        self.kind = kind
        self.settings = dict(settings, ksize=ksize, strides=strides)

    def forward(self, x: Array) -> Array:
        self.remember(x)
        pool = pooling.max_pool2d if self.kind == "max" else pooling.avg_pool2d
        return pool(x, **self.settings)

    def backward(self, dy: Array) -> Array:
        (x,) = self.recall()
        if self.kind == "max":
            return pooling.max_pool2d_grad(x, dy, **self.settings)
        return pooling.avg_pool2d_grad(dy, np.shape(x), **self.settings)


class GlobalPooling2D(Layer):
    """``global_max_pool2d`` (kind="max") or ``global_avg_pool2d`` (kind="avg")."""

    def __init__(self, *, kind: str = "avg", data_format: str = "NHWC") -> None:
        if kind not in ("max", "avg"):
            raise ValueError(f"kind={kind!r}: expected 'max' or 'avg'")
        self.kind, self.data_format = kind, data_format

    def forward(self, x: Array) -> Array:
        self.remember(x)
        pool = pooling.global_max_pool2d if self.kind == "max" else pooling.global_avg_pool2d
        return pool(x, data_format=self.data_format)

    def backward(self, dy: Array) -> Array:
        (x,) = self.recall()
        if self.kind == "max":
            return pooling.global_max_pool2d_grad(x, dy, data_format=self.data_format)
        return pooling.global_avg_pool2d_grad(dy, np.shape(x), data_format=self.data_format)


class Activation(Layer):
    """A function of single values or vectors: "relu", "elu", "sigmoid", "softmax" or "log_softmax"."""

    functions: ClassVar = {
        "relu": (activations.relu, activations.relu_grad),
        "elu": (activations.elu, activations.elu_grad),
        "sigmoid": (activations.sigmoid, activations.sigmoid_grad),
        "softmax": (activations.softmax, activations.softmax_grad),
        "log_softmax": (activations.log_softmax, activations.log_softmax_grad),
    }

    def __init__(self, name: str) -> None:
        if name not in self.functions:
            raise ValueError(f"name={name!r}: expected one of {', '.join(self.functions)}")
        self.name = name

    def forward(self, x: Array) -> Array:
        y = self.functions[self.name][0](x)
        self.remember(y)
        return y

    def backward(self, dy: Array) -> Array:
        (y,) = self.recall()
        return self.functions[self.name][1](dy, y)


class Dropout(Layer):
    """``dropout`` while training, nothing otherwise.  seed: makes the masks repeatable."""

    def __init__(self, rate: float, *, seed: Optional[int] = None) -> None:
        activations.dropout_mask((), rate)
        self.rate = rate
        self.random = np.random.RandomState(seed)

    def forward(self, x: Array) -> Array:
        mask = activations.dropout_mask(np.shape(x), self.rate, self.random) if self.training else None
        self.remember(mask)
        return x if mask is None else activations.dropout(x, self.rate, mask=mask)

    def backward(self, dy: Array) -> Array:
        (mask,) = self.recall()
        return dy if mask is None else activations.dropout_grad(dy, self.rate, mask)


class Flatten(Layer):
    """``flatten``: (N, everything else)."""

    def forward(self, x: Array) -> Array:
        self.remember(np.shape(x))
        return activations.flatten(x)

    def backward(self, dy: Array) -> Array:
        (shape,) = self.recall()
        return np.reshape(dy, shape)


class LocalResponseNorm(Layer):
    """``lrn``; the keywords are its own."""

    def __init__(
        self,
        depth_radius: int = 5,
        bias: float = 1.0,
        alpha: float = 1.0,
        beta: float = 0.5,
        *,
        data_format: str = "NHWC",
    ) -> None:
        self.settings: Dict[str, Any] = {
            "depth_radius": depth_radius,
            "bias": bias,
            "alpha": alpha,
            "beta": beta,
            "data_format": data_format,
        }

    def forward(self, x: Array) -> Array:
        self.remember(x)
        return normalisation.lrn(x, **self.settings)

    def backward(self, dy: Array) -> Array:
        (x,) = self.recall()
        return normalisation.lrn_grad(x, dy, **self.settings)


class BatchNorm(Layer):
    """Batch normalisation of images: by the batch while training, by the moving averages otherwise.

    Each training step: moving = moving * momentum + batch * (1 - momentum), with Bessel's correction in
    the variance, as TensorFlow's fused form.  momentum and epsilon default to those of ``tf.layers``.
    """

    names: Tuple[str, ...] = ("gamma", "beta")

    def __init__(
        self,
        channels: int,
        *,
        momentum: float = 0.99,
        epsilon: float = 1e-3,
        data_format: str = "NHWC",
        dtype: DType = np.float32,
    ) -> None:
        self.gamma, self.beta = np.ones(channels, dtype), np.zeros(channels, dtype)
        self.moving_mean, self.moving_variance = np.zeros(channels, dtype), np.ones(channels, dtype)
        self.momentum, self.epsilon, self.data_format = momentum, epsilon, data_format
        self.dgamma: Optional[Array] = None
        self.dbeta: Optional[Array] = None

    def forward(self, x: Array) -> Array:
        self.remember(x, self.training)
        if not self.training:
            return normalisation.batch_norm(
                x,
                self.moving_mean,
                self.moving_variance,
                self.beta,
                self.gamma,
                self.epsilon,
                data_format=self.data_format,
            )
        y, mean, variance = normalisation.fused_batch_norm(
            x, self.beta, self.gamma, self.epsilon, data_format=self.data_format
        )
        for moving, batch in ((self.moving_mean, mean), (self.moving_variance, variance)):
            moving -= (moving - batch) * moving.dtype.type(1 - self.momentum)
        return y

    def backward(self, dy: Array) -> Array:
        x, training = self.recall()
        if training:
            grads = normalisation.fused_batch_norm_grad(
                x, dy, self.gamma, self.epsilon, data_format=self.data_format
            )
        else:
            moving = (self.moving_mean, self.moving_variance)
            grads = normalisation.batch_norm_grad(
                x, dy, *moving, self.gamma, self.epsilon, data_format=self.data_format
            )
        dx, self.dbeta, self.dgamma = grads
        return dx


class Sequential(Layer):
    """Layers one after the other; parameters and gradients are named "0.w", "0.b", "3.w" and so on."""

    def __init__(self, layers: Iterable[Layer]) -> None:
        self.layers = list(layers)

    def forward(self, x: Array) -> Array:
        for layer in self.layers:
            x = layer.forward(x)
        return x

    def backward(self, dy: Array) -> Array:
        for layer in reversed(self.layers):
            dy = layer.backward(dy)
        return dy

    def parameters(self) -> Dict[str, Array]:
        return self._named("parameters")

    def gradients(self) -> Dict[str, Array]:
        return self._named("gradients")

    def train(self, training: bool = True) -> "Sequential":
        for layer in self.layers:
            layer.train(training)
        return super().train(training)

    def _named(self, what):
        return {
            f"{number}.{name}": array
            for number, layer in enumerate(self.layers)
            for name, array in getattr(layer, what)().items()
        }


def glorot_uniform(seed: Optional[int] = None) -> Initial:
    """Uniform in +-sqrt(6 / (fan_in + fan_out)), Keras' default (Glorot and Bengio 2010): shape -> array."""
    random = np.random.RandomState(seed)

    def initial(shape):
        field = int(np.prod(shape[:-2]))
        limit = np.sqrt(6 / (field * (shape[-2] + shape[-1])))
        return random.uniform(-limit, limit, shape)

    return initial


def normal(stddev: float = 0.01, seed: Optional[int] = None) -> Initial:
    """Normal around 0 with that standard deviation: shape -> array."""
    random = np.random.RandomState(seed)
    return lambda shape: random.normal(0, stddev, shape)
