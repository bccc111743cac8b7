"""``tf.nn.conv1d``: cross-correlation along one axis, (count, width, channels) with (k, in, out)."""

from compat import fixtures, layers, operation, reference

conv1d = operation("conv1d", reference=reference.conv1d, doc="Cross-correlation along one axis.")


@conv1d.on("numpy")
def _(np, x, w, *, strides, padding):
    return layers.conv2d(x[:, None], w[None], strides=(1, strides), padding=padding)[:, 0]


@conv1d.on("tf1.session", "tf2.eager", "tf2.function")
def _(tf, x, w, *, strides, padding):
    return tf.nn.conv1d(x, w, strides, padding)


@conv1d.on("keras2", "keras3")
def _(keras, x, w, *, strides, padding):
    layer = keras.layers.Conv1D(
        w.shape[2], w.shape[0], strides=strides, padding=padding.lower(), use_bias=False, dtype=x.dtype.name
    )
    layer.build(x.shape)
    layer.set_weights([w])
    return layer(x)


for kernel in (2, 3, 5):
    for strides in (1, 2, 3):
        for padding in ("VALID", "SAME"):
            conv1d.sample(
                f"k{kernel}-s{strides}-{padding.lower()}",
                x=fixtures.normal("noise_2x17x3", (2, 17, 3), seed=4),
                w=fixtures.normal(f"filters_{kernel}x3x4", (kernel, 3, 4), seed=5),
                strides=strides,
                padding=padding,
            )
