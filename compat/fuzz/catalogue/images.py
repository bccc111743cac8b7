"""Images: pooling, resizing, contrast; and arrays moved about."""

from typing import Any

import numpy as np

from ... import reference
from ...reference.nodes.flows import tracked
from ...reference.nodes.registry import NoRule
from ..entries import (
    FLOATS,
    SINGLE,
    WIDE,
    Ask,
    Shape,
    Wanted,
    by_node,
    entry,
    image,
    nowhere,
    of_rank,
    parameter,
)
from ..windows import every_axis, no_lowest, pooling


def _pooled(op: str) -> Any:
    rule = by_node(
        op,
        ksize=every_axis("ksize"),
        strides=every_axis("strides"),
        padding=parameter("padding"),
        data_format="NHWC",
    )

    def answered(ask: Ask, x: Any) -> Any:
        if op == "MaxPool":
            no_lowest(x)
        return rule(ask, x)

    return answered


for _name, _op, _of_keras in (
    ("max_pool", "MaxPool", "MaxPooling2D"),
    ("avg_pool", "AvgPool", "AveragePooling2D"),
):
    entry(
        _name,
        _pooled(_op),
        tf1=f"tf.nn.{_name}({{x}}, [1, {{ksize}}, {{ksize}}, 1], [1, {{strides}}, {{strides}}, 1], {{padding}})",
        tf2=f"tf.nn.{_name}2d({{x}}, {{ksize}}, {{strides}}, {{padding}})",
        keras=f"keras.layers.{_of_keras}({{ksize}}, {{strides}}, {{padding}}.lower(), dtype={{dtype}})({{x}})",
        first=image,
        takes=of_rank(4),
        form=pooling(2),
        dtypes=(*WIDE, "float16", "bfloat16") if _name == "avg_pool" else (*WIDE, "float16"),
        cases=lambda p, dtype, traits, name=_name: (
            [(name, "bfloat16-k2-s2-SAME")] if dtype == "bfloat16" else []
        ),
    )


def _globally(pick: Any, shape: Shape) -> Any:
    return {}, []


entry(
    "global_average",
    by_node("Mean", lambda ask, inputs: np.array([1, 2], np.int32), keep_dims=False),
    tf="tf.reduce_mean({x}, axis=[1, 2])",
    keras="keras.layers.GlobalAveragePooling2D(dtype={dtype})({x})",
    first=image,
    takes=of_rank(4),
    form=_globally,
    dtypes=WIDE,
)

# -- resizing

_METHODS = ("bilinear", "nearest", "bicubic")


def _size(pick: Any, shape: Shape) -> Any:
    size = [pick.size("rows", 1, 6), pick.size("columns", 1, 6)]
    return {"size": size, "method": pick.of("method", *_METHODS)}, []


def _resized(ask: Ask, x: Any, **grid: bool) -> Any:
    p = ask.parameters
    op = {"bilinear": "ResizeBilinear", "nearest": "ResizeNearestNeighbor", "bicubic": "ResizeBicubic"}[
        p["method"]
    ]
    settings = {"align_corners": False, "half_pixel_centers": False, **grid}
    return by_node(op, lambda ask, inputs: np.array(p["size"], np.int32), **settings)(ask, x)


def _float_but_nearest(parameters: Any, dtype: str) -> str:
    return dtype if parameters["method"] == "nearest" else "float32"


