"""Files that this TensorFlow writes, and code, traced by the command: every kind of source."""

import os

import numpy as np
import pytest
from support import python, refusal, write

from compat.graph.nodes import trace_of
from compat.record.dialects import DIALECTS
from compat.record.versions import tensorflow_version
from compat.store import Run

pytestmark = pytest.mark.skipif(
    DIALECTS["tf1.session"].missing() is not None, reason="TensorFlow is not installed here"
)
TWO = (tensorflow_version() or (0,)) >= (2, 1)
needs_2 = pytest.mark.skipif(not TWO, reason="of TensorFlow 2")
X = np.random.RandomState(3).uniform(-1, 1, (4, 3)).astype(np.float32)
W = np.random.RandomState(4).uniform(-1, 1, (3, 5)).astype(np.float32)


@pytest.fixture
def tf():
    found = DIALECTS["tf1.session"].module()
    found.reset_default_graph() if not TWO else None
    return found


@pytest.fixture
def traced(tmp_path, compat_here):
    """``traced(source, ...)``: the trace, the reading of its store, the record, and what was printed."""
    np.savez(str(tmp_path / "x.npz"), x=X)

    folders = []

    def run(source, *arguments, inputs="x.npz"):
        given = ["--inputs", inputs] if inputs else []
        folders.append(f"runs/{len(folders)}")
        ended = compat_here("trace", source, *given, "--out", folders[-1], *arguments)
        assert ended.returncode == 0, ended.stderr
        run = Run.open(str(tmp_path / folders[-1]))
        ((_, row),) = run.records.items()
        ((_, record),) = row.items()
        trace = trace_of(run.objects.read(record.trace), "the graph")
        return trace, run.objects.read, record, ended.stdout

    return run


def net(tf):
    """x [?, 3] -> relu(x w + b), a branch on a switch, and what training brings along."""
    x = tf.placeholder(tf.float32, [None, 3], name="x")
    labels = tf.placeholder(tf.float32, [None, 5], name="labels")
    training = tf.placeholder_with_default(False, [], name="training")
    w = tf.get_variable("w", initializer=W, use_resource=False)
    b = tf.get_variable("b", initializer=np.arange(5, dtype=np.float32), use_resource=True)
    y = tf.nn.relu(tf.matmul(x, w) + b, name="y")
    y = tf.cond(training, lambda: y * 2.0, lambda: tf.identity(y + 0.0, name="kept"))
    scores = tf.identity(y, name="scores")
    loss = tf.reduce_mean(tf.square(scores - labels), name="loss")
    tf.train.GradientDescentOptimizer(0.1).minimize(loss)
    tf.summary.scalar("loss", loss)
    return scores


def session_with(tf, build):
    graph = tf.Graph()
    with graph.as_default():
        if hasattr(tf, "disable_control_flow_v2"):
            tf.disable_control_flow_v2()
        try:
            made = build(tf)
        finally:
            if TWO:
                tf.enable_control_flow_v2()
        session = tf.Session(graph=graph)
        session.run(tf.global_variables_initializer())
        saver = tf.train.Saver() if tf.global_variables() else None
    return session, made, saver


def save(session, saver, prefix, **arguments):
    with session.graph.as_default():
        saver.save(session, prefix, **arguments)


def expected():
    return np.maximum(X @ W + np.arange(5, dtype=np.float32), 0)


def result(trace, read, name):
    return read(trace.tensors()[trace.outputs[name]].digest)


def test_a_checkpoint(tf, tmp_path, traced):
    session, _, saver = session_with(tf, net)
    save(session, saver, str(tmp_path / "model"), global_step=7)
    trace, read, record, printed = traced("model-7", "--outputs", "scores")
    assert np.allclose(result(trace, read, "scores"), expected(), atol=1e-6)
    assert trace.variables == ["w:0", "b:0"]
    assert np.array_equal(read(trace.tensors()["w:0"].digest), W)
    assert trace.inputs == {"x": "x:0"} and record.random == []
    assert not any("save" in node.name or "gradients" in node.name for node in trace.nodes)
    assert printed.splitlines()[-1].startswith(f"{len(trace.tensors())} tensors, 2 variables; ")
    assert "not computed (branch not taken)" in printed
    # Its folder is the same.
    again, *_ = traced(str(tmp_path), "--outputs", "scores")
    assert again == trace


