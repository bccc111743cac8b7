"""The legacy variables' numbers in the port's variables: what goes where, how and why, and what is refused."""

from typing import Any, Callable, Dict, List, Mapping, NamedTuple, Optional, Sequence, Set, Tuple

import numpy as np

from ..arrays import Array
from ..errors import CompatError
from ..graph.nodes import Node
from ..judge.graphs import untold
from .frozen import constants_as_variables
from .layouts import fitted, fitting, gru_of_cell, gru_resets_after, lstm_of_cell
from .mapping import FILLS, KEEP, Map
from .matching import Match, hows, matching
from .sides import Port, Recorded, TracedPort, nodes_of, variables_of
from .uses import Use, uses

Progress = Callable[[int, int], None]
#: Keras 3's dropout has a variable of its own.
_GENERATOR = "seed_generator_state"


class Row(NamedTuple):
    """``legacy``: what the variable ``port`` is made of; ``array``: its new numbers, or None where it keeps its own."""

    port: str
    legacy: List[str]
    how: str
    why: str
    array: Optional[Array]


class Plan(NamedTuple):
    """``refused``: lines that say what is not clear, by name, and what to put into the map.

    ``anchors``: tensors of the legacy graph and those of the port that stand for them, as they use the same variables.
    """

    rows: List[Row]
    refused: List[str]
    unused: List[str]
    notes: List[str]
    anchors: Dict[str, str]


def plan(
    legacy: Recorded,
    port: TracedPort,
    told: Map,
    value: Optional[Callable[[str], Array]] = None,
    progress: Progress = untold,
) -> Plan:
    """What goes where.  ``value``: other numbers of the legacy variables, by name.  ``progress``: of uses matched.

    Raises CompatError for a map that names what is not there.
    """
    return _Planning(legacy, port, told, value).plan(progress)


