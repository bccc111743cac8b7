"""Public threads about arithmetic, gradients and signals.

What was expected of each before anything was run is in threads.toml.
"""

from compat import fixtures, operation, reference


def _root(x):
    import numpy as np

    return x.through(np.sqrt, lambda low, high: np.where(low > 0, 0.5 / np.sqrt(low), np.inf))


def _deviation(x):
    x = reference.Tracked(x)
    centred = x - x.mean(-1, keepdims=True)
    return _root((centred * centred).sum(-1) * 0.5).reference()


thread_std_bessel = operation(
    "thread_std_bessel",
    reference=_deviation,
    doc="""
    reduce_std is smaller than PyTorch's and pandas's std: it divides by n, they by n - 1. With three numbers in a
    row that is a factor of 1.22.
    """,
)


@thread_std_bessel.on("tf1.session")
def _(tf, x):
    centred = x - tf.reduce_mean(x, -1, keepdims=True)
    return tf.sqrt(tf.reduce_sum(tf.square(centred), -1) / 2.0)


@thread_std_bessel.on("tf2.eager")
def _(tf, x):
    return tf.math.reduce_std(x, -1)


thread_std_bessel.sample(
    "3x3", x=fixtures.values("three_rows", [[3.4, 5.6, 7.8], [2, 3, 4], [0.1, 0.2, 0.3]])
)

thread_svd = operation(
    "thread_svd",
    reference=lambda x: reference.Reference(x, 8.0, 16),
    doc="""
    u s v put together again is not the matrix that was taken apart. tf.linalg.svd gives v, NumPy its transpose.
    """,
)


@thread_svd.on("tf1.session")
def _(tf, x):
    s, u, v = tf.linalg.svd(x)
    return tf.matmul(u * s, v, adjoint_b=True)


@thread_svd.on("tf2.eager")
def _(tf, x):
    s, u, v = tf.linalg.svd(x)
    return tf.matmul(u * s, v)


thread_svd.sample("2x2", x=fixtures.values("two_one_zero_one", [[2, 1], [0, 1]]), expected=[[2, 1], [0, 1]])

thread_where_gradient = operation(
    "thread_where_gradient",
    reference=lambda a: reference.Reference([1.0], 1.0, 2),
    doc="""
    The gradient is NaN although tf.where takes the harmless branch. The other branch overflows, its gradient is
    infinite, and 0 times that is NaN: what enters it has to be made safe first.
    """,
)


@thread_where_gradient.on("tf1.session")
def _(tf, a):
    small = a < 15.0
    safe = tf.where(small, tf.zeros_like(a), a)
    chosen = tf.where(small, a, tf.pow(10.0, tf.exp(safe)))
    return tf.gradients(chosen, a)[0]


@thread_where_gradient.on("tf2.eager")
def _(tf, a):
    with tf.GradientTape() as tape:
        tape.watch(a)
        chosen = tf.where(a < 15.0, a, tf.pow(10.0, tf.exp(a)))
    return tape.gradient(chosen, a)


thread_where_gradient.sample("ten", a=fixtures.values("ten", [10]), expected=[1])


def _spectrum(x):
    import numpy as np

    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(8) / 8)
    padded = np.pad(x.astype(np.float64), 4, mode="reflect")
    frames = np.stack([padded[at : at + 8] * window for at in range(0, 17, 4)])
    return reference.Reference(abs(np.fft.rfft(frames)), abs(frames).sum(1, keepdims=True) * np.ones(5), 32)


thread_stft_centre = operation(
    "thread_stft_centre",
    reference=_spectrum,
    doc="""
    A spectrogram for a network that was trained with librosa's has fewer frames. librosa pads half a window at both
    ends and centres the frames; tf.signal.stft begins with the first sample.
    """,
)


@thread_stft_centre.on("tf1.session")
def _(tf, x):
    return tf.abs(tf.signal.stft(tf.pad(x, [[4, 4]], "REFLECT"), 8, 4))


@thread_stft_centre.on("tf2.eager")
def _(tf, x):
    return tf.abs(tf.signal.stft(x, 8, 4))


thread_stft_centre.sample("16", x=fixtures.values("sixteen", range(16)))

thread_late_closure = operation(
    "thread_late_closure",
    reference=lambda x: reference.Reference(x[:, 0, 0] + 10.0 * x[:, 0, 1], 60.0, 3),
    doc="""
    predict() and calling the model disagree. Its Lambda layers were made in a loop and read the loop's variable;
    whoever calls them after the loop gets the last one in all of them.
    """,
)


@thread_late_closure.on("tf1.session")
def _(tf, x):
    columns = []
    for i in range(2):
        columns.append(x[:, 0, i])
    return columns[0] + 10.0 * columns[1]


@thread_late_closure.on("tf2.eager")
def _(tf, x):
    columns = []
    for i in range(2):
        columns.append(lambda x: x[:, 0, i])  # noqa: B023  the mistake
    return columns[0](x) + 10.0 * columns[1](x)


thread_late_closure.sample("two", x=fixtures.values("three_and_five", [[[3, 5]]]), expected=[53])
