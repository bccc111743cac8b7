"""What a source is, what is refused before any framework reads it, and what it is fed.  Without TensorFlow."""

import io
import json
import os
import pickle
import struct
import zipfile

import numpy as np
import pytest
from support import content, refusal, write

from compat.errors import CompatError
from compat.sources import (
    archives,
    configs,
    environments,
    inputs,
    kinds,
    program,
    recording,
    repacking,
    safety,
    wire,
)

# -- graphs, written by hand


def message(*fields):
    """A protocol buffer of (number, value): texts, bytes and whole numbers."""
    data = b""
    for number, value in fields:
        if isinstance(value, int):
            data += varint(number << 3) + varint(value)
        else:
            value = value.encode() if isinstance(value, str) else value
            data += varint(number << 3 | 2) + varint(len(value)) + value
    return data


def varint(value):
    data = b""
    while value > 127:
        data, value = data + bytes([value & 127 | 128]), value >> 7
    return data + bytes([value])


def node(name, op, *given, attributes=()):
    entries = [(5, message((1, key), (2, value))) for key, value in attributes]
    return message((1, name), (2, op), *((3, one) for one in given), *entries)


def graph(*nodes):
    return message(*((1, one) for one in nodes), (4, message((1, 134))))


X, Y = node("x", "Placeholder"), node("y", "Relu", "x:0")


def constant(name, *extents):
    shape = message(*((2, message((1, extent))) for extent in extents))
    return node(name, "Const", attributes=[("value", message((8, message((1, 1), (2, shape)))))])


def checked(data, trust=False):
    safety.check_graph("net.pb", wire.graph_of(data), trust)


def test_a_graph_is_read_without_tensorflow():
    found = wire.graph_of(graph(X, Y, constant("c", 3, 5)))
    assert [(one.name, one.op, one.inputs) for one in found.nodes[:2]] == [
        ("x", "Placeholder", []),
        ("y", "Relu", ["x:0"]),
    ]
    assert found.nodes[2].constant_bytes == 3 * 5 * 4
    meta = message((1, message((1, "x"))), (2, graph(X, Y)))
    assert len(wire.graph_of_meta(meta).nodes) == 2
    saved = message((1, 1), (2, meta))
    assert wire.is_saved_model(saved) and not wire.is_saved_model(graph(X))
    assert len(wire.graphs_of_saved_model(saved)[0].nodes) == 2


def test_a_function_of_the_library_is_looked_into():
    inner = message((1, message((1, "f"))), (3, node("p", "EagerPyFunc")))
    data = graph(X, Y) + message((2, message((1, inner))))
    assert wire.graph_of(data).functions["f"][0].op == "EagerPyFunc"
    with pytest.raises(CompatError, match="`p` .EagerPyFunc. would run Python code; --trust"):
        checked(data)


def test_a_good_graph_passes():
    loop = [
        node("enter", "Enter", "x"),
        node("merge", "Merge", "enter", "next"),
        node("next", "NextIteration", "merge", "^x"),
    ]
    checked(graph(X, Y, *loop))


@pytest.mark.parametrize("size", range(1, len(graph(X, Y)) - 5))
def test_every_graph_that_is_cut_off_is_refused_or_is_shorter(size):
    data = graph(X, Y)[:size]
    try:
        found = wire.graph_of(data)
    except ValueError:
        return
    assert len(found.nodes) < 2


@pytest.mark.parametrize(
    "nodes, said",
    [
        ([X, node("y", "Relu", "z"), node("z", "Relu", "y")], "depends on itself: the graph has a cycle"),
        ([X, node("y", "Relu", "x", "^y")], "`y` depends on itself"),
        ([X, X], "two nodes are called `x`"),
        ([X, node("y", "Relu", "gone")], "`y` takes `gone`, which is not in the graph"),
        ([X, node("p", "PyFunc", "x")], "`p` .PyFunc. would run Python code"),
        ([X, node("p", "PyFuncStateless", "x")], "would run Python code"),
        ([X, node("w", "WriteFile", "x")], "`w` .WriteFile. would write files"),
        ([X, constant("c", 1 << 15, 1 << 15)], "the constant `c` takes 4.3 GB"),
    ],
)
def test_a_graph_that_may_not_run(nodes, said):
    with pytest.raises(CompatError, match=said):
        checked(graph(*nodes))


