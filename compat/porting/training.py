"""``--training``: the port's loss, gradients and moving statistics, judged by those of the legacy graph.

They follow by the legacy graph from the tensors before them, as all else does; what the optimiser makes of the
gradients is judged by itself (``steps``).
"""

import dataclasses
from typing import Callable, Dict, List, NamedTuple

import numpy as np

from ..arrays import Array
from ..errors import CompatError
from ..graph.beside import Beside
from ..graph.nodes import Trace
from ..judge.graphs import Place, Side
from ..sources import code
from ..sources.training import is_trained, loss_of, moved_variables, network_of, other_updates, updates_of
from .carrying import plan
from .comparing import carried
from .findings import Findings
from .mapping import Map
from .outputs import Outputs, as_outputs, paired_outputs
from .placing import Nodes, Placing, in_the_layout_of, with_statistics
from .rates import compared_rates
from .results import Origins, Weights
from .sides import Port, Recorded, variables_of
from .stepping import PortStep, port_step
from .steps import Steps, judged_steps
from .trained import Trained
from .verifying import Judged, judged

Read = Callable[[str], Array]
#: What is nothing, as a share of the largest gradient.
_NOTHING = 1e-4


class Training(NamedTuple):
    """``network``: forward, loss, gradients and statistics.  ``otherwise``: what is trained on one side alone, in
    lines.  ``steps``: of the optimiser.  ``left``: what could not be judged; ``notes``: what is to be said."""

    network: Judged
    otherwise: List[str]
    steps: Steps
    left: List[str]
    notes: List[str]

    @property
    def holds(self) -> bool:
        return self.network.holds and self.steps.holds and not self.otherwise and not self.left


def check_trained(legacy: Recorded) -> Trace:
    """The whole graph.  Raises CompatError where no step is recorded, or one in which nothing is trained."""
    whole = legacy.whole
    if whole is None or not is_trained(whole):
        raise CompatError(
            f"--training: {legacy.name} holds no step of training: compat trace --training records one"
        )
    for name, (array, _) in legacy.inputs.items():
        if array.dtype == bool and not array.ndim and "train" in name.lower() and not array:
            raise CompatError(f"--training: `{name}` is False, so that nothing is trained: feed True")
    return whole


class Compared(NamedTuple):
    training: Training
    weights: Weights
    origins: Origins


def compared_training(
    text: str, legacy: Recorded, told: Map, pairs: List[str], carry: bool, tell: Callable[[str], None]
) -> Compared:
    """The port's side, its weights carried first, and both judged."""
    whole = check_trained(legacy)
    if code.split(text) is None:
        raise CompatError(f"--training: {text}: expected FILE.py:FUNCTION, which returns a compiled model")
    live = Port(text)
    trained = Trained(live)
    traced = live.traced(legacy.inputs)
    told, found = with_statistics(legacy, whole, traced, told, trained.still())
    weights = carried(found, live, traced, tell) if carry else Weights([], [], [])
    step = port_step(trained, legacy)
    training = judged_training(legacy, step, live.objects.read, Placing(legacy, traced, told), told, pairs)
    return Compared(training, weights, Origins(live, step.traced))


def judged_training(
    legacy: Recorded, port: PortStep, read: Read, placing: Placing, told: Map, pairs: List[str]
) -> Training:
    """``read``: of the port's store.  ``placing``: where its variables have the legacy ones."""
    return _Training(legacy, port, read, placing, told).judged(pairs)


