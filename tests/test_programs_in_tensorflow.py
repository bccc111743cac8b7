"""Four programs of TensorFlow 1 carried into Keras 3 ports: right ones are green, every mistake is told at its layer.

They are traced in 1.15, as people have them (tf.contrib, tf.layers, sessions of their own), and verified here.
"""

import re
import subprocess
import sys

import pytest
from programs.mistakes import MISTAKES
from programs.running import HERE, OLD, PROGRAMS, alone, found, in_tensorflow_1, traced, verified, written

from compat.cli import main
from compat.record.dialects import DIALECTS
from compat.record.versions import tensorflow_version

pytestmark = [
    pytest.mark.skipif(
        bool(DIALECTS["keras3"].missing()) or (tensorflow_version() or ()) < (2, 16),
        reason="the ports are Keras 3's, needs TensorFlow 2.16",
    ),
    pytest.mark.skipif(not OLD.exists(), reason="tox -e tf1.15 has not been made here"),
]
#: (program, file, function, options)
RIGHT = [
    ("text_cnn", "port.py", "model", []),
    ("dcgan", "port.py", "model", []),
    ("char_lstm", "port.py", "lstm", []),
    ("char_gru", "port.py", "gru", []),
    ("char_lstm", "loading.py", "lstm", ["--no-carry"]),
    ("char_gru", "loading.py", "gru", ["--no-carry"]),
    ("style", "port.py", "model", []),
]


def text(name):
    return (HERE / "text_cnn" / name).read_text()


#: Of all mistakes, how many have the right cause first at least.
SHARE = 0.9


@pytest.fixture(scope="session")
def runs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("programs")
    return lambda program: traced(folder, program)


@pytest.fixture(scope="session")
def counted():
    """What came of the mistakes: {(program, name): whether the right cause was first}."""
    return {}


@pytest.mark.parametrize("program, file, function, options", RIGHT, ids=lambda value: str(value))
def test_a_right_port_is_green(runs, tmp_path, capsys, program, file, function, options):
    run = runs(program)
    status, told = verified(run, written(tmp_path, program, file=file, run=run), function, capsys, *options)
    assert status == 0, told
    assert "all agree: what differs is rounding" in told
    assert "first wrong" not in told and "not judged" not in told
    # Also of tf.contrib, whose recorded graph is computed here instead.
    assert re.search(
        r"^kernels the legacy graph in \S+ and here, .*(the rest is rounding|no rounding even)$", told, re.M
    )


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda one: f"{one.program}-{one.name}".replace(" ", "_"))
def test_a_mistake_is_flagged_at_its_layer(runs, tmp_path, capsys, counted, mistake):
    run = runs(mistake.program)
    port = written(tmp_path, mistake.program, mistake.edits, mistake.file, run)
    options = ["--no-carry"] if mistake.file == "loading.py" else []
    status, told = verified(run, port, mistake.function, capsys, *options)
    flagged, cause = found(mistake, status, told)
    counted[mistake.program, mistake.name] = cause
    assert flagged, told
    assert "Traceback" not in told


def test_the_right_cause_is_first_in_nine_of_ten(counted, capsys):
    if len(counted) < len(MISTAKES):
        pytest.skip(f"only {len(counted)} of {len(MISTAKES)} mistakes were looked at")
    wrong = [" ".join(key) for key, right in counted.items() if not right]
    with capsys.disabled():
        print(f" {len(counted) - len(wrong)} of {len(counted)} causes right first {wrong}")
    assert len(wrong) <= (1 - SHARE) * len(counted), wrong


def test_every_program_has_six_ports_with_mistakes():
    styles = {program: folder for program, (folder, *_) in PROGRAMS.items()}
    count = {style: sum(styles[one.program] == style for one in MISTAKES) for style in styles.values()}
    assert len(count) == 4 and min(count.values()) >= 6, count


def test_what_a_person_writes_for_the_text_cnn_is_15_lines_at_most(tmp_path, monkeypatch, capsys):
    """``session.txt`` and ``inputs.py`` are all there is beside the legacy code, as it was, and the port."""
    lines = [
        line for name in ("session.txt", "inputs.py") for line in text(name).splitlines() if line.strip()
    ]
    assert len(lines) <= 15
    written(tmp_path, "text_cnn")
    assert (tmp_path / "legacy.py").read_text() == text("legacy.py")
    monkeypatch.chdir(tmp_path)
    for line in text("session.txt").splitlines():
        command = line.split()
        if command[0] == "python":
            subprocess.run([sys.executable, *command[1:]], check=True, timeout=100)
        elif "--env" in command:  # the environment that tox would make
            in_tensorflow_1(["-m", *[word for word in command if word not in ("--env", "tf1.15")]])
        else:
            capsys.readouterr()
            alone(tmp_path)
            assert main(command[1:]) == 0, capsys.readouterr()
    assert "all agree" in capsys.readouterr().out


def test_a_checkpoint_with_contrib_in_it_needs_no_code(runs, tmp_path, capsys):
    """Traced here from the files alone, the kernels of both versions compared, and the same port is green."""
    written(tmp_path, "text_cnn")
    prefix = str(tmp_path / "saved" / "model")
    in_tensorflow_1(["-c", f"import legacy; legacy.save({prefix!r})"], cwd=tmp_path)
    inputs = str(runs("text_cnn").with_suffix(".npz"))
    outputs = "output/scores,output/predictions,loss/add"
    run = str(tmp_path / "run")
    in_tensorflow_1(["-m", "compat", "trace", prefix, "--inputs", inputs, "--outputs", outputs, "--out", run])
    status, told = verified(run, tmp_path / "port.py", "model", capsys, "--pair", "loss/add=loss")
    assert status == 0, told
    assert re.search(
        r"^kernels the legacy graph in \S+ and here, .*(the rest is rounding|no rounding even)$", told, re.M
    )
