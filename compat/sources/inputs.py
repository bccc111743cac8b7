"""What a graph is fed: from an .npz file, or made from its signature with a seed."""

import io
import zipfile
from typing import Dict, List, Mapping, Optional

import numpy as np

from ..arrays import Array
from ..errors import CompatError
from ..files import read_bytes

#: Extents that a signature leaves open: of the first axis, and of the others.
BATCH, EXTENT = 2, 16
SEED = 0
#: Bytes of all arrays of an .npz, unpacked.
_LARGEST = 1 << 33


def read_npz(path: str) -> Dict[str, Array]:
    """The arrays of an .npz by name, without pickle.  Raises CompatError for anything else."""
    data = read_bytes(path)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            size = sum(info.file_size for info in archive.infolist())
    except (zipfile.BadZipFile, ValueError, NotImplementedError):
        raise CompatError(
            f"{path}: is no .npz (or truncated): np.savez('x.npz', x=array) writes one"
        ) from None
    if size > _LARGEST or size > 1000 * len(data) + (1 << 20):
        raise CompatError(f"{path}: says that it unpacks to {size / 1e9:.1f} GB: it is not read")
    found = {}
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
            for name in arrays.files:
                found[name] = arrays[name]
    except Exception as error:  # of NumPy's own parsing: ValueError, zlib.error, EOFError, SyntaxError ...
        said = "it holds Python objects, and a pickle runs code" if "pickle" in str(error) else "truncated"
        raise CompatError(f"{path}: cannot be read ({said})") from None
    return found


def matched(arrays: Mapping[str, Array], names: List[str], path: str) -> Dict[str, str]:
    """{name of an input: name in the file}; an input is called as the placeholder or what its name ends in.

    Raises CompatError for an array that stands for no input.
    """
    found = {}
    free = list(names)
    for given in arrays:
        plain = given[:-2] if given.endswith(":0") else given
        fits = [name for name in free if name == plain] or [
            name for name in free if name.rpartition("/")[2] == plain
        ]
        if len(fits) == 1:
            found[fits[0]] = given
            free.remove(fits[0])
    left = [given for given in arrays if given not in found.values()]
    if len(left) == len(arrays) == 1 and len(free) == 1:
        found[free[0]] = left.pop()
    if left:
        raise CompatError(
            f"{path}: `{left[0]}` is no input; there are {', '.join(f'`{name}`' for name in names) or 'none'}"
        )
    return found


def fitted(name: str, array: Array, dtype: str, shape: Optional[List[Optional[int]]], path: str) -> Array:
    """The array as the placeholder takes it.  Raises CompatError where that would change its values, or its shape."""
    wanted = np.dtype("float32" if dtype == "bfloat16" else "S" if dtype == "string" else dtype)
    if dtype != "string" and array.dtype != wanted:
        with np.errstate(all="ignore"):
            cast = array.astype(wanted)
        floats = array.dtype.kind == wanted.kind == "f"
        if not floats and not (array.dtype.kind in "biuf" and np.array_equal(cast, array)):
            raise CompatError(f"{path}: `{name}` is {array.dtype.name}, and {dtype} is wanted")
        array = cast
    elif dtype == "string" and array.dtype.kind not in "SU":
        raise CompatError(f"{path}: `{name}` is {array.dtype.name}, and texts are wanted")
    if shape is not None:
        same = len(shape) == array.ndim and all(d is None or d == e for d, e in zip(shape, array.shape))
        if not same:
            wanted_shape = ", ".join("?" if d is None else str(d) for d in shape)
            raise CompatError(
                f"{path}: `{name}` has shape {list(array.shape)}, and [{wanted_shape}] is wanted"
            )
    return np.ascontiguousarray(array).reshape(array.shape)


def made(name: str, dtype: str, shape: Optional[List[Optional[int]]], below: int = 2) -> Optional[Array]:
    """Numbers for an input, the same every time; None where nobody can guess them.

    ``below``: whole numbers are smaller.  A number alone, and what has no shape at all, as placeholders of those often
    have none, is taken for a switch or for a probability to keep: 0, or 1.0.
    """
    kind = np.dtype("float32" if dtype == "bfloat16" else "O" if dtype == "string" else dtype).kind
    if kind == "O" or (shape is None and kind not in "fb"):
        return None
    extents = [(BATCH if axis == 0 else EXTENT) if d is None else d for axis, d in enumerate(shape or [])]
    random = np.random.RandomState([SEED, *name.encode("utf-8")])
    wanted = "float32" if dtype == "bfloat16" else dtype
    if not extents:
        return np.array(1 if kind == "f" else 0, wanted)
    if kind == "f":
        array = random.uniform(-1, 1, extents).astype(np.float32)
        if dtype == "bfloat16":
            array = (array.view(np.uint32) & np.uint32(0xFFFF0000)).view(np.float32)
        return array.astype(wanted)
    if kind == "c":
        return (random.uniform(-1, 1, extents) + 1j * random.uniform(-1, 1, extents)).astype(wanted)
    return random.randint(0, 2 if kind == "b" else below, extents).astype(wanted)