class _Training:
    def __init__(self, legacy: Recorded, port: PortStep, read: Read, placing: Placing, told: Map) -> None:
        assert legacy.whole is not None
        self._legacy, self._port, self._placing, self._told = legacy, port, placing, told
        self._whole: Trace = legacy.whole
        beside = Beside(legacy.side.read)
        self._keep, self._read = beside.keep, beside.read
        self._read_theirs = read
        self._left: List[str] = list(port.left)
        self._otherwise: List[str] = []

    def judged(self, pairs: List[str]) -> Training:
        nodes = Nodes(self._whole, self._read, self._keep)
        outputs = self._outputs(pairs, nodes)
        whole, port = self._whole, self._port.traced
        wanted = {name: pair[0] for name, pair in outputs.pairs.items()}
        trace = Trace([*whole.nodes, *nodes.added], whole.inputs, wanted, whole.unseen, whole.variables)
        mine = as_outputs(network_of(trace), wanted)
        theirs = as_outputs(
            port.traced.trace, {name: pair[1] for name, pair in outputs.pairs.items()}, port.given
        )
        network = judged(
            Side(mine, self._read), Side(theirs, self._read_theirs), outputs, self._random(), self._anchors()
        )
        steps = judged_steps(self._legacy, self._port, self._placing)
        self._compare_rates()
        network = network._replace(found=_beside_the_largest(network.found))
        return Training(network, self._otherwise, steps, self._left, self._port.notes)

    def _compare_rates(self) -> None:
        said = [
            compared_rates(
                self._whole, self._legacy.side.read, update, self._port.rates, self._port.scheduled
            )
            for update in updates_of(self._whole)
        ]
        self._otherwise += dict.fromkeys(other for other, _ in said if other)
        self._left += dict.fromkeys(unknown for _, unknown in said if unknown)

    def _random(self) -> List[str]:
        random = self._port.traced.traced.random
        return [
            f"the port is random in training: {', '.join(random[:4])} had other bits when it was run again: set the "
            "rate of its dropout to 0, as keep_prob is 1"
        ] if random else []  # fmt: skip

    # -- what stands for what

    def _outputs(self, pairs: List[str], nodes: Nodes) -> Outputs:
        trace = self._port.traced.traced.trace
        predictions = {name: trace.outputs[name] for name in self._port.predictions}
        theirs = Side(as_outputs(trace, predictions), self._read_theirs)
        found = paired_outputs(self._legacy.side, theirs, pairs)
        loss = loss_of(self._whole)
        if loss is None:
            self._left.append("the loss: which tensor of the legacy graph it is, is not known")
        else:
            found.pairs["loss"] = loss, trace.outputs[self._port.loss]
        self._add_gradients(found, nodes)
        self._add_statistics(found, nodes)
        return found

    def _add_gradients(self, found: Outputs, nodes: Nodes) -> None:
        several = updates_of(self._whole)
        updates = {update.variable: update for update in several}
        if len(several) > len(updates):
            self._left.append(
                "a variable that the legacy train op updates more than once: the last update is compared"
            )
        others = other_updates(self._whole)
        self._left += [f"{name}: {op} changes some of its rows" for name, op in others.items()]
        met = set()
        for path, output in self._port.gradients.items():
            row = self._placing.rows.get(path)
            if row is None:
                self._otherwise.append(
                    f"{path}: the port trains it, and the legacy graph has none: leave it out"
                )
                continue
            met.update(row.legacy)
            there = [name for name in row.legacy if name in updates]
            if not there and not set(row.legacy) & set(others):
                self._otherwise.append(
                    f"{path}: the port trains it, and the legacy graph leaves {', '.join(row.legacy)} as it is: "
                    "trainable=False"
                )
            elif there == row.legacy and row.is_whole:
                tensors = {name: updates[name].raw for name in row.legacy}
                mine = in_the_layout_of(row, tensors, nodes, f"gradient of {path}")
                found.pairs[output] = mine, self._port.traced.traced.trace.outputs[output]
            elif there:
                self._left.append(f"the gradient of {path}: the legacy graph has not all of it")
        for name in updates:
            if name not in met:
                rows = [row.port for row in self._placing.of(name)]
                self._otherwise.append(
                    f"{rows[0]}: the legacy graph trains {name}, and the port leaves it as it is: trainable=True, said "
                    "before compile" if rows else f"{name}: the legacy graph trains it, and the port has none"
                )  # fmt: skip

    def _add_statistics(self, found: Outputs, nodes: Nodes) -> None:
        moved = moved_variables(self._whole)
        met = set()
        for name, node in moved.items():
            rows = self._placing.of(name)
            if not rows:
                self._left.append(f"{name} after an update: no variable of the port is known to stand for it")
            for row in rows:
                met.add(row.port)
                output = self._port.statistics.get(row.port)
                if output is None or self._stays(output, row.port):
                    self._otherwise.append(
                        f"{row.port}: the legacy graph moves {name} ({node.name}), and the port leaves it as it is: "
                        "training=True, and trainable=True of that layer"
                    )
                    continue
                mine = in_the_layout_of(row, {name: node.tensor()}, nodes, output)
                found.pairs[output] = mine, self._port.traced.traced.trace.outputs[output]
        for path, output in self._port.statistics.items():
            if path not in met and not self._stays(output, path):
                self._otherwise.append(
                    f"{path}: the port moves it, and the legacy train op leaves it as it is: its UPDATE_OPS are not "
                    "run by the train op"
                )

    def _stays(self, output: str, path: str) -> bool:
        """Whether a variable of the port has the same numbers after the update."""
        trace = self._port.traced.traced.trace
        before = trace.tensors().get(f"{path}:0")
        return before is not None and before.digest == trace.tensors()[trace.outputs[output]].digest

    def _anchors(self) -> Dict[str, str]:
        """Pairs that the weights tell, of the network alone."""
        traced = self._port.traced
        kept = {name: traced.program.outputs[name] for name in self._port.predictions}
        forward = traced._replace(program=dataclasses.replace(traced.program, outputs=kept))
        there = variables_of(traced.traced.trace)
        weights = {name: value for name, value in self._told.weights.items() if name in there}
        return plan(
            self._legacy,
            forward,
            Map(weights, self._told.unused, {n: v for n, v in self._told.beside.items() if n in there}),
        ).anchors


