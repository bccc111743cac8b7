"""Ports with one mistake, written as a person writes them, verified and mended; and what is refused.

The legacy side is computed as tf.compat.v1 in this process.
"""

import os
import shutil
import signal
import subprocess
import sys

import pytest
from support import environment

from compat.cli import main
from compat.porting import findings
from compat.record.dialects import DIALECTS
from compat.record.versions import tensorflow_version

pytest.importorskip("libcst")
from compat.porting.mending.worker import Worker

pytestmark = pytest.mark.skipif(
    bool(DIALECTS["tf1.session"].missing()) or (tensorflow_version() or ()) < (2, 4),
    reason="needs TensorFlow 2.4",
)
HERE = os.path.dirname(os.path.abspath(__file__))
PROGRAMS = os.path.join(HERE, "porting_programs.py")

#: The right port of conv_net: a helper that is called often, a constant, a loop.
KERAS = """import tensorflow as tf
from tensorflow import keras
from tensorflow.keras import layers as L

EPS = 1e-3  # as slim has it


def norm(h, epsilon=EPS):
    return L.BatchNormalization(epsilon=epsilon)(h)


def block(h, activation="relu"):
    inner = norm(L.Conv2D(6, 3, padding="same", use_bias=False)(h))
    return L.Add()([h, L.Activation(activation)(inner)])


def model():
    x = keras.Input((8, 8, 3), name="images")
    h = L.Conv2D(6, 3, 2, padding="same", use_bias=False)(x)
    h = L.ReLU()(norm(h))
    h = L.DepthwiseConv2D(3, padding="same", use_bias=False)(h)
    h = block(h)
    h = block(h, activation="relu")
    h = L.GlobalAveragePooling2D()(h)
    return keras.Model(x, L.Dense(5, name="logits")(h))
"""
#: A layer that drops, written as people do.
DROPPING = """

class Drop(L.Layer):
    def __init__(self):
        super().__init__()
        self.drop = L.Dropout(0.3)

    def call(self, x, training=None):
        return self.drop(x, training=training)
"""
#: One that normalises.
NORMING = """

class Norm(L.Layer):
    def __init__(self, epsilon):
        super().__init__()
        self.bn = L.BatchNormalization(epsilon=epsilon)

    def call(self, x, training=None):
        return self.bn(x, training=training)
"""
MODULE = """import tensorflow as tf


class Net(tf.Module):
    def __init__(self):
        super().__init__()
        zeros = lambda *shape: tf.Variable(tf.zeros(shape))
        self.stem, self.depth = zeros(3, 3, 3, 6), zeros(3, 3, 6, 1)
        self.norms = [[zeros(6) for _ in range(4)] for _ in range(3)]
        self.kernels = [zeros(3, 3, 6, 6) for _ in range(2)]
        self.w, self.b = zeros(6, 5), zeros(5)

    def norm(self, x, number):
        mean, variance, gamma, beta = self.norms[number]
        return tf.nn.batch_normalization(x, mean, variance, beta, gamma, 1e-3)

    def __call__(self, images):
        h = tf.nn.conv2d(images, self.stem, 2, "SAME")
        h = tf.nn.relu(self.norm(h, 0))
        h = tf.nn.depthwise_conv2d(h, self.depth, [1, 1, 1, 1], "SAME")
        for number in range(2):
            inner = tf.nn.conv2d(h, self.kernels[number], 1, "SAME")
            h = h + tf.nn.relu(self.norm(inner, number + 1))
        h = tf.reduce_mean(h, axis=[1, 2])
        return {"logits": tf.matmul(h, self.w) + self.b}


def model():
    return Net()
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A traced run of conv_net."""
    out = str(tmp_path_factory.mktemp("runs") / "conv_net")
    assert main(["trace", f"{PROGRAMS}:conv_net", "--out", out]) == 0
    return out


@pytest.fixture
def verified(run, tmp_path, capsys):
    """Writes a port into a file and verifies it; returns (the file, verify's status)."""

    def verify(text):
        from tensorflow import keras

        keras.backend.clear_session()
        path = tmp_path / "port.py"
        path.write_text(text)
        status = main(["verify", run, f"{path}:model", "--out", str(tmp_path / "verified")])
        return path, status

    yield verify
    sys.path[:] = [one for one in sys.path if one != str(tmp_path)]


def _mend(path, *options):
    return main(["mend", str(path), "--from", str(path.parent / "verified"), *options])


