"""Images again: colours, crops by boxes, measures of an image and of two, windows that take the largest sum."""

import functools
from typing import Any, Tuple

import numpy as np

from ...reference import tracked as steps
from ...reference.nodes.elementwise import added
from ...reference.nodes.flows import moved, tracked
from ...reference.nodes.registry import Flow
from ...reference.tracked import Tracked, constant, joined
from ..entries import SINGLE, WIDE, Ask, Shape, Wanted, by_node, entry, image, nowhere, of_rank, parameter
from ..windows import every_axis, kernel_sizes


def _coloured(pick: Any) -> Any:
    return (1, pick.size("h", 1, 4), pick.size("w", 1, 4), 3), "image"


def _number(name: str) -> Any:
    return lambda ask, inputs: np.array(ask.parameters[name], np.float32)


# -- colours

entry(
    "hsv_to_rgb",
    by_node("HSVToRGB"),
    tf="tf.image.hsv_to_rgb({x})",
    keras3="keras.ops.image.hsv_to_rgb({x})",
    first=_coloured,
    takes=nowhere,
    dtypes=SINGLE,
)
for _name, _op, _argument, _values in (
    ("adjust_hue", "AdjustHue", "delta", (0.1, -0.25, 0.5)),
    ("adjust_saturation", "AdjustSaturation", "factor", (0.5, 2.0, 0.0)),
):
    entry(
        _name,
        by_node(_op, _number(_argument)),
        tf=f"tf.image.{_name}({{x}}, {{{_argument}}})",
        first=_coloured,
        takes=nowhere,
        form=lambda pick, shape, named=_argument, values=_values: ({named: pick.of(named, *values)}, []),
        dtypes=SINGLE,
    )
entry(
    "adjust_brightness",
    lambda ask, x: (tracked(x) + constant(ask.parameters["delta"])).reference(),
    tf="tf.image.adjust_brightness({x}, {delta})",
    first=image,
    takes=lambda shape, dtype: len(shape) == 4 and dtype == "float32",
    form=lambda pick, shape: ({"delta": pick.of("delta", 0.5, -0.3, 0.1)}, []),
    dtypes=SINGLE,
)


def _of_gamma(ask: Ask, x: Flow) -> Flow:
    """gain x^gamma; the exponent is a float32 in every implementation, which near zero is another power."""
    gamma = float(np.float32(ask.parameters["gamma"] or 1.0))
    return (steps.power(tracked(x), gamma) * constant(ask.parameters["gain"] or 1.0)).reference()


entry(
    "adjust_gamma",
    _of_gamma,
    tf="tf.image.adjust_gamma({x}<, gamma={gamma}><, gain={gain}>)",
    first=lambda pick: (image(pick)[0], pick.flavour("image", "positive")),
    takes=nowhere,
    form=lambda pick, shape: (
        {"gamma": pick.of("gamma", None, 0.5, 2.2), "gain": pick.of("gain", None, 0.7)},
        [],
    ),
    dtypes=SINGLE,
)
#: Of every colour that comes out, its shares, as TensorFlow has them.
_COLOURS = {
    "rgb_to_yuv": (
        (0.299, -0.14714119, 0.61497538),
        (0.587, -0.28886916, -0.51496512),
        (0.114, 0.43601035, -0.10001026),
    ),
    "yuv_to_rgb": ((1.0, 1.0, 1.0), (0.0, -0.394642334, 2.03206185), (1.13988303, -0.58062185, 0.0)),
    "rgb_to_yiq": (
        (0.299, 0.59590059, 0.2115),
        (0.587, -0.27455667, -0.52273617),
        (0.114, -0.32134392, 0.31119955),
    ),
    "yiq_to_rgb": (
        (1.0, 1.0, 1.0),
        (0.95598634, -0.27201283, -1.10674021),
        (0.6208248, -0.64720424, 1.70423049),
    ),
}


def _mixed(ask: Ask, x: Flow, shares: Any) -> Flow:
    shares = np.array(shares)
    return (tracked(x) @ Tracked(shares, lambda p: p.u * abs(shares))).reference()


for _name, _shares in _COLOURS.items():
    entry(
        _name,
        functools.partial(_mixed, shares=_shares),
        tf=f"tf.image.{_name}({{x}})",
        first=_coloured,
        takes=nowhere,
        dtypes=SINGLE,
    )

# -- sizes and crops


def _size(pick: Any, shape: Shape) -> Any:
    return {"size": [pick.size("rows", 1, 6), pick.size("columns", 1, 6)]}, []


entry(
    "resize_area",
    by_node(
        "ResizeArea",
        lambda ask, inputs: np.array(ask.parameters["size"], np.int32),
        align_corners=False,
    ),
    tf1="tf.image.resize_images({x}, {size}, 3)",
    tf2="tf.image.resize({x}, {size}, 'area')",
    first=image,
    takes=lambda shape, dtype: len(shape) == 4 and dtype == "float32",
    form=_size,
    dtypes=SINGLE,
)


def _boxes(pick: Any, shape: Shape) -> Any:
    count = pick.size("boxes", 1, 3)
    return {
        "size": [pick.size("rows", 1, 4), pick.size("columns", 1, 4)],
        "method": pick.of("method", None, "nearest"),
        "extrapolation_value": pick.of("extrapolation_value", None, 0.5),
    }, [
        Wanted((count, 4), pick.of("boxes", "image", "halves")),
        Wanted((count,), "integers", "int32", shape[0]),
    ]


def _cropped(ask: Ask, x: Flow, boxes: Flow, index: Flow) -> Flow:
    found: Flow = by_node(
        "CropAndResize",
        lambda ask, inputs: np.array(ask.parameters["size"], np.int32),
        method=ask.parameters["method"] or "bilinear",
        extrapolation_value=ask.parameters["extrapolation_value"] or 0.0,
    )(ask, x, boxes, index)
    return found


