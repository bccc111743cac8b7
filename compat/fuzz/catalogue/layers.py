"""Layers with weights, and normalisation: their defaults are where versions part."""

from typing import Any

import numpy as np

from ... import reference
from ..entries import (
    SINGLE,
    WIDE,
    Ask,
    Shape,
    Wanted,
    by_node,
    entry,
    image,
    nowhere,
    of_exact,
    of_rank,
    parameter,
    rows,
)
from ..windows import every_axis, kernel_sizes, of_layer, strides_and_padding


def _dense(pick: Any, shape: Shape) -> Any:
    units = pick.size("units", 1, 4)
    return {"units": units}, [Wanted((shape[-1], units)), Wanted((units,))]


def _biased(ask: Ask, x: Any, w: Any, b: Any) -> Any:
    product = by_node("MatMul", transpose_a=False, transpose_b=False)(ask, x, w)
    return by_node("BiasAdd", data_format="NHWC")(ask, product, b)


entry(
    "dense",
    _biased,
    tf="tf.nn.bias_add(tf.matmul({x}, {y}), {z})",
    keras="""
layer = keras.layers.Dense({units}, dtype={dtype})
layer.build({x}.shape)
layer.set_weights([{y}, {z}])
layer({x})
""",
    first=rows,
    takes=of_rank(2),
    form=_dense,
    dtypes=(*WIDE, "float16"),
    out=lambda parameters, dtype: dtype,
)
entry(
    "matmul",
    by_node(
        "MatMul",
        transpose_a=False,
        transpose_b=lambda ask: bool(ask.parameters["transpose_b"]),
    ),
    tf="tf.matmul({x}, {y}<, transpose_b={transpose_b}>)",
    first=rows,
    takes=of_rank(2),
    form=lambda pick, shape: _product(pick, shape),
    dtypes=(*WIDE, "float16"),
)


def _product(pick: Any, shape: Shape) -> Any:
    other = (shape[-1], pick.size("columns", 1, 4))
    turned = pick.of("transpose_b", None, True)
    return {"transpose_b": turned}, [Wanted(other[::-1] if turned else other)]


# -- convolution


def _conv2d(pick: Any, shape: Shape) -> Any:
    filters = pick.size("filters", 1, 3)
    found = {**strides_and_padding(pick), "filters": filters, "dilations": pick.of("dilations", None, 2)}
    sizes = kernel_sizes(pick, shape)
    if any(2 * size - 1 > n for size, n in zip(sizes, shape[1:3])):
        found["dilations"] = None  # a graph refuses what is wider than the image, an eager call does not
    if found["dilations"]:
        found["strides"] = 1
    return {**found, "kernel": sizes}, [Wanted((*sizes, shape[-1], filters))]


_CONVOLUTION: Any = {
    "strides": every_axis("strides", default=1),
    "padding": parameter("padding"),
    "data_format": "NHWC",
    "dilations": every_axis("dilations", default=1),
}


def _halves_of(name: str) -> Any:
    return lambda p, dtype, traits: [(name, f"{dtype}-same-k3-s1")] if dtype == "bfloat16" else []


entry(
    "conv2d",
    by_node("Conv2D", **_CONVOLUTION),
    tf="tf.nn.conv2d({x}, {y}, strides=[1, {strides}, {strides}, 1], padding={padding}"
    "<, dilations=[1, {dilations}, {dilations}, 1]>)",
    keras=of_layer(
        "Conv2D({filters}, {kernel}, {strides}, {padding}.lower(), **settings)",
        "<, dilation_rate={dilations}>",
    ),
    first=image,
    takes=of_rank(4),
    form=_conv2d,
    dtypes=(*WIDE, "float16", "bfloat16"),
    cases=_halves_of("conv2d"),
)


