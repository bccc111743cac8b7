"""What only a real TensorFlow shows of the dialects, through the command line: eager execution switched off, results
that are no plain tensors, variables of tf.metrics, gradients that are None, numbers that are complex.

Runs where TensorFlow is installed: ``tox -e layers-tf1.15,layers-tf2.21``.
"""

import json

import pytest
from support import python, write

from compat.record.dialects import DIALECTS

pytestmark = pytest.mark.skipif(
    DIALECTS["tf1.session"].missing() is not None, reason="TensorFlow is not installed here"
)
EAGER = ["tf2.eager", "tf2.function"]


def rows(folder):
    return json.loads((folder / "runs" / "here" / "run.json").read_text())["content"]["records"]


def verdicts(folder):
    found = json.loads((folder / "runs" / "here" / "verdicts.json").read_text())["content"]
    return {sample: {dialect: v["word"] for dialect, v in row.items()} for sample, row in found.items()}


def recorded(tmp_path, compat_command, text, *others, status=0):
    paths = [write(tmp_path / f"case{number}.py", case) for number, case in enumerate((text, *others))]
    result = compat_command("run", *paths, "--out", "runs/here", "--timeout", "100", timeout=500)
    assert result.returncode == status, result.stdout + result.stderr
    return result


SWITCHED_OFF = """
    import tensorflow

    from compat import fixtures, operation, reference

    getattr(tensorflow, "compat").v1.disable_v2_behavior()
    switched = operation("switched", reference=lambda x: reference.Reference(2.0 * x))


    @switched.on("tf1.session")
    def _(tf, x):
        return 2 * x


    @switched.on("tf2.eager", "tf2.function", "keras2", "keras3")
    def _(tf, x):
        return 3 * x


    switched.sample("s", x=fixtures.values("v", [1, 2]))
    """

BESIDE = """
    from compat import fixtures, operation, reference

    beside = operation("beside", reference=lambda x: reference.Reference(2.0 * x))


    @beside.on("tf1.session", "tf2.eager", "tf2.function")
    def _(tf, x):
        return 2 * x


    beside.sample("s", x=fixtures.values("v", [1, 2]))
    """


def test_e7_eager_execution_switched_off_is_no_excuse_and_spoils_no_other_case(tmp_path, compat_command):
    result = recorded(tmp_path, compat_command, SWITCHED_OFF, BESIDE, status=1)
    assert "all agree" not in result.stdout
    words = verdicts(tmp_path)
    assert words["switched[s]"]["tf1.session"] == "agrees"
    for dialect in [*EAGER, "keras2", "keras3"]:
        if DIALECTS[dialect].missing() is None:
            assert words["switched[s]"][dialect] in ("error", "differs"), (dialect, words)
    assert all(words["beside[s]"][dialect] == "agrees" for dialect in ("tf1.session", *EAGER)), words


ODD_RESULTS = """
    from compat import fixtures, operation

    X = fixtures.values("x", [[1.0, 2.0], [3.0, 5.0]])
    metrics = operation("metrics", against="tf1.session")


    @metrics.on("tf1.session")
    def _(tf, x):
        return tf.metrics.mean(x)[1]


    @metrics.on("tf2.eager")
    def _(tf, x):
        mean = tf.keras.metrics.Mean()
        mean.update_state(x)
        return mean.result()


    parts = operation("parts", against="tf1.session")


    @parts.on("tf1.session", "tf2.eager", "tf2.function")
    def _(tf, x):
        values = tf.gather_nd(x, [[0, 0], [1, 1]])
        return {
            "sparse": tf.SparseTensor(indices=[[0, 0], [1, 1]], values=values, dense_shape=[2, 2]),
            "ragged": tf.RaggedTensor.from_row_splits(tf.reshape(x, [-1]), [0, 1, 4]),
            "text": tf.strings.join([["a", "b"], ["c", "zw\\u00f6lf"]]),
            "complex": tf.signal.rfft(x),
        }


    table = operation("table", against="tf1.session")


    @table.on("tf1.session")
    def _(tf, x):
        pairs = tf.lookup.KeyValueTensorInitializer([1, 2], [10, 20])
        return tf.lookup.StaticHashTable(pairs, -1).lookup(tf.cast(x, tf.int32))


    none = operation("none", against="tf1.session")


    @none.on("tf1.session")
    def _(tf, x):
        v = tf.get_variable("v", initializer=1.0)
        return {"loss": tf.reduce_sum(x), "dv": tf.gradients(tf.reduce_sum(x), v)[0]}


    @none.on("tf2.eager")
    def _(tf, x):
        v = tf.Variable(1.0)
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(x)
        return {"loss": loss, "dv": tape.gradient(loss, v)}


    for operation_ in (metrics, parts, table, none):
        operation_.sample("s", x=X)
    """


