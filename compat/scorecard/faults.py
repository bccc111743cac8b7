"""Faults, each written as somebody would make it: in the arguments before, or in the result afterwards.

``causes`` are the hypotheses that name it rightly; none: nobody could name it, and to say so is right.
"""

from typing import Any, Callable, Optional, Tuple, Union

import numpy as np

from ..arrays import Array, round_to
from .operations import Computation


class Fault:
    """``before(arguments) -> arguments`` or ``after(result) -> result``; None where it cannot be made."""

    def __init__(
        self,
        name: str,
        causes: Union[str, Tuple[str, ...]],
        before: Optional[Callable[..., Any]] = None,
        after: Optional[Callable[..., Any]] = None,
    ) -> None:
        self.name = name
        self.causes = (causes,) if isinstance(causes, str) else tuple(causes)
        self.before = before
        self.after = after

    def inject(self, computation: Computation) -> Optional[Tuple[Array, Array]]:
        """(the exact faulty answer, the faulty float32 result), or None where it cannot be made."""
        arguments = computation.arguments
        if self.before:
            arguments = self.before(dict(arguments))
            if arguments is None:
                return None
        try:
            with np.errstate(all="ignore"):
                exact = computation.rule(**arguments).value
                result = computation.implementation(**arguments)
        except (ValueError, TypeError, IndexError):  # shapes that do not fit: refused, so never silent
            return None
        if self.after:
            with np.errstate(all="ignore"):
                exact, result = self.after(exact), self.after(result)
            if exact is None:
                return None
        return np.asarray(exact, np.float64), np.asarray(result, np.float32)


FAULTS = []


def _argument(name, key, causes, change, ranks=None):
    """A fault in one tensor; ``ranks``: of how many dimensions it has to be."""

    def before(arguments):
        array = arguments.get(key)
        if array is None or not hasattr(array, "ndim") or (ranks and array.ndim not in ranks):
            return None
        changed = np.ascontiguousarray(change(array), dtype=np.float32)
        if changed.shape != array.shape or np.array_equal(changed, array):
            return None
        return dict(arguments, **{key: changed})

    FAULTS.append(Fault(name, causes, before=before))


def _setting(name, key, causes, change):
    def before(arguments):
        if key not in arguments:
            return None
        value = change(arguments[key], arguments)
        return None if value is None or value == arguments[key] else dict(arguments, **{key: value})

    FAULTS.append(Fault(name, causes, before=before))


def _result(name, causes, change, ranks=None):
    def after(result):
        if ranks and result.ndim not in ranks:
            return None
        return change(result.copy())

    FAULTS.append(Fault(name, causes, after=after))


def _put(array, index, value):
    array[index] = value
    return array


def _as_other_format(a):
    return a.transpose(0, 3, 1, 2).reshape(a.shape)


def _other_flatten(a):
    """Rows for a Flatten of 4x4 pixels of three channels, in the order of NCHW."""
    return a.reshape(4, 4, 3, -1).transpose(2, 0, 1, 3).reshape(a.shape) if len(a) == 48 else a