def test_trust_lets_python_run_and_nothing_else():
    checked(graph(X, node("p", "PyFunc", "x")), trust=True)
    with pytest.raises(CompatError, match="cycle"):
        checked(graph(X, node("y", "Relu", "y")), trust=True)


# -- kinds


def made(path, data=b""):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return str(path)


def test_what_a_file_is_by_its_content(tmp_path):
    assert kinds.source(made(tmp_path / "net.bin", graph(X, Y))).kind == "graph"
    assert kinds.source(made(tmp_path / "a", b"\x89HDF\r\n\x1a\n....")).kind == "hdf5"
    assert kinds.source(made(tmp_path / "b", b"PK\x03\x04....")).kind == "keras"
    assert kinds.source("net.py:build")[:] == ("code", "net.py", "build")
    made(tmp_path / "saved" / "saved_model.pb", b"\x08\x01")
    assert kinds.source(str(tmp_path / "saved")).kind == "saved_model"


def checkpoint(folder, shards=1, there=1):
    for ending in ("meta", "index"):
        made(folder / f"model-7.{ending}", b"x")
    for number in range(there):
        made(folder / f"model-7.data-{number:05}-of-{shards:05}", b"x")
    made(folder / "checkpoint", b'model_checkpoint_path: "/elsewhere/model-7"\n')
    return folder


@pytest.mark.parametrize(
    "named", ["", "model-7", "model-7.meta", "model-7.index", "model-7.data-00000-of-00001"]
)
def test_every_name_of_a_checkpoint(tmp_path, named):
    found = kinds.source(str(checkpoint(tmp_path) / named))
    assert found[:2] == ("checkpoint", str(tmp_path / "model-7"))
    assert len(found.files) == 3


def test_a_part_of_a_checkpoint_is_missing(tmp_path):
    with pytest.raises(CompatError, match="model-7.data-00001-of-00002: a part of the checkpoint is missing"):
        kinds.source(str(checkpoint(tmp_path, shards=2)))
    os.unlink(str(tmp_path / "model-7.meta"))
    with pytest.raises(CompatError, match="model-7.meta: is not there, and the values alone are no graph"):
        kinds.source(str(tmp_path / "model-7"))


@pytest.mark.parametrize(
    "name, data, said",
    [
        ("m.pkl", b"\x80\x04", "is a pickle, which runs code"),
        ("m.pb", pickle.dumps({}, 3), "is a pickle, which runs code"),
        ("m.pb", b"", "is empty"),
        ("m.h5", b"no", "is no HDF5 file"),
        ("m.keras", b"no", "is no archive as Keras saves models"),
        ("m.npy", b"\x93NUMPY", "is an array"),
        ("m.npz", b"PK\x03\x04", "--inputs takes them"),
        ("m.py", b"", "which function"),
    ],
)
def test_what_is_no_source(tmp_path, name, data, said):
    with pytest.raises(CompatError, match=said):
        kinds.source(made(tmp_path / name, data))


def test_links_are_not_followed(tmp_path):
    target = made(tmp_path / "net.pb", graph(X, Y))
    os.symlink(target, str(tmp_path / "link.pb"))
    os.symlink(str(tmp_path / "loop"), str(tmp_path / "loop"))
    with pytest.raises(CompatError, match="is a link to .*name the file itself, or --trust"):
        kinds.source(str(tmp_path / "link.pb"))
    assert kinds.source(str(tmp_path / "link.pb"), trust=True).kind == "graph"
    with pytest.raises(CompatError):
        kinds.source(str(tmp_path / "loop"), trust=True)
    folder = checkpoint(tmp_path / "c")
    os.unlink(str(folder / "model-7.index"))
    os.symlink(target, str(folder / "model-7.index"))
    with pytest.raises(CompatError, match="model-7.index: is a link"):
        kinds.source(str(folder))


