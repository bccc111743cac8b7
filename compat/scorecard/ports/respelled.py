"""Harmless re-spellings: the same mathematics in other ops, as a port has it.  None may be flagged."""

from typing import Any, Callable, List, NamedTuple

import numpy as np

from ...arrays import Array
from .kinds import Draw, Port, given

f32 = np.float32


class Respelling(NamedTuple):
    name: str
    port: Port


RESPELLINGS: List[Respelling] = []
_DRAW = Draw(21, 3, 5, 8)
_X, _Y = (_DRAW.normal(6, 12) for _ in range(2))
_W, _B = _DRAW.normal(12, 5), _DRAW.normal(5)
_IMAGE, _KERNEL = _DRAW.normal(2, 6, 7, 4), _DRAW.normal(3, 3, 4, 5)
_ONE_BY_ONE = _DRAW.normal(1, 1, 4, 5)
_CHANNELS = {name: _DRAW.uniform(5, low=0.3) for name in ("mean", "variance", "gamma", "beta")}
_POSITIVE = _DRAW.uniform(6, 12, low=0.1, high=5)
_LABELS = np.eye(12, dtype=f32)[_DRAW.whole(12, 6)]


def _same(name: str, legacy: Callable[..., Any], port: Callable[..., Any], **inputs: Array) -> None:
    RESPELLINGS.append(Respelling(name, Port(legacy, port, inputs or {"x": _X})))


# -- functions

_same("softplus as log(1 + exp)", lambda tf, x: tf.nn.softplus(x), lambda tf, x: tf.math.log(1.0 + tf.exp(x)))
_same("softplus as log1p(exp)", lambda tf, x: tf.nn.softplus(x), lambda tf, x: tf.math.log1p(tf.exp(x)))
_same("sigmoid as 1 / (1 + exp(-x))", lambda tf, x: tf.sigmoid(x), lambda tf, x: 1.0 / (1.0 + tf.exp(-x)))
_same("sigmoid by tanh", lambda tf, x: tf.sigmoid(x), lambda tf, x: 0.5 * (tf.math.tanh(0.5 * x) + 1.0))
_same("tanh by sigmoid", lambda tf, x: tf.tanh(x), lambda tf, x: 2.0 * tf.math.sigmoid(2.0 * x) - 1.0)
_same("swish", lambda tf, x: x * tf.sigmoid(x), lambda tf, x: tf.nn.swish(x))
_same("relu as a maximum", lambda tf, x: tf.nn.relu(x), lambda tf, x: tf.maximum(x, 0.0))
_same(
    "relu6 as a clip", lambda tf, x: tf.nn.relu6(3.0 * x), lambda tf, x: tf.clip_by_value(3.0 * x, 0.0, 6.0)
)
_same("leaky relu as a maximum", lambda tf, x: tf.nn.leaky_relu(x, 0.2), lambda tf, x: tf.maximum(0.2 * x, x))
_same(
    "elu as a choice",
    lambda tf, x: tf.nn.elu(x),
    lambda tf, x: tf.where(x > 0.0, x, tf.exp(tf.minimum(x, 0.0)) - 1.0),
)
_same("gelu by erf and by the op", lambda tf, x: 0.5 * x * (1.0 + tf.erf(x / np.sqrt(2.0).astype(f32))),
      lambda tf, x: x * 0.5 * tf.math.erfc(-x * f32(np.sqrt(0.5))))  # fmt: skip
_same("gelu's cube as products",
      lambda tf, x: 0.5 * x * (1.0 + tf.tanh(0.7978845608 * (x + 0.044715 * tf.pow(x, 3.0)))),
      lambda tf, x: 0.5 * x * (1.0 + tf.math.tanh(0.7978845608 * x * (1.0 + 0.044715 * x * x))))  # fmt: skip
