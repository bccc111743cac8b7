"""Where each number of a legacy variable stands in the port: of weights, and so of gradients and slots."""

from typing import Callable, Dict, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np

from ..arrays import Array
from ..graph.nodes import Keep, Node, Trace
from ..sources.training import moved_variables
from .carrying import Plan, plan
from .mapping import KEEP, Map
from .sides import Recorded, TracedPort, variables_of


class Placed(NamedTuple):
    """A variable of the port.  ``legacy``: what it is made of.  ``places``: of each of its numbers the place in those,
    one behind the other, from 1 on; 0 where it is none of theirs.  ``added``: what it has on top, as a forget bias."""

    port: str
    legacy: List[str]
    places: Array
    added: Array

    @property
    def is_whole(self) -> bool:
        return bool((self.places > 0).all())


class Placing:
    """All of them.  ``rows`` by the port's variable; ``shapes`` of the legacy variables."""

    def __init__(self, legacy: Recorded, port: TracedPort, told: Map) -> None:
        self.shapes = variables_of(legacy.side.trace)
        starts: Dict[str, int] = {}
        count = 0
        for name, shape in self.shapes.items():
            starts[name] = count
            count += int(np.prod(shape, dtype=np.int64))

        def numbered(name: str) -> Array:
            shape = self.shapes[name]
            size = int(np.prod(shape, dtype=np.int64))
            return np.arange(starts[name] + 1, starts[name] + 1 + size, dtype=np.float64).reshape(shape)

        # All that is done to weights moves them or adds to them: so their places are seen by a difference.
        nothing = plan(legacy, port, told, lambda name: np.zeros(self.shapes[name]))
        places = plan(legacy, port, told, numbered)
        self.rows: Dict[str, Placed] = {}
        for zero, one in zip(nothing.rows, places.rows):
            names = [name for name in one.legacy if name in self.shapes]
            if one.array is None or zero.array is None or not names:
                continue
            index = np.rint(np.asarray(one.array, np.float64) - zero.array).astype(np.int64)
            self.rows[one.port] = Placed(one.port, names, self._within(index, names, starts), zero.array)

    def _within(self, index: Array, names: List[str], starts: Dict[str, int]) -> Array:
        """Counted from the first of those names on."""
        found, start = np.zeros_like(index), 0
        for name in names:
            size = int(np.prod(self.shapes[name], dtype=np.int64))
            here = (index > starts[name]) & (index <= starts[name] + size)
            found[here] = index[here] - starts[name] + start
            start += size
        return found

    def of(self, legacy: str) -> List[Placed]:
        """The port's variables that a legacy one goes into."""
        return [row for row in self.rows.values() if legacy in row.legacy]

    def in_legacy(self, legacy: str, arrays: Dict[str, Array], added: bool = False) -> Optional[Array]:
        """The port's numbers as the legacy variable has them; None where not all of them are there.

        ``added``: without what the port has on top.
        """
        shape = self.shapes[legacy]
        found = np.zeros(int(np.prod(shape, dtype=np.int64)))
        met = np.zeros(found.shape, bool)
        dtype = None
        for row in self.of(legacy):
            if row.port not in arrays:
                return None
            start = 1
            for name in row.legacy[: row.legacy.index(legacy)]:
                start += int(np.prod(self.shapes[name], dtype=np.int64))
            here = (row.places >= start) & (row.places < start + found.size)
            array = np.asarray(arrays[row.port])
            dtype = array.dtype
            value = np.asarray(array, np.float64) - (row.added if added else 0)
            found[row.places[here] - start] = value[here]
            met[row.places[here] - start] = True
        return found.reshape(shape).astype(dtype) if met.all() and dtype is not None else None


def with_statistics(
    legacy: Recorded, whole: Trace, port: TracedPort, told: Map, still: Sequence[str]
) -> Tuple[Map, Plan]:
    """The map with the moving statistics in it that nothing but their names and places tell, and what goes where.

    In training nothing uses them: they are known by the weights that stand beside them, in the same scope.  ``still``:
    the port's variables that no gradient moves, of which those that stand for nothing keep their numbers.
    """
    found = plan(legacy, port, told)
    theirs, mine = variables_of(port.traced.trace), variables_of(legacy.side.trace)
    taken = {row.port: row.legacy for row in found.rows}
    used = {name for names in taken.values() for name in names}
    beside_it: Dict[str, str] = {}
    for name in moved_variables(whole):
        if name in used or name not in mine:
            continue
        beside = {
            _scope(one) for one, names in taken.items() if any(_scope(n) == _scope(name) for n in names)
        }
        fits = [
            one
            for one, shape in theirs.items()
            if one not in taken
            and one not in beside_it
            and shape == mine[name]
            and _what(one) == _what(name)
            and (_scope(one) in beside or not beside)
        ]
        if len(fits) == 1 or (fits and not beside):
            beside_it[fits[0]] = name
    for name in still:
        if name not in taken and name not in beside_it:
            beside_it[name] = KEEP
    fuller = Map(told.weights, told.unused, beside_it)
    return fuller, plan(legacy, port, fuller) if beside_it else found


