"""Separable convolution: one filter a channel, then a mixture of channels at each pixel."""

from compat import fixtures, layers, operation, reference

_IMAGE = fixtures.uniform("separable_image", (2, 9, 8, 3), seed=281)
_DEPTHWISE = fixtures.uniform("separable_depthwise", (3, 3, 3, 2), seed=282, low=-1.0)
_POINTWISE = fixtures.uniform("separable_pointwise", (1, 1, 6, 4), seed=283, low=-1.0)


def _reference(x, depthwise, pointwise, *, strides, padding):
    middle = reference.depthwise_conv2d(x, depthwise, strides=strides, padding=padding)
    return reference.conv2d(middle, pointwise)


separable_conv2d = operation(
    "separable_conv2d",
    reference=_reference,
    doc="""
    The stride and the padding belong to the first convolution. What the two do one after the other, the layer
    does in one call, and keeps the channels between them in the order channel * multiplier + number.
    """,
)


@separable_conv2d.on("numpy")
def _(np, x, depthwise, pointwise, strides, padding):
    return layers.conv2d(layers.depthwise_conv2d(x, depthwise, strides=strides, padding=padding), pointwise)


@separable_conv2d.on("tf1.session", "tf2.eager", "tf2.function")
def _(tf, x, depthwise, pointwise, strides, padding):
    return tf.nn.separable_conv2d(x, depthwise, pointwise, strides=[1, strides, strides, 1], padding=padding)


@separable_conv2d.on("keras2", "keras3")
def _(keras, x, depthwise, pointwise, strides, padding):
    layer = keras.layers.SeparableConv2D(
        4, 3, strides=strides, padding=padding.lower(), depth_multiplier=2, use_bias=False
    )
    layer.build((None, 9, 8, 3))
    layer.set_weights([depthwise, pointwise])
    return layer(x)


for strides in (1, 2):
    for padding in ("SAME", "VALID"):
        separable_conv2d.sample(
            f"{padding.lower()}-stride{strides}",
            x=_IMAGE,
            depthwise=_DEPTHWISE,
            pointwise=_POINTWISE,
            strides=strides,
            padding=padding,
        )