_same("sqrt by pow", lambda tf, x: tf.sqrt(x), lambda tf, x: tf.pow(x, 0.5), x=_POSITIVE)
_same("rsqrt as 1 / sqrt", lambda tf, x: tf.rsqrt(x), lambda tf, x: 1.0 / tf.sqrt(x), x=_POSITIVE)
_same("square as a product", lambda tf, x: tf.square(x), lambda tf, x: x * x)
_same(
    "exp of a sum as a product",
    lambda tf, x, y: tf.exp(x + y),
    lambda tf, x, y: tf.exp(x) * tf.exp(y),
    x=_X,
    y=_Y,
)
_same("log of a quotient as a difference", lambda tf, x: tf.log(x / 3.0) + 9.0,
      lambda tf, x: tf.math.log(x) - f32(np.log(3.0)) + 9.0, x=_POSITIVE)  # fmt: skip
_same("absolute value by the root", lambda tf, x: tf.abs(x), lambda tf, x: tf.sqrt(tf.square(x)))

# -- sums and products

_same("a product by its reciprocal", lambda tf, x: x / 7.0, lambda tf, x: x * (1.0 / 7.0))
_same("operands swapped", lambda tf, x, y: x * y + y, lambda tf, x, y: y + y * x, x=_X, y=_Y)
_same(
    "a common factor taken out",
    lambda tf, x, y: 3.0 * x + 3.0 * y,
    lambda tf, x, y: 3.0 * (x + y),
    x=_X,
    y=_Y,
)
_same(
    "a sum of three in another order",
    lambda tf, x, y: x + y + 5.0,
    lambda tf, x, y: x + (5.0 + y),
    x=_X,
    y=_Y,
)
_same("a difference as a negated sum", lambda tf, x, y: x - y, lambda tf, x, y: -(y - x), x=_X, y=_Y)
_same("add_n as sums", lambda tf, x, y: tf.add_n([x, y, x]), lambda tf, x, y: x + y + x, x=_X, y=_Y)
_same(
    "mean as a sum times 1/n",
    lambda tf, x: tf.reduce_mean(x, 1),
    lambda tf, x: tf.reduce_sum(x, 1) * f32(1 / 12),
)
_same(
    "a reduction in two steps",
    lambda tf, x: tf.reduce_sum(x, [0, 1]),
    lambda tf, x: tf.reduce_sum(tf.reduce_sum(x, 0)),
)
_same("a sum as a product with ones", lambda tf, x: tf.reduce_sum(x, 1, keepdims=True),
      lambda tf, x: tf.matmul(x, tf.ones([12, 1])))  # fmt: skip
_same(
    "squares by the l2 loss", lambda tf, x: tf.reduce_sum(tf.square(x)), lambda tf, x: 2.0 * tf.nn.l2_loss(x)
)
_same(
    "a norm by its squares", lambda tf, x: tf.norm(x, axis=1), lambda tf, x: tf.sqrt(tf.reduce_sum(x * x, 1))
)
_same("variance as E[x2] - E[x]2", lambda tf, x: tf.nn.moments(x, [1])[1],
      lambda tf, x: tf.reduce_mean(tf.square(x), 1) - tf.square(tf.reduce_mean(x, 1)))  # fmt: skip
_same(
    "einsum for matmul",
    lambda tf, x: tf.matmul(x, tf.constant(_W)),
    lambda tf, x: tf.einsum("ij,jk->ik", x, tf.constant(_W)),
)
_same(
    "tensordot for matmul",
    lambda tf, x: tf.matmul(x, tf.constant(_W)),
    lambda tf, x: tf.tensordot(x, tf.constant(_W), 1),
)
_same("a product with the transposed kernel", lambda tf, x: tf.matmul(x, tf.constant(_W)),
      lambda tf, x: tf.linalg.matmul(x, tf.constant(_W.T.copy()), transpose_b=True))  # fmt: skip
_same("a product transposed", lambda tf, x: tf.matmul(x, tf.constant(_W)),
      lambda tf, x: tf.transpose(tf.transpose(tf.constant(_W)) @ tf.transpose(x)))  # fmt: skip
_same("a product as a sum of products", lambda tf, x: tf.matmul(x, tf.constant(_W)),
      lambda tf, x: tf.reduce_sum(x[:, :, None] * tf.constant(_W), 1))  # fmt: skip
_same("a product in two halves", lambda tf, x: tf.matmul(x, tf.constant(_W)),
      lambda tf, x: x[:, :6] @ tf.constant(_W[:6]) + x[:, 6:] @ tf.constant(_W[6:]))  # fmt: skip
