"""The tutorial's NumPy layers (SEED_CASES E): ``im2col``, ``col2im``, ``Conv2D``, ``Pooling2D``.

The tutorial holds images as (N, C, H, W) and filters as (FN, C, FH, FW).  TensorFlow's kernels for the CPU
take images as (N, H, W, C) only, unless oneDNN is on (``conv2d_nchw`` in numpy_layers_mistakes.py), and
filters as (FH, FW, C, FN) always.  So every spelling but NumPy's transposes on its way in and out.

The outputs are large, up to 730 MB.  Every dialect computes the whole layer and hands back its shape and
every ``step``-th row and column: the last ones are among them where (size - 1) / step is a whole number.
"""

from compat import Unsupported, fixtures, layers, operation, reference

TO_NHWC, TO_NCHW = (0, 2, 3, 1), (0, 3, 1, 2)
#: (FN, C, FH, FW) -> (FH, FW, C, FN), and back.
TO_HWIO, TO_FN_FIRST = (2, 3, 1, 0), (3, 2, 0, 1)


def _photographs(count, channels):
    """So many photographs of 440x440 as NCHW: one and the same, each rolled on by 29 pixels."""

    def make():
        import numpy as np

        photograph = fixtures.photograph() if channels == 3 else fixtures.photograph_grey()
        image = photograph.array.reshape(440, 440, channels).transpose(2, 0, 1)
        return np.stack([np.roll(image, (29 * i, 29 * i), axis=(1, 2)) for i in range(count)])

    return fixtures.Fixture(f"photographs_{count}x{channels}x440x440", make)


PHOTOGRAPHS = {shape: _photographs(*shape) for shape in ((1, 1), (1, 3), (15, 1), (15, 3))}


def _filters(number, channels, size, seed=21):
    """Normal with standard deviation 0.01, as the tutorial begins."""
    shape = (number, channels, size, size)
    return fixtures.normal("layer_filters_" + "x".join(map(str, shape)), shape, seed, scale=0.01)


def _zeros(number):
    return fixtures.values(f"zeros_{number}", [0] * number)


def _numpy_seen(np, y, step, images=1):
    """What is recorded of an NCHW array."""
    return np.int32(y.shape), y[::images, :, ::step, ::step]


def _seen(tf, y, step, images=1):
    """The same of an NHWC tensor, which is transposed after the pixels are chosen."""
    return tf.gather(tf.shape(y), TO_NCHW), tf.transpose(y[::images, ::step, ::step], TO_NCHW)


def _shape(*sizes):
    return reference.Reference(sizes, dtype="int32")


def _as_nchw(answer, part=()):
    sums = (answer.value, answer.magnitude, answer.terms)
    return reference.Reference(*(array[part].transpose(TO_NCHW) for array in sums))


# -- e1 to e6: one convolution

conv_layer = operation(
    "conv_layer",
    reference=lambda x, w, b, *, strides, step: _refer_conv(x, w, b, strides, step),
    doc="e1 to e6: the convolution layer on photographs, NCHW, its biases zero and added all the same.",
)