def test_what_is_not_fed_is_named(tf, tmp_path, traced, compat_here):
    session, _, saver = session_with(tf, net)
    save(session, saver, str(tmp_path / "model"))
    trace, _, _, printed = traced("model")
    assert list(trace.outputs) == ["scores"]
    assert "feed `labels` float32 [?, 5]: put it in x.npz" in printed
    line = refusal(compat_here("trace", "model", "--inputs", "x.npz", "--outputs", "loss", "--out", "runs/b"))
    assert "feed `labels` float32 [?, 5]: put it in x.npz" in line
    trace, _, _, printed = traced("model", inputs=None)
    assert "inputs made from the signature, seed 0: `x` float32 [2, 3], `labels` float32 [2, 5]" in printed
    assert list(trace.outputs) == ["loss"]


def test_a_frozen_graph_with_a_loop(tf, tmp_path, traced):
    def build(tf):
        x = tf.placeholder(tf.float32, [None, 3], name="x")
        w = tf.constant(W @ W.T)
        step = lambda i, y: (i + 1, tf.tanh(tf.matmul(y, w)))
        y = tf.while_loop(lambda i, y: i < 3, step, [0, x])[1]
        return tf.identity(y, name="y")

    session, _, _ = session_with(tf, build)
    (tmp_path / "net.pb").write_bytes(session.graph.as_graph_def().SerializeToString())
    trace, read, _, printed = traced("net.pb", "--outputs", "y")
    found = X
    for _ in range(3):
        found = np.tanh(found @ (W @ W.T))
    assert np.allclose(result(trace, read, "y"), found, atol=1e-6)
    tanhs = [node.name for node in trace.nodes if node.op == "Tanh"]
    assert [name[-2:] for name in tanhs] == ["@0", "@1", "@2"]  # from inside, though a file has no contexts
    assert printed.splitlines()[-1] == f"{len(trace.tensors())} tensors, 0 variables"


def test_a_saved_model_of_tensorflow_1(tf, tmp_path, traced):
    session, scores, _ = session_with(tf, net)
    x = session.graph.get_tensor_by_name("x:0")
    with session.graph.as_default():
        tf.saved_model.simple_save(session, str(tmp_path / "saved"), {"x": x}, {"scores": scores})
    trace, read, _, _ = traced("saved")
    assert np.allclose(result(trace, read, "scores"), expected(), atol=1e-6)
    assert trace.variables == ["w:0", "b:0"]


@needs_2
def test_a_saved_model_of_tensorflow_2(tf, tmp_path, traced):
    import tensorflow as tf2

    module = tf2.Module()
    module.w, module.b = tf2.Variable(W, name="w"), tf2.Variable(np.arange(5, dtype=np.float32), name="b")
    inner = tf2.function(lambda x: tf2.matmul(x, module.w))
    call = tf2.function(lambda x: {"y": tf2.nn.relu(inner(x) + module.b)})
    spec = tf2.TensorSpec([None, 3], tf2.float32, name="x")
    tf2.saved_model.save(module, str(tmp_path / "saved"), signatures=call.get_concrete_function(spec))
    trace, read, _, printed = traced("saved")
    assert np.allclose(result(trace, read, "y"), expected(), atol=1e-6)
    ops = [node.op for node in trace.nodes]
    assert "MatMul" in ops and "Relu" in ops and "StatefulPartitionedCall" not in ops
    assert sorted(trace.variables) == ["b:0", "w:0"] and "not visible" not in printed


def keras_model():
    import tensorflow as tf2

    layers = tf2.keras.layers
    given = tf2.keras.Input((3,), name="x")
    inner = layers.Dense(5, activation="relu", name="first")(given)
    return tf2.keras.Model(given, layers.Dense(2, name="last")(layers.BatchNormalization(name="norm")(inner)))