_ENUM = "{{'bilinear': 0, 'nearest': 1, 'bicubic': 2}}[{method}]"
entry(
    "resize",
    lambda ask, x: _resized(ask, x),
    tf1="tf.image.resize_images({x}, {size}, " + _ENUM + ")",
    tf2="tf.image.resize({x}, {size}, {method})",
    first=image,
    takes=lambda shape, dtype: len(shape) == 4 and dtype == "float32",
    form=_size,
    out=_float_but_nearest,
    dtypes=SINGLE,
    cases=lambda p, dtype, traits: [("resize_default", p["method"])],
)
_V1 = "tf.{v1}image.resize_images({{x}}, {{size}}, " + _ENUM.replace("{", "{{").replace("}", "}}")
_V1 += "<, align_corners={{align_corners}}>)"
entry(
    "resize_v1",
    lambda ask, x: _resized(ask, x, align_corners=bool(ask.parameters["align_corners"])),
    tf1=_V1.format(v1=""),
    tf2=_V1.format(v1="compat.v1."),
    first=image,
    takes=lambda shape, dtype: len(shape) == 4 and dtype == "float32",
    form=lambda pick, shape: (
        {**_size(pick, shape)[0], "align_corners": pick.of("align_corners", None, True)},
        [],
    ),
    out=_float_but_nearest,
    dtypes=SINGLE,
)
entry(
    "resize_half_pixel",
    lambda ask, x: _resized(ask, x, half_pixel_centers=True),
    tf2="tf.image.resize({x}, {size}, {method})",
    keras="keras.layers.Resizing({size}[0], {size}[1], interpolation={method})({x})",
    first=image,
    takes=lambda shape, dtype: len(shape) == 4 and dtype == "float32",
    form=_size,
    out=_float_but_nearest,
    dtypes=SINGLE,
)


def _factor(pick: Any, shape: Shape) -> Any:
    return {
        "factor": pick.of("factor", 1, 2, 3),
        "interpolation": pick.of("interpolation", None, "bilinear"),
    }, []


def _upsampled(ask: Ask, x: Any) -> Any:
    p = ask.parameters
    size = [p["factor"] * n for n in np.shape(getattr(x, "value", x))[1:3]]
    asked = ask._replace(parameters={"size": size, "method": p["interpolation"] or "nearest"})
    return _resized(asked, x, half_pixel_centers=True)


entry(
    "upsampling",
    _upsampled,
    keras="keras.layers.UpSampling2D({factor}<, interpolation={interpolation}>)({x})",
    first=image,
    takes=lambda shape, dtype: len(shape) == 4 and dtype == "float32",
    form=_factor,
    dtypes=SINGLE,
    cases=lambda p, dtype, traits: [("upsampling", p["interpolation"] or "nearest")],
)


def _coloured(pick: Any) -> Any:
    return (1, pick.size("h", 1, 3), pick.size("w", 1, 3), 3), pick.flavour("image", "normal")


def _grey(ask: Ask, x: Any) -> Any:
    x = tracked(x)
    weights = np.array([0.2989, 0.5870, 0.1140], np.float32)
    return (x * weights).sum(-1, True).reference()


entry(
    "rgb_to_grayscale",
    _grey,
    tf="tf.image.rgb_to_grayscale({x})",
    first=_coloured,
    takes=nowhere,
    dtypes=SINGLE,
)


def _standardised(ask: Ask, x: Any) -> Any:
    """(x - mean) / max(deviation, 1 / sqrt(count)), of each image."""
    from ...reference.normalisation import moments_along
    from ...reference.tracked import sqrt

    x = tracked(x)
    mean, variance = moments_along(x, (1, 2, 3))
    least = 1 / np.sqrt(np.float64(x.value[0].size))
    return ((x - mean) / sqrt(variance).clip(least, np.inf).off_by(lambda p: p.gamma(4) * least)).reference()


entry(
    "per_image_standardization",
    _standardised,
    tf="tf.image.per_image_standardization({x})",
    first=lambda pick: (image(pick)[0], pick.flavour("image", "normal", "integers")),
    takes=nowhere,
    dtypes=SINGLE,
)
entry(
    "adjust_contrast",
    by_node("AdjustContrastv2", lambda ask, inputs: np.array(ask.parameters["factor"], np.float32)),
    tf="tf.image.adjust_contrast({x}, {factor})",
    keras3="keras.ops.image.adjust_contrast({x}, {factor})",
    first=lambda pick: (image(pick)[0], pick.flavour("image", "normal")),
    takes=nowhere,
    form=lambda pick, shape: ({"factor": pick.of("factor", 0.5, 2.0, 1.5)}, []),
    dtypes=SINGLE,
)
for _name, _op in (("rgb_to_hsv", "RGBToHSV"),):
    entry(
        _name,
        by_node(_op),
        tf=f"tf.image.{_name}({{x}})",
        first=lambda pick: (_coloured(pick)[0], "image"),
        takes=nowhere,
        dtypes=SINGLE,
    )

