"""``compat new``, and what ``compat run`` answers to files that are no case."""

import os

import pytest
from support import content, refusal, write

from compat.commands.new import _TEMPLATE
from compat.record.dialects import DIALECTS

GRAPH = b"\x0a\x05\x0a\x01x\x12\x00"


def test_a_file_that_names_itself(tmp_path, compat_here):
    ended = compat_here("new", "my_port.py")
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.endswith("compat trace my_port.py:legacy --out out/runs/legacy\n")
    text = (tmp_path / "my_port.py").read_text()
    for command in (
        "compat trace my_port.py:legacy --out out/runs/legacy",
        "compat verify out/runs/legacy my_port.py:port",
        "compat run my_port.py --out out/runs/port",
    ):
        assert f" {command}\n" in text
    assert "FILE" not in text
    listed = compat_here("list", "my_port.py")
    assert listed.returncode == 0 and "network_of_port[noise]" in listed.stdout
    assert max(map(len, text.splitlines())) <= 120


def test_nothing_is_written_over(tmp_path, compat_here):
    write(tmp_path / "mine.py", "mine = 1")
    os.symlink("elsewhere.py", str(tmp_path / "link.py"))
    before = content(tmp_path)
    assert "mine.py: is there already" in refusal(compat_here("new", "mine.py"))
    assert "link.py: is there already" in refusal(compat_here("new", "link.py"))
    assert content(tmp_path) == before and not (tmp_path / "elsewhere.py").exists()


@pytest.mark.parametrize("name", ["x.txt", "folder", ".py", "", "no/folder/x.py", "a\nb.py", "x\x00.py"])
def test_what_is_no_name_of_a_new_file(tmp_path, compat_here, name):
    (tmp_path / "folder").mkdir()
    refusal(compat_here("new", name))
    assert content(tmp_path) == {}


def test_a_name_with_a_space_is_quoted(tmp_path, compat_here):
    compat_here("new", "my port.py")
    assert "compat verify out/runs/legacy 'my port.py':port\n" in (tmp_path / "my port.py").read_text()


def test_the_template_keeps_to_python_3_7():
    with open(_TEMPLATE, encoding="utf-8") as file:
        compile(file.read(), _TEMPLATE, "exec")


@pytest.mark.skipif(DIALECTS["keras3"].missing() is not None, reason="the port is one in Keras 3")
def test_what_its_comments_say(tmp_path, compat_command):
    def ran(*arguments):
        return compat_command(*arguments, timeout=300)

    compat_command("new", "mine.py")
    traced = ran("trace", "mine.py:legacy", "--out", "out/runs/legacy")
    assert traced.returncode == 0 and traced.stdout.endswith("13 tensors, 3 variables\n"), traced.stderr
    verified = ran("verify", "out/runs/legacy", "mine.py:port")
    assert verified.returncode == 0 and "\nall agree" in verified.stdout, verified.stdout + verified.stderr
    run = ran("run", "mine.py", "--out", "out/runs/port", "--all")
    assert run.returncode == 0 and "all agree or are known" in run.stdout, run.stdout + run.stderr
    text = (tmp_path / "mine.py").read_text()
    assert text.count('activation="relu"') == 1
    (tmp_path / "mine.py").write_text(text.replace('activation="relu"', 'activation="elu"', 1))
    wrong = ran("verify", "out/runs/legacy", "mine.py:port")
    assert wrong.returncode == 1 and "has Elu" in wrong.stdout and "has Relu" in wrong.stdout


@pytest.mark.skipif(DIALECTS["tf1.session"].missing() is not None, reason="TensorFlow is not installed here")
def test_its_own_inputs_in_any_tensorflow(tmp_path, compat_command):
    compat_command("new", "mine.py")
    from support import python

    assert python("mine.py", cwd=tmp_path).returncode == 0
    ended = compat_command(
        "trace", "mine.py:legacy", "--inputs", "x.npz", "--out", "out/runs/legacy", timeout=300
    )
    assert ended.returncode == 0 and ended.stdout.endswith("13 tensors, 3 variables\n"), ended.stderr


# -- what was meant


def meant(compat_here, *arguments):
    return refusal(compat_here("run", *arguments))


@pytest.mark.parametrize(
    "name, bytes_, called",
    [
        ("net.pb", GRAPH, "a frozen graph"),
        ("net.h5", b"\x89HDF\r\n\x1a\n" + bytes(60), "a Keras model in HDF5"),
        ("net.keras", b"PK\x03\x04" + bytes(60), "a Keras model"),
    ],
)
def test_a_file_of_a_framework(tmp_path, compat_here, name, bytes_, called):
    (tmp_path / name).write_bytes(bytes_)
    command = f"compat trace {name} --inputs x.npz --out"
    assert meant(compat_here, name) == f"compat run: {name} is {called}, no case file: {command} out/runs/net"
    assert meant(compat_here, name, "--out", "elsewhere").endswith(f"{command} elsewhere")
    assert not (tmp_path / "out").exists() and not (tmp_path / "elsewhere").exists()


def test_folders_and_checkpoints(tmp_path, compat_here):
    (tmp_path / "saved").mkdir()
    (tmp_path / "saved" / "saved_model.pb").write_bytes(GRAPH)
    for ending in ("meta", "index", "data-00000-of-00001"):
        (tmp_path / f"net.ckpt-7.{ending}").write_bytes(GRAPH)
    assert "saved is a SavedModel, no case file: compat trace saved " in meant(compat_here, "saved")
    for name in ("net.ckpt-7", "net.ckpt-7.meta"):
        assert f"{name} is a Saver checkpoint, no case file: compat trace {name} " in meant(compat_here, name)


RAN = """
    import tensorflow as tf

    raise RuntimeError("it ran")


    def f(x):
        pass


    def build(size=3):
        pass
"""


def test_code_without_operations(tmp_path, compat_here):
    write(tmp_path / "ran.py", RAN)
    assert meant(compat_here, "ran.py") == (
        "compat run: ran.py defines functions and no operation: compat trace ran.py:build --inputs x.npz --out "
        "out/runs/ran"
    )
    assert "ran.py:build names a function" in meant(compat_here, "ran.py:build")
    write(tmp_path / "plain.py", "def build():\n    pass\n\n\ndef model():\n    pass")
    assert "defines functions (or model) and no operation: compat trace plain.py:build " in meant(
        compat_here, "plain.py", "--out", "run"
    )
    write(tmp_path / "asks.py", "def build(x):\n    pass")
    assert "no function without arguments: " in meant(compat_here, "asks.py", "--out", "run")


def test_what_is_a_case_or_nothing_is_told_as_before(tmp_path, compat_here):
    write(tmp_path / "case.py", "from compat import operation\n\n\ndef f():\n    pass")
    assert "case.py: defines no operation at its top level" in meant(compat_here, "case.py", "--out", "run")
    write(tmp_path / "notes.txt", "notes")
    assert "notes.txt: is no Python file (.py)" in meant(compat_here, "notes.txt", "--out", "run")
    assert "missing.pb: there is no such case file or folder" in meant(
        compat_here, "missing.pb", "--out", "run"
    )
    assert "--out is missing" in meant(compat_here, "case.py")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "checkpoint").write_bytes(b'model_checkpoint_path: "a"')
    (tmp_path / "folder" / "a.index").write_bytes(b"x")
    write(tmp_path / "folder" / "case.py", "x = 1")
    assert "folder: no case files here" in meant(compat_here, "folder", "--out", "run")
