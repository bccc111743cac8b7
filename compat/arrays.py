"""Arrays as the suite knows them: plain NumPy, named by the SHA-256 of dtype, shape and bytes.

NumPy has no bfloat16.  A bfloat16 array is kept as the float32 array of the same values (the
conversion is exact) beside the name of its own dtype.
"""

import hashlib
import sys
from typing import Any, Tuple, Union

import numpy as np

#: Of any dtype and shape; what a function wants of them its text says.
Array = np.ndarray
#: A dtype as NumPy takes it: np.float32, "float32", np.dtype("float32").
DType = Union[str, type, np.dtype]

#: Unit roundoff u (half the distance from 1 to the next number), IEEE 754 round to nearest.
UNIT_ROUNDOFF = {
    "bfloat16": 2.0**-8,
    "float16": 2.0**-11,
    "float32": 2.0**-24,
    "float64": 2.0**-53,
}

#: Smallest positive normal number; kernels may flush anything smaller to zero.
SMALLEST_NORMAL = {
    "bfloat16": 2.0**-126,
    "float16": 2.0**-14,
    "float32": 2.0**-126,
    "float64": 2.0**-1022,
}

#: Largest finite number; what rounds to more is infinite.
LARGEST = {
    "bfloat16": (2 - 2.0**-7) * 2.0**127,
    "float16": 65504.0,
    "float32": (2 - 2.0**-23) * 2.0**127,
    "float64": sys.float_info.max,
}

#: The precisions that there are; and of what a complex number is two parts.
PRECISIONS = tuple(UNIT_ROUNDOFF)
PART = {"complex64": "float32", "complex128": "float64"}
for _complex, _part in PART.items():
    UNIT_ROUNDOFF[_complex], SMALLEST_NORMAL[_complex] = UNIT_ROUNDOFF[_part], SMALLEST_NORMAL[_part]


def sha256_of_text(source: bytes) -> str:
    """SHA-256, in hexadecimal, of a text file's bytes; the ends of its lines do not count."""
    return hashlib.sha256(source.replace(b"\r\n", b"\n")).hexdigest()


def digest(array: Array) -> str:
    """SHA-256, in hexadecimal, of the array's dtype, shape and bytes in C order.

    Raises ValueError for an array of Python objects, which has no bytes of its own.
    """
    array = np.asarray(array)
    if array.dtype.hasobject:
        raise ValueError("an array of Python objects has no digest")
    little_endian = array.astype(array.dtype.newbyteorder("<"), order="C", copy=False)
    sha = hashlib.sha256()
    sha.update(f"{little_endian.dtype.str} {list(array.shape)} ".encode())
    sha.update(bytes_of(little_endian))
    return sha.hexdigest()


def bytes_of(array: Array) -> Union[bytes, memoryview]:
    """Its bytes in C order, without a copy where they lie so."""
    plain = array.flags.c_contiguous and array.size and array.dtype.itemsize
    return memoryview(array.reshape(-1).view(np.uint8)) if plain else array.tobytes()


def plain(array: Any) -> Tuple[Array, str]:
    """``(array, dtype name)`` with bfloat16 widened to float32, and texts as bytes of one width, their UTF-8.

    Anything else as it comes: also texts that end in a zero byte, which NumPy's bytes drop.
    """
    array = np.asarray(array)
    name = array.dtype.name
    if name == "bfloat16":
        return array.astype(np.float32), name
    if array.dtype.kind == "S":
        return array, "string"
    if array.dtype.kind == "O":
        items = [
            item.encode("utf-8", "surrogatepass") if isinstance(item, str) else item
            for item in array.ravel().tolist()
        ]
        if all(isinstance(item, bytes) and not item.endswith(b"\0") for item in items):
            texts = np.array(items, np.bytes_) if items else np.zeros(0, "S1")
            return texts.reshape(array.shape), "string"
    return array, name


def parts(array: Array) -> Array:
    """Complex numbers as their real and imaginary parts, along an axis at the end; anything else as it is."""
    array = np.asarray(array)
    if array.dtype.kind != "c":
        return array
    real = array.real.dtype
    return np.ascontiguousarray(array).reshape(-1).view(real).reshape(array.shape + (2,))


def round_to_bfloat16(array: Array) -> Array:
    """The float32 array whose values are ``array`` rounded to bfloat16, ties to even. Finite input."""
    bits = np.ascontiguousarray(array, dtype=np.float32).view(np.uint32)
    lowest_kept = (bits >> np.uint32(16)) & np.uint32(1)
    rounded = (bits + np.uint32(0x7FFF) + lowest_kept) & np.uint32(0xFFFF0000)
    return rounded.view(np.float32).reshape(np.shape(array))


def round_to(array: Any, dtype: str) -> Array:
    """``array`` rounded to the dtype of that name, as ``plain`` would hold it."""
    if dtype == "bfloat16":
        return round_to_bfloat16(array)
    with np.errstate(over="ignore"):
        return np.asarray(array).astype(dtype)