def _scope(name: str) -> str:
    return name.rpartition("/")[0]


def _what(name: str) -> str:
    last = name.rpartition("/")[2].lower()
    return "variance" if "var" in last else "mean" if "mean" in last else last


def in_the_layout_of(
    row: Placed, tensors: Dict[str, str], nodes: "Nodes", what: str, added: bool = False
) -> str:
    """The tensor that has the numbers of legacy ``tensors`` (by variable) where the port has them.

    ``added``: with what the port has on top.
    """
    first = tensors[row.legacy[0]]
    shape = list(row.places.shape)
    simple = len(row.legacy) == 1 and nodes.shape(first) == shape
    if simple and np.array_equal(row.places.ravel(), np.arange(1, row.places.size + 1)):
        found = first
    else:
        flat = [nodes.reshaped(tensors[name], f"{what}/{name}") for name in row.legacy]
        joined = flat[0] if len(flat) == 1 else nodes.joined(flat, what)
        found = nodes.gathered(joined, row.places - 1, what)
    return nodes.sum(found, row.added, what) if added and row.added.any() else found


class Nodes:
    """Nodes that are added to a trace, with what they make."""

    def __init__(self, trace: Trace, read: Callable[[str], Array], keep: Keep) -> None:
        self.added: List[Node] = []
        self._tensors = trace.tensors()
        self._read, self._keep = read, keep

    def shape(self, tensor: str) -> List[int]:
        return self._tensors[tensor].shape

    def array(self, tensor: str) -> Array:
        return self._read(self._tensors[tensor].digest)

    def dtype(self, tensor: str) -> str:
        return self._tensors[tensor].dtype

    def put(
        self, name: str, op: str, inputs: List[str], array: Array, dtype: str, **attributes: object
    ) -> str:
        node = Node(name, op, inputs, {"0": self._keep(array, dtype)}, dict(attributes))
        self.added.append(node)
        self._tensors[node.tensor()] = node.outputs["0"]
        return node.tensor()

    def take(self, node: Node) -> None:
        self.added.append(node)
        self._tensors.update((node.tensor(int(number)), output) for number, output in node.outputs.items())

    def constant(self, name: str, array: Array, dtype: str) -> str:
        return self.put(name, "Const", [], array, dtype)

    def reshaped(self, tensor: str, what: str) -> str:
        form = self.constant(f"{what}/in a row/shape", np.array([-1], np.int32), "int32")
        return self.put(
            f"{what}/in a row", "Reshape", [tensor, form], self.array(tensor).reshape(-1), self.dtype(tensor)
        )

    def joined(self, tensors: List[str], what: str) -> str:
        axis = self.constant(f"{what}/joined/axis", np.array(0, np.int32), "int32")
        array = np.concatenate([self.array(one) for one in tensors])
        return self.put(
            f"{what}/joined", "ConcatV2", [*tensors, axis], array, self.dtype(tensors[0]), N=len(tensors)
        )

    def gathered(self, tensor: str, index: Array, what: str) -> str:
        places = self.constant(f"{what}/places", index.astype(np.int32), "int32")
        axis = self.constant(f"{what}/axis", np.array(0, np.int32), "int32")
        array = self.array(tensor)[index]
        return self.put(
            f"{what}/in the layout of the port", "GatherV2", [tensor, places, axis], array, self.dtype(tensor),
            batch_dims=0,
        )  # fmt: skip

    def sum(self, tensor: str, added: Array, what: str) -> str:
        dtype = self.dtype(tensor)
        more = self.constant(f"{what}/on top", added.astype(dtype), dtype)
        return self.put(
            f"{what}/with that", "AddV2", [tensor, more], self.array(tensor) + added.astype(dtype), dtype
        )