# -- Keras's files


def archive(path, config, **files):
    with zipfile.ZipFile(str(path), "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("config.json", config if isinstance(config, str) else json.dumps(config))
        file.writestr("metadata.json", json.dumps({"keras_version": "3.13.2"}))
        for name, data in files.items():
            file.writestr(name.replace("__", "/"), data)
    return str(path)


DENSE = {"class_name": "Dense", "module": "keras.layers", "config": {"name": "d"}, "registered_name": None}


def model(*layers):
    return {
        "class_name": "Functional",
        "module": "keras.src.models.functional",
        "config": {"layers": list(layers)},
    }


def test_a_good_archive_says_its_version(tmp_path):
    assert archives.check_archive(archive(tmp_path / "m.keras", model(DENSE)), False) == "3.13.2"


@pytest.mark.parametrize(
    "layer, said",
    [
        ({"class_name": "Lambda", "config": {"name": "evil"}}, "the layer `evil` is a Lambda, whose code"),
        ({"class_name": "system", "module": "os", "config": {}}, "`system` is looked up in os"),
        ({"class_name": "function", "module": "keras.utils", "config": "get_file"}, "in keras.utils"),
        ({"class_name": "function", "module": "keras.config", "config": "x"}, "in keras.config"),
        ({"class_name": "function", "module": "keras.src.saving.x", "config": "x"}, "in keras.src.saving.x"),
        ({"class_name": "Mine", "module": "mine.layers", "config": {}}, "in mine.layers"),
        ({"class_name": "function", "module": "builtins", "config": "eval"}, "would call function eval"),
    ],
)
def test_a_description_that_would_run_code(tmp_path, layer, said):
    nested = dict(DENSE, config={"layer": layer})
    for one in (layer, nested):
        path = archive(tmp_path / "m.keras", model(DENSE, one))
        with pytest.raises(CompatError, match=said):
            archives.check_archive(path, False)
        archives.check_archive(path, True)


def test_an_archive_that_is_a_bomb(tmp_path):
    path = archive(tmp_path / "m.keras", model(DENSE), assets__a=b"\0" * (80 << 20))
    with pytest.raises(CompatError, match="unpacks to 0.1 GB from 0.1 MB: it is not read"):
        archives.check_archive(path, True)


def test_an_archive_that_leads_out_of_itself(tmp_path):
    path = archive(tmp_path / "m.keras", model(DENSE), **{"..__x": b""})
    with pytest.raises(CompatError, match="leads out of the archive"):
        archives.check_archive(path, True)


@pytest.mark.parametrize("config", ["{", "[" * 100000, "\ud800".encode("utf-8", "surrogatepass")])
def test_a_description_that_is_no_json(config):
    with pytest.raises(CompatError, match="no JSON"):
        configs.parsed("m.keras", config)


def test_every_archive_that_is_cut_off_is_refused(tmp_path):
    data = open(archive(tmp_path / "m.keras", model(DENSE)), "rb").read()  # noqa: SIM115
    for size in range(4, len(data) - 1, 37):
        with pytest.raises(CompatError):
            archives.check_archive(made(tmp_path / "cut.keras", data[:size]), False)


# -- inputs


def test_inputs_are_found_by_name():
    one = np.zeros(1)
    assert inputs.matched({"x:0": one}, ["x", "y"], "x.npz") == {"x": "x:0"}
    assert inputs.matched({"images": one}, ["model/images", "y"], "x.npz") == {"model/images": "images"}
    assert inputs.matched({"arr_0": one}, ["x"], "x.npz") == {"x": "arr_0"}
    with pytest.raises(CompatError, match="x.npz: `z` is no input; there are `x`, `y`"):
        inputs.matched({"z": one}, ["x", "y"], "x.npz")
    with pytest.raises(CompatError, match="`b` is no input"):  # two that end so: neither is guessed
        inputs.matched({"b": one}, ["a/b", "c/b"], "x.npz")


def test_inputs_fit_or_are_refused():
    as_float = inputs.fitted("x", np.array([1.5]), "float32", [None], "x.npz")
    assert as_float.dtype == np.float32
    assert inputs.fitted("x", np.array([3]), "int32", [1], "x.npz").dtype == np.int32
    assert inputs.fitted("k", np.array(1), "float32", [], "x.npz").shape == ()
    with pytest.raises(CompatError, match="`x` is float64, and int32 is wanted"):
        inputs.fitted("x", np.array([1.5]), "int32", [1], "x.npz")
    with pytest.raises(CompatError, match=r"`x` has shape \[2\], and \[\?, 3\] is wanted"):
        inputs.fitted("x", np.zeros(2), "float32", [None, 3], "x.npz")


def test_made_inputs_are_the_same_every_time():
    first, again = (inputs.made("x", "float32", [None, 3, None]) for _ in range(2))
    assert first.shape == (inputs.BATCH, 3, inputs.EXTENT) and first.dtype == np.float32
    assert np.array_equal(first, again)
    assert not np.array_equal(first, inputs.made("y", "float32", [None, 3, None]))
    assert inputs.made("ids", "int32", [50], 7).max() < 7
    assert (
        inputs.made("keep_prob", "float32", None) == 1 and inputs.made("training", "bool", []).dtype == bool
    )
    assert inputs.made("x", "string", [None]) is None and inputs.made("ids", "int32", None) is None


def test_an_npz_is_read_without_pickle(tmp_path):
    path = str(tmp_path / "x.npz")
    np.savez(path, x=np.arange(3))
    assert np.array_equal(inputs.read_npz(path)["x"], np.arange(3))
    data = open(path, "rb").read()  # noqa: SIM115
    with pytest.raises(CompatError, match="is no .npz"):
        inputs.read_npz(made(tmp_path / "cut.npz", data[: len(data) // 2]))
    np.savez(path, x=np.array([{}], dtype=object))
    with pytest.raises(CompatError, match="it holds Python objects, and a pickle runs code"):
        inputs.read_npz(path)


def test_an_npz_that_is_a_bomb(tmp_path):
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        header, {"descr": "<f4", "fortran_order": False, "shape": (40 << 20,)}
    )
    path = str(tmp_path / "x.npz")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("x.npy", header.getvalue() + struct.pack("<f", 0) * (40 << 20))
    with pytest.raises(CompatError, match="says that it unpacks to 0.2 GB: it is not read"):
        inputs.read_npz(path)


# -- the command


def test_nothing_is_written_over(tmp_path, compat_command):
    source = made(tmp_path / "net.pb", graph(X, node("p", "PyFunc", "x")))
    made(tmp_path / "mine" / "thesis.txt", b"years")
    os.symlink(str(tmp_path / "mine"), str(tmp_path / "link"))
    before = content(tmp_path)
    for out, said in (
        ("net.pb", "is a file; --out names a folder"),
        ("mine", "is no run, and not empty"),
        ("link", "is a link"),
        ("new", "would run Python code|TensorFlow is not installed"),
    ):
        line = refusal(compat_command("trace", source, "--out", out))
        assert any(part in line for part in said.split("|")), line
    assert content(tmp_path) == before and not (tmp_path / "new").exists()


def test_with_requirements_goes_with_env(tmp_path, compat_command):
    source = made(tmp_path / "net.pb", graph(X, Y))
    line = refusal(compat_command("trace", source, "--out", "run", "--with-requirements", "r.txt"))
    assert "--with-requirements goes with --env" in line
    line = refusal(compat_command("trace", source, "--out", "run", "--env", "tf7"))
    assert "--env tf7: there is no such environment; there are tf1.13" in line


def test_the_sample_of_a_source():
    assert recording.sample_of("models/net.pb") == "net.pb[trace]"
    assert recording.sample_of("a b/my net.py:build_it") == "my_net.py[build_it]"
    assert recording.sample_of("saved/") == "saved[trace]"


def test_what_tox_says_is_understood():
    text = "[testenv:tf2.1]\nenv_python = /e/bin/python\nset_env =\n  A=1\n  B=x=%y\n"
    assert environments._described(text, "tf2.1") == ("/e/bin/python", {"A": "1", "B": "x=%y"})
    with pytest.raises(CompatError, match="is not understood"):
        environments._described("", "tf2.1")


def test_an_installed_package_becomes_a_wheel_again(tmp_path, monkeypatch):
    package = write(tmp_path / "site" / "small" / "__init__.py", "WORD = 'here'\n")
    information = tmp_path / "site" / "small-1.0.dist-info"
    write(information / "METADATA", "Metadata-Version: 2.1\nName: small\nVersion: 1.0\n")
    write(
        information / "WHEEL",
        "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    )
    rows = [f"small/{package.name},,", f"{information.name}/METADATA,,", f"{information.name}/WHEEL,,"]
    write(information / "RECORD", "\n".join([*rows, "../../bin/small,,", f"{information.name}/RECORD,,"]))
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    path = repacking.wheel_of("small", str(tmp_path / "wheels"))
    assert path.endswith("small-1.0-py3-none-any.whl") and path == repacking.wheel_of(
        "small", str(tmp_path / "wheels")
    )
    with zipfile.ZipFile(path) as file:
        assert file.read("small/__init__.py") == package.read_bytes()
        record = file.read(f"{information.name}/RECORD").decode()
        assert "bin/small" not in record and "small/__init__.py,sha256=" in record


#: As TensorFlow 2.9, 2.15 and 2.21 write them, without the frames within TensorFlow.
IN_2_9 = """Graph execution error:

Detected at node 'add' defined at (most recent call last):
    File "/somewhere/msg.py", line 21, in <module>
      try: g()
    File "/somewhere/msg.py", line 8, in f
      return a+b
Node: 'add'
Incompatible shapes: [2] vs. [3]
\t [[{{node add}}]] [Op:__inference_f_13]"""
IN_2_15 = """Graph execution error:

Detected at node 'GatherV2_1' defined at (most recent call last):
    File "/somewhere/msg.py", line 21, in <module>
    File "/somewhere/msg.py", line 19, in cond
Node: 'GatherV2_1'
indices[0] = 9 is not in [0, 2)
\t [[{{node GatherV2_1}}]]

Original stack trace for 'GatherV2_1':
  File "/somewhere/msg.py", line 21, in <module>
"""
IN_2_21 = """Graph execution error:

Detected at node add defined at (most recent call last):
  File "/somewhere/msg.py", line 8, in f

Incompatible shapes: [2] vs. [3]
\t [[{{node add}}]] [Op:__inference_f_12]"""
SEVERAL = """Graph execution error:

Detected at node 'a' defined at (most recent call last):
    File "/somewhere/msg.py", line 8, in f
      return a
Node: 'a'
Detected at node 'b' defined at (most recent call last):
    File "/somewhere/msg.py", line 9, in f
      return b
Node: 'b'
2 root error(s) found.
  (0) INVALID_ARGUMENT:  Incompatible shapes: [2] vs. [3]
"""


@pytest.mark.parametrize(
    "message, point",
    [
        (IN_2_9, "Incompatible shapes: [2] vs. [3]"),
        (IN_2_15, "indices[0] = 9 is not in [0, 2)"),
        (IN_2_21, "Incompatible shapes: [2] vs. [3]"),
        (SEVERAL, "(0) INVALID_ARGUMENT:  Incompatible shapes: [2] vs. [3]"),
        ("Node: 'x' is no node\nof this graph", "Node: 'x' is no node"),
        ("Node: 'x'", "Node: 'x'"),
        ("", "ValueError"),
    ],
)
def test_the_point_of_a_message_of_tensorflow(message, point):
    assert program.point_of(ValueError(message)) == point
