"""Every op of real and complex arithmetic in a real TensorFlow: judged by its rule, which a disturbance offends."""

import numpy as np
import pytest
from maths import cases, optimisers
from tracing import eagerly, in_session

from compat.arrays import UNIT_ROUNDOFF, round_to
from compat.graph.replay import Replay
from compat.judge.compare import compare
from compat.record.dialects import DIALECTS

pytestmark = pytest.mark.skipif(
    DIALECTS["tf1.session"].missing() is not None, reason="TensorFlow is not installed here"
)
CASES = [(op, arrays, attributes, dtype) for op, arrays, attributes, dtypes in cases() for dtype in dtypes]
#: Ops whose second and third outputs no rule tells.
PARTLY = ("SelfAdjointEigV2", "Svd")


def eager_missing():
    return DIALECTS["tf2.eager"].missing() is not None or DIALECTS["tf2.eager"].process != "graph"


def arguments(tf, op):
    """The names of an op's inputs in their order, as raw_ops calls them."""
    from tensorflow.python.framework import op_def_registry

    known = op_def_registry.get(op) if hasattr(op_def_registry, "get") else None
    if known is None and hasattr(op_def_registry, "get_registered_ops"):
        known = op_def_registry.get_registered_ops().get(op)
    if known is None or not hasattr(tf.raw_ops, op):
        pytest.skip(f"no {op} in this version")
    return [argument.name for argument in known.input_arg]


def cast(tf, array, dtype):
    if isinstance(array, list):
        return [cast(tf, one, dtype) for one in array]
    array = np.asarray(array)
    if array.dtype.kind != "f":
        return tf.constant(array)
    if dtype.startswith("complex"):
        array = (array + 1j * np.roll(array, 1, -1)).astype(dtype)
        return tf.constant(array)
    if "int" in dtype:
        return tf.constant(array.astype(np.int64).astype(dtype))
    return tf.cast(tf.constant(array), dtype) if dtype == "bfloat16" else tf.constant(array.astype(dtype))


def built(op, arrays, attributes, dtype):
    if dtype == "complex128" and op in ("ComplexAbs", "Real", "Imag", "Angle"):
        attributes = dict(attributes, Tout="float64")
    if dtype == "float64" and op == "Complex":
        attributes = dict(attributes, Tout="complex128")

    def build(tf, **_):
        names = arguments(tf, op)
        tensors = dict(zip(names, [cast(tf, array, dtype) for array in arrays]))
        made = getattr(tf.raw_ops, op)(**tensors, **attributes)
        many = made if isinstance(made, (list, tuple)) else [made]
        return {f"y{number}": tf.identity(one) for number, one in enumerate(many) if one.shape.num_elements()}

    return build


def judged(trace, kept, op):
    """(node, number, answer, array) of every output of the ops of that type."""
    replay = Replay(trace, kept.read)
    for node in trace.nodes:
        if node.op == op:
            step = replay.alone(node)
            assert step.how == "bounded", f"{op}: {step.how} {step.why}"
            assert step.answers, op
            for number, answer in step.answers.items():
                yield node, number, answer, kept.read(node.outputs[number].digest)


def disturbed(array, dtype):
    """The largest element off by 100 roundings; in float64, where a reference rounds as well, by 300."""
    if dtype not in UNIT_ROUNDOFF:
        return array + np.ones((), array.dtype)
    u = UNIT_ROUNDOFF[dtype] * (3 if dtype in ("float64", "complex128") else 1)
    wrong = np.array(array)
    place = np.unravel_index(int(np.argmax(np.where(np.isfinite(array), abs(array), 0))), array.shape)
    wrong[place] = wrong[place] * (1 + 100 * u)
    return wrong if array.dtype.kind == "c" else round_to(wrong, dtype)


#: Bounds of norms and of sums of many: 100 roundings of the largest may be within; so much is not.
LOOSE = {"MatrixInverse", "MatrixSolve", "MatrixTriangularSolve", "MatrixDeterminant", "Cholesky", "Svd"}
LOOSE |= {"SelfAdjointEigV2", "FFT", "IFFT", "RFFT", "IRFFT", "FFT2D", "IFFT2D", "FFT3D", "RFFT2D", "IRFFT2D"}


def check(trace, kept, op):
    count = 0
    for node, number, answer, array in judged(trace, kept, op):
        dtype = node.outputs[number].dtype
        numbers = compare(array, dtype, answer, dtype)
        assert numbers.word == "agrees", f"{op}:{number} {dtype} {numbers.message}"
        if array.size and abs(array).max() > 0:
            wrong = disturbed(array, dtype) if op not in LOOSE else array * (1 + 2e4 * UNIT_ROUNDOFF[dtype])
            found = compare(wrong.astype(array.dtype), dtype, answer, dtype)
            assert found.word == "differs", f"{op}:{number} {dtype} disturbed: {found.word} {found.share}"
        count += 1
    assert count


@pytest.mark.parametrize("op, arrays, attributes, dtype", CASES, ids=[f"{c[0]}-{c[3]}" for c in CASES])
def test_an_op_in_a_session(op, arrays, attributes, dtype):
    trace, kept = run(lambda: in_session(built(op, arrays, attributes, dtype)))
    check(trace, kept, op)


def run(traced):
    """What a version without the op, or without a kernel of the dtype, does not give is skipped."""
    try:
        return traced()
    except (TypeError, ValueError, NotImplementedError) as error:
        pytest.skip(f"this version has none: {str(error)[:100]}")
    except Exception as error:
        if "No OpKernel" in str(error) or "Could not find device" in str(error):
            pytest.skip("no kernel of this dtype")
        raise


OPTIMISERS = list(optimisers())


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16"])
@pytest.mark.parametrize("resource", [False, True], ids=["reference", "resource"])
@pytest.mark.parametrize(
    "name, slots, rest, attributes",
    OPTIMISERS,
    ids=[f"{number}-{o[0]}" for number, o in enumerate(OPTIMISERS)],
)
def test_an_optimiser(name, slots, rest, attributes, resource, dtype):
    op = f"ResourceApply{name}" if resource else f"Apply{name}"
    variable = np.linspace(-1, 1, 5)

    def build(tf, **_):
        names = arguments(tf, op)
        numbers = [variable, *slots]
        if resource:
            held = [tf.Variable(array.astype(dtype)) for array in numbers]
            handles = [one.handle for one in held]
        else:
            held = [tf.Variable(array.astype(dtype), use_resource=False) for array in numbers]
            handles = [one._ref() for one in held]
        more = [tf.constant(np.asarray(one).astype(dtype)) for one in rest]
        made = getattr(tf.raw_ops, op)(**dict(zip(names, handles + more)), **attributes)
        return {f"v{number}": one.read_value() for number, one in enumerate(held)} if resource else made

    if resource and eager_missing():
        pytest.skip("eager execution needs a process of its own here")
    trace, kept = run(lambda: (eagerly if resource else in_session)(build))
    check(trace, kept, op)
