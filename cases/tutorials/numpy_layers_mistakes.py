"""The mistakes around the tutorial's NumPy layers (SEED_CASES E), and what a port of them meets.

Every difference here is explained in known_differences.toml.  Images are (N, C, H, W) and filters
(FN, C, FH, FW), as in numpy_layers.py, which has the layers as they should be.
"""

from compat import Unsupported, fixtures, layers, operation, reference

TO_NHWC, TO_NCHW = (0, 2, 3, 1), (0, 3, 1, 2)
TO_HWIO, TO_FN_FIRST = (2, 3, 1, 0), (3, 2, 0, 1)

_X = fixtures.normal("layer_x_2x3x9x11", (2, 3, 9, 11), seed=23)


def _filters(*shape):
    return fixtures.normal("layer_filters_" + "x".join(map(str, shape)), shape, seed=21, scale=0.01)


def _transposed(answer, axes=TO_NCHW):
    sums = (answer.value, answer.magnitude, answer.terms)
    return reference.Reference(*(array.transpose(axes) for array in sums))


def _refer_convolution(x, w):
    return _transposed(reference.conv2d(x.transpose(TO_NHWC), w.transpose(TO_HWIO)))


def _convolve(tf, x, w):
    y = tf.nn.conv2d(
        tf.transpose(x, TO_NHWC), tf.transpose(w, TO_HWIO), strides=[1, 1, 1, 1], padding="VALID"
    )
    return tf.transpose(y, TO_NCHW)


# -- the backward passes do not run

tutorial_backward = operation(
    "tutorial_backward",
    reference=lambda x, w, dy, *, mistake: _refer_backward(x, w, dy),
    doc="""
    The backward pass of a convolution by im2col and col2im: as it should be, with a name misspelt, with a
    comparison where a comma belongs, and with a product that is computed and never assigned. TensorFlow's
    dialects give the gradients that it should give.
    """,
)


def _refer_backward(x, w, dy):
    both = reference.conv2d_grad(x.transpose(TO_NHWC), w.transpose(TO_HWIO), dy.transpose(TO_NHWC))
    return {"dw": _transposed(both["dw"], TO_FN_FIRST), "dx": _transposed(both["dx"])}


@tutorial_backward.on("numpy")
def _(np, x, w, dy, *, mistake):
    fn, c, fh, fw = w.shape
    rows = layers.im2col(x, fh, fw)
    dy_rows = dy.transpose(TO_NHWC).reshape(-1, fn)
    dw = (row if mistake == "misspelt name" else rows).T @ dy_rows  # noqa: F821
    shape = (fn, c, fh == fw) if mistake == "comparison for comma" else (fn, c, fh, fw)
    if mistake == "product not assigned":
        dy_rows @ w.reshape(fn, -1)
    else:
        dx_rows = dy_rows @ w.reshape(fn, -1)
    return {"dw": dw.T.reshape(shape), "dx": layers.col2im(dx_rows, x.shape, fh, fw)}


@tutorial_backward.on("tf1.session")
def _(tf, x, w, dy, *, mistake):
    dw, dx = tf.gradients(_convolve(tf, x, w), [w, x], dy)
    return {"dw": dw, "dx": dx}


@tutorial_backward.on("tf2.eager", "tf2.function")
def _(tf, x, w, dy, *, mistake):
    with tf.GradientTape() as tape:
        tape.watch([x, w])
        y = _convolve(tf, x, w)
    dw, dx = tape.gradient(y, [w, x], output_gradients=dy)
    return {"dw": dw, "dx": dx}


for name, mistake in (
    ("none", None),
    ("misspelt", "misspelt name"),
    ("comparison", "comparison for comma"),
    ("unassigned", "product not assigned"),
):
    tutorial_backward.sample(
        name,
        x=_X,
        w=_filters(4, 3, 3, 3),
        dy=fixtures.normal("layer_dy_2x4x7x9", (2, 4, 7, 9), seed=24),
        mistake=mistake,
    )

# -- im2col is called with the filter's width twice

