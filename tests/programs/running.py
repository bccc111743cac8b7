"""The four programs traced in TensorFlow 1.15, and ports of them written and verified in this process."""

import os
import pathlib
import re
import shutil
import subprocess
import sys

import numpy as np

from compat.cli import main

HERE = pathlib.Path(__file__).resolve().parent
CHECKOUT = HERE.parent.parent
OLD = CHECKOUT / ".tox" / "tf1.15" / "bin" / "python"


def programs(seed=0):
    """Of each program: its folder, the function, the outputs that are asked for, its inputs, drawn with that seed."""
    draw = np.random.RandomState(seed)
    words = draw.randint(0, 20, (4, 6)).astype(np.int32)
    text = {"input_x": draw.randint(0, 40, (6, 14)).astype(np.int32)}
    text.update(input_y=np.eye(3, dtype=np.float32)[[0, 1, 2, 0, 1, 2]], dropout_keep_prob=np.float32(1))
    gan = {
        "z": _float(draw.uniform(-1, 1, (4, 10))),
        "images": _float(np.tanh(draw.normal(0.2, 0.7, (4, 16, 16, 3)))),
    }
    gan.update(is_training=np.bool_(False))
    chars = {"input_data": words, "targets": (words + 3) % 20}
    lstm = dict(chars, state=_float(draw.normal(0, 0.5, (2, 2, 4, 8))))
    style = {name: _float(draw.uniform(0, 255, (2, 16, 16, 3))) for name in ("content", "style")}
    return {
        "text_cnn": ("text_cnn", "train", "scores,predictions,loss,accuracy", text),
        "dcgan": ("dcgan", "train", "samples,real,fake", gan),
        "char_lstm": ("char_rnn", "lstm", "", lstm),
        "char_gru": ("char_rnn", "gru", "", chars),
        "style": ("style_transfer", "build", "", style),
    }


def _float(array):
    return array.astype(np.float32)


PROGRAMS = programs()


def traced(folder, program, seed=0):
    """The run of a program in TensorFlow 1.15, in ``folder``; made where it is not there."""
    run = pathlib.Path(folder) / program
    if run.exists():
        return run
    where, function, outputs, inputs = programs(seed)[program]
    run.parent.mkdir(parents=True, exist_ok=True)
    np.savez(run.with_suffix(".npz"), **inputs)
    command = ["-m", "compat", "trace", f"{HERE / where / 'legacy.py'}:{function}", "--out", str(run)]
    command += ["--inputs", str(run.with_suffix(".npz")), *(["--outputs", outputs] if outputs else [])]
    in_tensorflow_1(command)
    return run


def in_tensorflow_1(arguments, cwd=None):
    """Run the Python of TensorFlow 1.15 with this checkout's compat."""
    # TensorFlow 2 says in its environment that it is one, and 1.15 would believe it.
    variables = {
        name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "TF2_"))
    }
    variables.update(PYTHONPATH=str(CHECKOUT), PYTHONIOENCODING="utf-8")
    done = subprocess.run([str(OLD), *arguments], env=variables, cwd=cwd, timeout=300, capture_output=True)
    assert done.returncode == 0, done.stderr.decode("utf-8", "replace")[-2000:]


def written(folder, program, edits=(), file="port.py", run=None):
    """The port with these texts replaced, in ``folder``, beside the weights that the checkpoint had."""
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for one in (HERE / PROGRAMS[program][0]).glob("*.py"):
        shutil.copy(one, folder)
    text = (folder / file).read_text()
    for old, new in edits:
        assert text.count(old) == 1, f"{file}: {old!r} is there {text.count(old)} times"
        text = text.replace(old, new)
    (folder / file).write_text(text)
    if file == "loading.py":
        np.savez(folder / "checkpoint.npz", **_variables(run))
    return folder / file


def _variables(run):
    from compat.porting.sides import of_run, variables_of

    side = of_run(str(run)).side
    tensors = side.trace.tensors()
    return {name: side.read(tensors[f"{name}:0"].digest) for name in variables_of(side.trace)}


def verified(run, path, function, capsys, *options):
    """(status, what was printed)."""
    alone(path.parent)
    capsys.readouterr()
    status = main(["verify", str(run), f"{path}:{function}", *options])
    alone(path.parent)
    told = capsys.readouterr()
    return status, told.out + told.err


def alone(folder):
    """As in a process of its own: Keras counts its layers anew, and modules are those of the folder."""
    from tensorflow import keras

    keras.backend.clear_session()
    for name in ("port", "loading", "legacy"):
        sys.modules.pop(name, None)
    sys.path[:] = [one for one in sys.path if one != str(folder)]


def found(mistake, status, told):
    """(whether it was flagged at its layer, whether the first cause is right)."""
    if mistake.refused:
        (line,) = re.findall(r"^left over: (.*)$", told, re.M)[:1] or [""]
        return status == 2 and bool(re.match(mistake.at, line)), bool(re.search(mistake.cause, line))
    if mistake.unjudged:
        lines = re.findall(r"^not judged: (.*)$", told, re.M)
        return (
            status == 1 and any(re.search(mistake.at, line) for line in lines),
            any(re.search(mistake.cause, line) for line in lines),
        )
    first = re.findall(r"^first wrong: (.*)$", told, re.M)
    if status != 1 or not first:
        return False, False
    where, _, causes = first[0].partition("; cause: ")
    return bool(re.match(mistake.at, where)), bool(
        re.search(mistake.cause, causes.partition("; as well possible")[0])
    )
