"""Local response normalisation, AlexNet's. Its parameters are counted otherwise elsewhere."""

from compat import fixtures, layers, operation, reference

_X = fixtures.normal("lrn_x_2x4x5x12", (2, 4, 5, 12), seed=51, scale=10.0)

lrn = operation(
    "lrn",
    reference=reference.lrn,
    doc="x / (bias + alpha sum of squares over 2 depth_radius + 1 channels) ** beta.",
)


@lrn.on("numpy")
def _(np, x, *, depth_radius, bias, alpha, beta):
    return layers.lrn(x, depth_radius, bias, alpha, beta)


@lrn.on("tf1.session", "tf2.eager", "tf2.function")
def _(tf, x, *, depth_radius, bias, alpha, beta):
    return tf.nn.local_response_normalization(x, depth_radius, bias, alpha, beta)


@lrn.on("keras2", "keras3")
def _(keras, x, *, depth_radius, bias, alpha, beta):
    import tensorflow as tf

    return keras.layers.Lambda(
        lambda y: tf.nn.local_response_normalization(y, depth_radius, bias, alpha, beta)
    )(x)


lrn.sample("defaults", x=_X, depth_radius=5, bias=1.0, alpha=1.0, beta=0.5)
lrn.sample(
    "alexnet", x=_X, depth_radius=2, bias=1.0, alpha=2e-5, beta=0.75, doc="The weights of bvlc_alexnet."
)
lrn.sample("alexnet-paper", x=_X, depth_radius=2, bias=2.0, alpha=1e-4, beta=0.75)
lrn.sample("wider-than-channels", x=_X, depth_radius=20, bias=1.0, alpha=0.1, beta=0.75)

lrn_caffe = operation(
    "lrn_caffe",
    reference=lambda x, *, size, alpha, beta, port: reference.lrn(
        x, depth_radius=size // 2, bias=1.0, alpha=alpha / size, beta=beta
    ),
    doc="""
    Caffe and PyTorch write the number of channels, size = 2 depth_radius + 1, and divide alpha by it: a port
    to TensorFlow writes depth_radius = size // 2 and alpha / size.
    """,
)


def _parameters(size, alpha, port):
    return {
        "converted": (size // 2, alpha / size),
        "alpha as it is": (size // 2, alpha),
        "size as it is": (size, alpha / size),
    }[port]


@lrn_caffe.on("numpy")
def _(np, x, *, size, alpha, beta, port):
    return layers.lrn(x, size // 2, 1.0, alpha / size, beta)


@lrn_caffe.on("tf1.session", "tf2.eager", "tf2.function")
def _(tf, x, *, size, alpha, beta, port):
    radius, alpha = _parameters(size, alpha, port)
    return tf.nn.local_response_normalization(x, radius, 1.0, alpha, beta)


for port in ("converted", "alpha as it is", "size as it is"):
    lrn_caffe.sample(port.replace(" ", "-"), x=_X, size=5, alpha=1e-2, beta=0.75, port=port)
