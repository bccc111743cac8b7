"""The step of training that a graph holds: its train op, its loss, what it writes, and the step taken.

What is computed on the way, gradients and rates, is traced like any tensor, and nothing is written meanwhile that
another op reads.  Then the step is taken once by itself, twice over; what it wrote becomes nodes ``ResourceApplyAdam``
or ``AssignSub``, whose outputs are the numbers afterwards: the variable and its slots.  The rates and decays that the
step after it would have are nodes as well, as those of a schedule and of Adam's beta powers are others every step.
"""

import re
from typing import Any, Callable, Dict, Iterable, List, Mapping, NamedTuple, Optional, Set

from ..arrays import Array, plain
from ..errors import CompatError
from ..graph.capture.attributes import of_node_def
from ..graph.capture.flow import with_all_before
from ..graph.capture.unrolling import VARIABLES
from ..graph.nodes import Keep, Node, Trace
from ..records import Output
from .program import Program, point_of

#: The node that stands for the loss; the beginning of the names of what the second step takes.
LOSS, SECOND = "loss of the training step", "second step"
_APPLY = re.compile(r"(Resource)?Apply[A-Z]")
_ASSIGN = re.compile(r"Assign(Add|Sub)?(VariableOp)?\Z")
_OTHER_WRITES = re.compile(r"(Resource)?(SparseApply|Scatter)")
#: What begins the gradients, and ``gradients/loss/Mean_grad/Reshape``: a gradient of the op loss/Mean.
_SEED = re.compile(r"(.*/)?gradients(_\d+)?/(Fill|grad_ys_\d+)\Z")
_GRADIENT_OF = re.compile(r"(?:.*/)?gradients(?:_\d+)?/(.+?)_grad/")
_NONE = (
    "--training: the graph has no train op: no {}: build it by minimize or apply_gradients, in what is traced"
)


class Step(NamedTuple):
    """``op``: the train op.  ``writes``: the ops that write to a variable.  ``loss``: a tensor, or None."""

    op: Any
    writes: List[Any]
    loss: Any

    @property
    def tensors(self) -> Dict[str, Any]:
        """All that the writing ops take, but for what they write to."""
        found = {tensor.name: tensor for op in self.writes for tensor in op.inputs if not _is_held(tensor)}
        return dict(found, loss=self.loss) if self.loss is not None else found


class Taken(NamedTuple):
    """``before``, ``after``: the variables that are written to.  ``second``: what the ops take then, by tensor."""

    before: Dict[str, Array]
    after: Dict[str, Array]
    second: Dict[str, Array]


def step_of(program: Program, named: str = "") -> Step:
    """The step of the op ``named``, or of the one train op there is.  Raises CompatError where that is not clear."""
    op = _train_op(program, named)
    before = _before([op])
    writes = [one for one in before if _writes(one)]
    if not any(_APPLY.match(one.type) or _OTHER_WRITES.match(one.type) for one in writes):
        raise CompatError(_NONE.format(f"optimiser's op is a part of {op.name}"))
    # What counts the steps and raises the powers of Adam waits for the updates, and is no part of what is judged.
    return Step(op, [one for one in writes if _updates(one) or not _is_number(one)], _loss(before))


def _train_op(program: Program, named: str) -> Any:
    graph = program.graph
    if named:
        name = named.partition(":")[0]
        found = [op for op in graph.get_operations() if op.name == name or op.name.endswith(f"/{name}")]
        found = [op for op in found if op.name == name] or found
        if named in program.training:
            found = [graph.get_operation_by_name(program.training[named])]
        if len(found) != 1:
            raise CompatError(f"--train-op {named}: the graph has {len(found) or 'no'} ops of that name")
        return found[0]
    ops = {name: graph.get_operation_by_name(name) for name in program.training.values()}
    found = [op for op in ops.values() if any(_updates(one) for one in _before([op]))]
    if not found:
        found = [op for op in graph.get_operations() if op.type == "NoOp" and _is_last(op)]
    # Of two where one holds the other, the larger: what also counts the steps, or moves statistics.
    inner = {one for op in found for one in _before([op]) if one is not op}
    found = [op for op in found if op not in inner]
    if not found:
        raise CompatError(_NONE.format("op of an optimiser"))
    if len(found) > 1:
        names = ", ".join(sorted(op.name for op in found)[:4])
        raise CompatError(f"--training: the graph has {len(found)} train ops: name one: --train-op ({names})")
    return found[0]


