"""Dense on images and sequences: the last axis alone is multiplied, whatever stands before it."""

from compat import fixtures, layers, operation, reference

_W = fixtures.uniform("dense_ranks_w", (6, 4), seed=272, low=-1.0)
_B = fixtures.uniform("dense_ranks_b", (4,), seed=273, low=-1.0)

dense = operation(
    "dense",
    reference=reference.dense,
    doc="""
    Dense of Keras and tf.layers keeps all axes but the last. tf.matmul wants two of them, or as many on both
    sides: port it as tensordot. Whoever wants all pixels in one sum says Flatten first.
    """,
)


@dense.on("numpy")
def _(np, x, w, b):
    return layers.dense(x.reshape(-1, x.shape[-1]), w, b).reshape(x.shape[:-1] + b.shape)


@dense.on("tf1.session", "tf2.eager", "tf2.function")
def _(tf, x, w, b):
    return tf.tensordot(x, w, axes=1) + b


@dense.on("keras2", "keras3")
def _(keras, x, w, b):
    layer = keras.layers.Dense(w.shape[1], dtype=x.dtype.name)
    layer.build((None, *x.shape[1:]))
    layer.set_weights([w, b])
    return layer(x)


for rank, shape in ((2, (5, 6)), (3, (2, 5, 6)), (4, (2, 3, 5, 6))):
    x = fixtures.uniform(f"dense_ranks_x{rank}", shape, seed=271, low=-1.0)
    dense.sample(f"rank{rank}", x=x, w=_W, b=_B)
    for dtype in ("float16", "bfloat16", "float64"):
        dense.sample(f"{dtype}-rank{rank}", x=x.astype(dtype), w=_W.astype(dtype), b=_B.astype(dtype))
