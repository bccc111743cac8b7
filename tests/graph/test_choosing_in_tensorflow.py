"""Every op that selects, compares, casts or rounds in a real TensorFlow: judged by its rule, which a fault offends."""

import numpy as np
import pytest
from tracing import eagerly, in_session

from compat.graph.replay import Replay
from compat.judge.compare import compare
from compat.record.dialects import DIALECTS

pytestmark = pytest.mark.skipif(
    DIALECTS["tf1.session"].missing() is not None, reason="TensorFlow is not installed here"
)
RANDOM = np.random.RandomState(3)
#: Halves and whole numbers, of both signs, some of them equal; none is 0.
X, Y = (RANDOM.choice([-1, 1], (4, 6)) * RANDOM.randint(1, 9, (4, 6)) / 2.0 for _ in range(2))
HOLDS, OTHER = X > 0, Y > 0
FLOATS, WHOLE = ("float32", "float64", "float16", "bfloat16"), ("int8", "int16", "int32", "int64", "uint8")
EVERY = ("bool", "complex64", "complex128") + FLOATS + WHOLE


def case(op, *inputs, dtypes=("",), **attributes):
    """One for each dtype, which arrays of float64 are cast to."""
    return [(op, inputs, attributes, dtype) for dtype in dtypes]


def cases():
    for op in ("Less", "LessEqual", "Greater", "GreaterEqual"):
        yield from case(op, X, Y, dtypes=FLOATS + WHOLE)
        yield from case(op, X, Y[:1], dtypes=("float32",))
    for op in ("Equal", "NotEqual"):
        yield from case(op, X, Y, dtypes=FLOATS + WHOLE + ("complex64",))
        yield from case(op, HOLDS, OTHER)
        yield from case(op, np.ones(2, np.float32), np.ones(3, np.float32), incompatible_shape_error=False)
    for tolerance in (0.5, 2.0):
        yield from case("ApproximateEqual", X, Y, dtypes=FLOATS[:2], tolerance=tolerance)
    yield from case("LogicalAnd", HOLDS, OTHER) + case("LogicalOr", HOLDS, OTHER) + case("LogicalNot", HOLDS)
    for op in ("Any", "All"):
        yield from case(op, HOLDS, np.array([1], np.int32), keep_dims=False)
        yield from case(op, HOLDS, np.array([0, 1], np.int32), keep_dims=True)
    strange = np.array([0, 1, -2, np.nan, np.inf, -np.inf])
    for op in ("IsNan", "IsInf", "IsFinite"):
        # TensorFlow 1.15 has IsInf of NaN true in bfloat16.
        yield from case(op, strange, dtypes=FLOATS[:3] if op == "IsInf" else FLOATS)

    for op in ("Select", "SelectV2"):
        yield from case(op, HOLDS, X, Y, dtypes=FLOATS + WHOLE + ("complex64",))
    yield from case("Select", HOLDS[:, 0], X, Y, dtypes=("float32", "int32"))
    yield from case("SelectV2", HOLDS[0], X, Y[:1], dtypes=("float32", "int32"))
    for op in ("ArgMax", "ArgMin"):
        yield from case(op, X, np.int32(0), dtypes=FLOATS + WHOLE, output_type="int64")
        yield from case(op, X, np.int32(-1), dtypes=FLOATS + WHOLE, output_type="int32")
    for k in (1, 4):
        yield from case("TopK", X, dtypes=FLOATS + WHOLE, k=k)
        yield from case("TopKV2", X, np.int32(k), dtypes=FLOATS + WHOLE)
        yield from case("InTopK", X.astype(np.float32), np.array([0, 5, 2, 3]), k=k)
        yield from case("InTopKV2", X.astype(np.float32), np.array([0, 5, 2, 9]), np.int64(k))
        for reverse in (False, True):
            yield from case("NthElement", X, np.int32(k), dtypes=FLOATS + WHOLE, reverse=reverse)

    for source in EVERY:
        for target in EVERY:
            numbers = abs(X) * 4 + 0.75 if "uint8" in (source, target) else X * 4 + 0.75
            if source != target:
                yield from case("Cast", numbers, dtypes=(source,), DstT=target)
    uneven = RANDOM.randn(3, 40) * 100
    for source, target in (
        ("float32", "float16"), ("float32", "bfloat16"), ("float64", "float32"), ("float64", "float16"),
        ("float64", "bfloat16"), ("float16", "bfloat16"), ("float32", "int32"), ("float64", "int64"),
        ("float32", "int8"), ("complex64", "float16"), ("complex128", "complex64"),
    ):  # fmt: skip
        yield from case("Cast", uneven, dtypes=(source,), DstT=target)
        yield from case("Cast", uneven, dtypes=(source,), DstT=target, Truncate=True)
    yield from case("Cast", np.array([2**24 + 1, -(2**31) + 1, 7], np.int32), DstT="float32")
    yield from case("Cast", np.array([2**53 + 1, 2**62 + 1, 7], np.int64), DstT="float64")
    yield from case("Cast", np.array([300, -300, 70000], np.int32), DstT="int8")
    yield from case("Cast", strange, dtypes=("float32",), DstT="int32")
    yield from case(
        "Cast",
        np.array([1e5, 7e4, 65519.0, 65520.0, 1e-6, np.nan, np.inf]),
        dtypes=("float32",),
        DstT="float16",
    )
    for source, target in (("float32", "int32"), ("float64", "int64"), ("int32", "float32"), ("float64", "int32"),
                           ("float32", "int8"), ("bfloat16", "int16"), ("complex64", "int64")):  # fmt: skip
        yield from case("Bitcast", X, dtypes=(source,), type=target)
    yield from case("Bitcast", X[:, :2], dtypes=("float32",), type="float64")
    yield from case("Bitcast", np.array([[1, 2, 3, 4]], np.uint8), type="int32")
    yield from case("Bitcast", np.array([16256, 16384], np.int16), type="bfloat16")

    # Of whole numbers Round gives 0 in TensorFlow 2.21, and themselves in 1.15.
    for op in ("Floor", "Ceil", "Rint", "Round", "Sign"):
        yield from case(op, X, dtypes=FLOATS + (WHOLE if op == "Sign" else ()))
        yield from case(op, X + 0.3, dtypes=FLOATS)
    for op in ("FloorDiv", "FloorMod", "Mod", "TruncateMod"):
        # In bfloat16 FloorDiv of TensorFlow 1.15 makes 5 of -12 / -2, and 0 of 8 / 8.
        floats = FLOATS[:3] if op == "FloorDiv" else FLOATS
        yield from case(op, X * 8, Y * 2, dtypes=floats + WHOLE)
        yield from case(op, uneven, uneven[:1] / 9, dtypes=FLOATS[:2])
    bits = RANDOM.randint(-99, 99, (3, 5))
    for op in ("BitwiseAnd", "BitwiseOr", "BitwiseXor"):
        yield from case(op, bits * 1.0, bits[::-1] * 1.0, dtypes=WHOLE)
    for op in ("LeftShift", "RightShift"):
        yield from case(op, bits * 1.0, abs(bits) % 7 * 1.0, dtypes=WHOLE)
    yield from case("Invert", bits * 1.0, dtypes=WHOLE) + case("PopulationCount", bits * 1.0, dtypes=WHOLE)
    for settings in ({}, {"num_bits": 4}, {"narrow_range": True}):
        numbers = (uneven / 40).astype(np.float32)
        low, high = np.float32(-1.7), np.float32(3.1)
        yield from case("FakeQuantWithMinMaxArgs", numbers, min=-1.7, max=3.1, **settings)
        yield from case("FakeQuantWithMinMaxVars", numbers, low, high, **settings)
        ends = np.linspace(-3, -1, 40).astype(np.float32), np.linspace(1, 2.5, 40).astype(np.float32)
        yield from case("FakeQuantWithMinMaxVarsPerChannel", numbers, *ends, **settings)


