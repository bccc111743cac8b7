"""What TensorFlow makes of a graph before it is run: rewrites that change a result."""

from compat import fixtures, operation, reference

#: Rows of equals under a function that is flat somewhere: relu and sign of these, floor, a sigmoid that is 1.
_FLAT = fixtures.values(
    "flat_4x5",
    [
        [-2.0, -1.0, -3.0, -0.5, -4.0],
        [0.5, 1.0, 2.0, 0.25, 3.0],
        [0.75, -0.5, 0.125, 0.5, 0.875],
        [-7.0, 60.0, 90.0, 70.0, 5.0],
    ],
)


argmax_of_flat = operation(
    "argmax_of_flat",
    reference=lambda x, *, f: reference.arg_extreme(x, of="max", axis=1, after=f),
    doc="""
    The place of the largest of f(x), where f makes equals of what differs: the first of them. TensorFlow looks for
    the largest x instead where its optimiser sees both in one graph, and names another place; eager execution does not.
    """,
)


@argmax_of_flat.on("numpy")
def _(np, x, *, f):
    flat = {"relu": lambda: np.maximum(x, 0), "sign": lambda: np.sign(x), "floor": lambda: np.floor(x)}
    sigmoid = lambda: 1 / (1 + np.exp(-x.astype(np.float64)))
    return np.argmax(flat.get(f, sigmoid)(), axis=1)


@argmax_of_flat.on("tf1.session", "tf2.eager", "tf2.function")
def _(tf, x, *, f):
    flat = {"relu": tf.nn.relu, "sign": tf.sign, "floor": tf.floor, "sigmoid": tf.sigmoid}[f](x)
    return tf.identity(tf.argmax(flat, axis=1))


for f in ("relu", "sign", "floor", "sigmoid"):
    argmax_of_flat.sample(f, x=_FLAT, f=f)
