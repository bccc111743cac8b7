"""Public threads about convolution, pooling and the order of channels: what other frameworks do otherwise.

The other framework's side is spelled as a TensorFlow 1 graph.  What was expected before anything was run is in
threads.toml.
"""

from compat import fixtures, operation, reference

_KERNEL = fixtures.values("one_ten_hundred", [[[[1]], [[10]], [[100]]]])

thread_same_stride_2 = operation(
    "thread_same_stride_2",
    reference=lambda x, w: reference.conv2d(x, w, strides=2, padding=((0, 0), (1, 1))),
    doc="""
    A detector's weights came from PyTorch (kernel 3, stride 2, padding 1), and the Keras model finds other things.
    With stride 2 on an even size SAME pads only the end; PyTorch and Caffe pad both.
    """,
)


@thread_same_stride_2.on("tf1.session")
def _(tf, x, w):
    padded = tf.pad(x, [[0, 0], [0, 0], [1, 1], [0, 0]])
    return tf.nn.conv2d(padded, w, strides=[1, 2, 2, 1], padding="VALID")


@thread_same_stride_2.on("keras2", "keras3")
def _(keras, x, w):
    layer = keras.layers.Conv2D(1, w.shape[:2], strides=2, padding="same", use_bias=False)
    layer.build(x.shape)
    layer.set_weights([w])
    return layer(x)


thread_same_stride_2.sample(
    "row",
    x=fixtures.values("six_in_a_row", [[[[1], [2], [3], [4], [5], [6]]]]),
    w=_KERNEL,
    expected=[210, 432, 654],
)


def _mean_with_padding(x):
    import numpy as np

    padded = np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)), mode="constant")
    return reference.avg_pool2d(padded, ksize=3, strides=1)


thread_average_border = operation(
    "thread_average_border",
    reference=_mean_with_padding,
    doc="""
    A mean over 3 x 3 windows is larger at the border than in the framework that the weights come from. TensorFlow
    divides by the pixels that are there, PyTorch's AvgPool2d by all nine, the padding's as well.
    """,
)


@thread_average_border.on("tf1.session")
def _(tf, x):
    padded = tf.pad(x, [[0, 0], [1, 1], [1, 1], [0, 0]])
    return tf.nn.avg_pool(padded, [1, 3, 3, 1], [1, 1, 1, 1], "VALID")


@thread_average_border.on("keras2", "keras3")
def _(keras, x):
    return keras.layers.AveragePooling2D(3, strides=1, padding="same")(x)


thread_average_border.sample("2x2", x=fixtures.values("two_by_two", [[[[1], [2]], [[3], [4]]]]))

thread_flipped_kernel = operation(
    "thread_flipped_kernel",
    reference=lambda x, w: reference.conv2d(x, w[:, ::-1]),
    doc="""
    Weights that were trained with the Theano backend give other numbers with TensorFlow's. Theano convolves, which
    turns the kernel around; TensorFlow correlates.
    """,
)


@thread_flipped_kernel.on("tf1.session")
def _(tf, x, w):
    return tf.nn.conv2d(x, tf.reverse(w, [0, 1]), strides=[1, 1, 1, 1], padding="VALID")


@thread_flipped_kernel.on("tf2.eager")
def _(tf, x, w):
    return tf.nn.conv2d(x, w, strides=[1, 1, 1, 1], padding="VALID")


thread_flipped_kernel.sample(
    "row",
    x=fixtures.values("five_in_a_row", [[[[1], [2], [3], [4], [5]]]]),
    w=_KERNEL,
    expected=[123, 234, 345],
)

thread_transposed_crop = operation(
    "thread_transposed_crop",
    reference=lambda x, w: reference.conv2d_transpose(x, w, output_shape=(1, 1, 5, 1), strides=2).rearranged(
        lambda y: y[:, :, 1:]
    ),
    doc="""
    A transposed convolution with stride 2 is shifted by a pixel against PyTorch's (padding 1, output_padding 1).
    SAME cuts the end off the full result, PyTorch the beginning.
    """,
)


@thread_transposed_crop.on("tf1.session")
def _(tf, x, w):
    full = tf.nn.conv2d_transpose(x, w, [1, 1, 5, 1], strides=[1, 2, 2, 1], padding="VALID")
    return full[:, :, 1:, :]


@thread_transposed_crop.on("tf2.eager")
def _(tf, x, w):
    return tf.nn.conv2d_transpose(x, w, [1, 1, 4, 1], strides=[1, 2, 2, 1], padding="SAME")


thread_transposed_crop.sample(
    "row",
    x=fixtures.values("two_in_a_row", [[[[1], [2]]]]),
    w=_KERNEL,
    expected=[10, 102, 20, 200],
)

thread_flatten_order = operation(
    "thread_flatten_order",
    reference=lambda x, w: reference.dense(x.transpose(0, 3, 1, 2).reshape(1, 8), w, [0.0]),
    doc="""
    All layers of a converted network agree until the first dense one. Its weights expect the numbers of an NCHW
    map; Flatten gives those of an NHWC one.
    """,
)


@thread_flatten_order.on("tf1.session")
def _(tf, x, w):
    return tf.matmul(tf.reshape(tf.transpose(x, [0, 3, 1, 2]), [1, 8]), w)


@thread_flatten_order.on("tf2.eager")
def _(tf, x, w):
    return tf.matmul(tf.reshape(x, [1, 8]), w)


thread_flatten_order.sample(
    "2x2x2",
    x=fixtures.values("two_planes", [[[[0, 4], [1, 5]], [[2, 6], [3, 7]]]]),
    w=fixtures.values("one_to_eight", range(1, 9)).reshape(8, 1),
    expected=[[168]],
)

thread_space_to_depth = operation(
    "thread_space_to_depth",
    reference=lambda x: reference.Reference(x.transpose(0, 3, 1, 2).reshape(1, 1, 1, 12)),
    doc="""
    space_to_depth for PyTorch's pixel_unshuffle: the same numbers, in another order. TensorFlow has the channels of
    a pixel side by side, PyTorch the pixels of a channel.
    """,
)


@thread_space_to_depth.on("tf1.session")
def _(tf, x):
    return tf.reshape(tf.transpose(x, [0, 3, 1, 2]), [1, 1, 1, 12])


@thread_space_to_depth.on("tf2.eager")
def _(tf, x):
    return tf.nn.space_to_depth(x, 2)


thread_space_to_depth.sample(
    "2x2x3",
    x=fixtures.values("one_to_twelve", range(1, 13)).reshape(1, 2, 2, 3),
    expected=[1, 4, 7, 10, 2, 5, 8, 11, 3, 6, 9, 12],
)