im2col_width_twice = operation(
    "im2col_width_twice",
    reference=_refer_convolution,
    doc="""
    im2col(x, filter_w, filter_w): with square filters nobody sees it; with others the columns have other
    lengths than the filters.
    """,
)


@im2col_width_twice.on("numpy")
def _(np, x, w):
    fn, c, fh, fw = w.shape
    rows = layers.im2col(x, fw, fw)
    y = rows @ w.reshape(fn, -1).T
    return y.reshape(len(x), x.shape[2] - fh + 1, x.shape[3] - fw + 1, fn).transpose(TO_NCHW)


@im2col_width_twice.on("tf1.session", "tf2.eager", "tf2.function")
def _(tf, x, w):
    return _convolve(tf, x, w)


for fh, fw in ((3, 3), (2, 3), (3, 2)):
    im2col_width_twice.sample(f"{fh}x{fw}", x=_X, w=_filters(4, 3, fh, fw))

# -- pooling ignores its padding

pool_padding_ignored = operation(
    "pool_padding_ignored",
    reference=lambda x, *, ksize, strides, pad: _transposed(
        reference.max_pool2d(
            x.transpose(TO_NHWC), ksize=ksize, strides=strides, padding=((pad, pad), (pad, pad))
        )
    ),
    doc="Pooling takes a padding, keeps it, and never looks at it: the border is missing.",
)


@pool_padding_ignored.on("numpy")
def _(np, x, *, ksize, strides, pad):
    return layers.max_pool2d(x, ksize, strides, data_format="NCHW")


@pool_padding_ignored.on("tf1.session", "tf2.eager", "tf2.function")
def _(tf, x, *, ksize, strides, pad):
    side = [pad, pad]
    padded = tf.pad(
        tf.transpose(x, TO_NHWC), [[0, 0], side, side, [0, 0]], constant_values=float(x.dtype.min)
    )
    y = tf.nn.max_pool(padded, ksize=[1, ksize, ksize, 1], strides=[1, strides, strides, 1], padding="VALID")
    return tf.transpose(y, TO_NCHW)


pool_padding_ignored.sample("k3-s2-p1", x=_X, ksize=3, strides=2, pad=1)
pool_padding_ignored.sample(
    "k2-s3-p1",
    x=fixtures.normal("layer_x_2x2x6x6", (2, 2, 6, 6), seed=23),
    ksize=2,
    strides=3,
    pad=1,
    doc="The shape with padding is not that without, whatever the sizes: here 3x3 against 2x2.",
)

# -- ties

#: Whole numbers 0, 1, 2: nearly every window has its maximum more than once.
_TIES = fixtures.integers("layer_ties_2x3x8x12", (2, 3, 8, 12), seed=11, low=0, high=3)

argmax_ties = operation(
    "argmax_ties",
    reference=lambda x, *, ksize: _refer_argmax(x, ksize),
    doc="""
    Which of equal pixels is the largest of its window, counted row by row. NumPy promises the first, and
    TensorFlow does since 2.3 (in tf.compat.v1 it still promises nothing); all of them take the first.
    """,
)


def _windows(x, ksize, reshape, transpose):
    """(N, C, rows, columns, pixels of the window)"""
    n, c, height, width = (int(size) for size in x.shape)
    rows, columns = height // ksize, width // ksize
    apart = transpose(reshape(x, (n, c, rows, ksize, columns, ksize)), (0, 1, 2, 4, 3, 5))
    return reshape(apart, (n, c, rows, columns, ksize * ksize))


def _refer_argmax(x, ksize):
    import numpy as np

    windows = _windows(x, ksize, np.reshape, np.transpose)
    is_largest = windows == windows.max(axis=-1, keepdims=True)
    places = np.where(is_largest, np.arange(ksize * ksize), ksize * ksize)
    return reference.Reference(places.min(axis=-1), dtype="int32")


@argmax_ties.on("numpy")
def _(np, x, *, ksize):
    return np.argmax(_windows(x, ksize, np.reshape, np.transpose), axis=-1).astype(np.int32)