@pytest.mark.parametrize("name", ["m.h5", "m.keras"])
def test_a_file_of_keras(tf, tmp_path, traced, name):
    pytest.importorskip("h5py")
    if name == "m.keras" and (tensorflow_version() or ()) < (2, 12):
        pytest.skip("the format .keras begins with TensorFlow 2.12")
    model = keras_model()
    found = model.predict(X, verbose=0)
    weights = [weight.shape for weight in model.get_weights()]
    model.save(str(tmp_path / name))
    trace, read, record, _ = traced(name)
    (output,) = trace.outputs
    assert output == "last" and np.allclose(result(trace, read, output), found, atol=1e-6)
    assert len(trace.variables) == len(weights)
    kinds = {variable.rpartition("/")[2][:-2] for variable in trace.variables}
    assert kinds == {"kernel", "bias", "gamma", "beta", "moving_mean", "moving_variance"}


LEGACY = """
    import {module} as tf
    import helper

    class Net:
        def __init__(self):
            self.x = tf.placeholder(tf.float32, [None, 3])
            self.keep = tf.placeholder(tf.float32)
            w = tf.Variable(helper.weights())
            self.hidden = tf.matmul(tf.nn.dropout(self.x, self.keep), w)
            self.out = tf.nn.relu(self.hidden)

    def build():
        return Net()

    def tensors():
        net = Net()
        return {{"out": net.out}}

    def random():
        x = tf.placeholder(tf.float32, [2, 3], name="x")
        return tf.random_uniform([2, 3], name="noise") + x * tf.get_variable("w", [3])

    def seeded():
        x = tf.placeholder(tf.float32, [2, 3], name="x")
        weights = tf.Variable(tf.random_uniform([3], seed=5), name="w")
        return x * weights

    def counted(count=[]):
        def draw():
            count.append(0)
            return helper.weights()[0] * len(count)
        x = tf.placeholder(tf.float32, [2, 3], name="x")
        v = tf.Variable(helper.weights()[1], name="v")
        return x * tf.Variable(tf.reshape(tf.py_func(draw, [], tf.float32), [3]), name="w") + v

    def fails():
        raise ValueError("of mine")
"""


def legacy(tmp_path):
    module = "tensorflow.compat.v1" if TWO else "tensorflow"
    write(
        tmp_path / "lib" / "helper.py",
        "import numpy as np\n\n\ndef weights():\n    return np.eye(3, dtype='f')\n",
    )
    return write(tmp_path / "net.py", LEGACY.format(module=module))


@pytest.fixture
def in_a_process(tmp_path):
    def run(*arguments):
        return python(
            "-m", "compat", "trace", *arguments, "--path", "lib", "--out", "run", cwd=tmp_path, timeout=300
        )

    return run


def test_legacy_code_as_it_is(tmp_path, in_a_process):
    path = legacy(tmp_path)
    np.savez(str(tmp_path / "x.npz"), Placeholder=X, Placeholder_1=1.0)
    ended = in_a_process(f"{path.name}:build", "--inputs", "x.npz")
    assert ended.returncode == 0, ended.stderr
    assert "outputs, for nothing uses them: Relu " in ended.stdout and "random" not in ended.stdout
    run = Run.open(str(tmp_path / "run"))
    record = run.record("net.py[build]", "tf1.session")
    trace = trace_of(run.objects.read(record.trace), "the graph")
    assert np.array_equal(result(trace, run.objects.read, "Relu"), np.maximum(X, 0))
    assert trace.nodes[-1].source.startswith("net.py:")
    # By the attribute of the object, where a tensor has no name worth it.
    ended = in_a_process(f"{path.name}:build", "--inputs", "x.npz", "--outputs", "hidden")
    assert ended.returncode == 0, ended.stderr
    run = Run.open(str(tmp_path / "run"))
    assert list(run.record("net.py[build]", "tf1.session").outputs) == ["hidden"]