_same("a scale taken into the kernel", lambda tf, x: tf.matmul(x, tf.constant(_W)) / 3.0,
      lambda tf, x: tf.matmul(x / 3.0, tf.constant(_W)))  # fmt: skip

# -- layers


def _dense(tf, x):
    return tf.keras.layers.Dense(5, **given(kernel=_W, bias=_B))(x)


def _conv(tf, x, w=_KERNEL, strides=None):
    return tf.nn.conv2d(x, tf.constant(w), strides or [1, 1, 1, 1], "VALID")


def _by_patches(tf, x):
    patches = tf.image.extract_patches(x, [1, 3, 3, 1], [1, 1, 1, 1], [1, 1, 1, 1], "VALID")
    return tf.tensordot(patches, tf.constant(_KERNEL.reshape(-1, 5)), 1)


def _keras_conv(tf, x):
    return tf.keras.layers.Conv2D(5, 3, use_bias=False, **given(kernel=_KERNEL))(x)


def _normed(tf, x):
    m, v, g, b = (tf.constant(_CHANNELS[name]) for name in ("mean", "variance", "gamma", "beta"))
    return tf.nn.batch_normalization(_conv(tf, x), m, v, b, g, 1e-3)


def _folded(tf, x):
    scale = _CHANNELS["gamma"] / np.sqrt(_CHANNELS["variance"] + f32(1e-3))
    return _conv(tf, x, _KERNEL * scale) + tf.constant(_CHANNELS["beta"] - _CHANNELS["mean"] * scale)


def _fused(tf, x):
    m, v, g, b = (tf.constant(_CHANNELS[name]) for name in ("mean", "variance", "gamma", "beta"))
    return tf.compat.v1.nn.fused_batch_norm(_conv(tf, x), g, b, m, v, 1e-3, is_training=False)[0]


def _by_the_definition(tf, x):
    m, v, g, b = (tf.constant(_CHANNELS[name]) for name in ("mean", "variance", "gamma", "beta"))
    return g * (_conv(tf, x) - m) / tf.sqrt(v + 1e-3) + b


def _channels_first(tf, x):
    turned = tf.transpose(tf.transpose(x, [0, 3, 1, 2]), [0, 2, 3, 1])
    return tf.transpose(tf.transpose(_conv(tf, turned), [0, 3, 1, 2]), [0, 2, 3, 1])


def _in_groups(tf, x):
    parts = zip(tf.split(x, 2, axis=3), (_KERNEL[:, :, :2], _KERNEL[:, :, 2:]))
    return tf.add_n([_conv(tf, part, kernel) for part, kernel in parts])


_same(
    "dense by a layer", lambda tf, x: tf.nn.bias_add(tf.matmul(x, tf.constant(_W)), tf.constant(_B)), _dense
)
_same("convolution by a layer", _conv, _keras_conv, x=_IMAGE)
_same("convolution as a product over patches", _conv, _by_patches, x=_IMAGE)
_same("convolution between transposes", _conv, _channels_first, x=_IMAGE)
_same("convolution of the channels in groups, added", _conv, _in_groups, x=_IMAGE)
_same("convolution of one pixel as a product", lambda tf, x: _conv(tf, x, _ONE_BY_ONE),
      lambda tf, x: tf.einsum("bijc,co->bijo", x, tf.constant(_ONE_BY_ONE[0, 0])), x=_IMAGE)  # fmt: skip
_same("batch norm folded into the kernel", _normed, _folded, x=_IMAGE)
_same("batch norm by the fused op", _normed, _fused, x=_IMAGE)
_same("batch norm by its definition", _normed, _by_the_definition, x=_IMAGE)
_same("mean pooling as a reduction", lambda tf, x: tf.nn.avg_pool(x, [1, 6, 7, 1], [1, 1, 1, 1], "VALID"),
      lambda tf, x: tf.reduce_mean(x, [1, 2], keepdims=True), x=_IMAGE)  # fmt: skip