@pytest.mark.parametrize(
    "right, wrong, mended",
    [
        ("EPS = 1e-3", "EPS = 1e-2", None),
        ('"relu")\n    h = L.Glo', '"elu")\n    h = L.Glo', None),
        ("(6, 3, 2, padding", "(6, 3, 1, padding", None),
        ("GlobalAveragePooling2D", "GlobalMaxPooling2D", None),
        ("L.ReLU()(norm(h))", "norm(h)", ""),
        ('2D(3, padding="same", use_bias=False)', '2D(3, padding="valid", use_bias=False)', None),
    ],
)
def test_one_argument_of_a_keras_model(verified, run, capsys, right, wrong, mended):
    assert KERAS.count(right) == 1
    path, status = verified(KERAS.replace(right, wrong))
    assert status == 1
    capsys.readouterr()
    assert _mend(path, "--apply") == 0
    told = capsys.readouterr().out
    assert "--- a/" in told and "mended: " in told
    text = path.read_text()
    if mended != "":  # else in one way or another
        assert text == KERAS.replace(right, mended or right)
    assert len(text.splitlines()) == len(KERAS.splitlines())
    assert verified(text)[1] == 0


@pytest.mark.parametrize(
    "right, wrong, mended",
    [
        ("gamma, 1e-3)", "gamma, 1e-5)", None),
        # It cuts off above 6 * 1 where these inputs do not come; what is left is a relu.
        (
            "tf.nn.relu(self.norm(h, 0))",
            "tf.nn.relu6(self.norm(h, 0) * 6) / 6",
            "tf.nn.relu(self.norm(h, 0) * 6) / 6",
        ),
    ],
)
def test_a_module_by_hand(verified, capsys, right, wrong, mended):
    path, status = verified(MODULE.replace(right, wrong))
    assert status == 1
    assert _mend(path, "--apply") == 0, capsys.readouterr()
    assert path.read_text() == MODULE.replace(right, mended or right)


def test_weights_without_a_place_are_mended_as_well(verified, capsys):
    path, status = verified(
        KERAS.replace('L.Dense(5, name="logits")', 'L.Dense(5, name="logits", use_bias=False)')
    )
    assert status == 2
    found = findings.read(str(path.parent / "verified"))
    assert found.words == "not carried" and "net/fc/b" in found.refused[0]
    assert _mend(path, "--apply") == 0
    assert "use_bias=True" in path.read_text()


@pytest.mark.skipif((tensorflow_version() or ()) < (2, 16), reason="a dropout of Keras 3")
def test_a_dropout_that_is_always_on_goes_on_dropping_in_training(verified, capsys):
    """``rate=0.0`` and ``training=False`` agree in inference as well, and are other networks in training."""
    dropped = KERAS.replace("\n\ndef norm", DROPPING + "\n\ndef norm").replace(
        "= L.Global", "= Drop()(h)\n    h = L.Global"
    )
    wrong = dropped.replace("training=training", "training=True")
    path, status = verified(wrong)
    assert status == 1
    with Worker(str(path.parent / "verified")) as worker:
        for silent in (wrong.replace("0.3", "0.0"), wrong.replace("training=True", "training=False")):
            answer = worker.tried(str(path), silent)
            assert answer["state"] == "failed" and "in training it would draw fewer" in answer["said"]
    assert _mend(path, "--apply") == 0
    assert path.read_text() == dropped


@pytest.mark.parametrize("dropped", ["tf.nn.dropout(h, rate=0.3)", "tf.nn.dropout(h, 0.3)"])
def test_a_dropout_of_a_function_that_takes_no_switch_is_not_silenced(verified, capsys, dropped):
    wrong = MODULE.replace("axis=[1, 2])", f"axis=[1, 2])\n        h = {dropped}")
    path, status = verified(wrong)
    assert status == 1
    capsys.readouterr()
    with Worker(str(path.parent / "verified")) as worker:
        answer = worker.tried(str(path), wrong.replace("0.3", "0.0"))
        assert answer["state"] == "failed" and "in training it would draw fewer" in answer["said"]
    assert _mend(path, "--apply") == 1
    assert path.read_text() == wrong


def test_a_switch_of_a_function_is_mended(verified, capsys):
    right = MODULE.replace("axis=[1, 2])", "axis=[1, 2])\n        h = self.drop(h, training=training)")
    right = right.replace("(self, images)", "(self, images, training=False)").replace(
        "    def norm",
        "    def drop(self, h, training):\n        return tf.nn.dropout(h, 0.3) if training else h\n\n    def norm",
    )
    wrong = right.replace("training=training", "training=True")
    path, status = verified(wrong)
    assert status == 1
    with Worker(str(path.parent / "verified")) as worker:
        for silent in (wrong.replace("0.3", "0.0"), wrong.replace("training=True", "training=False")):
            answer = worker.tried(str(path), silent)
            assert answer["state"] == "failed" and "in training it would draw fewer" in answer["said"]
        assert worker.tried(str(path), right)["state"] == "green"