SUBCLASSED = """
import numpy as np
from tensorflow import keras


class Net(keras.Model):
    def __init__(self):
        super(Net, self).__init__()
        self.dense = keras.layers.Dense(5, kernel_initializer="ones", activation="relu")

    def call(self, x, training=False):
        return self.dense(x)


def build():
    return Net()
"""


def test_a_subclassed_model_that_was_not_called(tmp_path, in_a_process):
    path = write(tmp_path / "net.py", SUBCLASSED)
    np.savez(str(tmp_path / "x.npz"), x=X)
    ended = in_a_process(f"{path.name}:build", "--inputs", "x.npz")
    assert ended.returncode == 0, ended.stderr
    run = Run.open(str(tmp_path / "run"))
    ((_, record),) = run.records["net.py[build]"].items()
    trace = trace_of(run.objects.read(record.trace), "the graph")
    (output,) = record.outputs.values()
    expected = np.maximum(X @ np.ones((3, 5), np.float32), 0)
    assert np.allclose(run.objects.read(output.digest), expected, atol=1e-6)
    assert "MatMul" in {node.op for node in trace.nodes} and len(trace.variables) == 2


def test_what_is_random_is_said(tmp_path, in_a_process):
    ended = in_a_process(f"{legacy(tmp_path).name}:random")
    assert ended.returncode == 0, ended.stderr
    assert "random weights, others each time: `w` (no seed)" in ended.stdout
    assert "random: add had other bits when run again on the same inputs" in ended.stdout.replace(
        "AddV2", "add"
    )
    run = Run.open(str(tmp_path / "run"))
    assert run.record("net.py[random]", "tf1.session").random == ["add"]


def test_what_compat_adds_is_no_input(tmp_path, in_a_process):
    """Variables are given their values through placeholders, which are nobody's."""
    path = legacy(tmp_path)
    np.savez(str(tmp_path / "x.npz"), other=X, another=X)
    line = refusal(in_a_process(f"{path.name}:build", "--inputs", "x.npz"))
    assert "is no input; there are `Placeholder`, `Placeholder_1`" in line and "compat." not in line


@pytest.mark.parametrize("function, random", [("seeded", False), ("counted", True)])
def test_what_may_be_random_is_drawn_again(tmp_path, in_a_process, function, random):
    """What keeps no state, or has a seed, is the same every time: only the rest is asked for twice."""
    ended = in_a_process(f"{legacy(tmp_path).name}:{function}")
    assert ended.returncode == 0, ended.stderr
    assert ("random weights, others each time: `w` (no seed)" in ended.stdout) == random
    assert "variables from their initialisers" in ended.stdout and "random: " not in ended.stdout


def test_code_that_fails_says_where(tmp_path, in_a_process):
    path = legacy(tmp_path)
    line = refusal(in_a_process(f"{path.name}:fails"))
    assert "net.py:" in line and "ValueError: of mine" in line
    line = refusal(in_a_process(f"{path.name}:gone"))
    assert "has no function gone; there are Net, build, tensors, random, seeded, counted, fails" in line


@needs_2
def test_code_for_tensorflow_1_in_tensorflow_2(tmp_path, in_a_process):
    write(
        tmp_path / "old.py",
        "import tensorflow as tf\n\n\ndef build():\n    return tf.placeholder(tf.float32)\n",
    )
    assert "it is code for TensorFlow 1" in refusal(in_a_process("old.py:build"))
    assert not (tmp_path / "run").exists()


@needs_2
def test_a_module_and_a_function(tmp_path, traced):
    path = write(
        tmp_path / "port.py",
        """
        import numpy as np
        import tensorflow as tf

        class Port(tf.Module):
            def __init__(self):
                super().__init__()
                self.b = tf.Variable(np.zeros(2, "f"))
                self.w = tf.Variable(np.ones((3, 2), "f"))

            def __call__(self, x):
                return tf.nn.relu(x @ self.w + self.b)

        def module():
            return Port()

        def function():
            w = tf.Variable(np.ones((3, 2), "f"), name="kernel")
            return lambda x: {"y": x @ w}
        """,
    )
    trace, read, _, _ = traced(f"{path.name}:module")
    assert np.allclose(
        result(trace, read, "y"), np.maximum(X.sum(1, keepdims=True), 0).repeat(2, 1), atol=1e-6
    )
    assert trace.variables == ["b:0", "w:0"] and trace.inputs == {"x": "x:0"}
    assert {node.source for node in trace.nodes if node.op == "Relu"} == {"port.py:11"}


