"""The gradients of ``tf.nn.conv2d`` with respect to its input and its filter."""

from compat import Unsupported, fixtures, layers, operation, reference

conv2d_grad = operation(
    "conv2d_grad",
    reference=reference.conv2d_grad,
    doc="dx and dw of sum(conv2d(x, w) * dy): what training a convolution computes.",
)


@conv2d_grad.on("numpy")
def _(np, x, w, dy, *, strides=1, padding="VALID", dilations=1):
    geometry = {"strides": strides, "padding": padding, "dilations": dilations}
    return {
        "dx": layers.conv2d_input_grad(dy, w, x.shape, **geometry),
        "dw": layers.conv2d_filter_grad(x, dy, w.shape, **geometry),
    }


@conv2d_grad.on("tf1.session")
def _(tf, x, w, dy, *, strides=1, padding="VALID", dilations=1):
    y = tf.nn.conv2d(
        x, w, strides=[1, strides, strides, 1], padding=padding, dilations=[1, dilations, dilations, 1]
    )
    dx, dw = tf.gradients(y, [x, w], dy)
    return {"dx": dx, "dw": dw}


@conv2d_grad.on("tf2.eager", "tf2.function")
def _(tf, x, w, dy, *, strides=1, padding="VALID", dilations=1):
    with tf.GradientTape() as tape:
        tape.watch([x, w])
        y = tf.nn.conv2d(
            x, w, strides=[1, strides, strides, 1], padding=padding, dilations=[1, dilations, dilations, 1]
        )
    dx, dw = tape.gradient(y, [x, w], output_gradients=dy)
    return {"dx": dx, "dw": dw}


@conv2d_grad.on("keras2", "keras3")
def _(keras, x, w, dy, *, strides=1, padding="VALID", dilations=1):
    import tensorflow as tf

    if not tf.executing_eagerly():
        raise Unsupported("Keras in TensorFlow 1 gives no gradients of a layer but through tf.gradients")
    layer = keras.layers.Conv2D(
        w.shape[3],
        w.shape[:2],
        strides=strides,
        padding=padding.lower(),
        dilation_rate=dilations,
        use_bias=False,
        dtype=x.dtype.name,
    )
    layer.build(x.shape)
    layer.set_weights([w])
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = layer(x)
    dx, dw = tape.gradient(y, [x, layer.trainable_weights[0]], output_gradients=tf.constant(dy))
    return {"dx": dx, "dw": tf.convert_to_tensor(dw)}


def _sample(name, channels, kernel, filters, dtype="float32", strides=1, padding="SAME", dilations=1):
    size = (9, 11)
    reach = (kernel - 1) * dilations + 1
    rows, columns = (-(-(n if padding == "SAME" else n - reach + 1) // strides) for n in size)
    conv2d_grad.sample(
        name,
        x=fixtures.normal(f"noise_2x9x11x{channels}", (2, *size, channels), seed=2).astype(dtype),
        w=fixtures.normal(
            f"filters_{kernel}x{kernel}x{channels}x{filters}", (kernel, kernel, channels, filters), seed=3
        ).astype(dtype),
        dy=fixtures.normal(f"dy_2x{rows}x{columns}x{filters}", (2, rows, columns, filters), seed=6).astype(
            dtype
        ),
        strides=strides,
        padding=padding,
        dilations=dilations,
    )


for kernel in (1, 2, 3, 5):
    for strides in (1, 2, 3):
        for padding in ("VALID", "SAME"):
            _sample(f"k{kernel}-s{strides}-{padding.lower()}", 3, kernel, 4, strides=strides, padding=padding)
for padding in ("VALID", "SAME"):
    _sample(f"k3-d2-{padding.lower()}", 3, 3, 4, padding=padding, dilations=2)
for channels, filters in ((1, 8), (32, 16), (256, 8)):
    _sample(f"c{channels}", channels, 3, filters)
for dtype in ("float16", "float64"):
    for strides in (1, 2):
        _sample(f"{dtype}-s{strides}", 3, 3, 4, dtype=dtype, strides=strides)