def _is_last(op: Any) -> bool:
    """Whether an op runs those of an optimiser, and no other waits for it but what initialises."""
    return any(_updates(one) for one in op.control_inputs) and not op._control_outputs


def _updates(op: Any) -> bool:
    return bool(_APPLY.match(op.type) or _OTHER_WRITES.match(op.type))


def _writes(op: Any) -> bool:
    return bool(op.inputs) and (_updates(op) or bool(_ASSIGN.match(op.type)))


def _is_number(op: Any) -> bool:
    """Whether an op assigns one number."""
    return all(tensor.shape.ndims == 0 for tensor in op.inputs if not _is_held(tensor))


def _before(ops: Iterable[Any]) -> List[Any]:
    """The ops and all that runs before them, in the order of the graph."""
    met = with_all_before(ops)
    return [op for op in next(iter(met)).graph.get_operations() if op in met]


def _loss(ops: List[Any]) -> Any:
    """What the gradients begin with, known by their names: the op that all of those are of that take the seed."""
    there = set(ops)
    everything = ops[0].graph.get_operations()
    by_name = {op.name: op for op in everything}
    first: Set[Any] = set()
    for seed in ops:
        if not _SEED.match(seed.name) or not seed.outputs:
            continue
        for user in seed.outputs[0].consumers():
            found = _GRADIENT_OF.match(user.name)
            if user in there and found and found.group(1) in by_name:
                first.add(by_name[found.group(1)])
    if len(first) == 1:
        return first.pop().outputs[0]
    for op in everything if first else ():  # a sum, whose gradient is no op of its own
        if op.type in ("Add", "AddV2", "AddN", "Identity") and first <= set(_before([op])):
            return op.outputs[0]
    return None


# -- the step taken


def taken(tf: Any, session: Any, step: Step, feed: Any, restore: Callable[[Any], None]) -> Taken:
    """The step, from where the variables stand.  Raises CompatError for one that does not run, or is random."""
    handles = {held.op.name: held for held in map(_variable, step.writes) if held is not None}
    for op in step.writes:
        handles.update({held.op.name: held for held in map(_origin, op.inputs) if held is not None})
    reads = {name: _read(tf, held) for name, held in handles.items()}
    rates = {name: t for name, t in step.tensors.items() if not t.shape.ndims and t is not step.loss}
    rates = {name: t for name, t in rates.items() if t.op._get_control_flow_context() is None}

    def run() -> Taken:
        restore(session)
        before = _values(session, reads)
        session.run(step.op, feed)
        after = _values(session, reads)
        second = {name: plain(session.run(tensor, feed))[0] for name, tensor in rates.items()}
        return Taken(before, after, second)

    try:
        first, again = run(), run()
    except Exception as error:
        raise CompatError(f"--training: {step.op.name} does not run: {point_of(error)}") from None
    random = [name for name in reads if first.after[name].tobytes() != again.after[name].tobytes()]
    if random:
        raise CompatError(
            f"--training: the step is random: {random[0]} is another when it is taken again: no dropout "
            "(keep_prob 1, rate 0) and no noise may be in it"
        )
    return first


def _read(tf: Any, held: Any) -> Any:
    with held.graph.as_default(), tf.control_dependencies(None):
        if held.dtype.base_dtype.name == "resource":
            return tf.raw_ops.ReadVariableOp(resource=held, dtype=held.op.get_attr("dtype"))
        return held


def _is_held(tensor: Any) -> bool:
    return bool(tensor.dtype._is_ref_dtype) or tensor.dtype.base_dtype.name == "resource"


def _origin(tensor: Any) -> Any:
    """The output of the variable that a handle or a reference is of; None of another tensor."""
    if not _is_held(tensor):
        return None
    op = tensor.op
    while op.type not in VARIABLES and op.inputs:
        op = op.inputs[0].op
    return op.outputs[0] if op.type in VARIABLES else None