# -- refused


def refused(compat_here, source, *arguments):
    return refusal(compat_here("trace", source, "--out", "runs/hostile", *arguments))


def test_python_in_a_graph_does_not_run(tf, tmp_path, compat_here):
    graph = tf.Graph()
    with graph.as_default():
        tf.py_func(lambda x: x, [tf.placeholder(tf.float32, [2], name="x")], tf.float32, name="mine")
    (tmp_path / "net.pb").write_bytes(graph.as_graph_def().SerializeToString())
    assert "`mine` (PyFunc) would run Python code" in refused(compat_here, "net.pb")


def test_a_custom_op_and_a_wrong_one(tf, tmp_path, compat_here):
    graph = tf.Graph()
    with graph.as_default():
        tf.nn.relu(tf.placeholder(tf.float32, [2], name="x"), name="y")
    message = graph.as_graph_def()
    message.node[1].op = "Mine"
    (tmp_path / "net.pb").write_bytes(message.SerializeToString())
    assert "has no op Mine: a custom op, or one of another version" in refused(compat_here, "net.pb")
    message.node[1].op = "Relu"
    message.node[1].attr["T"].type = 3
    (tmp_path / "net.pb").write_bytes(message.SerializeToString())
    assert "cannot read it" in refused(compat_here, "net.pb")


def test_a_checkpoint_that_is_cut_off(tf, tmp_path, compat_here):
    session, _, saver = session_with(tf, net)
    save(session, saver, str(tmp_path / "model"))
    data = tmp_path / "model.data-00000-of-00001"
    data.write_bytes(data.read_bytes()[:10])
    assert "its values cannot be read" in refused(
        compat_here, "model", "--outputs", "scores", "--inputs", x_of(tmp_path)
    )
    (tmp_path / "model.meta").write_bytes((tmp_path / "model.meta").read_bytes()[:900])
    assert "is no graph as TensorFlow writes them, or damaged (truncated)" in refused(compat_here, "model")
    assert not (tmp_path / "runs" / "hostile").exists()


def x_of(tmp_path):
    np.savez(str(tmp_path / "x.npz"), x=X)
    return "x.npz"


def test_a_lambda_does_not_run(tf, tmp_path, compat_here):
    pytest.importorskip("h5py")
    import tensorflow as tf2

    flag = str(tmp_path / "ran")
    layers = tf2.keras.layers
    evil = layers.Lambda(lambda x: (open(flag, "w").close(), x)[1], name="evil")
    model = tf2.keras.Sequential([tf2.keras.Input((3,)), evil] if TWO else [evil])
    model.build((None, 3))
    model.save(str(tmp_path / "m.h5"))
    os.unlink(flag)
    assert "the layer `evil` is a Lambda, whose code is in the file" in refused(compat_here, "m.h5")
    assert not os.path.exists(flag)


def test_links_in_a_file_of_keras(tmp_path, compat_here):
    h5py = pytest.importorskip("h5py")
    with h5py.File(str(tmp_path / "m.h5"), "w") as file:
        file["w"] = h5py.ExternalLink("/etc/passwd", "/x")
        file.attrs["model_config"] = "{}"
    assert "`//w` leads elsewhere" in refused(compat_here, "m.h5")
    with h5py.File(str(tmp_path / "n.h5"), "w") as file:
        file.create_dataset("w", (1 << 28,), "f4", compression="gzip", chunks=(1 << 16,))
        file.attrs["model_config"] = "{}"
    assert "n.h5: unpacks to 1.1 GB" in refused(compat_here, "n.h5")
