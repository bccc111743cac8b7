"""What a port's optimiser makes of its gradients, judged by the legacy optimiser's own op.

From the port's gradients and variables as they are before each step, the legacy slots as they begin, and the rates of
either step: so a wrong gradient is no wrong step, and a momentum shows in the second one.
"""

from typing import Dict, List, NamedTuple, Optional, Tuple

import numpy as np

from ..arrays import Array
from ..explain.steps_of_optimisers import Stepped, causes_of_steps
from ..graph.beside import Beside
from ..graph.nodes import Node, Trace
from ..graph.replay import Replay
from ..judge.graphs import Place, Side, places
from ..records import Output
from ..reference.nodes.registry import NoRule
from ..sources.training import SECOND, Update, updates_of
from .placing import Nodes, Placed, Placing, in_the_layout_of
from .sides import Recorded
from .stepping import PortStep

_AFTER = ("after one step", "after two steps")
#: Slots by op: the number of the update's output, and what Keras calls them.
_SLOTS = {
    "Momentum": ((1, "momentums"),),
    "Adam": ((1, "momentums"), (2, "velocities")),
    "RMSProp": ((1, "velocities"),),
    "CenteredRMSProp": ((1, "average_gradients"), (2, "velocities")),
    "Adagrad": ((1, "accumulators"),),
    "AdagradV2": ((1, "accumulators"),),
}
#: The share of itself that rounding may move a step by and still tell something: 1 - 0.999 has few digits left.
_MOST = 1e-3
_RATE_AT = {"GradientDescent": 1, "Momentum": 2, "Adagrad": 2, "Adam": 5, "RMSProp": 3, "CenteredRMSProp": 4}


class Steps(NamedTuple):
    """``compared``: variables; ``agreed``: tensors.  ``wrong``, ``left``: in lines, what is wrong and not judged."""

    compared: int
    slots: int
    agreed: int
    wrong: List[str]
    left: List[str]

    @property
    def holds(self) -> bool:
        return self.agreed > 0 and not self.wrong and not self.left


def judged_steps(legacy: Recorded, port: PortStep, placing: Placing) -> Steps:
    return _Steps(legacy, port, placing).judged()


