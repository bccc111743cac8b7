"""Resizing images: where the centre of a pixel lies moved at TensorFlow 2."""

from compat import Unsupported, fixtures, operation, reference

_X = fixtures.normal("image_2x6x8x3", (2, 6, 8, 3), seed=81)
_SIZES = {"up": (12, 16), "down": (3, 4), "odd": (9, 5)}


def _v1():
    """``tf.compat.v1``, which ``tf.compat.v1.compat`` and ``tf.compat.v2.compat`` of old versions lack."""
    import tensorflow

    return tensorflow.compat.v1


resize = operation(
    "resize",
    reference=reference.resize,
    doc="""
    Three ways to lay the output's grid over the input, all written out: TF1's default (legacy), its
    align_corners, and the half pixel centers of TensorFlow 2 and Keras, which 1.13 lacks.
    """,
)


@resize.on("numpy")
def _(np, x, *, size, method, align_corners, half_pixel_centers):
    if method == "bicubic":
        raise Unsupported("compat.layers resizes nothing; bilinear and nearest are spelled here")
    y = x
    for axis, m in zip((1, 2), size):
        n = x.shape[axis]
        i = np.arange(m)
        at = i * (n - 1) / (m - 1) if align_corners else i * n / m
        at = (i + 0.5) * n / m - 0.5 if half_pixel_centers else at
        if method == "nearest":
            index = np.floor(at + 0.5) if half_pixel_centers or align_corners else np.floor(at)
            y = np.take(y, np.clip(index, 0, n - 1).astype(int), axis=axis)
            continue
        at = np.clip(at, 0, n - 1)
        low = np.minimum(np.floor(at).astype(int), n - 2)
        fraction = (at - low).astype(x.dtype).reshape([-1 if a == axis else 1 for a in range(4)])
        lower, upper = np.take(y, low, axis=axis), np.take(y, low + 1, axis=axis)
        y = lower + (upper - lower) * fraction
    return y


def _raw(tf, method):
    return {
        "bilinear": _v1().image.resize_bilinear,
        "nearest": _v1().image.resize_nearest_neighbor,
        "bicubic": _v1().image.resize_bicubic,
    }[method]


@resize.on("tf1.session")
def _(tf, x, *, size, method, align_corners, half_pixel_centers):
    if not half_pixel_centers:
        return _raw(tf, method)(x, size, align_corners=align_corners)
    try:
        return _raw(tf, method)(x, size, half_pixel_centers=True)
    except TypeError:
        raise Unsupported("half_pixel_centers begins with TensorFlow 1.14") from None


@resize.on("tf2.eager", "tf2.function")
def _(tf, x, *, size, method, align_corners, half_pixel_centers):
    if half_pixel_centers:
        return tf.image.resize(x, size, method)
    return _raw(tf, method)(x, size, align_corners=align_corners)


@resize.on("keras2", "keras3")
def _(keras, x, *, size, method, align_corners, half_pixel_centers):
    if not half_pixel_centers:
        raise Unsupported("Keras resizes with half pixel centers only")
    if not hasattr(keras.layers, "Resizing"):
        raise Unsupported("keras.layers.Resizing begins with TensorFlow 2.6")
    return keras.layers.Resizing(size[0], size[1], interpolation=method)(x)


for method in ("bilinear", "nearest", "bicubic"):
    for grid, align_corners, half_pixel_centers in (
        ("legacy", False, False),
        ("corners", True, False),
        ("half-pixel", False, True),
    ):
        for to, size in _SIZES.items():
            resize.sample(
                f"{method}-{grid}-{to}",
                x=_X,
                size=size,
                method=method,
                align_corners=align_corners,
                half_pixel_centers=half_pixel_centers,
            )

resize_default = operation(
    "resize_default",
    reference=reference.resize,
    doc="""
    tf.image.resize(x, size, method) and nothing more: in TensorFlow 1 the legacy grid, in TensorFlow 2 half
    pixel centers. To keep the numbers of a TF1 network call tf.compat.v1.image.resize.
    """,
)


@resize_default.on("tf1.session", "tf2.eager", "tf2.function")
def _(tf, x, *, size, method):
    methods = {"bilinear": "BILINEAR", "nearest": "NEAREST_NEIGHBOR", "bicubic": "BICUBIC"}
    resize_images = getattr(tf.image, "resize_images", tf.image.resize)
    return resize_images(x, size, getattr(tf.image.ResizeMethod, methods[method]))


for method in ("bilinear", "nearest", "bicubic"):
    resize_default.sample(method, x=_X, size=_SIZES["odd"], method=method)

upsampling = operation(
    "upsampling",
    reference=lambda x, *, factor, method: reference.resize(
        x, size=(x.shape[1] * factor, x.shape[2] * factor), method=method, half_pixel_centers=True
    ),
    doc="UpSampling2D: bilinear moved to half pixel centers at 1.15; nearest, the default, never moved.",
)


@upsampling.on("numpy")
def _(np, x, *, factor, method):
    if method != "nearest":
        raise Unsupported("spelled for nearest only")
    return x.repeat(factor, axis=1).repeat(factor, axis=2)


@upsampling.on("keras2", "keras3")
def _(keras, x, *, factor, method):
    return keras.layers.UpSampling2D(factor, interpolation=method)(x)


for method in ("nearest", "bilinear"):
    upsampling.sample(method, x=_X, factor=2, method=method)

resize_antialias = operation(
    "resize_antialias",
    reference=lambda x, *, size, port: reference.resize(
        x, size=size, method="bilinear", half_pixel_centers=True, antialias=True
    ),
    doc="""
    Shrinking as Pillow and PyTorch's antialias=True do it, the triangle as wide as an output pixel. In
    tf.image.resize antialias is False where nobody writes it, and pixels in between are dropped.
    """,
)


@resize_antialias.on("tf2.eager", "tf2.function")
def _(tf, x, *, size, port):
    return tf.image.resize(x, size, "bilinear", **({"antialias": True} if port == "written" else {}))


@resize_antialias.on("numpy")
def _(np, x, *, size, port):
    y = x
    for axis, m in zip((1, 2), size):
        n = x.shape[axis]
        centres = (np.arange(m)[:, None] + 0.5) * n / m
        weights = np.maximum(1 - abs(np.arange(n) + 0.5 - centres) * m / n, 0)
        weights = (weights / weights.sum(axis=1, keepdims=True)).astype(x.dtype)
        y = np.moveaxis(np.tensordot(weights, y, axes=(1, axis)), 0, axis)
    return y


for port in ("written", "not written"):
    resize_antialias.sample(port.replace(" ", "-"), x=_X, size=_SIZES["down"], port=port)