def _grouped(pick: Any, shape: Shape) -> Any:
    filters = 2 * pick.size("filters", 1, 2)
    found = {**strides_and_padding(pick), "filters": filters}
    sizes = kernel_sizes(pick, shape)
    return {**found, "kernel": sizes}, [Wanted((*sizes, shape[-1] // 2, filters))]


def _even_image(pick: Any) -> Any:
    shape = (1, pick.size("h", 1, 4), pick.size("w", 1, 4), 2 * pick.size("c", 1, 2))
    return shape, pick.flavour()


entry(
    "conv2d_of_groups",
    by_node("Conv2D", **_CONVOLUTION),
    tf="tf.nn.conv2d({x}, {y}, strides=[1, {strides}, {strides}, 1], padding={padding})",
    keras=of_layer("Conv2D({filters}, {kernel}, {strides}, {padding}.lower(), groups=2, **settings)"),
    first=_even_image,
    takes=nowhere,
    form=_grouped,
    dtypes=SINGLE,
    cases=lambda p, dtype, traits: [("conv2d", "groups2")],
)


def _depthwise(pick: Any, shape: Shape) -> Any:
    multiplier = pick.size("multiplier", 1, 2)
    sizes = kernel_sizes(pick, shape)
    return {**strides_and_padding(pick), "multiplier": multiplier, "kernel": sizes}, [
        Wanted((*sizes, shape[-1], multiplier))
    ]


entry(
    "depthwise_conv2d",
    by_node("DepthwiseConv2dNative", **_CONVOLUTION),
    tf="tf.nn.depthwise_conv2d({x}, {y}, strides=[1, {strides}, {strides}, 1], padding={padding})",
    keras=of_layer(
        "DepthwiseConv2D({kernel}, {strides}, {padding}.lower(), depth_multiplier={multiplier}, **settings)"
    ),
    first=image,
    takes=of_rank(4),
    form=_depthwise,
    dtypes=WIDE,
)


def _transposed(pick: Any, shape: Shape) -> Any:
    found = {**strides_and_padding(pick), "filters": pick.size("filters", 1, 2)}
    size, stride = pick.size("k", 1, 3), found["strides"]
    more = max(size - stride, 0) if found["padding"] == "VALID" else 0
    output = [shape[0], shape[1] * stride + more, shape[2] * stride + more, found["filters"]]
    return {**found, "kernel": [size, size], "output": output}, [
        Wanted((size, size, found["filters"], shape[-1]))
    ]


def _transposed_answer(ask: Ask, x: Any, w: Any) -> Any:
    p = ask.parameters
    return reference.conv2d_transpose(
        x, w, output_shape=p["output"], strides=p["strides"], padding=p["padding"]
    )


entry(
    "conv2d_transpose",
    of_exact(_transposed_answer, 1),
    tf="tf.nn.conv2d_transpose({x}, {y}, {output}, strides=[1, {strides}, {strides}, 1], padding={padding})",
    keras=of_layer("Conv2DTranspose({filters}, {kernel}, {strides}, {padding}.lower(), **settings)"),
    first=image,
    takes=of_rank(4),
    form=_transposed,
    dtypes=WIDE,
)


def _conv1d(pick: Any, shape: Shape) -> Any:
    filters, size = pick.size("filters", 1, 3), pick.size("k", 1, min(3, shape[1]))
    return {**strides_and_padding(pick), "filters": filters, "kernel": size}, [
        Wanted((size, shape[-1], filters))
    ]


entry(
    "conv1d",
    of_exact(lambda ask, x, w: _one_dimension(ask, x, w)),
    tf="tf.nn.conv1d({x}, {y}, stride={strides}, padding={padding})",
    keras=of_layer("Conv1D({filters}, {kernel}, {strides}, {padding}.lower(), **settings)"),
    first=lambda pick: ((pick.size("n", 1, 2), pick.size("w", 1, 6), pick.size("c", 1, 3)), pick.flavour()),
    takes=of_rank(3),
    form=_conv1d,
    dtypes=WIDE,
)


def _one_dimension(ask: Ask, x: Any, w: Any) -> Any:
    return reference.conv1d(x, w, strides=ask.parameters["strides"], padding=ask.parameters["padding"])


# -- normalisation


def _statistics(pick: Any, shape: Shape) -> Any:
    channels = (shape[-1],)
    # gamma, beta, mean, variance
    spread = pick.of("variance", "positive", "small positive")
    return {"epsilon": pick.of("epsilon", None, 1e-3, 1e-5, 1e-6)}, [
        Wanted(channels, "positive"),
        Wanted(channels),
        Wanted(channels),
        Wanted(channels, spread),
    ]


def _batch_norm(ask: Ask, x: Any, gamma: Any, beta: Any, mean: Any, variance: Any) -> Any:
    return reference.batch_norm(x, mean, variance, beta, gamma, epsilon=parameter("epsilon", 1e-3)(ask))


_LAYER = """
layer = keras.layers.BatchNormalization(dtype={dtype}<, epsilon={epsilon}>)
layer.build({x}.shape)
layer.set_weights([{y}, {z}, {u}, {v}])
layer({x}, training=False)
"""
entry(
    "batch_norm_layer",
    of_exact(_batch_norm, 1),
    tf1="tf.nn.fused_batch_norm({x}, {y}, {z}, {u}, {v}<, epsilon={epsilon}>, is_training=False)[0]",
    tf2="tf.compat.v1.nn.fused_batch_norm({x}, {y}, {z}, {u}, {v}<, epsilon={epsilon}>, is_training=False)[0]",
    keras=_LAYER,
    first=image,
    takes=lambda shape, dtype: len(shape) == 4 and dtype == "float32",
    form=_statistics,
    dtypes=SINGLE,
    cases=lambda p, dtype, traits: (
        [("batch_norm_fused_epsilon", "epsilon-1e-06")] if p["epsilon"] in (1e-6, 1e-5) else []
    ),
)
entry(
    "batch_normalization",
    of_exact(_batch_norm, 1),
    tf="tf.nn.batch_normalization({x}, {u}, {v}, {z}, {y}, {epsilon})",
    first=rows,
    takes=of_rank(2),
    form=lambda pick, shape: (
        {"epsilon": pick.of("epsilon", 1e-3, 1e-5, 1e-6)},
        _statistics(pick, shape)[1],
    ),
    dtypes=WIDE,
)


def _moving(ask: Ask, x: Any, gamma: Any, beta: Any, mean: Any, variance: Any) -> Any:
    found = reference.batch_norm_training(
        x, beta, gamma, mean, variance, epsilon=1e-3, momentum=0.9, bessel=True
    )
    return found["moving_variance"]


_TRAINED = """
layer = keras.layers.BatchNormalization(momentum=0.9)
layer.build({x}.shape)
layer.set_weights([{y}, {z}, {u}, {v}])
y = layer({x}, training=True)
with tf.control_dependencies([] if tf.executing_eagerly() else [y, *layer.updates]):
    found = tf.identity(layer.moving_variance)
found
"""
entry(
    "batch_norm_training",
    _moving,
    tf1="{v} * 0.9 + tf.nn.fused_batch_norm({x}, {y}, {z}, epsilon=1e-3)[2] * 0.1",
    tf2="{v} * 0.9 + tf.compat.v1.nn.fused_batch_norm({x}, {y}, {z}, epsilon=1e-3)[2] * 0.1",
    keras=_TRAINED,
    first=lambda pick: ((1, pick.size("h", 2, 4), pick.size("w", 1, 3), pick.size("c", 1, 2)), "normal"),
    takes=nowhere,
    form=lambda pick, shape: ({}, _statistics(pick, shape)[1]),
    dtypes=SINGLE,
    cases=lambda p, dtype, traits: [("batch_norm_training", "fused")],
)


def _affine(pick: Any, shape: Shape) -> Any:
    return {"epsilon": pick.of("epsilon", None, 1e-3, 1e-5)}, [
        Wanted(shape[-1:], "positive"),
        Wanted(shape[-1:]),
    ]


def _layer_norm(ask: Ask, x: Any, gamma: Any, beta: Any) -> Any:
    return reference.layer_norm(x, gamma, beta, epsilon=parameter("epsilon", 1e-3)(ask))


entry(
    "layer_norm",
    of_exact(_layer_norm),
    keras="""
layer = keras.layers.LayerNormalization(dtype={dtype}<, epsilon={epsilon}>)
layer.build({x}.shape)
layer.set_weights([{y}, {z}])
layer({x})
""",
    first=rows,
    takes=of_rank(2, 3),
    form=_affine,
    dtypes=SINGLE,
)


def _neighbours(pick: Any, shape: Shape) -> Any:
    return {
        "depth_radius": pick.of("depth_radius", None, 1, 2),
        "bias": pick.of("bias", None, 1.0, 2.0),
        "alpha": pick.of("alpha", None, 1.0, 1e-4),
        "beta": pick.of("beta", None, 0.5, 0.75),
    }, []


_LRN: Any = {
    "depth_radius": parameter("depth_radius", 5),
    "bias": parameter("bias", 1.0),
    "alpha": parameter("alpha", 1.0),
    "beta": parameter("beta", 0.5),
}
entry(
    "lrn",
    by_node("LRN", **_LRN),
    tf="tf.nn.local_response_normalization({x}<, depth_radius={depth_radius}>"
    "<, bias={bias}><, alpha={alpha}><, beta={beta}>)",
    first=image,
    takes=lambda shape, dtype: len(shape) == 4 and dtype == "float32",
    form=_neighbours,
    dtypes=SINGLE,
)


# -- tables

entry(
    "embedding_lookup",
    lambda ask, x, y, numbers: reference.embedding_lookup(np.stack([x, y]), numbers, strategy="mod"),
    tf="tf.nn.embedding_lookup([{x}, {y}], {z})",
    first=lambda pick: ((pick.size("n", 1, 3), pick.size("k", 1, 2)), pick.flavour()),
    takes=nowhere,
    form=lambda pick, shape: (
        {},
        [Wanted(shape), Wanted((pick.size("rows", 1, 4),), "integers", "int32", 2 * shape[0])],
    ),
    dtypes=WIDE,
    cases=lambda p, dtype, traits: [("embedding_lookup_mod", "two-parts")],
)
