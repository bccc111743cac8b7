"""Max and average pooling, and their gradients. Padding never wins a maximum and is never averaged."""

from compat import Unsupported, fixtures, layers, operation, reference

max_pool = operation(
    "max_pool",
    reference=reference.max_pool2d,
    doc="The largest of each window: a selection, exact in every dialect.",
)
avg_pool = operation(
    "avg_pool", reference=reference.avg_pool2d, doc="The mean of each window; SAME padding is not counted."
)
max_pool_grad = operation(
    "max_pool_grad",
    reference=reference.max_pool2d_grad,
    doc="The gradient goes to the largest of each window, of equals to the first, row by row.",
)
avg_pool_grad = operation(
    "avg_pool_grad",
    reference=reference.avg_pool2d_grad,
    doc="Every pixel gets its share of each window's gradient.",
)


def _windows(ksize, strides, padding):
    return {"ksize": [1, ksize, ksize, 1], "strides": [1, strides, strides, 1], "padding": padding}


@max_pool.on("numpy")
def _(np, x, *, ksize, strides, padding):
    return layers.max_pool2d(x, ksize, strides, padding=padding)


@max_pool.on("tf1.session", "tf2.eager", "tf2.function")
def _(tf, x, *, ksize, strides, padding):
    return tf.nn.max_pool(x, **_windows(ksize, strides, padding))


@max_pool.on("keras2", "keras3")
def _(keras, x, *, ksize, strides, padding):
    return keras.layers.MaxPooling2D(ksize, strides, padding.lower(), dtype=x.dtype.name)(x)


@avg_pool.on("numpy")
def _(np, x, *, ksize, strides, padding):
    return layers.avg_pool2d(x, ksize, strides, padding=padding)


@avg_pool.on("tf1.session", "tf2.eager", "tf2.function")
def _(tf, x, *, ksize, strides, padding):
    return tf.nn.avg_pool(x, **_windows(ksize, strides, padding))


@avg_pool.on("keras2", "keras3")
def _(keras, x, *, ksize, strides, padding):
    return keras.layers.AveragePooling2D(ksize, strides, padding.lower(), dtype=x.dtype.name)(x)


@max_pool_grad.on("numpy")
def _(np, x, dy, *, ksize, strides, padding):
    return {"dx": layers.max_pool2d_grad(x, dy, ksize, strides, padding=padding)}


@avg_pool_grad.on("numpy")
def _(np, x, dy, *, ksize, strides, padding):
    return {"dx": layers.avg_pool2d_grad(dy, x.shape, ksize, strides, padding=padding)}


def _spell_gradient(gradient, pool_name, layer_name):
    """The spellings that differ only in the name of the pooling."""

    @gradient.on("tf1.session")
    def _(tf, x, dy, *, ksize, strides, padding):
        y = getattr(tf.nn, pool_name)(x, **_windows(ksize, strides, padding))
        return {"dx": tf.gradients(y, x, dy)[0]}

    @gradient.on("tf2.eager", "tf2.function")
    def _(tf, x, dy, *, ksize, strides, padding):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = getattr(tf.nn, pool_name)(x, **_windows(ksize, strides, padding))
        return {"dx": tape.gradient(y, x, output_gradients=dy)}

    @gradient.on("keras2", "keras3")
    def _(keras, x, dy, *, ksize, strides, padding):
        import tensorflow as tf

        if not tf.executing_eagerly():
            raise Unsupported("Keras in TensorFlow 1 gives no gradients of a layer but through tf.gradients")
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = getattr(keras.layers, layer_name)(ksize, strides, padding.lower(), dtype=x.dtype.name)(x)
        return {"dx": tape.gradient(y, x, output_gradients=tf.cast(dy, x.dtype))}


_spell_gradient(max_pool_grad, "max_pool", "MaxPooling2D")
_spell_gradient(avg_pool_grad, "avg_pool", "AveragePooling2D")

for ksize in (2, 3):
    for strides in (1, 2, 3):
        for padding in ("VALID", "SAME"):
            name = f"k{ksize}-s{strides}-{padding.lower()}"
            parameters = {"ksize": ksize, "strides": strides, "padding": padding}
            x = fixtures.normal("noise_2x9x11x3", (2, 9, 11, 3), seed=2)
            rows, columns = (-(-(n if padding == "SAME" else n - ksize + 1) // strides) for n in (9, 11))
            dy = fixtures.normal(f"dy_2x{rows}x{columns}x3", (2, rows, columns, 3), seed=6)
            max_pool.sample(name, x=x, **parameters)
            avg_pool.sample(name, x=x, **parameters)
            max_pool_grad.sample(name, x=x, dy=dy, **parameters)
            avg_pool_grad.sample(name, x=x, dy=dy, **parameters)

for dtype in ("float16", "bfloat16", "float64"):
    for ksize, padding in ((2, "VALID"), (3, "SAME")):
        name, parameters = f"{dtype}-k{ksize}", {"ksize": ksize, "strides": 2, "padding": padding}
        x = fixtures.normal("noise_2x9x11x3", (2, 9, 11, 3), seed=2).astype(dtype)
        rows, columns = (4, 5) if padding == "VALID" else (5, 6)
        dy = fixtures.normal(f"dy_2x{rows}x{columns}x3", (2, rows, columns, 3), seed=6).astype(dtype)
        max_pool.sample(name, x=x, **parameters)
        avg_pool.sample(name, x=x, **parameters)
        max_pool_grad.sample(name, x=x, dy=dy, **parameters)
        avg_pool_grad.sample(name, x=x, dy=dy, **parameters)

max_pool_grad.sample(
    "ties",
    x=fixtures.integers("small_whole_numbers", (2, 9, 11, 3), seed=11, low=0, high=3),
    dy=fixtures.normal("dy_2x5x6x3", (2, 5, 6, 3), seed=6),
    ksize=2,
    strides=2,
    padding="SAME",
    doc="Whole numbers 0, 1, 2: nearly every window has its maximum more than once.",
)
