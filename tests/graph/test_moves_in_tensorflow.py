"""Every op that moves, gathers, scatters, counts or reduces segments, in a real TensorFlow: judged by its rule.

Each answer is disturbed as well, which has to differ.
"""

import numpy as np
import pytest
from moves import cases, noise, variables
from tracing import eagerly, in_session, words

from compat.arrays import PART, UNIT_ROUNDOFF, round_to
from compat.graph.replay import Replay
from compat.judge.compare import compare
from compat.record.dialects import DIALECTS

pytestmark = pytest.mark.skipif(
    DIALECTS["tf1.session"].missing() is not None, reason="TensorFlow is not installed here"
)
CASES = list(cases())
NAMES = [f"{number}-{op}-{dtype}" for number, (op, _, _, dtype) in enumerate(CASES)]
TYPES = ("out_type", "out_idx", "dtype")


def eager_missing():
    return DIALECTS["tf2.eager"].missing() is not None or DIALECTS["tf2.eager"].process != "graph"


def argument_names(tf, op):
    """The names of an op's inputs in their order, as raw_ops, which renames some, calls them."""
    from tensorflow.python.framework import op_def_registry

    find = getattr(op_def_registry, "get", None)
    known = find(op) if find else op_def_registry.get_registered_ops().get(op)
    if known is None or not hasattr(tf.raw_ops, op):
        pytest.skip(f"no {op} in this version")
    renamed = {"dim": "axis", "split_dim": "axis", **({"input": "condition"} if op == "Where" else {})}
    return [renamed.get(argument.name, argument.name) for argument in known.input_arg]


def tensor(tf, array, dtype):
    if isinstance(array, list):
        return [tensor(tf, one, dtype) for one in array]
    array = np.asarray(array)
    if array.dtype != np.float64 or not dtype:
        return tf.constant(array)
    if dtype == "string":
        return tf.constant(np.array([b"%g" % one for one in array.ravel()]).reshape(array.shape))
    if dtype == "bool":
        return tf.constant(array > 0)
    if dtype.startswith("complex"):
        return tf.constant((array + 1j * array[::-1] if array.ndim else array + 1j).astype(dtype))
    if dtype == "bfloat16":
        return tf.cast(tf.constant(array.astype(np.float32)), dtype)
    if "int" in dtype:
        array = (array if abs(array).max(initial=0) > 4 else array * 16).astype(np.int64)
        return tf.constant((array % 256 if dtype == "uint8" else array).astype(dtype))
    return tf.constant(array.astype(dtype))


def built(op, inputs, attributes, dtype):
    def build(tf, **_):
        if op == "TensorStridedSliceUpdate" and tf.__version__.startswith("1."):
            pytest.skip("it writes into a constant, and ends the process")
        given = dict(zip(argument_names(tf, op), [tensor(tf, array, dtype) for array in inputs]))
        named = {name: tf.as_dtype(value) if name in TYPES else value for name, value in attributes.items()}
        made = getattr(tf.raw_ops, op)(**given, **named)
        made = list(made) if isinstance(made, (tuple, list)) else [made]
        return {f"y{number}": tf.identity(one) for number, one in enumerate(made)}

    return build


def run(traced):
    """What a version without the op, or without a kernel of the dtype, does not give is skipped."""
    try:
        return traced()
    except Exception as error:
        refused = (
            "No OpKernel",
            "Could not find device",
            "Could not find valid device",
            "Unimplemented",
            "Invalid type",
            "Invalid argument type",
            "not in list of allowed values",
            "Unsupported dtype",
            "No WhereOp available",
            "Requires start <= limit",  # TensorFlow 1 reads limits of float64 where there are none
            "Only NHWC",
        )
        if any(text in str(error) for text in refused):
            pytest.skip("no kernel of this dtype")
        raise


def disturbed(array, dtype, exact):
    """One element another: an exact answer by as little as there is, a rounded one by 100 roundings."""
    wrong = np.array(array)
    if array.dtype.kind in "SU":
        wrong[(0,) * array.ndim] = "?" if array.dtype.kind == "U" else b"?"
    elif array.dtype.kind == "b":
        wrong[(0,) * array.ndim] = not wrong[(0,) * array.ndim]
    elif array.dtype.kind in "iu":
        wrong[(0,) * array.ndim] += np.ones((), array.dtype)
    else:
        place = np.unravel_index(int(np.argmax(abs(array))), array.shape)
        u = 100 * UNIT_ROUNDOFF[dtype] * (3 if dtype in ("float64", "complex128") else 1)
        wrong[place] += (abs(wrong[place]) or 1) * (2 * UNIT_ROUNDOFF[dtype] if exact else u)
        wrong = wrong if array.dtype.kind == "c" else round_to(wrong, dtype)
    return wrong.astype(array.dtype)


