"""Rows of a table by number, and what is made of those of one example."""

from typing import Optional

import numpy as np

from ..arrays import Array
from .bounds import Reference, exact
from .calls import rule
from .segments import gathered
from .tracked import joined, sqrt, track


@rule
def embedding_lookup(tables: Array, numbers: Array, *, strategy: str = "mod") -> Reference:
    """The rows of a table that is kept in parts: tables (parts, rows, width), numbers of any shape.  Exact.

    ``strategy``: number i is in part i % parts ("mod", the default of TensorFlow 1), or the parts follow one
    another ("div", TensorFlow 2's only one).
    Source: https://www.tensorflow.org/api_docs/python/tf/compat/v1/nn/embedding_lookup
    """
    tables, numbers = exact(tables), np.asarray(numbers).astype(int)
    parts, rows = tables.shape[:2]
    if strategy == "mod":
        return Reference(tables[numbers % parts, numbers // parts])
    return Reference(tables[numbers // rows, numbers % rows])


@rule
def embedding_lookup_sparse(
    table: Array,
    examples: Array,
    numbers: Array,
    weights: Optional[Array] = None,
    *,
    combiner: str = "mean",
    count: Optional[int] = None,
) -> Reference:
    """The rows ``numbers`` of a table, combined for each of the ``examples`` (both (ids,)): (count, width).

    sum     sum w row
    mean    sum w row / sum w          (the default of TensorFlow)
    sqrtn   sum w row / sqrt(sum w^2)

    An example without any number gives 0.
    Source: https://www.tensorflow.org/api_docs/python/tf/nn/embedding_lookup_sparse
    """
    examples, numbers = (np.asarray(array).astype(int) for array in (examples, numbers))
    weights = np.ones(len(numbers)) if weights is None else exact(weights)
    table = exact(table)
    width = table.shape[1]

    def combined(both):
        rows, w = both[:, :width], both[:, width:]
        total = (rows * w).sum(0)
        if combiner == "sum":
            return total
        return total * (1 / (w.sum(0) if combiner == "mean" else sqrt((w * w).sum(0))))

    both = joined(
        lambda parts: np.concatenate(parts, axis=1), [track(table[numbers]), track(weights[:, None])]
    )
    count = int(examples.max()) + 1 if count is None else count
    return gathered(both, examples, count, track(np.zeros(width)), combined).reference()