def _one_off(array, share):
    """The weight of middle size off by a share of itself."""
    place = np.argsort(np.abs(array), axis=None)[array.size // 2]
    array = array.copy()
    array.flat[place] *= array.dtype.type(1 + share)
    return array


# -- images

_argument("image mirrored", "x", ("image mirrored", "answer mirrored"), lambda a: a[:, :, ::-1], (4,))
_argument("image upside down", "x", ("image upside down", "answer in reverse"), lambda a: a[:, ::-1], (4,))
_argument(
    "BGR for RGB", "x", ("BGR for RGB", "RGB for BGR", "channels in reverse"), lambda a: a[..., ::-1], (4,)
)
_argument(
    "NHWC read as NCHW", "x", ("NHWC for NCHW", "answer in the other data format"), _as_other_format, (4,)
)
_argument("images not divided by 255", "x", ("0..255 for 0..1", "times 255"), lambda a: a * 255)
_argument("images divided by 255 twice", "x", ("0..1 for 0..255", "over 255"), lambda a: a / 255)
_argument(
    "image one row down", "x", ("image moved by a pixel", "answer rolled"), lambda a: np.roll(a, 1, 1), (4,)
)
_argument(
    "image one column to the right",
    "x",
    ("image moved by a pixel", "answer rolled"),
    lambda a: np.roll(a, 1, 2),
    (4,),
)
_argument("batch in reverse", "x", "answer in reverse", lambda a: a[::-1], (2,))
_argument("images cut to whole numbers", "x", "input cut to whole numbers", np.trunc)
_argument("images rounded to whole numbers", "x", "input rounded to whole numbers", np.round)
_argument("images through float16", "x", "one input rounded", lambda a: a.astype(np.float16))
_argument("images through bfloat16", "x", "one input rounded", lambda a: round_to(a, "bfloat16"))
_argument("one pixel NaN", "x", (), lambda a: _put(a.copy(), (0,) * a.ndim, np.nan))
_argument("one pixel infinite", "x", (), lambda a: _put(a.copy(), (0,) * a.ndim, np.inf))
_argument("one pixel missing", "x", (), lambda a: _put(a.copy(), (0, 1, 1) + (0,) * (a.ndim - 3), 0), (4,))
_argument("image standardised", "x", "input standardised", lambda a: (a - a.mean()) / a.std())

# -- kernels and biases

_argument("kernel flipped", "w", "flipped kernel", lambda a: a[::-1, ::-1], (4,))
_argument("kernel's rows flipped", "w", "kernel's rows flipped", lambda a: a[::-1], (4,))
_argument("kernel's columns flipped", "w", "kernel's columns flipped", lambda a: a[:, ::-1], (4,))
_argument("kernel transposed", "w", "kernel's height and width swapped", lambda a: a.swapaxes(0, 1), (4,))
_LAYOUTS = ("kernel in another layout", "depthwise kernel in another layout", "kernel's in and out swapped")
_argument("OIHW read as HWIO", "w", _LAYOUTS, lambda a: a.transpose(3, 2, 0, 1).reshape(a.shape), (4,))
_argument("in and out swapped", "w", _LAYOUTS, lambda a: a.swapaxes(2, 3).reshape(a.shape), (4,))
_argument(
    "filters in reverse",
    "w",
    "filters in reverse",
    lambda a: a[..., ::-1],
    (4,),
)
_argument("input channels in reverse", "w", ("RGB for BGR", "BGR for RGB"), lambda a: a[:, :, ::-1], (4,))
_argument("one kernel for all channels", "w", "one kernel for all channels",
          lambda a: np.repeat(a.sum(axis=2, keepdims=True), a.shape[2], axis=2), (4,))  # fmt: skip
_argument("kernel negated", "w", "kernel negated", lambda a: -a)
_argument("kernel doubled", "w", "kernel doubled", lambda a: 2 * a)
_argument("one tap forgotten", "w", (), lambda a: _put(a.copy(), (0, 0), 0), (4,))
_argument("one weight off by 1 %", "w", (), lambda a: _one_off(a, 1e-2))
_argument("one weight off by 1e-5", "w", (), lambda a: _one_off(a, 1e-5))
_argument("kernel through float16", "w", "one input rounded", lambda a: a.astype(np.float16))
_argument("kernel through bfloat16", "w", "one input rounded", lambda a: round_to(a, "bfloat16"))
_argument("dense kernel of the other Flatten", "w", "dense kernel of the other Flatten", _other_flatten, (2,))
_argument("bias forgotten", "b", "bias forgotten", lambda a: 0 * a)
_argument("bias twice", "b", "bias doubled", lambda a: 2 * a)
_argument("bias subtracted", "b", "bias subtracted", lambda a: -a)
_argument("bias in reverse", "b", "bias in reverse", lambda a: a[::-1])

# -- settings

_OTHER = {1: 2, 2: 1}


def _even(padding, arguments):
    if "ksize" in arguments or "output_shape" in arguments:  # these take no numbers in TensorFlow
        return None
    before = (arguments["w"].shape[0] - 1) // 2 * (arguments.get("dilations") or 1)
    return ((before, before),) * 2 if padding == "SAME" else None


_setting("stride forgotten or added", "strides", ("other strides",), lambda s, _: _OTHER[s])
_setting("VALID for SAME", "padding", "padding VALID", lambda p, _: "VALID" if p == "SAME" else None)
_setting("SAME for VALID", "padding", "padding SAME", lambda p, _: "SAME" if p == "VALID" else None)
_setting("padded evenly", "padding", "padded evenly", _even)
_setting("dilation forgotten or added", "dilations", ("dilation forgotten", "dilation added"),
         lambda d, _: _OTHER[d])  # fmt: skip
_setting("another epsilon", "epsilon", "another epsilon", lambda e, _: 1e-3 if e != 1e-3 else 1e-5)
_setting(
    "LRN: size for radius",
    "depth_radius",
    ("LRN: size for radius", "LRN: another default"),
    lambda r, _: 2 * r + 1,
)
_setting("LRN: alpha over the size", "alpha", "LRN: alpha over the size",
         lambda a, arguments: a / (2 * arguments["depth_radius"] + 1))  # fmt: skip
_setting("another slope", "slope", "another slope", lambda s, _: 0.01)

# -- normalisation

_argument("gamma left out", "gamma", "gamma left out", lambda a: 0 * a + 1)
_argument("beta left out", "beta", "beta left out", lambda a: 0 * a)
_argument("deviation for variance", "variance", "deviation for variance", np.sqrt)
_argument("variance squared", "variance", "variance squared", np.square)
_argument("moving mean never updated", "mean", (), lambda a: 0 * a)


def _batch(arguments):
    if "variance" not in arguments:
        return None
    axes = (0, 1, 2)
    x = arguments["x"].astype(np.float64)
    found = {"mean": x.mean(axes), "variance": x.var(axes)}
    return dict(arguments, **{key: value.astype(np.float32) for key, value in found.items()})


FAULTS.append(Fault("training left on", "statistics of the batch", before=_batch))

# -- results

for _function, _change in (
    ("relu", lambda a: np.maximum(a, 0)),
    ("sigmoid", lambda a: 1 / (1 + np.exp(-a))),
    ("tanh", np.tanh),
    ("softmax", lambda a: np.exp(a) / np.exp(a).sum(-1, keepdims=True)),
    ("relu6", lambda a: np.clip(a, 0, 6)),
):
    _also: Tuple[str, ...] = (
        "activation skipped",
        "another activation",
        "another slope",
        f"{_function} on top",
    )
    if _function == "relu6":
        _also += ("relu on top",)  # where nothing exceeds 6
    _result(f"{_function} twice or too much", _also, _change)
_result("sign changed", "negated", lambda a: -a)
_result("answer doubled", ("doubled", "bias doubled"), lambda a: 2 * a)
_result("answer halved", "halved", lambda a: a / 2)
_result("answer upside down", ("answer in reverse", "image upside down"), lambda a: a[:, ::-1], (4,))
_result("answer mirrored", ("answer mirrored", "image mirrored"), lambda a: a[:, :, ::-1], (4,))
_result(
    "answer's channels in reverse",
    ("channels in reverse", "BGR for RGB", "RGB for BGR"),
    lambda a: a[..., ::-1],
    (4,),
)
_result("answer in NCHW", "answer in the other data format", lambda a: a.transpose(0, 3, 1, 2), (4,))
_result("answer rolled", ("answer rolled", "moved by a pixel"), lambda a: np.roll(a, 1, 1), (4,))
_result("uint8 that wraps", "wrapped in uint8", lambda a: np.trunc(a) % 256 if a.min() <= -1 else None)
_result("clipped to 0..1", "clipped to 0..1", lambda a: np.clip(a, 0, 1) if a.max() > 1 else None)
_result("cut to whole numbers", "cut to whole numbers", np.trunc)
_result("nothing flows", "zero", lambda a: 0 * a)
_result("result through float16", "rounded to less precision", lambda a: a.astype(np.float16).astype(a.dtype))
_result("result through bfloat16", "rounded to less precision",
        lambda a: round_to(a.astype(np.float32), "bfloat16").astype(a.dtype))  # fmt: skip
_result("mean for sum", ("mean for sum", "halved"), lambda a: a / a.shape[-1])
_result("sum for mean", ("sum for mean", "doubled"), lambda a: a * a.shape[-1])
_result("one element off by 1e-3", (), lambda a: _one_off(a, 1e-3))
_result("one element NaN", (), lambda a: _put(a, (0,) * a.ndim, np.nan))
_result("a constant added", (), lambda a: a + 0.01)
_result("growing along the last axis", (), lambda a: a + 0.01 * np.arange(a.shape[-1]))
_result("one channel missing", (), lambda a: _put(a, (Ellipsis, 0), 0))
_result("last image twice", (), lambda a: _put(a, 0, a[-1]))
_result("border missing", (), lambda a: _put(a, (slice(None), 0), 0), (4,))
_result("everything off by 1e-4", (), lambda a: a * (1 + 1e-4))
