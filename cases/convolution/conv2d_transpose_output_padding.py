"""Transposed convolution with output_padding: which of the sizes that a stride rounds away comes back."""

from compat import Unsupported, fixtures, layers, operation, reference

conv2d_transpose_output_padding = operation(
    "conv2d_transpose_output_padding",
    reference=reference.conv2d_transpose,
    doc="""
    Keras's Conv2DTranspose(output_padding=...): rows more at the end. tf.nn.conv2d_transpose takes the whole
    output_shape instead. (n - 1) stride + kernel + output_padding, and with "same" 2 (kernel // 2) less.
    """,
)


def _shape(x, w, strides, padding, output_padding):
    kernel = int(w.shape[0])
    less = 0 if padding == "VALID" else 2 * (kernel // 2)
    rows, columns = ((int(n) - 1) * strides + kernel + output_padding - less for n in x.shape[1:3])
    return int(x.shape[0]), rows, columns, int(w.shape[2])


@conv2d_transpose_output_padding.on("numpy")
def _(np, x, w, *, strides, padding, output_padding):
    shape = _shape(x, w, strides, padding, output_padding)
    return layers.conv2d_transpose(x, w, shape, strides=strides, padding=padding)


@conv2d_transpose_output_padding.on("tf1.session", "tf2.eager", "tf2.function")
def _(tf, x, w, *, strides, padding, output_padding):
    shape = _shape(x, w, strides, padding, output_padding)
    return tf.nn.conv2d_transpose(x, w, shape, strides=[1, strides, strides, 1], padding=padding)


@conv2d_transpose_output_padding.on("keras2", "keras3")
def _(keras, x, w, *, strides, padding, output_padding):
    try:
        layer = keras.layers.Conv2DTranspose(
            w.shape[2],
            w.shape[:2],
            strides=strides,
            padding=padding.lower(),
            use_bias=False,
            output_padding=output_padding,
        )
    except TypeError:
        raise Unsupported("this Conv2DTranspose has no output_padding") from None
    except ValueError:
        if output_padding:
            raise
        raise Unsupported("the first versions of Keras 3 take no output_padding of 0") from None
    layer.build(x.shape)
    layer.set_weights([w])
    return layer(x)


for kernel, strides, padding, output_padding in (
    (3, 2, "SAME", 0),
    (3, 2, "SAME", 1),
    (3, 2, "VALID", 0),
    (3, 2, "VALID", 1),
    (4, 3, "VALID", 2),
):
    conv2d_transpose_output_padding.sample(
        f"k{kernel}-s{strides}-{padding.lower()}-p{output_padding}",
        x=fixtures.normal("noise_2x5x6x4", (2, 5, 6, 4), seed=7),
        w=fixtures.normal(f"filters_{kernel}x{kernel}x3x4", (kernel, kernel, 3, 4), seed=8),
        strides=strides,
        padding=padding,
        output_padding=output_padding,
    )