def _variable(op: Any) -> Any:
    return _origin(op.inputs[0])


# -- as nodes


def add_to(
    tf: Any,
    trace: Trace,
    step: Step,
    found: Taken,
    keep: Keep,
    outputs: Iterable[str],
    lines: Mapping[str, str],
) -> None:
    """What was written, as nodes.  ``outputs``: tensors, beside the loss, that the network is made of.  ``lines``: of
    the program, by op."""

    def dtype(number: int) -> str:
        return str(tf.as_dtype(number).name)

    there = {node.name: node for node in trace.nodes}
    moved = []
    for op in step.writes:
        held = _variable(op)
        if held is None or held.op.name not in found.after:
            continue
        node = _node(op, there, trace, found, keep, dtype)
        if node is None:
            continue
        if not _APPLY.match(op.type) and found.after[held.op.name].shape:
            moved.append(held.op.name)
        node.source = lines.get(op.name, "")
        if op.name in there:
            there[op.name].op, there[op.name].inputs = node.op, node.inputs
            there[op.name].outputs.update(node.outputs)
        else:
            trace.nodes.append(node)
            there[op.name] = node
    if step.loss is not None and step.loss.name in trace.tensors():
        output = trace.tensors()[step.loss.name]
        trace.nodes.append(Node(LOSS, "Identity", [step.loss.name], {"0": output}))
    wanted = list(outputs) + ([f"{LOSS}:0"] if LOSS in {n.name for n in trace.nodes[-1:]} else [])
    network = {node.name for node in trace.ancestors(wanted)} | set(moved)
    trace.variables = [name for name in trace.variables or [] if name.rpartition(":")[0] in network] + [
        f"{name}:0" for name in moved if f"{name}:0" not in (trace.variables or [])
    ]


def _node(
    op: Any, there: Dict[str, Node], trace: Trace, found: Taken, keep: Keep, dtype: Callable[[int], str]
) -> Optional[Node]:
    """The node of an op that writes; None where something that it takes is not seen, or no rule is of it."""
    tensors = trace.tensors()
    inputs: List[str] = []
    outputs: Dict[str, Output] = {}
    for place, tensor in enumerate(op.inputs):
        held = _origin(tensor)
        if held is None:
            if tensor.name not in tensors:
                return None
            inputs.append(tensor.name)
            if tensor.name in found.second and _APPLY.match(op.type):
                array = found.second[tensor.name]
                output = keep(array, tensor.dtype.base_dtype.name)
                trace.nodes.append(Node(f"{SECOND}/{op.name}/{place}", "Const", [], {"0": output}))
            continue
        name = held.op.name
        kind = tensors[f"{name}:0"].dtype if f"{name}:0" in tensors else _kind(held)
        if name not in there:
            node = Node(name, held.op.type, [], {"0": keep(found.before[name], kind)})
            trace.nodes.append(node)
            there[name] = node
        inputs.append(f"{name}:0")
        outputs[str(len(outputs))] = keep(found.after[name], kind)
    kind_of = op.type
    if _APPLY.match(kind_of):
        kind_of = kind_of if kind_of.startswith("Resource") else f"Resource{kind_of}"
    elif kind_of == "AssignVariableOp":
        kind_of = "Assign"
    return Node(op.name, kind_of, inputs, outputs, of_node_def(op.node_def, dtype))


def _kind(held: Any) -> str:
    if held.dtype.base_dtype.name != "resource":
        return str(held.dtype.base_dtype.name)
    from .graphs import tensorflow_1

    return str(tensorflow_1().as_dtype(held.op.get_attr("dtype")).name)


def said(trace: Trace, step: Step) -> str:
    """One line: what the step is of."""
    steps = [node for node in trace.nodes if _APPLY.match(node.op)]
    moved = [node for node in trace.nodes if _ASSIGN.match(node.op) and node.outputs["0"].shape]
    kinds = sorted({node.op.replace("Resource", "").replace("Apply", "") for node in steps})
    loss = f"loss {step.loss.op.name}" if step.loss is not None else "its loss is not known"
    return (
        f"a step of training, {step.op.name}: {loss}; {len(steps)} variables by "
        f"{', '.join(kinds) or 'no op that is known'}; {len(moved)} moving statistics"
    )


