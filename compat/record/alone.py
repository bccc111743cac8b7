"""Nodes for which no rule is known, each measured alone: what a rounding of its own inputs makes of its outputs.

A whole graph's spread says little of one node, and hides a fault behind what other nodes amplify.  So the node is run
once more by itself on the inputs that were recorded for it, then on these moved by one unit in the last place and by
the longer stride, as ``repeats`` does with a whole computation.

Measured is what could be repeated: an op without state, whose numbers are seen, some of which move.  What gives other
bits when it is repeated is random, and nothing is measured of it.
"""

import functools
from typing import Callable, Dict, List, Sequence, Tuple

import numpy as np

from ..arrays import UNIT_ROUNDOFF, Array
from ..case.fixtures import Fixture
from ..graph.capture.alone import Room
from ..graph.nodes import SOURCES, Keep, Node
from .repeats import measure

#: Runs an op once more: its inputs, as they were recorded or moved -> (array, dtype name) of each output by number.
Again = Callable[[List[Array]], Dict[str, Tuple[Array, str]]]

#: The most nodes of one trace that are measured.
MOST = 256


class Alone:
    """Measures the nodes of one trace; the arrays are kept by ``keep``."""

    def __init__(self, keep: Keep) -> None:
        self._keep = keep
        self._measured, self._room = 0, Room()

    def wants(self, op: str) -> bool:
        """Whether no rule is known of an op type.  (A rule that refuses one form of its op is not asked here.)"""
        from ..reference.nodes import RULES_OF_NODES, sources  # late: most who import dialects run nothing

        known = op in RULES_OF_NODES and op not in sources.OF_PYTHON
        return not known and op not in SOURCES and self._measured < MOST

    def measure(self, node: Node, inputs: Sequence[Tuple[Array, str]], again: Again) -> None:
        """Note at the node what was measured of it, if anything.

        ``inputs``: those of the node as recorded, with the names of their dtypes.
        """
        sizes = [array.size for array, _ in inputs]
        sizes += [int(np.prod(output.shape, dtype=np.int64)) for output in node.outputs.values()]
        floats = any(output.dtype in UNIT_ROUNDOFF for output in node.outputs.values())
        if (
            not floats
            or not any(dtype in UNIT_ROUNDOFF for _, dtype in inputs)
            or not self._room.takes(sum(sizes))
        ):
            return
        self._measured += 1
        fixtures = {
            str(number): Fixture(f"{node.name}.{number}", functools.partial(np.array, array), dtype)
            for number, (array, dtype) in enumerate(inputs)
        }

        def compute(given: Dict[str, Fixture]) -> Dict[str, Tuple[Array, str]]:
            arrays = [given[name].array for name in fixtures]
            return again([array.reshape(old.shape) for array, (old, _) in zip(arrays, inputs)])

        try:
            results = compute(fixtures)
            measured = measure(compute, fixtures, results).arrays
        except Exception:  # what is only there to judge by must not cost the result
            return
        found = {
            number: self._kept(results[number], arrays)
            for number, arrays in measured.items()
            if number in node.outputs and "spread" in arrays
        }
        node.measured = found or None

    def _kept(self, result: Tuple[Array, str], arrays: Dict[str, Array]) -> Dict[str, str]:
        """Digests by name: of what ``repeats.Measurement`` says of an output, and of what the node alone gave."""
        digests = {name: self._keep(array, array.dtype.name).digest for name, array in arrays.items()}
        return dict(digests, result=self._keep(*result).digest)
