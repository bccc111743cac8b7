"""``tf.nn.conv2d`` (SEED_CASES B): cross-correlation of NHWC images with HWIO filters."""

from compat import Unsupported, fixtures, layers, operation, reference

conv2d = operation(
    "conv2d",
    reference=reference.conv2d,
    doc="""
    Cross-correlation: every output pixel is the sum of a window of the image times the filter, which is
    not flipped. SAME keeps ceil(n / stride) pixels and puts the odd pixel of padding at the end.
    """,
)


@conv2d.on("numpy", claims="float32-sums")
def _(np, x, w, *, strides=1, padding="VALID", dilations=1):
    return layers.conv2d(x, w, strides=strides, padding=padding, dilations=dilations)


@conv2d.on("scipy")
def _(scipy, x, w, *, strides=1, padding="VALID", dilations=1):
    import numpy as np

    if x.dtype == np.float16:
        raise Unsupported("scipy.signal does not correlate float16")
    if w.shape[2] != x.shape[3]:
        raise Unsupported("scipy.signal knows no groups of channels")
    size = [(k - 1) * dilations + 1 for k in w.shape[:2]]
    spread = np.zeros(tuple(size) + w.shape[2:], w.dtype)
    spread[::dilations, ::dilations] = w
    if padding == "SAME":
        padding = [layers.same_padding(n, k, strides) for n, k in zip(x.shape[1:3], size)]
    if padding != "VALID":
        x = np.pad(x, [(0, 0), *padding, (0, 0)], mode="constant")
    return np.stack(
        [
            np.concatenate(
                [
                    scipy.signal.correlate(image, f, mode="valid", method="direct")
                    for f in np.moveaxis(spread, 3, 0)
                ],
                axis=2,
            )[::strides, ::strides]
            for image in x
        ]
    )


@conv2d.on("tf1.session", "tf2.eager", "tf2.function")
def _(tf, x, w, *, strides=1, padding="VALID", dilations=1):
    if not isinstance(padding, str):
        padding = [[0, 0], *padding, [0, 0]]
    return tf.nn.conv2d(
        x, w, strides=[1, strides, strides, 1], padding=padding, dilations=[1, dilations, dilations, 1]
    )


@conv2d.on("keras2", "keras3")
def _(keras, x, w, *, strides=1, padding="VALID", dilations=1):
    if strides > 1 and dilations > 1:
        raise Unsupported("Keras has no layer with both strides and dilation")
    groups = int(x.shape[3]) // w.shape[2]
    if not isinstance(padding, str):
        x = keras.layers.ZeroPadding2D(padding, dtype=x.dtype.name)(x)
        padding = "VALID"
    layer = keras.layers.Conv2D(
        w.shape[3],
        w.shape[:2],
        strides=strides,
        padding=padding.lower(),
        dilation_rate=dilations,
        use_bias=False,
        dtype=x.dtype.name,
        **({"groups": groups} if groups > 1 else {}),
    )
    layer.build(x.shape)
    layer.set_weights([w])
    return layer(x)


conv2d.sample(
    "b1",
    x=fixtures.values("one_to_six", [[[[1], [2], [3]], [[4], [5], [6]]]]),
    w=fixtures.values("one_to_four", [[[[1]], [[2]]], [[[3]], [[4]]]]),
    padding="VALID",
    expected=[[[[37], [47]]]],
    doc="1..6 as 1x2x3x1 and 1..4 as 2x2x1x1: 37 and 47.",
)


def _image(channels, size=(9, 11), count=2):
    name = f"noise_{count}x{size[0]}x{size[1]}x{channels}"
    return fixtures.normal(name, (count, *size, channels), seed=2)


def _filters(kernel, channels, count):
    return fixtures.normal(
        f"filters_{kernel}x{kernel}x{channels}x{count}", (kernel, kernel, channels, count), seed=3
    )


PADDINGS = {"valid": "VALID", "same": "SAME", "explicit": ((1, 2), (0, 3))}

for kernel in (1, 2, 3, 5):
    for strides in (1, 2, 3):
        for dilations in (1, 2):
            for padding_name, padding in PADDINGS.items():
                if kernel == 1 and dilations == 2:
                    continue
                conv2d.sample(
                    f"k{kernel}-s{strides}-d{dilations}-{padding_name}",
                    x=_image(3),
                    w=_filters(kernel, 3, 4),
                    strides=strides,
                    padding=padding,
                    dilations=dilations,
                )

for channels, filters in ((1, 8), (3, 8), (32, 16), (256, 8)):
    for kernel in (1, 3):
        conv2d.sample(
            f"c{channels}-k{kernel}",
            x=_image(channels),
            w=_filters(kernel, channels, filters),
            padding="SAME",
        )

for dtype in ("float16", "bfloat16", "float64"):
    for channels in (3, 32):
        for kernel, strides in ((1, 1), (3, 1), (3, 2)):
            conv2d.sample(
                f"{dtype}-c{channels}-k{kernel}-s{strides}",
                x=_image(channels).astype(dtype),
                w=_filters(kernel, channels, 4).astype(dtype),
                strides=strides,
                padding="SAME",
            )

for groups in (2, 4):
    for strides in (1, 2):
        conv2d.sample(
            f"groups{groups}-s{strides}",
            x=_image(8),
            w=_filters(3, 8 // groups, 8),
            strides=strides,
            padding="SAME",
        )