def test_d_results_that_are_no_plain_tensors(tmp_path, compat_command):
    recorded(tmp_path, compat_command, ODD_RESULTS, status=1)
    found, words = rows(tmp_path), verdicts(tmp_path)
    assert (words["metrics[s]"]["tf1.session"], words["metrics[s]"]["tf2.eager"]) == (
        "identical",
        "identical",
    )
    assert words["table[s]"]["tf1.session"] == "identical"
    for dialect in ("tf1.session", *EAGER):
        assert words["parts[s]"][dialect] == "identical"
        assert list(found["parts[s]"][dialect]["outputs"]) == [
            *("sparse.indices", "sparse.values", "sparse.dense_shape"),
            *("ragged.values", "ragged.row_splits_0", "text", "complex"),
        ]
    for dialect in ("tf1.session", "tf2.eager"):
        record = found["none[s]"][dialect]
        assert record["status"] == "error"
        assert record["message"].startswith("the output dv is None. A gradient is None where nothing flows")


UNSEEDED = """
    from compat import fixtures, operation

    unseeded = operation("unseeded", against="tf1.session")


    @unseeded.on("tf1.session")
    def _(tf, x):
        return tf.matmul(x, tf.get_variable("w", (16, 4)))


    @unseeded.on("tf2.eager")
    def _(tf, x):
        return tf.zeros((8, 4))


    right = operation("right", against="tf1.session")


    @right.on("tf1.session")
    def _(tf, x):
        return tf.tanh(x)


    @right.on("tf2.eager")
    def _(tf, x):
        return tf.nn.dropout(tf.tanh(x), {rate})


    for operation_ in (unseeded, right):
        operation_.sample("s", x=fixtures.normal("x", (8, 16), seed=1))
    """


def test_a1_a2_what_is_random_is_never_green(tmp_path, compat_command):
    recorded(tmp_path, compat_command, UNSEEDED.replace("{rate}", "0.5"), status=1)
    words = verdicts(tmp_path)
    assert words["unseeded[s]"]["tf1.session"] == words["unseeded[s]"]["tf2.eager"] == "random"
    assert (words["right[s]"]["tf1.session"], words["right[s]"]["tf2.eager"]) == ("identical", "random")


ASSERTED = """
import numpy as np
import tensorflow as tf

from compat import assert_agrees, assert_same_port, reference

x = np.random.RandomState(0).normal(size=(2, 9, 9, 3)).astype("f4")
w = np.random.RandomState(1).normal(size=(3, 3, 3, 4)).astype("f4")


def conv(x, w):
    return tf.nn.conv2d(x, w, [1, 1, 1, 1], "SAME")


def fails(*arguments, **settings):
    try:
        assert_agrees(*arguments, **settings)
    except AssertionError as error:
        return str(error)
    raise SystemExit("it agrees")


y = conv(x, w)
assert_agrees(y, reference.conv2d(x, w, padding="SAME"))
assert "the padding is that of SAME, expected VALID" in fails(y, reference.conv2d(x, w, padding="VALID"))
by_graph = assert_agrees(y, y.numpy(), function=conv, inputs=[tf.constant(x), w])
assert 0 < by_graph.outputs["y"].share < 1  # of the exact answer: by what is measured it would be 0
fails(y + 1e-2, y.numpy(), function=conv, inputs=[x, w])
assert_agrees(tf.Variable(x), {"y": x})

half = tf.cast(y, tf.bfloat16)
assert_agrees(half, half)
assert_agrees(half, y.numpy().astype(float), dtype=tf.bfloat16)
fails(half, y)
fails(half * (1 + 2.0**-6), half)
assert_agrees(tf.nn.tanh(half), tf.nn.tanh(half), function=tf.nn.tanh, inputs=half)

# In a process that has computed already, as anybody's tests have.
assert assert_same_port(conv, lambda x, w: tf.nn.conv2d(x, w, 1, "SAME"), [x, w]).word in ("identical", "agrees")
try:
    assert_same_port(conv, lambda x, w: tf.nn.conv2d(x, w[::-1], 1, "SAME"), [x, w])
except AssertionError as error:
    assert "the kernel's rows come in reverse" in str(error), error
else:
    raise SystemExit("it is the same port")

for no_number in (tf.RaggedTensor.from_row_lengths([1, 2, 3], [1, 2]), tf.sparse.from_dense([1, 0])):
    try:
        assert_agrees(no_number, 1.0)
    except TypeError as error:
        assert len(str(error).splitlines()) == 1
    else:
        raise SystemExit("it was judged")
print("as it should be")
"""


@pytest.mark.skipif(
    DIALECTS["tf2.eager"].missing() is not None or DIALECTS["tf2.eager"].process != "graph",
    reason="it has no eager tensors, or not unasked",
)
def test_tensors_are_asserted(tmp_path):
    result = python("-c", ASSERTED, cwd=tmp_path)
    assert result.stdout.endswith("as it should be\n"), result.stdout + result.stderr
