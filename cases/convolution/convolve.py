"""One-dimensional convolution (SEED_CASES A): ``np.convolve`` and what becomes of it in TensorFlow."""

from compat import fixtures, operation, reference


def _refer(x, k, *, mode, scale=1):
    answer = reference.convolve(x, k, mode=mode)
    return reference.Reference(scale * answer.value, scale * answer.magnitude, answer.terms)


convolve = operation(
    "convolve",
    reference=_refer,
    doc="""
    np.convolve: the kernel is flipped, slid along the signal, multiplied and summed. TensorFlow and Keras
    correlate, so a faithful port flips the kernel itself and pads as NumPy's mode does.
    """,
)


def _padding(x, k, mode):
    """(before, after) that make a VALID correlation with the flipped kernel NumPy's mode."""
    n, m = int(x.shape[0]), int(k.shape[0])
    start, length = {"full": (0, n + m - 1), "same": ((m - 1) // 2, n), "valid": (m - 1, n - m + 1)}[mode]
    return m - 1 - start, start + length - n


@convolve.on("numpy")
def _(np, x, k, *, mode, scale=1):
    return scale * np.convolve(x, k, mode)


@convolve.on("scipy")
def _(scipy, x, k, *, mode, scale=1):
    return scale * scipy.signal.convolve(x, k, mode, method="direct")


@convolve.on("tf1.session", "tf2.eager", "tf2.function")
def _(tf, x, k, *, mode, scale=1):
    before, after = _padding(x, k, mode)
    padded = tf.pad(x, [[before, after]])
    return scale * tf.nn.conv1d(padded[None, :, None], k[::-1, None, None], 1, "VALID")[0, :, 0]


@convolve.on("keras2", "keras3")
def _(keras, x, k, *, mode, scale=1):
    layers = keras.layers
    pad = layers.ZeroPadding1D(_padding(x, k, mode), dtype=x.dtype.name)
    layer = layers.Conv1D(1, len(k), use_bias=False, dtype=x.dtype.name)
    layer.build((1, None, 1))
    layer.set_weights([k[::-1, None, None]])
    return scale * layer(pad(x[None, :, None]))[0, :, 0]


_A2 = (1, 2, 3, 4, 5, 4, 5, 6, 7, 8, 7, 8, 9, 10, 11, 10, 11, 12)

convolve.sample(
    "a1",
    x=fixtures.values("1_2_3", (1, 2, 3)),
    k=fixtures.values("1_1_1", (1, 1, 1)),
    mode="full",
    expected=(1, 3, 6, 5, 3),
)
convolve.sample(
    "a2",
    x=fixtures.values("rise_and_fall", _A2),
    k=fixtures.values("minus1_0_1_0", (-1, 0, 1, 0)),
    mode="full",
    expected=(-1, -2, -2, -2, -2, 0, 0, -2, -2, -2, 0, 0, -2, -2, -2, 0, 0, -2, 11, 12, 0),
)
convolve.sample(
    "a3",
    x=fixtures.values("rise_and_fall", _A2),
    k=fixtures.values("fall_by_1", (-0.5, 0.5, 0)),
    mode="same",
    scale=2,
    expected=(-1, -1, -1, -1, 1, -1, -1, -1, -1, 1, -1, -1, -1, -1, 1, -1, -1, 12),
    doc="Where the signal falls by 1 the response is 1; elsewhere -1.",
)
for mode, expected in (
    ("full", (1, 4, 7, 10, 13, 10)),
    ("same", (1, 4, 7, 10, 13)),
    ("valid", (4, 7, 10, 13)),
):
    convolve.sample(
        f"a4-{mode}",
        x=fixtures.values("1_to_5", (1, 2, 3, 4, 5)),
        k=fixtures.values("1_2", (1, 2)),
        mode=mode,
        expected=expected,
    )
convolve.sample(
    "a5",
    x=fixtures.sine(),
    k=fixtures.values("peak_detector", (3, 2, 1, 0, -1, -2, -3), "float64"),
    mode="same",
    doc="The peak detector: an odd kernel turns the sine into its slope, zero at every peak.",
)
convolve.sample(
    "a6",
    x=fixtures.sine(),
    k=fixtures.values("hat", (-1, 0, 1, 2, 1, 0, -1), "float64"),
    mode="same",
    doc="An even kernel keeps the peaks where they are.",
)

window_by_window = operation(
    "window_by_window",
    reference=lambda x, k: reference.convolve(x, k, mode="full"),
    doc="a1 as it is taught: pad two zeros on each side, then multiply each window and sum.",
)


@window_by_window.on("numpy")
def _(np, x, k):
    padded = np.concatenate([np.zeros(len(k) - 1, x.dtype), x, np.zeros(len(k) - 1, x.dtype)])
    return np.array([np.sum(padded[i : i + len(k)] * k[::-1]) for i in range(len(x) + len(k) - 1)])


@window_by_window.on("tf1.session", "tf2.eager", "tf2.function")
def _(tf, x, k):
    length, m = int(x.shape[0]), int(k.shape[0])
    padded = tf.pad(x, [[m - 1, m - 1]])
    return tf.stack([tf.reduce_sum(padded[i : i + m] * k[::-1]) for i in range(length + m - 1)])


window_by_window.sample(
    "a1",
    x=fixtures.values("1_2_3", (1, 2, 3)),
    k=fixtures.values("1_1_1", (1, 1, 1)),
    expected=(1, 3, 6, 5, 3),
)

signal = operation(
    "signal",
    reference=lambda x: reference.Reference(x),
    doc="A source signal as it goes in: nothing is computed.",
)


@signal.on("numpy")
def _(np, x):
    return np.array(x)


@signal.on("tf1.session", "tf2.eager", "tf2.function")
def _(tf, x):
    return tf.identity(x)


signal.sample("a7", x=fixtures.cosine(), doc="cos over -3..3 in steps of 0.1.")

convolve_unflipped = operation(
    "convolve_unflipped",
    reference=lambda x, k: reference.convolve(x, k, mode="valid"),
    doc="""
    Trap: np.convolve ported to conv1d with the kernel as it stands. NumPy and SciPy flip it, TensorFlow
    and Keras do not. Equal only where the kernel reads the same both ways.
    """,
)


@convolve_unflipped.on("numpy")
def _(np, x, k):
    return np.convolve(x, k, "valid")


@convolve_unflipped.on("scipy")
def _(scipy, x, k):
    return scipy.signal.convolve(x, k, "valid", method="direct")


@convolve_unflipped.on("tf1.session", "tf2.eager", "tf2.function")
def _(tf, x, k):
    return tf.nn.conv1d(x[None, :, None], k[:, None, None], 1, "VALID")[0, :, 0]


@convolve_unflipped.on("keras2", "keras3")
def _(keras, x, k):
    layer = keras.layers.Conv1D(1, len(k), use_bias=False)
    layer.build((1, None, 1))
    layer.set_weights([k[:, None, None]])
    return layer(x[None, :, None])[0, :, 0]


for name, kernel in (("a2", (-1, 0, 1, 0)), ("a3", (-0.5, 0.5, 0)), ("a4", (1, 2)), ("symmetric", (1, 2, 1))):
    convolve_unflipped.sample(
        name,
        x=fixtures.values("rise_and_fall", _A2),
        k=fixtures.values("kernel_" + "_".join(map(str, kernel)), kernel),
    )

same_1d = operation(
    "same_1d",
    reference=lambda x, k: reference.convolve(x, k, mode="same"),
    doc="""
    Trap: "same" has three meanings. NumPy gives max(M, N) values, SciPy the first input's length, TensorFlow
    ceil(n / stride) with (k - 1) // 2 zeros before. Even kernels and kernels longer than the signal differ.
    The kernel is flipped in every dialect.
    """,
)


@same_1d.on("numpy")
def _(np, x, k):
    return np.convolve(x, k, "same")


@same_1d.on("scipy")
def _(scipy, x, k):
    return scipy.signal.convolve(x, k, "same", method="direct")


@same_1d.on("tf1.session", "tf2.eager", "tf2.function")
def _(tf, x, k):
    return tf.nn.conv1d(x[None, :, None], k[::-1, None, None], 1, "SAME")[0, :, 0]


@same_1d.on("keras2", "keras3")
def _(keras, x, k):
    layer = keras.layers.Conv1D(1, len(k), padding="same", use_bias=False)
    layer.build((1, None, 1))
    layer.set_weights([k[::-1, None, None]])
    return layer(x[None, :, None])[0, :, 0]


for name, length, kernel in (
    ("odd", 5, (1, 2, 3)),
    ("even", 5, (1, 2)),
    ("even4", 8, (1, 2, 3, 4)),
    ("longer", 3, (1, 2, 3, 4, 5)),
):
    same_1d.sample(
        name,
        x=fixtures.values(f"1_to_{length}", tuple(range(1, length + 1))),
        k=fixtures.values("kernel_" + "_".join(map(str, kernel)), kernel),
    )