def _refer_conv(x, w, b, strides, step):
    """Every ``step``-th pixel of a convolution is a convolution with so many times the stride."""
    y = reference.conv2d_bias(x.transpose(TO_NHWC), w.transpose(TO_HWIO), b, strides=strides * step)
    size = [(n - f) // strides + 1 for n, f in zip(x.shape[2:], w.shape[2:])]
    return {"shape": _shape(len(x), len(w), *size), "y": _as_nchw(y)}


@conv_layer.on("numpy")
def _(np, x, w, b, *, strides, step):
    layer = layers.Conv2D(w.transpose(TO_HWIO), b, strides=strides, data_format="NCHW")
    shape, y = _numpy_seen(np, layer.forward(x), step)
    return {"shape": shape, "y": y}


@conv_layer.on("tf1.session", "tf2.eager", "tf2.function")
def _(tf, x, w, b, *, strides, step):
    y = tf.nn.conv2d(
        tf.transpose(x, TO_NHWC),
        tf.transpose(w, TO_HWIO),
        strides=[1, strides, strides, 1],
        padding="VALID",
    )
    shape, y = _seen(tf, tf.nn.bias_add(y, b), step)
    return {"shape": shape, "y": y}


@conv_layer.on("keras2", "keras3")
def _(keras, x, w, b, *, strides, step):
    import tensorflow as tf

    images = keras.layers.Permute((2, 3, 1))(x)
    layer = keras.layers.Conv2D(len(w), w.shape[2:], strides=strides)
    layer.build(images.shape)
    layer.set_weights([w.transpose(TO_HWIO), b])
    shape, y = _seen(tf, layer(images), step)
    return {"shape": shape, "y": y}


for name, count, channels, number, size, strides, step, output in (
    ("e1", 1, 1, 1, 3, 1, 1, (1, 1, 438, 438)),
    ("e2", 1, 1, 1, 3, 2, 1, (1, 1, 219, 219)),
    ("e3", 1, 3, 10, 3, 1, 19, (1, 10, 438, 438)),
    ("e4", 15, 1, 10, 3, 1, 19, (15, 10, 438, 438)),
    ("e5", 1, 3, 32, 3, 3, 5, (1, 32, 146, 146)),
    ("e6", 15, 3, 64, 5, 1, 29, (15, 64, 436, 436)),
):
    conv_layer.sample(
        name,
        x=PHOTOGRAPHS[count, channels],
        w=_filters(number, channels, size),
        b=_zeros(number),
        strides=strides,
        step=step,
        expected={"shape": output},
    )

# -- e7, e8: a convolution and a pooling, once and twice

conv_pool = operation(
    "conv_pool",
    reference=lambda x, *weights, images, steps: _refer_conv_pool(x, weights, images, steps),
    doc="""
    e7, e8: a convolution, then the largest of every 2x2 pixels; once, and twice one after the other. Of
    15 images the first, the middle and the last are recorded.
    """,
)


def _refer_conv_pool(x, weights, images, steps):
    """The bound of a chain: the same network with the absolute values of everything.

    An input x_i known within gamma_a m_i, where m_i >= |x_i|, and met by a sum of n products has

        |y' - y| <= gamma_n sum |w_i| (|x_i| + gamma_a m_i) + sum |w_i| gamma_a m_i
                 <= (gamma_n + gamma_n gamma_a + gamma_a) sum |w_i| m_i  =  gamma_(n + a) sum |w_i| m_i,

    so the roundings of the layers add up, and the magnitude goes through the layers like the value.  A
    maximum of values each known within its b_i is known within the largest b_i, and adds no rounding.
    """
    value = x[::images].transpose(TO_NHWC)
    magnitude, terms = abs(value), 0
    sizes, answers = x.shape[2:], {}
    windows = {"ksize": 2, "strides": 2}
    for number, (w, b) in enumerate(zip(weights[::2], weights[1::2])):
        hwio = w.transpose(TO_HWIO)
        y = reference.conv2d_bias(value, hwio, b)
        total = reference.conv2d_bias(magnitude, abs(hwio), abs(b)).value if number else y.magnitude
        terms = terms + y.terms[:1, :1, :1, :1]
        pooled = reference.max_pool2d(y.value, **windows).value
        largest = reference.max_pool2d(total, **windows).value
        for kind, tensor, bound in (("conv", y.value, total), ("pool", pooled, largest)):
            step = steps[len(answers) // 2]
            sizes = (
                [n - f + 1 for n, f in zip(sizes, w.shape[2:])] if kind == "conv" else [n // 2 for n in sizes]
            )
            answers[f"{kind}{number + 1}_shape"] = _shape(len(x), len(w), *sizes)
            answers[f"{kind}{number + 1}"] = _as_nchw(
                reference.Reference(tensor, bound, terms),
                (slice(None), slice(None, None, step), slice(None, None, step)),
            )
        value, magnitude = pooled, largest
    return answers


def _name_all(tensors):
    """``conv1_shape``, ``conv1``, ``pool1_shape``, ``pool1``, ``conv2_shape`` ... in the order of flow."""
    outputs = {}
    for index, (shape, part) in enumerate(tensors):
        name = f"{('conv', 'pool')[index % 2]}{index // 2 + 1}"
        outputs[name + "_shape"], outputs[name] = shape, part
    return outputs


@conv_pool.on("numpy")
def _(np, x, *weights, images, steps):
    seen = []
    for w, b in zip(weights[::2], weights[1::2]):
        for layer in (
            layers.Conv2D(w.transpose(TO_HWIO), b, data_format="NCHW"),
            layers.Pooling2D(2, 2, data_format="NCHW"),
        ):
            x = layer.forward(x)
            seen.append(_numpy_seen(np, x, steps[len(seen)], images))
    return _name_all(seen)


@conv_pool.on("tf1.session", "tf2.eager", "tf2.function")
def _(tf, x, *weights, images, steps):
    seen = []
    x = tf.transpose(x, TO_NHWC)
    for w, b in zip(weights[::2], weights[1::2]):
        y = tf.nn.conv2d(x, tf.transpose(w, TO_HWIO), strides=[1, 1, 1, 1], padding="VALID")
        y = tf.nn.bias_add(y, b)
        x = tf.nn.max_pool(y, ksize=[1, 2, 2, 1], strides=[1, 2, 2, 1], padding="VALID")
        for tensor in (y, x):
            seen.append(_seen(tf, tensor, steps[len(seen)], images))
    return _name_all(seen)


@conv_pool.on("keras2", "keras3")
def _(keras, x, *weights, images, steps):
    import tensorflow as tf

    seen = []
    x = keras.layers.Permute((2, 3, 1))(x)
    for w, b in zip(weights[::2], weights[1::2]):
        layer = keras.layers.Conv2D(len(w), w.shape[2:])
        layer.build(x.shape)
        layer.set_weights([w.transpose(TO_HWIO), b])
        y = layer(x)
        x = keras.layers.MaxPooling2D(2, 2)(y)
        for tensor in (y, x):
            seen.append(_seen(tf, tensor, steps[len(seen)], images))
    return _name_all(seen)


conv_pool.sample(
    "e7",
    x=PHOTOGRAPHS[1, 1],
    w=_filters(8, 1, 3),
    b=_zeros(8),
    images=1,
    steps=(19, 2),
    expected={"conv1_shape": (1, 8, 438, 438), "pool1_shape": (1, 8, 219, 219)},
)
conv_pool.sample(
    "e8",
    x=PHOTOGRAPHS[15, 3],
    w1=_filters(10, 3, 3),
    b1=_zeros(10),
    w2=_filters(30, 10, 3, seed=22),
    b2=_zeros(30),
    images=7,
    steps=(19, 18, 8, 9),
    expected={
        "conv1_shape": (15, 10, 438, 438),
        "pool1_shape": (15, 10, 219, 219),
        "conv2_shape": (15, 30, 217, 217),
        "pool2_shape": (15, 30, 108, 108),
    },
)

# -- e9: backward

conv_layer_backward = operation(
    "conv_layer_backward",
    reference=lambda x, w, b, dy, *, strides: _refer_backward(x, w, dy, strides),
    doc="e9: dx, dw and db of the convolution layer, for the gradient dy of its output.",
)


def _refer_backward(x, w, dy, strides):
    gradient = dy.transpose(TO_NHWC)
    both = reference.conv2d_grad(x.transpose(TO_NHWC), w.transpose(TO_HWIO), gradient, strides=strides)
    dx, dw = both["dx"], both["dw"]
    exact = gradient.astype("float64")
    return {
        "dx": _as_nchw(dx),
        "dw": reference.Reference(
            dw.value.transpose(TO_FN_FIRST),
            dw.magnitude.transpose(TO_FN_FIRST),
            dw.terms.transpose(TO_FN_FIRST),
        ),
        "db": reference.Reference(
            exact.sum(axis=(0, 1, 2)), abs(exact).sum(axis=(0, 1, 2)), exact[..., 0].size
        ),
    }


@conv_layer_backward.on("numpy")
def _(np, x, w, b, dy, *, strides):
    layer = layers.Conv2D(w.transpose(TO_HWIO), b, strides=strides, data_format="NCHW")
    layer.forward(x)
    dx = layer.backward(dy)
    return {"dx": dx, "dw": layer.dw.transpose(TO_FN_FIRST), "db": layer.db}


def _convolve(tf, x, w, b, strides):
    y = tf.nn.conv2d(
        tf.transpose(x, TO_NHWC),
        tf.transpose(w, TO_HWIO),
        strides=[1, strides, strides, 1],
        padding="VALID",
    )
    return tf.transpose(tf.nn.bias_add(y, b), TO_NCHW)


@conv_layer_backward.on("tf1.session")
def _(tf, x, w, b, dy, *, strides):
    dx, dw, db = tf.gradients(_convolve(tf, x, w, b, strides), [x, w, b], dy)
    return {"dx": dx, "dw": dw, "db": db}


@conv_layer_backward.on("tf2.eager", "tf2.function")
def _(tf, x, w, b, dy, *, strides):
    with tf.GradientTape() as tape:
        tape.watch([x, w, b])
        y = _convolve(tf, x, w, b, strides)
    dx, dw, db = tape.gradient(y, [x, w, b], output_gradients=dy)
    return {"dx": dx, "dw": dw, "db": db}


@conv_layer_backward.on("keras2", "keras3")
def _(keras, x, w, b, dy, *, strides):
    import tensorflow as tf

    if not tf.executing_eagerly():
        raise Unsupported("Keras in TensorFlow 1 gives no gradients of a layer but through tf.gradients")
    permute = keras.layers.Permute((2, 3, 1))
    layer = keras.layers.Conv2D(len(w), w.shape[2:], strides=strides)
    layer.build(permute(x).shape)
    layer.set_weights([w.transpose(TO_HWIO), b])
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = layer(permute(x))
    dx, dw, db = tape.gradient(
        y, [x, *layer.trainable_weights], output_gradients=tf.constant(dy.transpose(TO_NHWC))
    )
    return {"dx": dx, "dw": tf.transpose(dw, TO_FN_FIRST), "db": tf.convert_to_tensor(db)}


for name, x_shape, w_shape, strides in (
    ("e9-small", (2, 2, 6, 5), (4, 2, 3, 2), 1),
    ("e9", (2, 3, 44, 44), (10, 3, 3, 3), 1),
    ("e9-stride2", (2, 3, 44, 44), (10, 3, 3, 3), 2),
    ("e9-5x5", (2, 3, 44, 44), (8, 3, 5, 5), 1),
):
    y_shape = (x_shape[0], w_shape[0]) + tuple(
        (n - f) // strides + 1 for n, f in zip(x_shape[2:], w_shape[2:])
    )
    conv_layer_backward.sample(
        name,
        x=fixtures.normal("layer_x_" + "x".join(map(str, x_shape)), x_shape, seed=23),
        w=fixtures.normal("layer_filters_" + "x".join(map(str, w_shape)), w_shape, seed=21, scale=0.01),
        b=_zeros(w_shape[0]),
        dy=fixtures.normal("layer_dy_" + "x".join(map(str, y_shape)), y_shape, seed=24),
        strides=strides,
    )

max_pool_layer_backward = operation(
    "max_pool_layer_backward",
    reference=lambda x, dy, *, ksize, strides: {
        "dx": _as_nchw(
            reference.max_pool2d_grad(
                x.transpose(TO_NHWC), dy.transpose(TO_NHWC), ksize=ksize, strides=strides
            )["dx"]
        )
    },
    doc="e9: dx of max pooling: the gradient of each window goes to the place of its largest pixel.",
)


@max_pool_layer_backward.on("numpy")
def _(np, x, dy, *, ksize, strides):
    layer = layers.Pooling2D(ksize, strides, data_format="NCHW")
    layer.forward(x)
    return {"dx": layer.backward(dy)}


def _max_pool(tf, x, ksize, strides):
    y = tf.nn.max_pool(
        tf.transpose(x, TO_NHWC),
        ksize=[1, ksize, ksize, 1],
        strides=[1, strides, strides, 1],
        padding="VALID",
    )
    return tf.transpose(y, TO_NCHW)


@max_pool_layer_backward.on("tf1.session")
def _(tf, x, dy, *, ksize, strides):
    return {"dx": tf.gradients(_max_pool(tf, x, ksize, strides), x, dy)[0]}


@max_pool_layer_backward.on("tf2.eager", "tf2.function")
def _(tf, x, dy, *, ksize, strides):
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = _max_pool(tf, x, ksize, strides)
    return {"dx": tape.gradient(y, x, output_gradients=dy)}


@max_pool_layer_backward.on("keras2", "keras3")
def _(keras, x, dy, *, ksize, strides):
    import tensorflow as tf

    if not tf.executing_eagerly():
        raise Unsupported("Keras in TensorFlow 1 gives no gradients of a layer but through tf.gradients")
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = keras.layers.MaxPooling2D(ksize, strides)(keras.layers.Permute((2, 3, 1))(x))
    return {"dx": tape.gradient(y, x, output_gradients=tf.constant(dy.transpose(TO_NHWC)))}


for name, x_shape, ksize, strides in (
    ("e9-small", (2, 2, 6, 5), 2, 2),
    ("e9", (2, 10, 42, 42), 2, 2),
    ("e9-overlapping", (2, 10, 42, 42), 3, 2),
    ("e9-ties", (2, 3, 8, 12), 2, 2),
    ("e9-ties-overlapping", (2, 3, 8, 12), 3, 2),
):
    y_shape = x_shape[:2] + tuple((n - ksize) // strides + 1 for n in x_shape[2:])
    noise = fixtures.normal("layer_x_" + "x".join(map(str, x_shape)), x_shape, seed=23)
    ties = fixtures.integers("layer_ties_" + "x".join(map(str, x_shape)), x_shape, seed=11, low=0, high=3)
    max_pool_layer_backward.sample(
        name,
        x=ties if "ties" in name else noise,
        dy=fixtures.normal("layer_dy_" + "x".join(map(str, y_shape)), y_shape, seed=24),
        ksize=ksize,
        strides=strides,
    )

# -- e10: means

avg_pool_layer = operation(
    "avg_pool_layer",
    reference=lambda x, *, ksize, strides, step: _refer_average(x, ksize, strides, step),
    doc="e10: average pooling of photographs, NCHW.",
)


def _refer_average(x, ksize, strides, step):
    y = reference.avg_pool2d(x.transpose(TO_NHWC), ksize=ksize, strides=strides * step)
    size = [(n - ksize) // strides + 1 for n in x.shape[2:]]
    return {"shape": _shape(*x.shape[:2], *size), "y": _as_nchw(y)}


@avg_pool_layer.on("numpy")
def _(np, x, *, ksize, strides, step):
    layer = layers.Pooling2D(ksize, strides, kind="avg", data_format="NCHW")
    shape, y = _numpy_seen(np, layer.forward(x), step)
    return {"shape": shape, "y": y}


@avg_pool_layer.on("tf1.session", "tf2.eager", "tf2.function")
def _(tf, x, *, ksize, strides, step):
    y = tf.nn.avg_pool(
        tf.transpose(x, TO_NHWC),
        ksize=[1, ksize, ksize, 1],
        strides=[1, strides, strides, 1],
        padding="VALID",
    )
    shape, y = _seen(tf, y, step)
    return {"shape": shape, "y": y}


@avg_pool_layer.on("keras2", "keras3")
def _(keras, x, *, ksize, strides, step):
    import tensorflow as tf

    y = keras.layers.AveragePooling2D(ksize, strides)(keras.layers.Permute((2, 3, 1))(x))
    shape, y = _seen(tf, y, step)
    return {"shape": shape, "y": y}


avg_pool_layer.sample(
    "e10", x=PHOTOGRAPHS[15, 3], ksize=2, strides=2, step=3, expected={"shape": (15, 3, 220, 220)}
)
avg_pool_layer.sample(
    "e10-overlapping", x=PHOTOGRAPHS[1, 3], ksize=3, strides=2, step=2, expected={"shape": (1, 3, 219, 219)}
)

global_avg_pool_layer = operation(
    "global_avg_pool_layer",
    reference=lambda x: _refer_global(x),
    doc="""
    e10: the mean of each channel, (N, C, 1, 1). It takes NCHW as it comes in every dialect: a mean over
    axes 2 and 3 needs no kernel of its own.
    """,
)


def _refer_global(x):
    """A sum of so many pixels, then one division."""
    x = x.astype("float64")
    means = [pixels.mean(axis=(2, 3), keepdims=True) for pixels in (x, abs(x))]
    return reference.Reference(*means, x[0, 0].size + 1)


@global_avg_pool_layer.on("numpy")
def _(np, x):
    return layers.GlobalPooling2D(data_format="NCHW").forward(x)[:, :, None, None]


@global_avg_pool_layer.on("tf1.session", "tf2.eager", "tf2.function")
def _(tf, x):
    return tf.reduce_mean(x, axis=[2, 3], keepdims=True)


@global_avg_pool_layer.on("keras2", "keras3")
def _(keras, x):
    means = keras.layers.GlobalAveragePooling2D(data_format="channels_first")(x)
    return keras.layers.Reshape((int(x.shape[1]), 1, 1))(means)  # keepdims=True begins with Keras 2.6


global_avg_pool_layer.sample("e10", x=PHOTOGRAPHS[15, 3])
global_avg_pool_layer.sample("e10-noise", x=fixtures.normal("layer_x_2x10x42x42", (2, 10, 42, 42), seed=23))

# -- what the layers are made of

columns = operation(
    "columns",
    reference=lambda x, *, kernel, strides: _refer_columns(x, kernel, strides),
    doc="""
    im2col lays every window out as one row, a copy of its pixels; col2im adds the rows back, so that each
    pixel comes back once for every window it lies in. TensorFlow calls it extract_patches, and its gradient.
    """,
)


def _refer_columns(x, kernel, strides):
    import numpy as np

    (kh, kw), (n, c, height, width) = kernel, x.shape
    rows, cols = (height - kh) // strides + 1, (width - kw) // strides + 1
    windows = np.zeros((n, rows, cols, c, kh, kw))
    times = np.zeros(x.shape)
    for r in range(rows):
        for s in range(cols):
            window = (
                slice(None),
                slice(None),
                slice(r * strides, r * strides + kh),
                slice(s * strides, s * strides + kw),
            )
            windows[:, r, s] = x[window]
            times[window] += 1
    return {
        "im2col": reference.Reference(windows.reshape(n * rows * cols, -1)),
        "col2im": reference.Reference(times * x, times * abs(x), kh * kw),
    }


@columns.on("numpy")
def _(np, x, *, kernel, strides):
    rows = layers.im2col(x, *kernel, stride=strides)
    return {"im2col": rows, "col2im": layers.col2im(rows, x.shape, *kernel, stride=strides)}


def _as_rows(tf, patches, kernel, channels):
    """Within a patch TensorFlow counts row, column, channel; the tutorial channel, row, column."""
    apart = tf.reshape(patches, [-1, *kernel, channels])
    return tf.reshape(tf.transpose(apart, TO_NCHW), [-1, kernel[0] * kernel[1] * channels])


@columns.on("tf1.session")
def _(tf, x, *, kernel, strides):
    patches = tf.extract_image_patches(
        tf.transpose(x, TO_NHWC), [1, *kernel, 1], [1, strides, strides, 1], [1, 1, 1, 1], "VALID"
    )
    return {
        "im2col": _as_rows(tf, patches, kernel, int(x.shape[1])),
        "col2im": tf.gradients(patches, x, patches)[0],
    }


@columns.on("tf2.eager", "tf2.function")
def _(tf, x, *, kernel, strides):
    with tf.GradientTape() as tape:
        tape.watch(x)
        patches = tf.image.extract_patches(
            tf.transpose(x, TO_NHWC), [1, *kernel, 1], [1, strides, strides, 1], [1, 1, 1, 1], "VALID"
        )
    return {
        "im2col": _as_rows(tf, patches, kernel, int(x.shape[1])),
        "col2im": tape.gradient(patches, x, output_gradients=patches),
    }


for name, kernel, strides in (("3x3", (3, 3), 1), ("2x3-stride2", (2, 3), 2)):
    columns.sample(
        name,
        x=fixtures.normal("layer_x_2x3x9x11", (2, 3, 9, 11), seed=23),
        kernel=kernel,
        strides=strides,
    )