entry(
    "crop_and_resize",
    _cropped,
    tf="tf.image.crop_and_resize({x}, {y}, {z}, {size}<, method={method}>"
    "<, extrapolation_value={extrapolation_value}>)",
    first=lambda pick: (image(pick)[0], pick.flavour("image", "normal", "integers")),
    takes=nowhere,
    form=_boxes,
    dtypes=SINGLE,
)

# -- measures


def _differences(x: Tracked) -> Tuple[Tracked, Tracked]:
    return x[:, 1:] - x[:, :-1], x[:, :, 1:] - x[:, :, :-1]


def _variation(ask: Ask, x: Flow) -> Flow:
    down, across = (abs(part).sum((1, 2, 3)) for part in _differences(tracked(x)))
    return (down + across).reference()


entry(
    "total_variation",
    _variation,
    tf="tf.image.total_variation({x})",
    first=image,
    takes=of_rank(4),
    dtypes=WIDE,
)


def _slopes(ask: Ask, x: Flow) -> Flow:
    """Down and across, the last row and column 0."""
    both = []
    for axis, part in zip((1, 2), _differences(tracked(x))):
        pads = [(0, int(axis == other)) for other in range(4)]
        both.append(part.rearranged(lambda array, pads=pads: np.pad(array, pads, "constant")))  # type: ignore[misc]
    return joined(np.stack, both).reference()


entry(
    "image_gradients",
    _slopes,
    tf="tf.stack(tf.image.image_gradients({x}))",
    first=image,
    takes=of_rank(4),
    dtypes=WIDE,
)
_SOBEL = np.array([[-1.0, -2.0, -1.0], [0.0, 0.0, 0.0], [1.0, 2.0, 1.0]])


def _edges(ask: Ask, x: Flow) -> Flow:
    """Down and across, of the image mirrored at its border."""
    x = tracked(x)
    rows, columns = x.value.shape[1:3]
    x = x.rearranged(lambda array: np.pad(array, [(0, 0), (1, 1), (1, 1), (0, 0)], "reflect"))
    both = []
    for kernel in (_SOBEL, _SOBEL.T):
        taps = [(i, j) for i in range(3) for j in range(3) if kernel[i, j]]
        both.append(added(*(x[:, i : i + rows, j : j + columns] * kernel[i, j] for i, j in taps)))
    return joined(lambda parts: np.stack(parts, -1), both).reference()


entry(
    "sobel_edges",
    _edges,
    tf="tf.image.sobel_edges({x})",
    first=lambda pick: (
        (pick.size("n", 1, 2), pick.size("h", 2, 5), pick.size("w", 2, 5), pick.size("c", 1, 2)),
        pick.flavour(),
    ),
    takes=lambda shape, dtype: len(shape) == 4 and min(shape[1:3]) > 1 and bool(shape[0] * shape[3]),
    dtypes=SINGLE,
)


def _decibels(ask: Ask, x: Flow, y: Flow) -> Flow:
    """20 log10(largest) - 10 log10(mean square of the difference), of each image."""
    difference = tracked(x) - tracked(y)
    mean = (difference * difference).mean((-3, -2, -1))
    ten, most = steps.log(constant(10.0)), steps.log(constant(ask.parameters["max_val"]))
    return (most * 20.0 / ten - steps.log(mean) * (10.0 / ten)).reference()


entry(
    "psnr",
    _decibels,
    tf="tf.image.psnr({x}, {y}, {max_val})",
    first=lambda pick: (image(pick)[0], pick.flavour("image", "normal")),
    takes=nowhere,
    form=lambda pick, shape: ({"max_val": pick.of("max_val", 1.0, 255.0)}, [Wanted(shape, "image")]),
    dtypes=SINGLE,
)

# -- the largest sum under a window


def _window(pick: Any, shape: Shape) -> Any:
    sizes = kernel_sizes(pick, shape)
    fits = all(2 * size - 1 <= n for size, n in zip(sizes, shape[1:3]))
    return {
        "stride": pick.of("stride", 1, 2),
        "rate": pick.of("rate", 1, 2) if fits else 1,
        "padding": pick.of("padding", "SAME", "VALID"),
    }, [Wanted((*sizes, shape[-1]))]


_SETTINGS: Any = {
    "strides": every_axis("stride"),
    "rates": every_axis("rate"),
    "padding": parameter("padding"),
}


def _dilated(ask: Ask, x: Flow, w: Flow) -> Flow:
    found: Flow = by_node("Dilation2D", **_SETTINGS)(ask, x, w)
    return found


def _eroded(ask: Ask, x: Flow, w: Flow) -> Flow:
    """- the dilation of -x by the filter turned half."""
    turned = moved(lambda array: np.flip(np.flip(array, 0), 1), w)
    return (-tracked(_dilated(ask, (-tracked(x)).reference(), turned))).reference()


_OLD = "[1, {stride}, {stride}, 1], [1, {rate}, {rate}, 1], {padding})"
_NEW = "[1, {stride}, {stride}, 1], {padding}, 'NHWC', [1, {rate}, {rate}, 1])"
for _name, _answer in (("dilation2d", _dilated), ("erosion2d", _eroded)):
    entry(
        _name,
        _answer,
        tf1=f"tf.nn.{_name}({{x}}, {{y}}, " + _OLD,
        tf2=f"tf.nn.{_name}({{x}}, {{y}}, " + _NEW,
        first=image,
        takes=of_rank(4),
        form=_window,
        dtypes=WIDE,
    )