class _Planning:
    def __init__(
        self, legacy: Recorded, port: TracedPort, told: Map, value: Optional[Callable[[str], Array]] = None
    ) -> None:
        self._other = value
        self._legacy, self._told = legacy, told
        trace = legacy.side.trace
        self._mine = variables_of(trace) or constants_as_variables(trace)
        self._theirs = variables_of(port.traced.trace)
        self._tensors, self._wanted = trace.tensors(), port.traced.trace.tensors()
        self._check_names()
        self._uses = uses(_linked(trace.nodes, self._mine), self._mine, self._number)
        self._port_uses = uses(nodes_of(port), self._theirs)
        self._rows: Dict[str, Row] = {}
        self._used = set(told.unused)
        self._refused: List[str] = []
        self._open: Set[str] = set()
        self._notes: List[str] = []

    def _check_names(self) -> None:
        for name, legacy in self._told.weights.items():
            if name not in self._theirs:
                raise CompatError(
                    f"the map: {name} is no variable that the port uses; there are {_some(self._theirs)}"
                )
            for one in legacy:
                if one not in self._mine and one not in (KEEP, *FILLS):
                    raise CompatError(f"the map: {one} is no legacy variable; there are {_some(self._mine)}")
        for one in self._told.unused:
            if one not in self._mine:
                raise CompatError(
                    f"the map: unused: {one} is no legacy variable; there are {_some(self._mine)}"
                )

    def _number(self, tensor: str) -> Optional[float]:
        output = self._tensors.get(tensor)
        if output is None or output.shape:
            return None
        return float(self._legacy.side.read(output.digest))

    def _value(self, name: str) -> Array:
        if self._other is not None:
            return self._other(name)
        return self._legacy.side.read(self._tensors[f"{name}:0"].digest)

    def plan(self, progress: Progress) -> Plan:
        named = {
            name: frozenset(one for one in legacy if one in self._mine)
            for name, legacy in self._told.weights.items()
        }
        fixed = {name for name, legacy in self._told.weights.items() if set(legacy) & {KEEP, *FILLS}}
        for name in fixed:
            self._fill(name, self._told.weights[name][0], "as the map says")
        found = matching(
            [use for use in self._uses if not set(use.variables) <= self._used],
            [use for use in self._port_uses if not set(use.variables) <= fixed],
            {name: names for name, names in named.items() if name not in fixed},
            progress,
        )
        for match in found.matches:
            self._carry(match)
        for name in self._theirs:
            if name not in self._rows and name.endswith(_GENERATOR):
                self._fill(name, KEEP, "the state of a random generator, no weight")
        for name, legacy in self._told.weights.items():
            if name not in fixed and (name not in self._rows or self._rows[name].legacy != legacy):
                self._directly(name, legacy)
        for name, one in self._told.beside.items():
            if name not in self._rows and one == KEEP:
                self._fill(name, KEEP, "the legacy graph has none in training")
            elif name not in self._rows and one not in self._used:
                self._put(Row(name, [one], "as it is", "by what stands beside it", self._value(one)))
        self._refuse_open(found.open)
        self._refuse_left(found.bare)
        rows = [self._rows[name] for name in self._theirs if name in self._rows]
        return Plan(
            self._checked(rows),
            self._refused,
            list(self._told.unused),
            self._notes,
            self._anchors(found.matches),
        )

    def _anchors(self, matches: Sequence[Match]) -> Dict[str, str]:
        found = {}
        for match in matches:
            mine, theirs = f"{match.legacy.node}:0", f"{match.port.node}:0"
            if match.port.cell is None and mine in self._tensors and theirs in self._wanted:
                found[mine] = theirs
        return found

    # What is carried.

    def _put(self, row: Row) -> None:
        if row.port in self._rows:  # a variable that is used twice
            return
        self._rows[row.port] = row
        self._used.update(row.legacy)

    def _fill(self, name: str, what: str, why: str) -> None:
        if what == KEEP:
            self._put(Row(name, [KEEP], "keeps its own", why, None))
            return
        output = self._wanted[f"{name}:0"]
        array = (np.ones if what == "ones" else np.zeros)(output.shape, output.dtype)
        self._put(Row(name, [what], what, why, array))

    def _carry(self, match: Match) -> None:
        cells = match.legacy.cell, match.port.cell
        if cells[0] is not None and cells[1] is not None and cells[0].style != cells[1].style:
            self._carry_cell(match)
            return
        how = hows(match.legacy, match.port)
        why = f"{match.why}: {match.legacy.node} is {match.port.node}"
        for part, theirs in match.port.parts.items():
            mine = match.legacy.parts.get(part)
            if mine is not None:
                array = fitted(self._value(mine.variable), how[part], theirs.shape)
                self._put(Row(theirs.variable, [mine.variable], how[part], why, array))
            elif match.port.kind == "batch norm" and part in ("gamma", "beta"):
                self._fill(
                    theirs.variable, "ones" if part == "gamma" else "zeros", "the legacy batch norm has none"
                )

    def _carry_cell(self, match: Match) -> None:
        mine, cell = match.legacy.parts, match.legacy.cell
        assert cell is not None
        value = {part: self._value(mine[part].variable) for part in mine}
        if match.port.kind == "lstm":
            made = lstm_of_cell(value["kernel"], value.get("bias"), cell.forget)
            how = f"gates i,c,f,o as i,f,c,o; forget bias {cell.forget:g} into the bias"
            of = {part: ["bias" if part == "bias" else "kernel"] for part in made}
        else:
            shapes = {part: one.shape for part, one in match.port.parts.items()}
            after = gru_resets_after(shapes)
            made = gru_of_cell(
                value["gates/kernel"], value.get("gates/bias"),
                value["candidate/kernel"], value.get("candidate/bias"), after,
            )  # fmt: skip
            how = "gates r,z and the candidate as z,r,h"
            last = {part: "bias" if part == "bias" else "kernel" for part in made}
            of = {part: [f"gates/{last[part]}", f"candidate/{last[part]}"] for part in made}
            if after:
                how += "; the bias of the state zeros"
                self._notes.append(
                    f"{match.port.parts['kernel'].variable}: reset_after=True is another function than the legacy "
                    "cell's, which resets the state before the product: set reset_after=False"
                )
        why = f"{match.why}: the cell {cell.name}"
        for part, theirs in match.port.parts.items():
            names = [mine[one].variable for one in of[part] if one in mine]
            self._put(Row(theirs.variable, names or ["zeros"], how, why, made[part].reshape(theirs.shape)))
        self._used.update(match.legacy.variables)
        if "bias" not in match.port.parts and np.any(made["bias"]):
            self._used.difference_update(mine[one].variable for one in of["bias"] if one in mine)

    def _directly(self, name: str, legacy: Sequence[str]) -> None:
        """As the map says, where no two uses are like that."""
        wanted = self._wanted[f"{name}:0"].shape
        array = self._value(legacy[0])
        how = fitting(array.shape, False, wanted, False) or fitting(array.shape, True, wanted, False)
        if len(legacy) != 1 or not how:
            shapes = ", ".join(f"{one} {list(self._mine[one])}" for one in legacy)
            self._refused.append(f"{name} {list(wanted)} cannot be made of {shapes}: name others in the map")
            return
        self._rows.pop(name, None)
        self._put(Row(name, list(legacy), how, "as the map says", fitted(array, how, wanted)))

    # What is refused.

    def _refuse_open(self, found: Sequence[Tuple[Use, List[Use]]]) -> None:
        for number, (use, others) in enumerate(found):
            for part, mine in use.parts.items():
                may = [other.parts[part].variable for other in others if part in other.parts]
                may = [name for name in may if name not in self._rows]
                if mine.variable in self._used or not may:
                    continue
                self._used.add(mine.variable)
                one = may[number % len(may)]
                self._open.update(may)
                self._refused.append(
                    f"ambiguous: {mine.variable} {list(mine.shape)} may be {' or '.join(may)}: put "
                    f'"{one}" = "{mine.variable}" (or another of them) into the map'
                )

    def _refuse_left(self, bare: Sequence[Use]) -> None:
        free = [name for name in self._theirs if name not in self._rows]
        for name, shape in self._mine.items():
            if name in self._used:
                continue
            use = next((one for one in self._uses if name in one.variables), None)
            where = f", of {use.node}," if use else ""
            self._refused.append(
                f"left over: {name} {list(shape)}{where} has no place in the port{self._nearest(use, bare)}: put "
                f'"PORT VARIABLE" = "{name}" into the map, or unused = ["{name}"]'
            )
        for name in free:
            if name in self._open:
                continue
            self._refused.append(
                f"without weights: the port's {name} {list(self._theirs[name])} gets nothing of the legacy side: put "
                f'"{name}" = "LEGACY VARIABLE" (or "zeros", "ones", "-" for its own) into the map'
            )

    def _nearest(self, use: Optional[Use], bare: Sequence[Use]) -> str:
        """What of the same kind is free, with its shapes: a size that was written otherwise."""
        for other in bare:
            if use is not None and other.kind == use.kind:
                shown = ", ".join(f"{part.variable} {list(part.shape)}" for part in other.parts.values())
                return f" (free is {shown})"
        return ""

    def _checked(self, rows: List[Row]) -> List[Row]:
        """Nothing is carried that leaves shapes or dtypes unequal."""
        kept = []
        for row in rows:
            output = self._wanted[f"{row.port}:0"]
            if row.array is None or (
                list(row.array.shape) == list(output.shape) and self._dtype_of(row) == output.dtype
            ):
                kept.append(row)
                continue
            self._refused.append(
                f"{row.port} is {output.dtype} {list(output.shape)}, and {' and '.join(row.legacy)} give "
                f"{self._dtype_of(row)} {list(row.array.shape)}: give the port that dtype"
            )
        return kept

    def _dtype_of(self, row: Row) -> str:
        names = [name for name in row.legacy if name in self._mine]
        if not names or row.array is None:
            return self._wanted[f"{row.port}:0"].dtype
        return self._tensors[f"{names[0]}:0"].dtype