class _Steps:
    def __init__(self, legacy: Recorded, port: PortStep, placing: Placing) -> None:
        assert legacy.whole is not None
        self._whole: Trace = legacy.whole
        self._port, self._placing = port, placing
        beside = Beside(legacy.side.read)
        self._keep, self._read = beside.keep, beside.read
        self._tensors, self._makers = self._whole.tensors(), self._whole.makers()
        self._nodes = Nodes(self._whole, self._read, self._keep)
        self._left: List[str] = []
        #: By legacy variable: (variable, gradient) before each step, as the legacy graph has them.
        self._given: Dict[str, List[Tuple[Array, Array]]] = {}
        #: By number of the step, new names of the legacy tensors.
        self._now: List[Dict[str, str]] = []

    def judged(self) -> Steps:
        updates = [update for update in updates_of(self._whole) if self._gives(update)]
        for number in range(len(_AFTER)):
            self._step(number, updates)
        wanted: Dict[str, str] = {}
        results: Dict[str, Output] = {}
        of: Dict[str, Update] = {}
        slots = self._ask(updates, wanted, results, of)
        trace = Trace(self._nodes.added, {}, wanted)
        with np.errstate(all="ignore"):
            found = places(Side(trace, self._read), Side(Trace(), self._read), results) if wanted else []
        wrong = [place for place in found if place.wrong]
        for place in found:
            if place.numbers is None:
                self._left.append(f"{place.pair.name}: {place.why}")
            elif not place.wrong and _tells_little(place):
                self._left.append(f"{place.pair.name}: its bound allows more than it tells")
        self._note_idle(updates)
        agreed = sum(place.numbers is not None and not place.wrong for place in found)
        compared = len({name for name in wanted if name.endswith(_AFTER[0])}) - slots
        return Steps(compared, slots, agreed, self._told(wrong, of, updates), self._left)

    def _gives(self, update: Update) -> bool:
        """Whether the port has all of the variable and its gradient, before both steps."""
        name = update.variable
        rows = self._placing.of(name)
        if not rows or any(row.port not in self._port.gradients for row in rows):
            return False  # told where gradients are compared
        found = []
        for number, gradients in enumerate(self._port.steps):
            array = self._placing.in_legacy(name, gradients)
            variable = self._placing.in_legacy(name, self._port.states[number], added=True)
            if array is None or variable is None:
                self._left.append(f"{name} {_AFTER[0]}: the port has not all of it")
                return False
            before = variable if number else self._read(self._tensors[f"{name}:0"].digest)
            found.append((before, array))
        self._given[name] = found
        return True

    # -- the legacy ops once for each step

    def _step(self, number: int, updates: List[Update]) -> None:
        """The nodes from the gradients to what the optimiser makes of them."""
        prefix = f"step {number + 1}"
        now: Dict[str, str] = {}
        for update in updates:
            variable, gradient = self._given[update.variable][number]
            dtype = self._tensors[update.raw].dtype
            now[update.raw] = self._nodes.constant(f"{prefix}/gradient of {update.variable}", gradient, dtype)
            now[f"{update.variable}:0"] = self._nodes.constant(f"{prefix}/{update.variable}", variable, dtype)
        raws = [update.raw for update in updates_of(self._whole)]
        for node in self._whole.ancestors([update.gradient for update in updates], until=raws):
            if node.tensor() not in now:
                self._copy(node, prefix, now)
        for update in updates:
            self._apply(update, number, prefix, now)
        self._now.append(now)

    def _copy(self, node: Node, prefix: str, now: Dict[str, str], inputs: Optional[List[str]] = None) -> None:
        inputs = [self._at(name, prefix, now) for name in node.inputs] if inputs is None else inputs
        new = Node(f"{prefix}/{node.name}", node.op, inputs, node.outputs, node.attributes, node.source)
        self._nodes.take(new)
        now.update((node.tensor(int(output)), new.tensor(int(output))) for output in node.outputs)

    def _at(self, tensor: str, prefix: str, now: Dict[str, str]) -> str:
        if tensor not in now:  # as it was recorded: a rate, or the gradient of what the port has not
            output = self._tensors[tensor]
            name = f"{prefix}/{tensor.replace(':', '/')}"
            now[tensor] = self._nodes.constant(name, self._read(output.digest), output.dtype)
        return now[tensor]

    def _apply(self, update: Update, number: int, prefix: str, now: Dict[str, str]) -> None:
        node = update.node
        second = {other.name: other for other in self._whole.nodes if other.name.startswith(SECOND)}
        inputs: List[str] = []
        slots = len(node.outputs) - 1
        for place, tensor in enumerate(node.inputs):
            later = second.get(f"{SECOND}/{node.name}/{place}")
            if number and later is not None and tensor != update.gradient:
                inputs.append(self._rounded(later.outputs["0"], f"{prefix}/{node.name}/{place}"))
            elif number and 1 <= place <= slots:
                inputs.append(self._now[0][node.tensor(place)])
            elif tensor != update.gradient and not self._tensors[tensor].shape:
                inputs.append(self._rounded(self._tensors[tensor], f"{prefix}/{node.name}/{place}"))
            else:
                inputs.append(self._at(tensor, prefix, now))
        self._copy(node, prefix, now, inputs)

    def _rounded(self, output: Output, name: str) -> str:
        """A setting: 0.999 is one number for who wrote it, and another in float32 and in Python, where 1 - 0.999 is."""
        value = self._nodes.constant(name, self._read(output.digest), output.dtype)
        one = self._nodes.constant(f"{name}/one", np.ones((), output.dtype), output.dtype)
        return self._nodes.put(f"{name}/rounded", "Mul", [value, one], self._nodes.array(value), output.dtype)

    # -- what is asked of them

    def _ask(
        self, updates: List[Update], wanted: Dict[str, str], results: Dict[str, Output], of: Dict[str, Update]
    ) -> int:
        by_name = {update.variable: update for update in updates}
        slots = 0
        for row in self._placing.rows.values():
            if (
                row.port not in self._port.gradients
                or not set(row.legacy) <= set(by_name)
                or not row.is_whole
            ):
                continue
            first = by_name[row.legacy[0]]
            for number, words in enumerate(_AFTER):
                name = f"{row.port} {words}"
                tensors = {one: self._now[number][by_name[one].node.tensor()] for one in row.legacy}
                wanted[name] = in_the_layout_of(row, tensors, self._nodes, name, added=True)
                results[name] = self._result(self._port.states[number + 1][row.port])
                of[name] = first
            for output, kept in _SLOTS.get(_kind(first), ()):
                array = self._port.slots.get(kept, {}).get(row.port)
                if array is not None and np.shape(array) == row.places.shape:
                    name = f"{kept} of {row.port} {_AFTER[0]}"
                    wanted[name] = self._slot(row, output, name, by_name)
                    results[name] = self._result(array)
                    of[name] = first
                    slots += 1
        return slots

    def _slot(self, row: Placed, output: int, name: str, by_name: Dict[str, Update]) -> str:
        tensors = {one: self._now[0][by_name[one].node.tensor(output)] for one in row.legacy}
        found = in_the_layout_of(row, tensors, self._nodes, name)
        if _kind(by_name[row.legacy[0]]) != "Momentum":
            return found
        # Keras's velocity is the accumulator times the rate, downwards.
        rate = -self._setting(by_name[row.legacy[0]], 2)
        dtype = self._nodes.dtype(found)
        factor = self._nodes.constant(f"{name}/minus the rate", np.array(rate, dtype), dtype)
        return self._nodes.put(
            f"{name}/as a velocity", "Mul", [found, factor], self._nodes.array(found) * rate, dtype
        )

    def _result(self, array: Array) -> Output:
        return self._keep(array, np.asarray(array).dtype.name)

    def _setting(self, update: Update, place: int, number: int = 0) -> float:
        tensor = update.node.inputs[place]
        later = f"{SECOND}/{update.node.name}/{place}:0"
        output = self._tensors[later if number and later in self._tensors else tensor]
        return float(self._read(output.digest))

    def _note_idle(self, updates: List[Update]) -> None:
        """What would change gradients, changes none here, and is not what the port's optimiser says of itself."""
        replay = Replay(Trace(self._nodes.added), self._read)
        changed = [update for update in updates if update.gradient != update.raw]
        if not changed:
            return
        nodes = self._whole.ancestors([u.gradient for u in changed], until=[u.raw for u in changed])
        numbers = [
            float(self._read(node.outputs["0"].digest))
            for node in nodes
            if node.op == "Const"
            and not node.outputs["0"].shape
            and node.outputs["0"].dtype.startswith("float")
        ]
        if any(abs(one - other) <= 1e-6 * abs(one) for one in self._port.clips for other in numbers):
            return
        for update in changed:
            for number, (_, gradient) in enumerate(self._given[update.variable]):
                try:
                    taken = replay.follow(self._now[number][update.gradient], {}).reference().value
                except NoRule:
                    return
                if not np.allclose(taken, gradient, rtol=1e-6, atol=0):
                    return
        source = next((node.source for node in nodes if node.source), "")
        self._left.append(
            f"what is done to the gradients before the optimiser takes them{f' ({source})' if source else ''} changes "
            "none of these: inputs with larger gradients would show it"
        )

    # -- what is wrong

    def _told(self, wrong: List[Place], of: Dict[str, Update], updates: List[Update]) -> List[str]:
        found, known = [], {}  # type: List[str], Dict[str, str]
        replay = Replay(Trace(self._nodes.added), self._read)
        stepped = {update.variable: self._stepped(update, replay) for update in updates} if wrong else {}
        for place in wrong:
            update = of[place.pair.name]
            name = update.variable
            if name not in known:
                one = stepped[name]
                said = (
                    list(causes_of_steps(one, [other for other in stepped.values() if other])) if one else []
                )
                known[name] = "; ".join(said)
            where = f" ({update.node.source})" if update.node.source else ""
            message = place.numbers.message if place.numbers else ""
            cause = known[name]
            found.append(f"{place.pair.name}{where}: {message}" + (f"; {cause}" if cause else ""))
        return _first_with_cause(found)

    def _stepped(self, update: Update, replay: Replay) -> Optional[Stepped]:
        """The steps of a variable as the legacy graph has it, for those who look for a cause."""
        given = self._given[update.variable]
        after = [
            self._placing.in_legacy(update.variable, state, added=True) for state in self._port.states[1:]
        ]
        taken = []
        for number, (_, gradient) in enumerate(given):
            tensor = self._now[number][update.gradient]
            try:
                taken.append(
                    gradient if update.raw == update.gradient else replay.follow(tensor, {}).reference().value
                )
            except NoRule:
                return None
        kind = _kind(update)
        if kind not in _RATE_AT or any(array is None for array in after):
            return None
        rates = [self._setting(update, _RATE_AT[kind], number) for number in range(len(_AFTER))]
        start = (
            self._read(self._tensors[update.node.inputs[1]].digest) if len(update.node.outputs) > 1 else None
        )
        return Stepped(
            kind,
            {name: self._setting(update, place) for name, place in _SETTINGS.get(kind, {}).items()},
            bool(update.node.attributes.get("use_nesterov")),
            rates,
            start,
            np.stack([variable for variable, _ in given]),
            np.stack([gradient for _, gradient in given]),
            np.stack([np.asarray(array) for array in taken]),
            np.stack([array for array in after if array is not None]),
        )


_SETTINGS = {
    "Momentum": {"momentum": 4},
    "Adam": {"beta1": 6, "beta2": 7, "epsilon": 8},
    "RMSProp": {"decay_of_square": 4, "momentum": 5, "epsilon": 6},
    "CenteredRMSProp": {"decay_of_square": 5, "momentum": 6, "epsilon": 7},
}


def _kind(update: Update) -> str:
    return update.node.op.replace("ResourceApply", "")


def _tells_little(place: Place) -> bool:
    """Whether rounding may move a step by so much that a setting would hide in it."""
    if place.allowed is None or not place.allowed.value.size:
        return False
    value = place.allowed.value
    allowed = np.broadcast_to(place.allowed.typical(place.pair.result.dtype), value.shape)
    return bool(np.sqrt(np.mean(np.square(allowed))) > _MOST * np.sqrt(np.mean(np.square(value))))


def _first_with_cause(lines: List[str]) -> List[str]:
    """The first line that says why, first: all are of one optimiser."""
    said = [line for line in lines if "; cause: " in line]
    return [*said[:1], *(line for line in lines if line not in said[:1])]
