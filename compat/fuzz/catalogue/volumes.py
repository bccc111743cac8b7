"""Windows of one and of three dimensions, and convolutions made of two."""

from typing import Any

import numpy as np

from ...reference.nodes.flows import moved
from ...reference.nodes.registry import Flow
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
)
from ..windows import every_axis, kernel_sizes, no_lowest, of_layer, pooling, strides_and_padding


def _volume(pick: Any) -> Any:
    # A list: Python 3.7 would ask a generator after what follows it.
    shape = (pick.size("n", 1, 2), *[pick.size(axis, 1, 4) for axis in "dhw"], pick.size("c", 1, 2))
    return shape, pick.flavour()


def _sequence(pick: Any) -> Any:
    return (pick.size("n", 1, 2), pick.size("t", 1, 6), pick.size("c", 1, 3)), pick.flavour()


# -- convolution


def _conv3d(pick: Any, shape: Shape) -> Any:
    sizes, filters = kernel_sizes(pick, shape, axes=3, most=2), pick.size("filters", 1, 2)
    return {**strides_and_padding(pick), "filters": filters, "kernel": sizes}, [
        Wanted((*sizes, shape[-1], filters))
    ]


entry(
    "conv3d",
    by_node(
        "Conv3D",
        strides=every_axis("strides", 3),
        padding=parameter("padding"),
        data_format="NDHWC",
        dilations=[1] * 5,
    ),
    tf="tf.nn.conv3d({x}, {y}, [1, {strides}, {strides}, {strides}, 1], {padding})",
    keras=of_layer("Conv3D({filters}, {kernel}, {strides}, {padding}.lower(), **settings)"),
    first=_volume,
    takes=nowhere,
    form=_conv3d,
    dtypes=WIDE,
)


def _separable(pick: Any, shape: Shape) -> Any:
    sizes = kernel_sizes(pick, shape)
    multiplier, filters = pick.size("multiplier", 1, 2), pick.size("filters", 1, 3)
    return {**strides_and_padding(pick), "kernel": sizes, "multiplier": multiplier, "filters": filters}, [
        Wanted((*sizes, shape[-1], multiplier)),
        Wanted((1, 1, shape[-1] * multiplier, filters)),
    ]


def _by_parts(ask: Ask, x: Flow, depthwise: Flow, pointwise: Flow) -> Flow:
    def convolved(op: str, x: Flow, w: Flow, strides: Any, padding: str) -> Flow:
        rule = by_node(op, strides=strides, padding=padding, data_format="NHWC", dilations=[1] * 4)
        found: Flow = rule(ask._replace(dtypes=ask.dtypes[:2]), x, w)
        return found

    stride = ask.parameters["strides"]
    between = convolved(
        "DepthwiseConv2dNative", x, depthwise, [1, stride, stride, 1], ask.parameters["padding"]
    )
    return convolved("Conv2D", between, pointwise, [1, 1, 1, 1], "VALID")


entry(
    "separable_conv2d",
    _by_parts,
    tf="tf.nn.separable_conv2d({x}, {y}, {z}, [1, {strides}, {strides}, 1], {padding})",
    keras="""
settings = dict(use_bias=False, dtype={dtype}, depth_multiplier={multiplier})
layer = keras.layers.SeparableConv2D({filters}, {kernel}, {strides}, {padding}.lower(), **settings)
layer.build({x}.shape)
layer.set_weights([{y}, {z}])
layer({x})
""",
    first=image,
    takes=of_rank(4),
    form=_separable,
    dtypes=WIDE,
)


