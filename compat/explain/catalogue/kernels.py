"""What goes wrong with kernels, biases and products: flips, layouts, channels, precision."""

from typing import Optional, Tuple

import numpy as np

from ...arrays import round_to
from ...reference.bounds import Reference
from ...reference.calls import Call
from .hypothesis import Catalogue

CATALOGUE = Catalogue()

#: Rules with a kernel of (rows, columns, in, out), and all with a kernel.
IMAGES = ("conv2d", "conv2d_bias", "conv2d_grad", "conv2d_transpose", "depthwise_conv2d")
LINEAR = (*IMAGES, "conv1d", "convolve", "dense")


def kernel_of(call: Call) -> Optional[str]:
    """The name of the call's kernel, or None."""
    if call.rule not in LINEAR:
        return None
    return "k" if call.rule == "convolve" else "w"


def spatial_axes(call: Call) -> Tuple[int, ...]:
    return {"convolve": (0,), "conv1d": (0,), "dense": ()}.get(call.rule, (0, 1))


def _kernel(change, rules=LINEAR):
    """A hypothesis function: the kernel is ``change(kernel)``, where that is anything (several: a list)."""

    def function(call):
        name = kernel_of(call)
        if name is None or call.rule not in rules:
            return
        changed = change(np.asarray(call[name]))
        for kernel in changed if isinstance(changed, list) else [changed]:
            if kernel is not None and kernel.shape == call[name].shape:
                yield call.but(**{name: kernel})

    return function


@CATALOGUE.call(
    "flipped kernel",
    "the kernel is flipped (convolution; networks correlate, np.convolve and scipy.signal.convolve flip): "
    "give the port the kernel turned around, w[::-1, ::-1]",
)
def _(call):
    axes, name = spatial_axes(call), kernel_of(call)
    if axes and name is not None:
        yield call.but(**{name: np.flip(call[name], axes)})


for axis, what in ((0, "rows"), (1, "columns")):

    def _flip(call, axis=axis):
        if axis in spatial_axes(call) and len(spatial_axes(call)) > 1:
            yield call.but(w=np.flip(call["w"], axis))

    CATALOGUE.call(
        f"kernel's {what} flipped",
        f"the kernel's {what} come in reverse: turn that axis of the kernel around",
    )(_flip)

CATALOGUE.call(
    "kernel's height and width swapped",
    "the kernel's height and width are swapped: transpose its first two axes, w.transpose(1, 0, 2, 3)",
)(_kernel(lambda w: w.swapaxes(0, 1), IMAGES))

CATALOGUE.call(
    "kernel's in and out swapped",
    "the kernel's input and output channels are swapped: transpose its last two axes",
)(_kernel(lambda w: w.swapaxes(-1, -2), (*IMAGES, "conv1d", "dense")))


def _other_layouts(w):
    rows, columns, inputs, outputs = w.shape
    return [
        w.transpose(3, 2, 0, 1).reshape(w.shape),  # HWIO meant, the bytes are OIHW
        w.reshape(outputs, inputs, rows, columns).transpose(2, 3, 1, 0),  # the other way round
        w.swapaxes(2, 3).reshape(w.shape),  # HWIO meant, the bytes are HWOI
    ]


CATALOGUE.call(
    "kernel in another layout",
    "the kernel's numbers are taken for those of another layout: (out, in, rows, columns) becomes "
    "TensorFlow's (rows, columns, in, out) by w.transpose(2, 3, 1, 0), not by reshape",
)(_kernel(_other_layouts, IMAGES))

CATALOGUE.call(
    "dense kernel in another layout",
    "the dense kernel's numbers are taken for those of another layout: PyTorch's (out, in) becomes "
    "TensorFlow's (in, out) by w.T, not by reshape",
)(_kernel(lambda w: [w.T.reshape(w.shape), w.reshape(w.shape[::-1]).T], ("dense",)))

CATALOGUE.call(
    "depthwise kernel in another layout",
    "the depthwise kernel's channels and multiplier are taken for each other: (rows, columns, channels, "
    "multiplier) is TensorFlow's order; transpose, do not reshape",
)(_kernel(lambda w: w.reshape(*w.shape[:2], w.shape[3], w.shape[2]).swapaxes(2, 3), ("depthwise_conv2d",)))

CATALOGUE.call(
    "one kernel for all channels",
    "every channel meets the sum of the whole kernel: index the kernel by channel, w[:, :, c]",
)(_kernel(lambda w: np.repeat(w.sum(axis=2, keepdims=True), w.shape[2], axis=2), IMAGES))

CATALOGUE.call(
    "RGB for BGR",
    "the input's channels come in reverse, RGB for BGR: turn them around, x[..., ::-1]",
)(_kernel(lambda w: w[:, :, ::-1], IMAGES))


