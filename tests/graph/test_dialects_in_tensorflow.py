"""Every dialect of this TensorFlow keeps its graph: what ``compat run`` records of an operation that is judged against.

In a process of its own: eager execution has to come first in TensorFlow 1.
"""

import textwrap

import numpy as np
import pytest
from support import python

from compat.graph.nodes import trace_of
from compat.judge.nodes import judge_trace
from compat.record.dialects import DIALECTS, by_default
from compat.record.versions import tensorflow_version
from compat.store import Run

pytestmark = pytest.mark.skipif(
    DIALECTS["tf1.session"].missing() is not None, reason="TensorFlow is not installed here"
)
HERE = [
    name for name in by_default() if name.startswith(("tf", "keras")) and DIALECTS[name].missing() is None
]

CASE = """
    from compat import fixtures, operation

    sums = operation("sums", against="tf1.session")
    cell = operation("cell", against="tf1.session")


    @sums.on("tf2.eager")
    def _(tf, x, w, *, wrong):
        v = tf.Variable(w)
        v.assign_add(tf.ones_like(w))
        y = tf.matmul(x, v)
        y = tf.while_loop(lambda i, y: i < 3, lambda i, y: (i + 1, tf.tanh(y) * 0.5), [tf.constant(0), y])[1]
        return y / tf.sqrt(tf.reduce_mean(tf.square(y), axis=0) + (1e-2 if wrong else 1e-3))


    @sums.on("tf1.session")
    def _(tf, x, w, *, wrong):
        v = tf.get_variable("v", initializer=w)
        with tf.control_dependencies([tf.assign_add(v, tf.ones_like(w))]):
            changed = tf.identity(v)
        y = tf.matmul(x, changed)
        y = tf.while_loop(lambda i, y: i < 3, lambda i, y: (i + 1, tf.tanh(y) * 0.5), [tf.constant(0), y])[1]
        return y / tf.sqrt(tf.reduce_mean(tf.square(y), axis=0) + 1e-3)


    @sums.on("tf2.function")
    def _(tf, x, w, *, wrong):
        y = tf.matmul(x, w + tf.ones_like(w))
        within = tf.function(lambda y: tf.tanh(y) * 0.5, autograph=False)
        for _ in range(3):
            y = within(y)
        return y / tf.sqrt(tf.reduce_mean(tf.square(y), axis=0) + (1e-2 if wrong else 1e-3))


    @cell.on("tf1.session")
    def _(tf, x, w, *, wrong):
        return tf.nn.relu(tf.matmul(x, w))


    @cell.on("keras2", "keras3")
    def _(keras, x, w, *, wrong):
        layer = keras.layers.Dense(w.shape[1], use_bias=False, activation="elu" if wrong else "relu")
        layer.build(x.shape)
        layer.set_weights([w])
        return layer(x)


    for wrong in (False, True):
        given = {"x": fixtures.normal("x", (4, 3), seed=1), "w": fixtures.normal("w", (3, 5), seed=2)}
        sums.sample("wrong" if wrong else "right", wrong=wrong, **given)
        cell.sample("wrong" if wrong else "right", wrong=wrong, **given)
"""


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    folder = tmp_path_factory.mktemp("dialects")
    (folder / "case.py").write_text(textwrap.dedent(CASE))
    ended = python("-m", "compat", "run", "case.py", "--out", "run", "--all", cwd=folder, timeout=400)
    return Run.open(str(folder / "run")), ended.stdout + ended.stderr


def records(run, dialect):
    return {sample: of[dialect] for sample, of in run.records.items() if dialect in of}


@pytest.mark.parametrize("dialect", HERE)
def test_what_was_computed_has_its_graph(ran, dialect):
    run, told = ran
    done = {name: one for name, one in records(run, dialect).items() if one.status == "ok"}
    assert done, told
    for name, record in done.items():
        assert record.trace is not None, (name, record.untraced)
        trace = trace_of(run.objects.read(record.trace), "trace")
        tensors = trace.tensors()
        for output, of_record in record.outputs.items():
            traced = tensors[trace.outputs[output]]
            assert (traced.shape, traced.dtype) == (of_record.shape, of_record.dtype)
            found, result = run.objects.read(traced.digest), run.objects.read(of_record.digest)
            assert np.allclose(found, result, rtol=1e-5, atol=1e-6)
        judged = list(judge_trace(trace, run.objects.read))
        assert [one for one in judged if one.numbers and one.numbers.word != "agrees"] == []
        assert sum(one.how == "bounded" for one in judged) >= (1 if "cell" in name else 10)


@pytest.mark.parametrize("dialect", HERE)
def test_every_iteration_and_what_is_in_a_function(ran, dialect):
    run, _ = ran
    for name, record in records(run, dialect).items():
        if name.startswith("sums") and record.status == "ok":
            trace = trace_of(run.objects.read(record.trace), "trace")
            ops = [node.op for node in trace.nodes]
            assert ops.count("Tanh") == 3 and ops.count("MatMul") == 1
            assert "x" in trace.inputs


@pytest.mark.parametrize("dialect", [name for name in HERE if name != "tf1.session"])
def test_a_wrong_port_is_named_by_its_graph(ran, dialect):
    """By the measured spread alone no place would be named."""
    _, told = ran
    lines = told.splitlines()
    kind = "cell" if dialect.startswith("keras") else "sums"
    assert any(f"{kind}[wrong] {dialect}" in line and "differs" in line for line in lines), told
    assert not any("[right]" in line and "differs" in line for line in lines), told


@pytest.mark.skipif((tensorflow_version() or (0,)) < (1, 14), reason="no eager dialects")
def test_nobody_listens_any_more_afterwards(tmp_path):
    code = """
        from compat.graph.capture.eager import listening
        from compat.record.dialects import DIALECTS
        from compat.records import Output

        tf = DIALECTS["tf2.eager"].module()
        from tensorflow.python.eager import context, execute

        before = execute.execute
        heard = []

        def keep(array, dtype):
            heard.append(dtype)
            return Output("0" * 64, dtype, [])

        try:
            with listening(tf, keep):
                tf.constant(1.0) + 1.0
                assert heard
                raise KeyError
        except KeyError:
            pass
        count = len(heard)
        assert execute.execute is before
        tf.function(lambda x: x + 1.0)(tf.constant(1.0)) + 1.0
        assert len(heard) == count
        print("nobody listens")
    """
    ended = python("-c", textwrap.dedent(code), cwd=tmp_path)
    assert ended.stdout.endswith("nobody listens\n"), ended.stdout + ended.stderr