def _atrous(pick: Any, shape: Shape) -> Any:
    sizes = [pick.size(f"k{axis}", 1, min(3, (shape[axis] + 1) // 2)) for axis in (1, 2)]
    return {"rate": pick.of("rate", 1, 2), "padding": pick.of("padding", "SAME", "VALID")}, [
        Wanted((*sizes, shape[-1], pick.size("filters", 1, 2)))
    ]


entry(
    "atrous_conv2d",
    by_node(
        "Conv2D",
        strides=[1] * 4,
        padding=parameter("padding"),
        data_format="NHWC",
        dilations=every_axis("rate", 2),
    ),
    tf="tf.nn.atrous_conv2d({x}, {y}, {rate}, {padding})",
    first=image,
    takes=of_rank(4),
    form=_atrous,
    dtypes=WIDE,
)


def _turned(axes: int) -> Any:
    def form(pick: Any, shape: Shape) -> Any:
        found = {
            **strides_and_padding(pick),
            "filters": pick.size("filters", 1, 2),
            "kernel": pick.size("k", 1, 2),
        }
        size, stride = found["kernel"], found["strides"]
        more = max(size - stride, 0) if found["padding"] == "VALID" else 0
        places = [n * stride + more for n in shape[1:-1]]
        output = [shape[0], *places, found["filters"]]
        return {**found, "output": output}, [Wanted((*[size] * axes, found["filters"], shape[-1]))]

    return form


def _back_along_time(ask: Ask, x: Flow, w: Flow) -> Flow:
    """Of an image with one row."""
    n, size, filters = ask.parameters["output"]
    stride = ask.parameters["strides"]
    rule = by_node(
        "Conv2DBackpropInput",
        strides=[1, 1, stride, 1],
        padding=parameter("padding"),
        data_format="NHWC",
        dilations=[1] * 4,
    )
    sizes = np.array([n, 1, size, filters], np.int32)
    image = moved(lambda array: array[:, None], x)
    return moved(lambda array: array[:, 0], rule(ask, sizes, moved(lambda array: array[None], w), image))


def _back(ask: Ask, x: Flow, w: Flow) -> Flow:
    rule = by_node(
        "Conv3DBackpropInputV2",
        strides=every_axis("strides", 3),
        padding=parameter("padding"),
        data_format="NDHWC",
        dilations=[1] * 5,
    )
    found: Flow = rule(ask, np.array(ask.parameters["output"], np.int32), w, x)
    return found


for _name, _answer, _axes, _first, _strides, _of_keras in (
    ("conv1d_transpose", _back_along_time, 1, _sequence, "{strides}", "Conv1DTranspose"),
    ("conv3d_transpose", _back, 3, _volume, "[1, {strides}, {strides}, {strides}, 1]", "Conv3DTranspose"),
):
    entry(
        _name,
        of_exact(_answer, 1),
        tf=f"tf.nn.{_name}({{x}}, {{y}}, {{output}}, {_strides}, {{padding}})",
        keras=of_layer(f"{_of_keras}({{filters}}, {{kernel}}, {{strides}}, {{padding}}.lower(), **settings)"),
        first=_first,
        takes=nowhere,
        form=_turned(_axes),
        dtypes=SINGLE,
    )

# -- pooling


def _pooled(op: str) -> Any:
    rule = by_node(
        op,
        ksize=every_axis("ksize", 3),
        strides=every_axis("strides", 3),
        padding=parameter("padding"),
        data_format="NDHWC",
    )

    def answered(ask: Ask, x: Flow) -> Flow:
        if op.startswith("Max"):
            no_lowest(x)
        found: Flow = rule(ask, x)
        return found

    return answered


_FIVE = "[1, {ksize}, {ksize}, {ksize}, 1], [1, {strides}, {strides}, {strides}, 1], {padding}"
for _name, _op, _of_keras in (
    ("max_pool3d", "MaxPool3D", "MaxPooling3D"),
    ("avg_pool3d", "AvgPool3D", "AveragePooling3D"),
):
    entry(
        _name,
        _pooled(_op),
        tf=f"tf.nn.{_name}({{x}}, {_FIVE})",
        keras=f"keras.layers.{_of_keras}({{ksize}}, {{strides}}, {{padding}}.lower(), dtype={{dtype}})({{x}})",
        first=_volume,
        takes=nowhere,
        form=pooling(3),
        dtypes=SINGLE,
    )


def _along_time(op: str) -> Any:
    """Windows of an image with one row."""
    rule = by_node(
        op,
        ksize=lambda ask: [1, 1, ask.parameters["ksize"], 1],
        strides=lambda ask: [1, 1, ask.parameters["strides"], 1],
        padding=parameter("padding"),
        data_format="NHWC",
    )

    def answered(ask: Ask, x: Flow) -> Flow:
        if op == "MaxPool":
            no_lowest(x)
        return moved(lambda array: array[:, 0], rule(ask, moved(lambda array: array[:, None], x)))

    return answered


for _name, _op, _of_keras in (
    ("max_pool1d", "MaxPool", "MaxPooling1D"),
    ("avg_pool1d", "AvgPool", "AveragePooling1D"),
):
    entry(
        _name,
        _along_time(_op),
        tf=f"tf.nn.{_name}({{x}}, {{ksize}}, {{strides}}, {{padding}})",
        keras=f"keras.layers.{_of_keras}({{ksize}}, {{strides}}, {{padding}}.lower(), dtype={{dtype}})({{x}})",
        first=_sequence,
        takes=of_rank(3),
        form=pooling(1),
        dtypes=WIDE,
    )


def _of_places(op: str, axes: int) -> Any:
    return by_node(op, lambda ask, inputs: np.arange(1, 1 + axes, dtype=np.int32), keep_dims=False)


for _name, _op, _axes, _first, _text in (
    ("global_max_pool", "Max", 2, image, "tf.reduce_max({x}, axis=[1, 2])"),
    ("global_max_pool1d", "Max", 1, _sequence, "tf.reduce_max({x}, axis=1)"),
    ("global_average1d", "Mean", 1, _sequence, "tf.reduce_mean({x}, axis=1)"),
):
    _called = f"Global{'Max' if _op == 'Max' else 'Average'}Pooling{_axes}D"
    entry(
        _name,
        _of_places(_op, _axes),
        tf=_text,
        keras=f"keras.layers.{_called}(dtype={{dtype}})({{x}})",
        first=_first,
        takes=of_rank(_axes + 2),
        dtypes=WIDE,
    )


def _argmax(number: int) -> Any:
    rule = by_node(
        "MaxPoolWithArgmax",
        number=number,
        ksize=every_axis("ksize", 2),
        strides=every_axis("strides", 2),
        padding=parameter("padding"),
        include_batch_in_index=False,
    )

    def answered(ask: Ask, x: Flow) -> Flow:
        no_lowest(x)
        found: Flow = rule(ask, x)
        return found

    return answered


_FOUR = "[1, {ksize}, {ksize}, 1], [1, {strides}, {strides}, 1], {padding}"
entry(
    "max_pool_argmax",
    _argmax(1),
    tf=f"tf.nn.max_pool_with_argmax({{x}}, {_FOUR})[1]",
    first=image,
    takes=of_rank(4),
    form=pooling(2),
    out=lambda parameters, dtype: "int64",
    dtypes=SINGLE,
)
