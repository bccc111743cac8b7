"""Public threads about images whose numbers changed: the question, both sides of it, and what is right.

What was expected of each before anything was run is in threads.toml.
"""

from compat import fixtures, operation, reference

thread_resize_grid = operation(
    "thread_resize_grid",
    reference=lambda x, *, size: reference.resize(x, size=size, method="bilinear", half_pixel_centers=True),
    doc="""
    A network shrinks its images, and after the port to TensorFlow 2 every pixel is another one. resize_bilinear of
    TensorFlow 1 takes output i from i n / m, tf.image.resize from the pixel's middle, as OpenCV does.
    """,
)


@thread_resize_grid.on("tf1.session")
def _(tf, x, *, size):
    return tf.image.resize_bilinear(x, size)


@thread_resize_grid.on("tf2.eager")
def _(tf, x, *, size):
    return tf.image.resize(x, size)


thread_resize_grid.sample(
    "3x3",
    x=fixtures.values("nine", range(9)).reshape(1, 3, 3, 1),
    size=(2, 2),
    expected=[[1, 2.5], [5.5, 7]],
)

thread_upsampling_grid = operation(
    "thread_upsampling_grid",
    reference=lambda x: reference.resize(x, size=(1, 8), method="bilinear", half_pixel_centers=True),
    doc="""
    UpSampling2D with bilinear interpolation gave other numbers after an update, and nothing was said. Up to
    TensorFlow 1.14 the layer called the old kernel with the old grid, from 1.15 on that of tf.image.resize.
    """,
)


@thread_upsampling_grid.on("tf1.session")
def _(tf, x):
    return tf.image.resize_bilinear(x, (1, 8))


@thread_upsampling_grid.on("keras2")
def _(keras, x):
    return keras.layers.UpSampling2D((1, 2), interpolation="bilinear")(x)


thread_upsampling_grid.sample(
    "row",
    x=fixtures.values("one_to_four_in_a_row", [[[[1], [2], [3], [4]]]]),
    expected=[1, 1.25, 1.75, 2.25, 2.75, 3.25, 3.75, 4],
)


def _standardised(x):
    import numpy as np

    x = reference.Tracked(x)
    mean = x.mean()
    variance = (x * x).mean() - mean * mean
    root = variance.through(np.sqrt, lambda low, high: np.where(low > 0, 0.5 / np.sqrt(low), np.inf))
    return ((x - mean) / root).reference("float32")


thread_standardise_integers = operation(
    "thread_standardise_integers",
    reference=_standardised,
    doc="""
    per_image_standardization of an image of whole numbers gives whole numbers: 1.15 to 2.1 convert the result back to
    what came in, before and after it is float32. What these versions do is written out.
    """,
)


@thread_standardise_integers.on("tf1.session")
def _(tf, x):
    return tf.image.per_image_standardization(tf.cast(x, tf.float32))


@thread_standardise_integers.on("tf2.eager")
def _(tf, x):
    image = tf.image.convert_image_dtype(x, tf.float32)
    image = tf.image.per_image_standardization(image)
    return tf.image.convert_image_dtype(image, tf.int32, saturate=True)


thread_standardise_integers.sample(
    "int32", x=fixtures.values("one_to_six_int32", [[[1], [2], [3]], [[4], [5], [6]]], "int32")
)