def check(trace, kept, op):
    replay = Replay(trace, kept.read)
    nodes = [node for node in trace.nodes if node.op == op and node.outputs]
    assert nodes, [node.op for node in trace.nodes]
    for node in nodes:
        step = replay.alone(node)
        assert step.how == "bounded", f"{op}: {step.how} {step.why}"
        assert set(step.answers) == set(node.outputs)
        for number, answer in step.answers.items():
            array, dtype = kept.read(node.outputs[number].digest), node.outputs[number].dtype
            numbers = compare(array, dtype, answer, dtype)
            assert numbers.word == "agrees", f"{op}:{number} {dtype} {numbers.message}"
            if array.size:
                exact = not answer.worst(
                    PART.get(dtype, dtype if dtype in UNIT_ROUNDOFF else "float64")
                ).any()
                found = compare(disturbed(array, dtype, exact), dtype, answer, dtype)
                assert found.word == "differs", f"{op}:{number} {dtype} disturbed: {found.word}"


@pytest.mark.parametrize("op, inputs, attributes, dtype", CASES, ids=NAMES)
def test_an_op_in_a_session(op, inputs, attributes, dtype):
    trace, kept = run(lambda: in_session(built(op, inputs, attributes, dtype)))
    check(trace, kept, op)


@pytest.mark.skipif(eager_missing(), reason="eager execution needs a process of its own here")
@pytest.mark.parametrize("op, inputs, attributes, dtype", CASES[::5], ids=NAMES[::5])
def test_an_op_run_eagerly(op, inputs, attributes, dtype):
    trace, kept = run(lambda: eagerly(built(op, inputs, attributes, dtype)))
    check(trace, kept, op)


VARIABLES = list(variables())


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16", "int32"])
@pytest.mark.parametrize("resource", [False, True], ids=["reference", "resource"])
@pytest.mark.parametrize(
    "op, indices, rows", VARIABLES, ids=[f"{number}-{one[0]}" for number, one in enumerate(VARIABLES)]
)
def test_rows_of_a_variable(op, indices, rows, resource, dtype):
    whole = dtype == "int32"
    if whole and op in ("ScatterMul", "ScatterDiv"):
        pytest.skip("no rule of whole numbers")
    name = f"Resource{op}" if resource else op
    cast = lambda array: (np.asarray(array) * (16 if whole else 1)).astype(dtype)
    start = cast(noise(4, 6))

    def build(tf, **_):
        names = argument_names(tf, name)
        held = tf.Variable(start) if resource else tf.Variable(start, use_resource=False)
        more = [held.handle if resource else held._ref(), tf.constant(indices), tf.constant(cast(rows))]
        made = getattr(tf.raw_ops, name)(**dict(zip(names, more)))
        return {"v": held.read_value()} if resource else {"v": tf.identity(made)}

    if resource and eager_missing():
        pytest.skip("eager execution needs a process of its own here")
    trace, kept = run(lambda: (eagerly if resource else in_session)(build))
    check(trace, kept, name)


def test_rows_of_a_variable_are_gathered():
    def build(tf, **_):
        held = tf.get_variable("w", initializer=noise(5, 3).astype(np.float32), use_resource=True)
        return {
            "rows": tf.gather(held, [3, 0, 3]),
            "elements": tf.gather_nd(held, [[3, 0], [1, 2]]),
            "shape": tf.shape(held),
        }

    trace, kept = in_session(build)
    check(trace, kept, "ResourceGather")
    assert set(words(trace, kept).values()) <= {"agrees", "taken"}


def test_tensors_that_a_handle_keeps():
    """What is read through a handle is taken, and what is computed of it judged."""

    def build(tf, x):
        kept = tf.TensorArray(tf.float32, size=2, clear_after_read=False)
        kept = kept.write(0, x[1] * 2.0).write(1, x[0])
        return {"y": kept.stack() + 1.0, "last": kept.read(1)}

    trace, kept = in_session(build, x=noise(3, 4).astype(np.float32))
    found = words(trace, kept)
    assert {tensor: word for tensor, word in found.items() if word not in ("agrees", "taken")} == {}
    assert any(node.op.startswith(("TensorArrayGather", "TensorListStack")) for node in trace.nodes)


def test_a_graph_that_holds_texts():
    def build(tf, x):
        return tf.reshape(x, [-1]) + tf.strings.to_number(tf.constant([b"2.5", b"-17", b"0.1"]))

    trace, kept = in_session(build, x=noise(1, 3).astype(np.float32))
    held = {node.op: node.outputs["0"] for node in trace.nodes if node.outputs["0"].dtype == "string"}
    assert kept.read(held["Const"].digest).tolist() == [b"2.5", b"-17", b"0.1"]
    assert set(words(trace, kept).values()) == {"agrees", "taken"}