def _linked(nodes: Sequence[Node], variables: Mapping[str, Any]) -> List[Node]:
    """With the variable that a read has the numbers of, where the trace does not say it: a loop that is a function
    takes the variable itself, and what reads it stands there as a variable of its own."""
    by_digest: Dict[str, List[str]] = {}
    for node in nodes:
        if node.name in variables and "0" in node.outputs:
            by_digest.setdefault(node.outputs["0"].digest, []).append(node.name)
    found = []
    for node in nodes:
        if node.op == "Variable" and node.name not in variables and "0" in node.outputs:
            same = by_digest.get(node.outputs["0"].digest, [])
            if len(same) == 1:
                node = Node(
                    node.name, "ReadVariableOp", [f"{same[0]}:0"], node.outputs, node.attributes, node.source
                )
        found.append(node)
    return found


def _some(names: Any) -> str:
    shown = list(names)
    return ", ".join(shown[:6]) + (f" and {len(shown) - 6} more" if len(shown) > 6 else "")


def assign(port: Port, rows: Sequence[Row]) -> None:
    """Give the port's variables their numbers, and see that they have them.  Raises CompatError where that fails."""
    variables = port.variables()
    for row in rows:
        if row.array is None:
            continue
        variable = variables.get(row.port)
        if variable is None:
            raise CompatError(
                f"{port.text}: its variable {row.port} cannot be reached: give each a name of its own"
            )
        variable.assign(row.array)
        if np.asarray(variable.numpy()).tobytes() != np.ascontiguousarray(row.array).tobytes():
            raise CompatError(f"{port.text}: {row.port} does not keep what it is given")