_same("padding beside the convolution", lambda tf, x: tf.nn.conv2d(x, tf.constant(_KERNEL), [1, 1, 1, 1], "SAME"),
      lambda tf, x: _conv(tf, tf.pad(x, [[0, 0], [1, 1], [1, 1], [0, 0]])), x=_IMAGE)  # fmt: skip
_same(
    "split and concatenated",
    lambda tf, x: tf.tanh(x),
    lambda tf, x: tf.concat([tf.tanh(p) for p in tf.split(x, 3, 1)], 1),
)
_same(
    "stacked and summed",
    lambda tf, x, y: x + y,
    lambda tf, x, y: tf.reduce_sum(tf.stack([x, y]), 0),
    x=_X,
    y=_Y,
)
_same("upsampled by repeating", lambda tf, x: tf.image.resize_nearest_neighbor(x, [12, 14]),
      lambda tf, x: tf.repeat(tf.repeat(x, 2, 1), 2, 2), x=_IMAGE)  # fmt: skip

# -- softmax, losses, gradients

_same(
    "softmax by exp",
    lambda tf, x: tf.nn.softmax(x),
    lambda tf, x: tf.exp(x) / tf.reduce_sum(tf.exp(x), 1, keepdims=True),
)
_same("softmax of what is moved", lambda tf, x: tf.nn.softmax(x),
      lambda tf, x: tf.nn.softmax(x - tf.reduce_max(x, 1, keepdims=True)))  # fmt: skip
_same(
    "log softmax as log(softmax)",
    lambda tf, x: tf.nn.log_softmax(x),
    lambda tf, x: tf.math.log(tf.nn.softmax(x)),
)
_same("log softmax by logsumexp", lambda tf, x: tf.nn.log_softmax(x),
      lambda tf, x: x - tf.reduce_logsumexp(x, 1, keepdims=True))  # fmt: skip
_same("cross entropy by log softmax",
      lambda tf, x, y: tf.nn.softmax_cross_entropy_with_logits_v2(labels=y, logits=x),
      lambda tf, x, y: -tf.reduce_sum(y * tf.nn.log_softmax(x), 1), x=_X, y=_LABELS)  # fmt: skip
_same("cross entropy of numbers and of one-hot rows",
      lambda tf, x, y: tf.nn.softmax_cross_entropy_with_logits_v2(labels=y, logits=x),
      lambda tf, x, y: tf.nn.sparse_softmax_cross_entropy_with_logits(tf.argmax(y, 1), x), x=_X, y=_LABELS)  # fmt: skip
_same("sigmoid cross entropy by softplus",
      lambda tf, x, y: tf.nn.sigmoid_cross_entropy_with_logits(labels=y, logits=x),
      lambda tf, x, y: tf.nn.softplus(x) - x * y, x=_X, y=_LABELS)  # fmt: skip
_same("squared error by the op", lambda tf, x, y: tf.reduce_mean(tf.square(x - y)),
      lambda tf, x, y: tf.reduce_mean(tf.math.squared_difference(y, x)), x=_X, y=_Y)  # fmt: skip
_same("an embedding as a product", lambda tf, y: tf.nn.embedding_lookup(tf.constant(_W), tf.argmax(y, 1)),
      lambda tf, y: y @ tf.constant(_W), y=_LABELS)  # fmt: skip
_same("l2 normalisation by the norm", lambda tf, x: tf.nn.l2_normalize(x, 1),
      lambda tf, x: x / tf.norm(x, axis=1, keepdims=True))  # fmt: skip
_same("constants in float64 first", lambda tf, x: x * 0.1 + 0.3,
      lambda tf, x: x * tf.cast(tf.constant(0.1, tf.float64), x.dtype) + tf.cast(np.float64(0.3), x.dtype))  # fmt: skip


def _wide(tf, x):
    product = tf.math.tanh(tf.cast(x, tf.float64)) @ tf.constant(_W.astype(np.float64))
    return tf.cast(product, tf.float32)


_same("computed in float64", lambda tf, x: tf.matmul(tf.tanh(x), tf.constant(_W)), _wide)
_same(
    "momentum as a moving average",
    lambda tf, x, y: 0.9 * x + 0.1 * y,
    lambda tf, x, y: x - 0.1 * (x - y),
    x=_X,
    y=_Y,
)