CASES = list(cases())
NAMES = [f"{number}-{op}-{dtype}" for number, (op, _, _, dtype) in enumerate(CASES)]


#: Arguments that Python calls otherwise than the op's definition.
RENAMED = {
    "Select": {"t": "x", "e": "y"},
    "Any": {"reduction_indices": "axis"},
    "All": {"reduction_indices": "axis"},
}


def argument_names(tf, op):
    """The names of an op's inputs in their order, as raw_ops calls them."""
    from tensorflow.python.framework import op_def_registry

    find = getattr(op_def_registry, "get", None) or op_def_registry.get_registered_ops().get
    known = find(op)
    if known is None or not hasattr(tf.raw_ops, op):
        pytest.skip(f"no {op} in this version")
    renamed = RENAMED.get(op, {})
    return [renamed.get(argument.name, argument.name) for argument in known.input_arg]


def tensor(tf, array, dtype):
    if isinstance(array, list):
        return [tensor(tf, one, dtype) for one in array]
    array = np.asarray(array)
    if array.dtype != np.float64 or not dtype:
        return tf.constant(array)
    if dtype.startswith("complex"):
        return tf.constant((array + 1j * array[::-1]).astype(dtype))
    if dtype == "bfloat16":
        return tf.cast(tf.constant(array.astype(np.float32)), dtype)
    return tf.constant(array.astype(np.int64).astype(dtype) if "int" in dtype else array.astype(dtype))