@argmax_ties.on("tf1.session", "tf2.eager", "tf2.function")
def _(tf, x, *, ksize):
    return tf.argmax(_windows(x, ksize, tf.reshape, tf.transpose), axis=-1, output_type=tf.int32)


@argmax_ties.on("keras2", "keras3")
def _(keras, x, *, ksize):
    import tensorflow as tf

    ops = getattr(keras, "ops", None) or keras.backend
    return tf.cast(ops.argmax(_windows(x, ksize, tf.reshape, tf.transpose), axis=-1), tf.int32)


for ksize in (2, 4):
    argmax_ties.sample(f"{ksize}x{ksize}", x=_TIES, ksize=ksize)

max_pool_by_reduce_max = operation(
    "max_pool_by_reduce_max",
    reference=lambda x, dy, *, ksize: {
        "dx": _transposed(
            reference.max_pool2d_grad(
                x.transpose(TO_NHWC), dy.transpose(TO_NHWC), ksize=ksize, strides=ksize
            )["dx"]
        )
    },
    doc="""
    Max pooling spelled as a reduce_max over windows: the same values, another gradient. max_pool gives it to
    the first of equal pixels, as the tutorial's argmax does, reduce_max an equal share to each.
    """,
)


@max_pool_by_reduce_max.on("numpy")
def _(np, x, dy, *, ksize):
    return {"dx": layers.max_pool2d_grad(x, dy, ksize, data_format="NCHW")}


@max_pool_by_reduce_max.on("tf1.session")
def _(tf, x, dy, *, ksize):
    y = tf.reduce_max(_windows(x, ksize, tf.reshape, tf.transpose), axis=-1)
    return {"dx": tf.gradients(y, x, dy)[0]}


@max_pool_by_reduce_max.on("tf2.eager", "tf2.function")
def _(tf, x, dy, *, ksize):
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = tf.reduce_max(_windows(x, ksize, tf.reshape, tf.transpose), axis=-1)
    return {"dx": tape.gradient(y, x, output_gradients=dy)}


@max_pool_by_reduce_max.on("keras2", "keras3")
def _(keras, x, dy, *, ksize):
    import tensorflow as tf

    if not tf.executing_eagerly():
        raise Unsupported("Keras in TensorFlow 1 gives no gradients but through tf.gradients")
    ops = getattr(keras, "ops", None) or keras.backend
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = ops.max(_windows(x, ksize, tf.reshape, tf.transpose), axis=-1)
    return {"dx": tape.gradient(y, x, output_gradients=tf.constant(dy))}


for name, x in (("ties", _TIES), ("noise", fixtures.normal("layer_x_2x3x8x12", (2, 3, 8, 12), seed=23))):
    max_pool_by_reduce_max.sample(
        name, x=x, dy=fixtures.normal("layer_dy_2x3x4x6", (2, 3, 4, 6), seed=24), ksize=2
    )

# -- NCHW, as the tutorial has it

conv2d_nchw = operation(
    "conv2d_nchw",
    reference=_refer_convolution,
    doc="""
    A port that keeps the tutorial's NCHW and says so: data_format="NCHW", or "channels_first" in Keras. It
    runs on a GPU; on a CPU it runs where oneDNN is on, and is an error where not.
    """,
)


@conv2d_nchw.on("numpy")
def _(np, x, w):
    return layers.conv2d(x, w.transpose(TO_HWIO), data_format="NCHW")


@conv2d_nchw.on("tf1.session", "tf2.eager", "tf2.function")
def _(tf, x, w):
    filters = tf.transpose(w, TO_HWIO)
    return tf.nn.conv2d(x, filters, strides=[1, 1, 1, 1], padding="VALID", data_format="NCHW")


@conv2d_nchw.on("keras2", "keras3")
def _(keras, x, w):
    layer = keras.layers.Conv2D(len(w), w.shape[2:], use_bias=False, data_format="channels_first")
    layer.build(x.shape)
    layer.set_weights([w.transpose(TO_HWIO)])
    return layer(x)


conv2d_nchw.sample("3x3", x=_X, w=_filters(4, 3, 3, 3))
