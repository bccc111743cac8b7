"""``tf.nn.conv2d_transpose``: the input gradient of a convolution, used forwards."""

from compat import fixtures, layers, operation, reference

conv2d_transpose = operation(
    "conv2d_transpose",
    reference=reference.conv2d_transpose,
    doc="Filters are (height, width, out, in): the channels stand the other way round than in conv2d.",
)


@conv2d_transpose.on("numpy")
def _(np, x, w, *, output_shape, strides, padding):
    return layers.conv2d_transpose(x, w, output_shape, strides=strides, padding=padding)


@conv2d_transpose.on("tf1.session", "tf2.eager", "tf2.function")
def _(tf, x, w, *, output_shape, strides, padding):
    return tf.nn.conv2d_transpose(x, w, output_shape, strides=[1, strides, strides, 1], padding=padding)


@conv2d_transpose.on("keras2", "keras3")
def _(keras, x, w, *, output_shape, strides, padding):
    layer = keras.layers.Conv2DTranspose(
        w.shape[2], w.shape[:2], strides=strides, padding=padding.lower(), use_bias=False
    )
    layer.build(x.shape)
    layer.set_weights([w])
    return layer(x)


for kernel in (2, 3, 5):
    for strides in (1, 2, 3):
        for padding in ("VALID", "SAME"):
            # The size that Keras infers: what a convolution of it would have come from.
            rows, columns = (
                n * strides + (max(kernel - strides, 0) if padding == "VALID" else 0) for n in (5, 6)
            )
            conv2d_transpose.sample(
                f"k{kernel}-s{strides}-{padding.lower()}",
                x=fixtures.normal("noise_2x5x6x4", (2, 5, 6, 4), seed=7),
                w=fixtures.normal(f"filters_{kernel}x{kernel}x3x4", (kernel, kernel, 3, 4), seed=8),
                output_shape=(2, rows, columns, 3),
                strides=strides,
                padding=padding,
            )