def _beside_the_largest(found: List[Place]) -> List[Place]:
    """A gradient of zeros, as of a bias before a batch norm, is all rounding: its bound tells enough where it allows
    next to nothing beside the other gradients."""
    gradients = [p for p in found if p.pair.name.startswith("gradient of ") and p.answer is not None]
    largest = max((_mean(p.answer.value) for p in gradients if p.answer is not None), default=0.0)

    def is_nothing(place: Place) -> bool:
        if not place.vague or place.allowed is None or not any(place is one for one in gradients):
            return False
        allowed = np.broadcast_to(place.allowed.typical(place.pair.result.dtype), place.allowed.value.shape)
        return _mean(allowed) <= _NOTHING * largest

    return [place._replace(vague=place.vague and not is_nothing(place)) for place in found]


def _mean(array: Array) -> float:
    return float(np.sqrt(np.mean(np.square(array)))) if array.size else 0.0


def lines_of_training(one: Training, before: bool) -> List[str]:
    """``before``: whether something wrong was told before these."""
    found = [f"  {text}" for text in one.notes]
    for text in [*one.otherwise, *one.steps.wrong]:
        found.append(("also wrong: " if before else "first wrong: ") + text)
        before = True
    found += [f"not judged: {text}" for text in [*one.left, *one.steps.left]]
    if not one.steps.agreed and not one.steps.wrong:
        found.append("not judged: no step of the optimiser could be compared")
    return found


def with_steps(found: Findings, one: Training) -> Findings:
    """The Findings of the network, and what there is to say of the step on top."""
    found.training = said_of(one)
    found.steps = [*one.otherwise, *one.steps.wrong]
    found.notes = [*found.notes, *one.notes]
    found.not_judged = [*found.not_judged, *one.left, *one.steps.left]
    wrong = bool(found.wrong or found.steps)
    found.words = "all agree" if one.holds else ("differs" if wrong else "not judged")
    return found


def said_of(one: Training) -> str:
    """One line: how many of each were compared."""
    names = list(one.network.outputs.pairs)
    gradients = sum(name.startswith("gradient of ") for name in names)
    moved = sum(name.endswith(" after an update") for name in names)
    loss = "the loss, " if "loss" in names else ""
    return (
        f"training: {loss}{gradients} gradients, {moved} moving statistics; {one.steps.compared} variables after one "
        f"step and after two, {one.steps.slots} slots"
    )