def test_that_nothing_is_said_of_training_is_said(verified, capsys):
    """In training the port fails as it stands."""
    right = MODULE.replace("(self, images)", "(self, images, training=False)").replace(
        "        h = tf.nn.conv2d(images",
        "        if training:\n            raise ValueError('not yet')\n        h = tf.nn.conv2d(images",
    )
    path, _ = verified(right.replace("gamma, 1e-3)", "gamma, 1e-5)"))
    capsys.readouterr()
    assert _mend(path, "--apply") == 0
    assert (
        "nothing is said of training, in which the port as it stands cannot be called: "
        in capsys.readouterr().out
    )
    assert path.read_text() == right


@pytest.mark.skipif((tensorflow_version() or ()) < (2, 16), reason="a batch norm of Keras 3")
def test_a_norm_that_is_always_in_training_goes_on_moving_its_statistics(verified, capsys):
    right = KERAS.replace("\n\ndef norm", NORMING + "\n\ndef norm").replace(
        "L.BatchNormalization(epsilon=epsilon)(h)", "Norm(epsilon)(h)"
    )
    wrong = right.replace("training=training", "training=True")
    path, status = verified(wrong)
    assert status != 0
    with Worker(str(path.parent / "verified")) as worker:
        answer = worker.tried(str(path), wrong.replace("training=True", "training=False"))
        assert answer["state"] == "failed" and "no longer move its statistics" in answer["said"]
    assert _mend(path, "--apply") == 0
    assert path.read_text() == right


def test_without_apply_nothing_is_written_and_the_diff_is_one_for_patch(verified, capsys, tmp_path):
    path, _ = verified(KERAS.replace("EPS = 1e-3", "EPS = 1e-2"))
    before = path.read_bytes()
    capsys.readouterr()
    assert _mend(path) == 0
    told = capsys.readouterr().out
    assert path.read_bytes() == before
    assert "-EPS = 1e-2  # as slim has it\n+EPS = 1e-3  # as slim has it\n" in told
    if shutil.which("patch"):
        subprocess.run(["patch", "-s", str(path)], input=told.encode(), check=True)
        assert path.read_text() == KERAS


def test_what_no_edit_mends_stays_byte_for_byte(verified, capsys):
    wrong = KERAS.replace(
        "    h = L.Global", "    h = L.Lambda(lambda t: tf.sin(t) + t ** 3)(h)\n    h = L.Global"
    )
    path, status = verified(wrong)
    assert status == 1
    assert _mend(path, "--apply", "--tries", "6") == 1
    assert path.read_text() == wrong
    assert "nothing to propose: none of 6 edits" in capsys.readouterr().out


def test_a_file_that_has_changed_is_refused(verified, capsys):
    path, _ = verified(KERAS.replace("EPS = 1e-3", "EPS = 1e-2"))
    path.write_text(path.read_text() + "# more\n")
    before = path.read_bytes()
    assert _mend(path, "--apply") == 2
    assert "has changed since verify ran" in capsys.readouterr().err
    assert path.read_bytes() == before


def test_killed_it_leaves_the_file_as_it_was(verified):
    """While it tries, the file is the old one: after an edit that mends much, too, which the first here does."""
    wrong = KERAS.replace("EPS = 1e-3", "EPS = 1e-2").replace(
        "    h = L.Global", "    h = L.Lambda(lambda t: tf.sin(t) + t ** 3)(h)\n    h = L.Global"
    )
    path, _ = verified(wrong)  # nothing mends all of it, so that it goes on trying however fast it is
    before = path.read_bytes()
    command = ["-m", "compat", "mend", str(path), "--from", str(path.parent / "verified"), "--apply"]
    with subprocess.Popen(
        [sys.executable, *command], env=environment(), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        lines = []
        try:
            for line in process.stdout:
                lines.append(line.decode("utf-8"))
                assert path.read_bytes() == before, lines
                if lines[-1].startswith("tried 10 edits"):
                    break
        finally:
            process.send_signal(signal.SIGKILL)
    assert lines[-1].startswith("tried 10 edits") and any(one.startswith("trying edits") for one in lines)
    assert path.read_bytes() == before and sorted(os.listdir(path.parent))[-2:] == ["port.py", "verified"]


def test_wrong_input_is_one_line(verified, tmp_path, capsys, monkeypatch):
    assert main(["mend", "port.py", "--from", str(tmp_path)]) == 2
    path, status = verified(KERAS)
    assert status == 0
    assert _mend(path) == 1
    assert "nothing to mend: all agree" in capsys.readouterr().out
    assert main(["mend", PROGRAMS, "--from", str(tmp_path / "verified")]) == 2
    monkeypatch.setattr("compat.porting.mending.source.cst", None)
    assert _mend(path) == 2
    told = capsys.readouterr().err
    assert "pip install 'compat[mend]'" in told and "Traceback" not in told
