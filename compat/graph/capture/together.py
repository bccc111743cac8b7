"""What a session is asked for, some at a time.

Every new set of tensors costs a walk over the whole graph, so that asking for each alone is quadratic; all at once
would need the memory of all.
"""

from typing import Any, Iterable, Iterator, List, Tuple, TypeVar

import numpy as np

One = TypeVar("One")
#: Bytes that are asked for at once.
_BYTES = 1 << 26


def batches(sized: Iterable[Tuple[One, int]]) -> Iterator[List[One]]:
    """The things in their order, as many at a time as the bytes of each allow."""
    batch: List[One] = []
    total = 0
    for one, size in sized:
        if batch and total + size > _BYTES:
            yield batch
            batch, total = [], 0
        batch.append(one)
        total += size
    if batch:
        yield batch


def variable_bytes(op: Any) -> int:
    """Of the op of a variable how many bytes it holds; more than are asked for at once where that is not known."""
    shape = op.get_attr("shape")
    extents = [axis.size for axis in shape.dim]
    if shape.unknown_rank or any(extent < 0 for extent in extents):
        return _BYTES + 1
    dtype = op.get_attr("dtype")
    size = 8 if dtype.name.startswith("string") else dtype.base_dtype.size or 8
    return int(np.prod(extents, dtype=np.int64)) * size
