"""What goes wrong with normalisation and dropout: epsilon, momentum, variances, modes, rates."""

import numpy as np

from ...reference.bounds import Reference, exact
from .hypothesis import Catalogue

CATALOGUE = Catalogue()
NORMS = ("batch_norm", "batch_norm_training", "layer_norm", "instance_norm", "group_norm")
#: What libraries have: Keras and tf.layers 1e-3, PyTorch 1e-5, cuDNN's least 1.001e-5, and others.
EPSILONS = (1e-3, 1e-5, 1.001e-5, 1e-4, 1e-6, 1e-7, 1e-8, 1e-12, 1e-2, 0.0)


@CATALOGUE.call(
    "another epsilon",
    "epsilon is {epsilon:g}, expected {right:g} (1e-3 in tf.layers, Keras and tf.nn.fused_batch_norm, 1e-5 "
    "in PyTorch; the fused kernel raises it to 1.001e-5): write epsilon={right:g}",
)
def _(call):
    if call.rule in NORMS:
        for epsilon in EPSILONS:
            if epsilon != call["epsilon"]:
                yield call.but(epsilon=epsilon), {"epsilon": epsilon, "right": call["epsilon"]}


@CATALOGUE.call(
    "momentum for 1 - momentum",
    "momentum is taken for the weight of the new value: write {right:g} for {wrong:g} (TensorFlow's is the "
    "weight of the old one)",
)
def _(call):
    if call.rule == "batch_norm_training":
        yield (
            call.but(momentum=1 - call["momentum"]),
            {"right": call["momentum"], "wrong": 1 - call["momentum"]},
        )


@CATALOGUE.call("another momentum", "momentum is {wrong:g}, expected {right:g}: write momentum={right:g}")
def _(call):
    if call.rule == "batch_norm_training":
        for momentum in (0.99, 0.9, 0.999, 0.997, 0.95):
            if momentum != call["momentum"]:
                yield call.but(momentum=momentum), {"wrong": momentum, "right": call["momentum"]}


@CATALOGUE.call(
    "Bessel's correction",
    "the moving variance takes sum / {wrong}, expected sum / {right}: the fused kernel divides by n - 1, "
    "tf.nn.moments and Keras 3 by n: fused=True or False in Keras 2, else multiply it by {edit}",
)
def _(call):
    if "bessel" in call:
        words = ("n", "(n - 1)")
        x = exact(call["x"])
        n = x.size // x.shape[-1]
        yield (
            call.but(bessel=not call["bessel"]),
            {
                "wrong": words[not call["bessel"]],
                "right": words[bool(call["bessel"])],
                "edit": f"{n} / {n - 1}" if call["bessel"] else f"{n - 1} / {n}",
            },
        )


@CATALOGUE.call(
    "statistics never updated",
    "the moving statistics stayed what they were: run the update operations (tf.GraphKeys.UPDATE_OPS), or "
    "call the layer with training=True",
)
def _(call):
    if call.rule == "batch_norm_training":
        yield call.but(momentum=1.0)


@CATALOGUE.call(
    "statistics of the batch",
    "the batch's own mean and variance are used where the moving ones are wanted: training=False",
)
def _(call):
    if call.rule == "batch_norm":
        x = exact(call["x"])
        axes = tuple(range(x.ndim - 1))
        yield call.but(mean=x.mean(axis=axes), variance=x.var(axis=axes))


@CATALOGUE.call(
    "moving statistics in training",
    "the moving mean and variance are used, and stay, where the batch's own are wanted: training=True, and "
    "from TensorFlow 2 on trainable=True",
)
def _(call):
    if call.rule == "batch_norm_training":
        frozen = call.but("batch_norm").answer()
        moving = {f"moving_{name}": Reference(call[name]) for name in ("mean", "variance")}
        yield dict(moving, y=frozen)


@CATALOGUE.call(
    "deviation for variance",
    "the standard deviation is given where the variance is wanted: square it",
)
def _(call):
    if call.rule == "batch_norm":
        yield call.but(variance=np.sqrt(exact(call["variance"])))


@CATALOGUE.call(
    "variance squared", "the variance is taken for a standard deviation and squared: pass it as it is"
)
def _(call):
    if call.rule == "batch_norm":
        yield call.but(variance=exact(call["variance"]) ** 2)


@CATALOGUE.call("gamma left out", "gamma is 1: scale=True, and load gamma")
def _(call):
    if call.rule in NORMS:
        yield call.but(gamma=np.ones_like(exact(call["gamma"])))


@CATALOGUE.call("beta left out", "beta is 0: center=True, and load beta")
def _(call):
    if call.rule in NORMS:
        yield call.but(beta=np.zeros_like(exact(call["beta"])))


# -- local response normalisation


@CATALOGUE.call(
    "LRN: alpha over the size",
    "alpha is {wrong:g}, expected {right:g}: Caffe and PyTorch divide it by the number of channels in the "
    "window, 2 depth_radius + 1, TensorFlow does not: write alpha={right:g}",
)
def _(call):
    if call.rule == "lrn":
        size = 2 * call["depth_radius"] + 1
        for alpha in (call["alpha"] / size, call["alpha"] * size):
            yield call.but(alpha=alpha), {"wrong": alpha, "right": call["alpha"]}


@CATALOGUE.call(
    "LRN: size for radius",
    "the window reaches {wrong} channels to each side, expected {right}: depth_radius is half of Caffe's "
    "local_size, (local_size - 1) / 2: write depth_radius={right}",
)
def _(call):
    if call.rule == "lrn":
        radius = call["depth_radius"]
        for wrong in (2 * radius + 1, 2 * radius, (radius - 1) // 2, radius // 2, radius - 1, radius + 1):
            if wrong >= 0 and wrong != radius:
                yield call.but(depth_radius=wrong), {"wrong": wrong, "right": radius}


@CATALOGUE.call(
    "LRN: another default",
    "{name} is {wrong:g}, expected {right:g}: TensorFlow's defaults are depth_radius=5, bias=1, alpha=1, "
    "beta=0.5, AlexNet has 2, 1 or 2, 1e-4, 0.75: write {name}={right:g}",
)
def _(call):
    if call.rule == "lrn":
        for name, values in (("bias", (1.0, 2.0)), ("alpha", (1.0, 1e-4)), ("beta", (0.5, 0.75, 1.0))):
            for value in values:
                if value != call[name]:
                    yield call.but(**{name: value}), {"name": name, "wrong": value, "right": call[name]}


# -- dropout


@CATALOGUE.call(
    "keep_prob for rate",
    "the rate is {wrong:g}, expected {right:g}: TensorFlow 1's keep_prob is 1 - rate, write rate={right:g}",
)
def _(call):
    if call.rule in ("dropout", "dropout_of_ones"):
        yield call.but(rate=1 - call["rate"]), {"wrong": 1 - call["rate"], "right": call["rate"]}


@CATALOGUE.call("dropout off", "nothing is dropped: training=True (inference passes the input on as it is)")
def _(call):
    if call.rule == "dropout":
        yield call.but(rate=0.0, mask=np.ones_like(exact(call["mask"])))


@CATALOGUE.call(
    "dropout not scaled",
    "what is kept is not divided by 1 - rate: TensorFlow scales in training, not in inference",
)
def _(call):
    if call.rule == "dropout":
        yield call.but(rate=0.0)