@CATALOGUE.call(
    "dense kernel of the other Flatten",
    "the rows of the kernel are in the order of a Flatten of {was}; those of {now} are wanted: "
    "w.reshape({shape}).transpose({axes}).reshape(w.shape)",
)
def _(call):
    if call.rule != "dense":
        return
    w = np.asarray(call["w"])
    inputs, units = w.shape
    sides = [
        (channels, side)
        for channels, side in ((c, int(round((inputs / c) ** 0.5))) for c in range(2, inputs // 2 + 1))
        if channels * side * side == inputs and side > 1
    ]
    # What was computed is the kernel in the wrong order; the words are for the kernel that was given.  One of
    # NCHW comes first: of 64 channels of 2x2 pixels and 4 of 8x8 nobody can tell whose order it is.
    for channels, side in sides:
        from_nhwc = w.reshape(side, side, channels, units).transpose(2, 0, 1, 3).reshape(w.shape)
        yield call.but(w=from_nhwc), _order("NCHW", "NHWC", (channels, side, side, "units"), (1, 2, 0, 3))
    for channels, side in sides:
        from_nchw = w.reshape(channels, side, side, units).transpose(1, 2, 0, 3).reshape(w.shape)
        yield call.but(w=from_nchw), _order("NHWC", "NCHW", (side, side, channels, "units"), (2, 0, 1, 3))


def _order(was, now, shape, axes):
    return {
        "was": was,
        "now": now,
        "shape": ", ".join(map(str, shape)),
        "axes": ", ".join(map(str, axes)),
    }


@CATALOGUE.call(
    "groups in another order",
    "the output channels of the groups are interleaved: TensorFlow has those of one group side by side",
)
def _(call):
    if call.rule not in IMAGES or call.rule == "depthwise_conv2d" or call.rule == "conv2d_transpose":
        return
    w = np.asarray(call["w"])
    groups, rest = divmod(np.shape(call["x"])[-1], w.shape[2])
    if rest == 0 and groups > 1 and w.shape[3] % groups == 0:
        order = np.arange(w.shape[3])
        yield call.but(w=w[..., order.reshape(groups, -1).T.ravel()])
        yield call.but(w=w[..., order.reshape(-1, groups).T.ravel()])


CATALOGUE.call(
    "filters in reverse", "the filters come in reverse, and not their biases: turn them around, w[..., ::-1]"
)(_kernel(lambda w: w[..., ::-1] if w.ndim > 1 else None))

for name, sentence, factor in (
    ("kernel negated", "the kernel has the other sign, and not the bias: change it", -1),
    ("kernel doubled", "the kernel is twice as large, and not the bias: halve it", 2),
    ("kernel halved", "the kernel is half as large, and not the bias: double it", 0.5),
):
    CATALOGUE.call(name, sentence)(_kernel(lambda w, factor=factor: w * w.dtype.type(factor)))


# -- the bias


def _bias(change):
    def function(call):
        if "b" in call and call.rule in ("conv2d_bias", "dense"):
            yield call.but(b=change(np.asarray(call["b"])))

    return function


for name, sentence, change in (
    ("bias forgotten", "the bias is not added: use_bias=True, or tf.nn.bias_add", lambda b: 0 * b),
    ("bias doubled", "the bias is added twice: once in the layer, once by hand", lambda b: 2 * b),
    ("bias subtracted", "the bias is subtracted: change its sign", lambda b: -b),
    ("bias in reverse", "the bias comes in reverse: turn it around, b[::-1]", lambda b: b[::-1]),
):
    CATALOGUE.call(name, sentence)(_bias(change))


# -- the precision of the products


def _rounded(bits, dtype):
    def function(call):
        kernel = kernel_of(call)
        if kernel is None or isinstance(call["x"], Reference):
            return
        names = ("x", kernel)
        if any(np.asarray(call[name]).dtype != np.float32 for name in names):
            return
        yield call.but(**{name: _to_bits(np.asarray(call[name]), bits, dtype) for name in names})

    return function


def _to_bits(array, bits, dtype):
    if dtype:
        return round_to(array, dtype).astype(np.float32)
    fraction, exponent = np.frexp(array.astype(np.float64))
    return np.ldexp(np.rint(fraction * 2.0**bits) / 2.0**bits, exponent).astype(np.float32)


CATALOGUE.call(
    "TF32 products",
    "the products are those of TF32 (11 bits), as a GPU multiplies by default: "
    "tf.config.experimental.enable_tensor_float_32_execution(False)",
)(_rounded(11, None))
CATALOGUE.call(
    "bfloat16 products",
    "the inputs are rounded to bfloat16 (8 bits): a mixed-precision policy, or a fast-math "
    "mode of the kernels",
)(_rounded(8, "bfloat16"))
CATALOGUE.call(
    "float16 products",
    "the inputs are rounded to float16 (11 bits): a mixed-precision policy",
)(_rounded(11, "float16"))