# -- what a trace holds of it


class Update(NamedTuple):
    """What an optimiser's op does to one variable.  ``gradient``: the tensor that it takes; ``raw``: the same as it
    came out of the gradients' scope, before anybody clipped it."""

    variable: str
    node: Node
    gradient: str
    raw: str


#: The place of the gradient among the inputs, by op.
_GRADIENT_AT = {
    "GradientDescent": 2, "Momentum": 3, "KerasMomentum": 3, "Adagrad": 3, "AdagradV2": 4, "Adadelta": 6, "Adam": 9,
    "AdaMax": 8, "Ftrl": 3, "FtrlV2": 3, "RMSProp": 7, "CenteredRMSProp": 8, "ProximalGradientDescent": 4,
    "ProximalAdagrad": 5, "AddSign": 6, "PowerSign": 6,
}  # fmt: skip
_IN_GRADIENTS = re.compile(r"(.*/)?gradients(_\d+)?/")


def is_trained(trace: Trace) -> bool:
    return any(_APPLY.match(node.op) or _OTHER_WRITES.match(node.op) for node in trace.nodes)


def loss_of(trace: Trace) -> Optional[str]:
    return next((node.inputs[0] for node in trace.nodes if node.name == LOSS), None)


def updates_of(trace: Trace) -> List[Update]:
    """In the order of the graph; without those of ops that are not known."""
    makers = trace.makers()
    found = []
    for node in trace.nodes:
        place = _GRADIENT_AT.get(node.op.replace("ResourceApply", "")) if _APPLY.match(node.op) else None
        if place is not None:
            gradient = node.inputs[place]
            found.append(
                Update(node.inputs[0].rpartition(":")[0], node, gradient, _raw(gradient, trace, makers))
            )
    return found


def other_updates(trace: Trace) -> Dict[str, str]:
    """The op that writes to a variable, where that is an optimiser's and of no known form: rows of a table."""
    known = {update.node.name for update in updates_of(trace)}
    return {
        node.inputs[0].rpartition(":")[0]: node.op
        for node in trace.nodes
        if node.name not in known and node.inputs and (_APPLY.match(node.op) or _OTHER_WRITES.match(node.op))
    }


def _raw(gradient: str, trace: Trace, makers: Dict[str, Node]) -> str:
    shape = trace.tensors()[gradient].shape
    waiting, met = [gradient], {gradient}
    while waiting:
        tensor = waiting.pop(0)
        node = makers[tensor]
        if _IN_GRADIENTS.match(node.name):
            if trace.tensors()[tensor].shape == shape:
                return tensor
            continue
        new = [name for name in node.inputs if name not in met]
        met.update(new)
        waiting += new
    return gradient


def moved_variables(trace: Trace) -> Dict[str, Node]:
    """The variables that are assigned to, and no optimiser steps: moving statistics.  Of each the op, the last one."""
    return {
        node.inputs[0].rpartition(":")[0]: node
        for node in trace.nodes
        if _ASSIGN.match(node.op) and node.outputs and node.outputs["0"].shape and node.inputs
    }


def network_of(trace: Trace) -> Trace:
    """The graph without its step of training: what the outputs follow from, and the variables."""
    if not is_trained(trace):
        return trace
    kept = {node.name for node in trace.ancestors(trace.outputs.values())}
    kept |= {name.rpartition(":")[0] for name in (*(trace.variables or ()), *trace.inputs.values())}
    nodes = [node for node in trace.nodes if node.name in kept]
    return Trace(nodes, trace.inputs, trace.outputs, trace.unseen, trace.variables)


def _values(session: Any, reads: Mapping[str, Any]) -> Dict[str, Any]:
    """What they have now, which later steps do not change."""
    return {name: plain(array)[0].copy() for name, array in zip(reads, session.run(list(reads.values())))}