def built(op, inputs, attributes, dtype):
    def build(tf, **_):
        tensors = [tensor(tf, array, dtype) for array in inputs]
        named = {
            name: tf.as_dtype(value) if name in ("DstT", "type", "output_type") else value
            for name, value in attributes.items()
        }
        made = getattr(tf.raw_ops, op)(**dict(zip(argument_names(tf, op), tensors)), **named)
        made = list(made) if isinstance(made, (tuple, list)) else [made]
        return {f"y{number}": tf.identity(one) for number, one in enumerate(made)}

    return build


def run(traced):
    """What a version without the op, or without a kernel of the dtype, does not give is skipped."""
    try:
        return traced()
    except (TypeError, ValueError, NotImplementedError) as error:
        pytest.skip(f"this version has none: {str(error)[:100]}")
    except Exception as error:
        if any(
            text in str(error) for text in ("Could not find", "not supported", "OpKernel", "allowed values")
        ):
            pytest.skip("no kernel of this dtype")
        raise


def disturbed(array):
    """One element another."""
    wrong = np.array(array)
    place = tuple(0 for _ in array.shape)
    if array.dtype.kind == "b":
        wrong[place] = not wrong[place]
    else:
        finite = np.isfinite(array) & (array != 0)
        place = np.unravel_index(int(np.argmax(finite)), array.shape)
        size = max(abs(wrong[place]) / 8, 1 if array.dtype.kind in "iu" else 0.01)
        wrong[place] = wrong[place] + np.asarray(size).astype(array.dtype)
    return wrong


def check(trace, kept, op, undefined=False):
    replay = Replay(trace, kept.read)
    nodes = [node for node in trace.nodes if node.op == op and node.outputs]
    assert nodes
    for node in nodes:
        step = replay.alone(node)
        assert step.how == "bounded", f"{op}: {step.how} {step.why}"
        assert set(step.answers) == set(node.outputs)
        for number, answer in step.answers.items():
            array, dtype = kept.read(node.outputs[number].digest), node.outputs[number].dtype
            numbers = compare(array, dtype, answer, dtype)
            assert numbers.word == "agrees", f"{op}:{number} {dtype} {numbers.message}"
            if array.size and not undefined:
                found = compare(disturbed(array), dtype, answer, dtype)
                assert found.word == "differs", f"{op}:{number} {dtype} disturbed"


@pytest.mark.parametrize("op, inputs, attributes, dtype", CASES, ids=NAMES)
def test_an_op_in_a_session(op, inputs, attributes, dtype):
    trace, kept = run(lambda: in_session(built(op, inputs, attributes, dtype)))
    check(trace, kept, op, undefined=op == "Cast" and "float" in dtype and len(inputs[0]) == 6)


@pytest.mark.parametrize("op, inputs, attributes, dtype", CASES[::7], ids=NAMES[::7])
def test_an_op_run_eagerly(op, inputs, attributes, dtype):
    if DIALECTS["tf2.eager"].missing() is not None or DIALECTS["tf2.eager"].process != "graph":
        pytest.skip("eager execution needs a process of its own here")
    trace, kept = run(lambda: eagerly(built(op, inputs, attributes, dtype)))
    check(trace, kept, op, undefined=op == "Cast" and "float" in dtype and len(inputs[0]) == 6)


def test_what_is_drawn_is_taken():
    trace, kept = in_session(lambda tf: tf.random.uniform([3]))
    replay = Replay(trace, kept.read)
    steps = {node.op: replay.alone(node) for node in trace.nodes}
    assert steps["RandomUniform"].how == "taken" and steps["RandomUniform"].why == "random"