# -- moved about


def _paddings(pick: Any, shape: Shape) -> Any:
    mode = pick.of("mode", None, "REFLECT", "SYMMETRIC")
    most = [min(2, n - 1 if mode == "REFLECT" else n) for n in shape]
    pairs = [[pick.size(f"before{i}", 0, m), pick.size(f"after{i}", 0, m)] for i, m in enumerate(most)]
    return {"paddings": pairs, "mode": mode}, []


def _padded(ask: Ask, x: Any) -> Any:
    pairs = lambda ask, inputs: np.array(ask.parameters["paddings"], np.int32)
    mode = ask.parameters["mode"]
    return by_node("MirrorPad", pairs, mode=mode)(ask, x) if mode else by_node("Pad", pairs)(ask, x)


entry("pad", _padded, tf="tf.pad({x}, {paddings}<, mode={mode}>)", form=_paddings, dtypes=(*FLOATS, "int32"))


def _order(pick: Any, shape: Shape) -> Any:
    return {"order": pick.order(len(shape))}, []


entry(
    "transpose",
    by_node("Transpose", lambda ask, inputs: np.array(ask.parameters["order"], np.int32)),
    tf="tf.transpose({x}, {order})",
    keras3="keras.ops.transpose({x}, {order})",
    form=_order,
    dtypes=FLOATS,
)


def _joined(pick: Any, shape: Shape) -> Any:
    axis = pick.of("axis", *range(len(shape)))
    other = (*shape[:axis], pick.size("more", 1, 2), *shape[axis + 1 :])
    return {"axis": axis}, [Wanted(other, pick.flavour())]


entry(
    "concat",
    by_node("ConcatV2", lambda ask, inputs: np.array(ask.parameters["axis"], np.int32)),
    tf="tf.concat([{x}, {y}], {axis})",
    form=_joined,
    dtypes=(*FLOATS, "int32"),
)


def _rows_of(pick: Any, shape: Shape) -> Any:
    count = pick.size("count", 1, 3)
    return {"axis": None}, [Wanted((count,), "integers", "int32", shape[0])]


entry(
    "gather",
    by_node("GatherV2", lambda ask, inputs: np.array(0, np.int32), batch_dims=0),
    tf="tf.gather({x}, {y})",
    form=_rows_of,
    dtypes=FLOATS,
)


def _slice(pick: Any, shape: Shape) -> Any:
    start = pick.of("start", *range(-shape[0], shape[0]))
    return {"start": start, "stop": pick.of("stop", 9, -1, shape[0]), "step": pick.of("step", 1, 2)}, []


def _sliced(ask: Ask, x: Any) -> Any:
    p = ask.parameters
    if isinstance(x, reference.Reference):
        raise NoRule("a slice of what is rounded")
    return x[p["start"] : p["stop"] : p["step"]]


entry("strided_slice", _sliced, tf="{x}[{start}:{stop}:{step}]", form=_slice, dtypes=FLOATS)


def _classes(pick: Any, shape: Shape) -> Any:
    return {"depth": pick.size("depth", 1, 4)}, []


entry(
    "one_hot",
    by_node(
        "OneHot",
        lambda ask, inputs: np.array(ask.parameters["depth"], np.int32),
        lambda ask, inputs: np.array(1, np.float32),
        lambda ask, inputs: np.array(0, np.float32),
        axis=-1,
    ),
    tf="tf.one_hot({x}, {depth})",
    keras2="keras.backend.one_hot({x}, {depth})",
    keras3="keras.ops.one_hot({x}, {depth})",
    first=lambda pick: (pick.shape(1, 2), "integers"),
    takes=lambda shape, dtype: dtype == "int32" and len(shape) < 3 and all(shape),
    form=_classes,
    out=lambda parameters, dtype: "float32",
    dtypes=("int32",),
)
