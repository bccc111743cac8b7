"""What is handed over, as named arrays: tensors, numbers, texts, and dicts and lists of them."""

from collections.abc import Mapping
from typing import Any, Dict, Iterator, NamedTuple, Tuple

import numpy as np

from ..arrays import PART, PRECISIONS, Array, round_to
from ..errors import CompatError
from ..record.dialects.base import collect

#: A single array is called so, as the only output of an operation is.
SINGLE = "y"


class Given(NamedTuple):
    """An array, the name of its dtype ("bfloat16" of one kept in float32, "string" of texts), and whether it is
    made of ``bare`` Python numbers, which have no dtype of their own."""

    array: Array
    dtype: str
    bare: bool = False

    def taken_in(self, dtype: str) -> "Given":
        """Bare numbers in a dtype that can hold them; everything else as it is."""
        kind = self.array.dtype.kind if self.bare else ""
        if dtype in PRECISIONS and kind in ("i", "f"):
            return Given(round_to(self.array, dtype), dtype, True)
        whole = dtype.startswith(("int", "uint")) and kind == "i"
        if (dtype in PART and kind in ("i", "f", "c")) or (
            whole and np.array_equal(self.array.astype(dtype), self.array)
        ):
            return Given(self.array.astype(dtype), dtype, True)
        return self


def named(value: Any, side: str) -> Dict[str, Any]:
    """The leaves of dicts, lists and tuples by name, "a.0"; a single value as ``SINGLE``.

    ``side``: what it is called in messages.  Raises CompatError for names that are no texts or come twice.
    """
    if not _is_structure(value):
        return {SINGLE: value}
    leaves: Dict[str, Any] = {}
    for name, leaf in _walk(value, side):
        if name in leaves:
            raise CompatError(f"{side}: two arrays are called {name}")
        leaves[name] = leaf
    return leaves


def arrays(value: Any, side: str) -> Dict[str, Given]:
    """``named`` with every leaf as it is judged; of a masked array the data and the mask.

    Raises TypeError for what holds no numbers, booleans or texts, in one line.
    """
    found: Dict[str, Given] = {}
    for name, leaf in named(value, side).items():
        for part, one in _given(name, leaf, side).items():
            if part in found:
                raise CompatError(f"{side}: two arrays are called {part}")
            found[part] = one
    return found


def _is_structure(value):
    return isinstance(value, Mapping) or (isinstance(value, (list, tuple)) and not _is_bare(value))


def _is_bare(value):
    """Whether it is a number or a text of Python's, or of NumPy's; or a list of these, which is an array."""
    if isinstance(value, (list, tuple)):
        return bool(value) and all(map(_is_bare, value))
    return isinstance(value, (bool, int, float, complex, str, bytes, np.generic))


def _has_dtype(value):
    if isinstance(value, (list, tuple)):
        return all(map(_has_dtype, value))
    return isinstance(value, np.generic)


def _walk(value, side, path: Tuple[str, ...] = ()) -> Iterator[Tuple[str, Any]]:
    if not _is_structure(value):
        yield ".".join(path), value
        return
    named = isinstance(value, Mapping)
    for name, leaf in value.items() if named else ((str(index), leaf) for index, leaf in enumerate(value)):
        if not isinstance(name, str) or not name:
            raise CompatError(f"{side}: an array is called {name!r}; expected a text")
        yield from _walk(leaf, side, (*path, name))


def _given(name, leaf, side):
    """{part: Given} of one leaf."""
    bare = _is_bare(leaf)
    try:
        collected = _collected(name, leaf)
    except Exception as error:  # whatever a foreign __array__ raises
        said = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise TypeError(f"{side}: {said}") from None
    for part, (array, dtype) in collected.items():
        known = array.dtype.kind in "biu" or dtype == "string" or dtype in PRECISIONS or dtype in PART
        if not known:
            raise TypeError(
                f"{side}: {part} has dtype {dtype}; judged are {', '.join((*PRECISIONS, *PART))}, "
                "whole numbers, booleans and texts"
            )
    return {
        part: Given(array, dtype, bare and not _has_dtype(leaf)) for part, (array, dtype) in collected.items()
    }


def _collected(name, leaf):
    if hasattr(leaf, "detach"):  # PyTorch gives no array of a tensor that has a gradient, nor of bfloat16
        leaf = leaf.detach()
        if str(leaf.dtype).endswith("bfloat16"):
            return {name: (np.asarray(leaf.float()), "bfloat16")}
    if not hasattr(leaf, "__array__") and hasattr(leaf, "numpy"):
        leaf = leaf.numpy()
    return collect({name: leaf})
