"""``tf.nn.depthwise_conv2d``: every channel has filters of its own."""

from compat import fixtures, layers, operation, reference

depthwise_conv2d = operation(
    "depthwise_conv2d",
    reference=reference.depthwise_conv2d,
    doc="Filters (height, width, channels, multiplier) give channels x multiplier results.",
)


@depthwise_conv2d.on("numpy")
def _(np, x, w, *, strides=1, padding="SAME"):
    return layers.depthwise_conv2d(x, w, strides=strides, padding=padding)


@depthwise_conv2d.on("tf1.session", "tf2.eager", "tf2.function")
def _(tf, x, w, *, strides=1, padding="SAME"):
    return tf.nn.depthwise_conv2d(x, w, [1, strides, strides, 1], padding)


@depthwise_conv2d.on("keras2", "keras3")
def _(keras, x, w, *, strides=1, padding="SAME"):
    layer = keras.layers.DepthwiseConv2D(
        w.shape[:2], strides=strides, padding=padding.lower(), depth_multiplier=w.shape[3], use_bias=False
    )
    layer.build(x.shape)
    layer.set_weights([w])
    return layer(x)


for kernel in (2, 3):
    for strides in (1, 2):
        for multiplier in (1, 2):
            for padding in ("VALID", "SAME"):
                depthwise_conv2d.sample(
                    f"k{kernel}-s{strides}-m{multiplier}-{padding.lower()}",
                    x=fixtures.normal("noise_2x9x11x4", (2, 9, 11, 4), seed=9),
                    w=fixtures.normal(
                        f"filters_{kernel}x{kernel}x4x{multiplier}", (kernel, kernel, 4, multiplier), seed=10
                    ),
                    strides=strides,
                    padding=padding,
                )
