"""Whole numbers where fractions are expected, or the other way round, and the scale that goes with it."""

from typing import Optional

import numpy as np

from ..arrays import Array

#: (what a fraction is multiplied by, what is added, the range that it has then, the edit).
_SCALES = (
    (1.0, 0.0, "", ""),
    (255.0, 0.0, "0..1 for 0..255", "multiply by 255"),
    # tf.image.convert_image_dtype multiplies by the largest number and a half, and cuts.
    (255.5, 0.0, "0..1 for 0..255", "tf.image.convert_image_dtype(y, tf.uint8, saturate=True)"),
    (256.0, 0.0, "0..1 for 0..255", "multiply by 256"),
    (127.5, 127.5, "-1..1 for 0..255", "multiply by 127.5 and add 127.5"),
    (65535.0, 0.0, "0..1 for 0..65535", "multiply by 65535"),
    (65535.5, 0.0, "0..1 for 0..65535", "tf.image.convert_image_dtype(y, tf.uint16, saturate=True)"),
)
_CUTS = (("rounded", np.rint), ("cut", np.trunc))
#: So near to the next whole number a rounding decides which one it is.
_NEAR = 1e-3


def dtype_and_scale(result: Array, dtype: str, expected: Array, expected_dtype: str) -> Optional[str]:
    """What a dtype of the other kind was, and the scale of its numbers; None where they have nothing in common."""
    if result.shape != expected.shape or not result.size or np.ptp(expected) == 0:
        return None
    if not np.isfinite(result).all() or not np.isfinite(expected).all():
        return None
    wants_whole, is_whole = (name.startswith(("int", "uint", "bool")) for name in (expected_dtype, dtype))
    if wants_whole and is_whole:
        same = np.array_equal(result, expected)
        return (
            f"the dtype is {dtype}, expected {expected_dtype}, and the numbers are right: cast"
            if same
            else None
        )
    if wants_whole == is_whole:
        return None
    fractions, whole = (result, expected) if wants_whole else (expected, result)
    most = _largest(expected_dtype if wants_whole else dtype)
    for scale, offset, ranges, edit in _SCALES:
        for how, cut in _CUTS:
            exact = np.asarray(fractions, np.float64) * scale + offset
            near = np.abs(exact - np.rint(exact * 2) / 2) <= _NEAR
            off = np.abs(np.clip(cut(exact), 0 if whole.min() >= 0 else -np.inf, most) - whole)
            if (off <= np.where(near, 1, 0)).all() and (off == 0).mean() > 0.5:
                return _sentence(dtype, expected_dtype, wants_whole, ranges, edit, how, scale)
    return None


def _largest(dtype):
    return 1 if dtype.startswith("bool") else np.iinfo(np.dtype(dtype)).max


def _sentence(dtype, expected_dtype, wants_whole, ranges, edit, how, scale):
    start = f"the dtype is {dtype}, expected {expected_dtype}"
    if not ranges:
        return f"{start}, and the numbers are those expected, {'not ' if wants_whole else ''}{how} to whole ones: cast"
    if wants_whole:
        return f"{start}, and the numbers are {ranges}, a scale of {scale:g}: {edit} and cast, {how} to whole numbers"
    back = (
        f"divide by {np.trunc(scale):g}" if not ranges.startswith("-1") else "divide by 127.5 and subtract 1"
    )
    turned = " for ".join(reversed(ranges.split(" for ")))
    return f"{start}, and the numbers are {turned}, a scale of {scale:g}, {how} to whole ones: cast first and {back}"
