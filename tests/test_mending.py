"""A person's source edited, and what is tried: without a framework."""

import inspect
import os
import sys

import numpy as np
import pytest

from compat.errors import CompatError
from compat.graph.nodes import Node, Trace
from compat.judge.graphs import Side
from compat.objects import Memory
from compat.porting.findings import Cause, Command, Edit, Finding, Findings, Layer, Op, Spot
from compat.porting.mending.edited import reading_instead
from compat.porting.mending.fresh import fresh, several
from compat.porting.mending.signatures import signatures
from compat.porting.mending.vocabulary import renamed
from compat.porting.sides import Recorded
from compat.records import Output

pytest.importorskip("libcst")
from compat.porting.mending import mended
from compat.porting.mending.candidates import candidates
from compat.porting.mending.source import Source, spelled, with_argument
from compat.porting.mending.together import together

_CONV = ["filters", "kernel_size", "strides", "padding", "use_bias"]
_TEXT = """# by hand
EPS = 1e-2   # why
def model(x):
    h = L.Conv2D(4, 3,  # keep
                 padding='valid',
                 )(x)
    return tf.nn.softmax(L.Dense(3)(h))
"""


def _source(text=_TEXT):
    return Source("port.py", text.encode("utf-8"))


def _call(source, name):
    (found,) = [call for call in source.calls if source.code(call.func) == name]
    return found


@pytest.mark.parametrize(
    "name, argument, value, old, new",
    [
        ("L.Conv2D", "padding", "'same'", "padding='valid'", "padding='same'"),
        ("L.Conv2D", "kernel_size", "5", "(4, 3, ", "(4, 5, "),
        ("L.Conv2D", "strides", "2", "'valid',\n", "'valid',\n                 strides=2,\n"),
        ("L.Dense", "use_bias", "False", "Dense(3)", "Dense(3, use_bias=False)"),
        ("tf.nn.softmax", "axis", "1", "(h))", "(h), axis=1)"),
    ],
)
def test_an_argument_by_keyword_by_position_or_left_out(name, argument, value, old, new):
    source = _source()
    text = with_argument(source, _call(source, name), argument, [*_CONV, "axis"], value)
    assert _TEXT.count(old) == 1
    assert text == _TEXT.replace(old, new)


def test_what_may_be_unpacked_is_not_added():
    source = _source("h = L.Conv2D(4, 3, **settings)\ng = f(*a)\n")
    assert with_argument(source, _call(source, "L.Conv2D"), "padding", _CONV, "1") is None
    assert with_argument(source, _call(source, "f"), "padding", ["padding"], "1") is None


def test_ends_of_lines_marks_and_comments_stay():
    data = "\ufeffx = f(1)\r\n\r\n# \u00e4\r\ny = g(a,\r\n      b = 2 ) # c\r\n".encode("utf-8")
    source = Source("port.py", data)
    text = with_argument(source, _call(source, "g"), "b", ["a", "b"], "3")
    assert text.encode("utf-8") == data.replace(b"b = 2 )", b"b = 3 )")


@pytest.mark.parametrize("data", [b"def f(:\n", b"x = '\xff'\n", b"# coding: latin-1\nx = '\xe4'\n"])
def test_what_is_no_python_is_one_line(data):
    with pytest.raises(CompatError) as raised:
        Source("port.py", data)
    assert "\n" not in str(raised.value) and "port.py" in str(raised.value)


def test_numbers_are_spelled_as_people_do():
    assert [
        spelled(v) for v in (0.0010000000474974513, 0.20000000298, 150.0, -1, None, "a", [1, 2], (1,))
    ] == [*("0.001", "0.2", "150.0", "-1", "None", '"a"', "[1, 2]", "(1,)")]
    assert spelled("same", "'valid'") == "'same'" and spelled(0.0010000000474974513, "1e-2") == "1e-3"
    assert spelled(1.001e-05, "1E-3") == "1.001e-5" and spelled(0.2, "3e-1") == "2e-1"


def _findings(text, port, legacy, causes=(), name="port.py"):
    finding = Finding("first wrong", 0, list(causes), legacy=legacy, port=port)
    found = Findings(Command("run", f"{name}:model", "/"), "differs", "")
    found.wrong.append(finding)
    return Source(name, text.encode("utf-8")), found


def _spot(text, part, function="model"):
    """The call that begins with that text, as Python tells it."""
    lines = text.splitlines()
    (line,) = [number for number, one in enumerate(lines) if part in one]
    return Spot("port.py", line + 1, function)


def _layer(text, part, kind, arguments, times=1, callers=()):
    return Layer(kind.lower(), kind, False, [_spot(text, part), *callers], arguments, times)


_NORM = ["axis", "momentum", "epsilon", "center", "scale"]
_EPSILONS = (
    [Op("n", "FusedBatchNormV3", ["x:0"], attributes={"epsilon": 0.0010000000474974513})],
    [Cause("epsilon is 0.01, expected 0.001", True, Edit("b/add", "epsilon", 0.01, 0.001))],
)


def _tried(text, part, kind="BatchNormalization", arguments=_NORM, callers=()):
    port = [Op("b/add", "AddV2", ["v:0", "e:0"], constants={"1": 0.009999999776482582})]
    port[0].layer = _layer(text, part, kind, arguments, callers=callers)
    source, found = _findings(text, port, *_EPSILONS)
    return [one.text for one in candidates(source, found, {})]


def test_the_argument_comes_first():
    text = "def model(x):\n    return L.BatchNormalization(epsilon=1e-2)(x) + f(1e-2)\n"
    assert _tried(text, "L.Batch")[0] == text.replace("epsilon=1e-2", "epsilon=1e-3")
    text = "def model(x):\n    return L.BatchNormalization(-1, 0.9, 1e-2)(x)\n"
    assert _tried(text, "L.Batch")[0] == text.replace("1e-2", "1e-3")
    text = "def model(x):\n    return L.BatchNormalization()(x)\n"
    assert _tried(text, "L.Batch")[0] == text.replace("tion()", "tion(epsilon=0.001)")


def test_a_constant_is_edited_where_it_is_for_this_alone():
    once = "EPS = 1e-2\ndef model(x):\n    return L.BatchNormalization(epsilon=EPS)(x)\n"
    assert _tried(once, "L.Batch")[0] == once.replace("1e-2", "1e-3")
    default = (
        "EPS = 1e-2\ndef norm(x, e=EPS):\n    return L.BatchNormalization(epsilon=e)(x)\nnorm(norm(1))\n"
    )
    assert _tried(default, "L.Batch")[0] == default.replace("1e-2", "1e-3")
    twice = once + "def other(x):\n    return L.LayerNormalization(epsilon=EPS)(x)\n"
    tried = _tried(twice, "L.Batch")
    argument = twice.replace("BatchNormalization(epsilon=EPS)", "BatchNormalization(epsilon=0.001)")
    constant = twice.replace("1e-2", "1e-3")
    assert argument in tried and tried.index(argument) < tried.index(constant)


def test_a_helper_that_is_called_often_gets_the_argument_where_it_is_called():
    text = (
        "def norm(x, e=1e-2):\n    return L.BatchNormalization(epsilon=e)(x)\n"
        "def model(x):\n    a = norm(x)\n    return norm(a, 1e-3)\n"
    )
    tried = _tried(text, "L.Batch", callers=[_spot(text, "a = norm")])
    assert tried[0] == text.replace("norm(x)\n", "norm(x, e=0.001)\n")
    once = text.replace("norm(a, 1e-3)", "a")
    assert _tried(once, "L.Batch", callers=[_spot(once, "a = norm")])[0] == once.replace("1e-2", "1e-3")


@pytest.mark.parametrize(
    "old, new, port, legacy",
    [
        ("padding='same'", "padding='valid'", {"padding": "SAME"}, {"padding": "VALID"}),
        ("strides=(1, 1)", "strides=(2, 2)", {"strides": [1, 1, 1, 1]}, {"strides": [1, 2, 2, 1]}),
        ("dilation_rate=1", "dilation_rate=2", {"dilations": [1, 1, 1, 1]}, {"dilations": [1, 2, 2, 1]}),
    ],
)
def test_attributes_of_a_convolution(old, new, port, legacy):
    text = f"def model(x):\n    return L.Conv2D(4, 3, {old})(x)\n"
    theirs = Op("p/conv", "Conv2D", ["x:0"], attributes=port)
    theirs.layer = _layer(text, "L.Conv", "Conv2D", [*_CONV, "dilation_rate"])
    source, found = _findings(text, [theirs], [Op("c", "Conv2D", ["x:0"], attributes=legacy)])
    tried = [one.text for one in candidates(source, found, {})]
    assert text.replace(old, new) in tried[:6]


def test_an_activation_that_is_missing_or_too_much():
    text = "def model(x):\n    return L.Conv2D(4, 3)(x)\n"
    theirs = Op("p/conv", "Conv2D", ["x:0"])
    theirs.layer = _layer(text, "L.Conv", "Conv2D", [*_CONV, "activation"])
    mine = [Op("c", "Conv2D", ["x:0"]), Op("r", "Relu", ["c:0"])]
    source, found = _findings(text, [theirs], mine)
    assert (
        text.replace("3)", '3, activation="relu")') in [one.text for one in candidates(source, found, {})][:4]
    )
    text = "def model(x):\n    return tf.nn.relu(tf.nn.conv2d(x, w, 1, 'SAME'))\n"
    spots = [_spot(text, "tf.nn.relu")]
    theirs = [Op("p", "Conv2D", ["x:0"], spots=spots), Op("q", "Relu", ["p:0"], spots=spots)]
    source, found = _findings(text, theirs, mine[:1])
    assert text.replace("tf.nn.relu(", "").replace("))", ")") in [
        one.text for one in candidates(source, found, {})
    ]


_TWO = "def model(x):\n    return L.Pool(2)(L.Slope()(x))\n"
_OF_TWO = {"L.Slope": {"negative_slope": 0.3}, "L.Pool": {"pool_size": 2, "padding": "valid"}}


def _two_wrong():
    """(the port's nodes, the legacy graph's): both arguments are other ones."""
    text = _TWO
    slope = Op("p/slope", "LeakyRelu", ["x:0"], attributes={"alpha": 0.3})
    slope.layer = _layer(text, "L.Slope", "Slope", ["negative_slope"])
    pool = Op("p/pool", "MaxPool", ["p/slope:0"], attributes={"padding": "VALID"})
    pool.layer = _layer(text, "L.Pool", "Pool", ["pool_size", "padding"])
    mine = [
        Op("slope", "LeakyRelu", ["x:0"], attributes={"alpha": 0.2}),
        Op("pool", "MaxPool", ["slope:0"], attributes={"padding": "SAME"}),
    ]
    return [slope, pool], mine


def test_edits_that_help_together_alone_are_made_together():
    port, mine = _two_wrong()
    source, found = _findings(_TWO, port, mine)
    (one,) = together(source, found, _OF_TWO)
    sloped = _TWO.replace("Slope()", "Slope(negative_slope=0.2)")
    padded = _TWO.replace("2)", '2, padding="same")')
    assert one.text == padded.replace("Slope()", "Slope(negative_slope=0.2)")
    assert [fewer.text for fewer in one.fewer()] == [padded, sloped]
    assert [list(fewer.fewer()) for fewer in one.fewer()] == [[], []]
    source, found = _findings(_TWO, port, [mine[0], port[1]])
    assert list(together(source, found, _OF_TWO)) == []  # one edit is tried by itself


def test_what_a_cause_writes_comes_first():
    text = "def model(x):\n    return L.GRU(8, return_sequences=True)(x)\n"
    theirs = Op("p/while", "While", ["x:0"])
    theirs.layer = _layer(text, "L.GRU", "GRU", ["units", "go_backwards", "return_sequences", "reset_after"])
    cause = Cause("the state is reset after the product: write reset_after=False")
    source, found = _findings(text, [theirs], [Op("c", "Add", ["x:0"])], [cause])
    assert next(candidates(source, found, {})).text == text.replace("True)", "True, reset_after=False)")


def test_other_functions_of_the_kind():
    assert renamed("MaxPooling2D") == ["AveragePooling2D"]
    assert renamed("GlobalAveragePooling1D") == ["GlobalMaxPooling1D"]
    assert "reduce_sum" in renamed("reduce_mean") and renamed("Conv2D") == []


def test_every_text_is_python_and_another_one():
    tried = _tried("def model(x):\n    return L.BatchNormalization(epsilon=1e-2)(x)\n", "L.Batch")
    assert len(tried) == len(set(tried)) > 5
    for text in tried:
        compile(text, "port.py", "exec")


def test_parameters_of_what_a_module_names():
    found = signatures(sys.modules[__name__], ["np.sum", "os.path.join", "nothing.here", "_layer"])
    assert list(found["_layer"]) == ["text", "part", "kind", "arguments", "times", "callers"]
    assert found["_layer"]["times"] == [1] and found["_layer"]["text"] == []
    assert "nothing.here" not in found


# -- what is read instead of the file


def test_a_text_is_read_instead_of_the_file(tmp_path, monkeypatch):
    path = tmp_path / "some_port_of_mine.py"
    path.write_text("def f():\n    return 1\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    import some_port_of_mine  # its compiled form is kept

    assert some_port_of_mine.f() == 1
    del sys.modules["some_port_of_mine"]
    with reading_instead(str(path), "\n\ndef f():\n    return 2\n"):
        import some_port_of_mine as other

        assert other.f() == 2
        assert inspect.getsource(other.f) == "def f():\n    return 2\n"
    del sys.modules["some_port_of_mine"]
    import some_port_of_mine as again

    assert again.f() == 1 and inspect.getsource(again.f) == "def f():\n    return 1\n"
    assert path.read_text() == "def f():\n    return 1\n"


# -- writing


def test_the_file_is_the_old_or_the_new_one(tmp_path, monkeypatch):
    path = tmp_path / "port.py"
    path.write_bytes(_TEXT.encode())
    os.chmod(path, 0o640)
    source = Source(str(path), path.read_bytes())

    def stop(*arguments):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", stop)
        with pytest.raises(KeyboardInterrupt):
            mended.write(str(path), source, "new")
    assert path.read_text() == _TEXT and os.listdir(tmp_path) == ["port.py"]
    mended.write(str(path), source, "new")
    assert path.read_text() == "new" and os.stat(path).st_mode & 0o777 == 0o640
    with pytest.raises(CompatError, match="has changed while"):
        mended.write(str(path), source, "newer")
    assert path.read_text() == "new"


def test_another_file_than_verify_saw_is_refused(tmp_path):
    import hashlib

    path = tmp_path / "port.py"
    path.write_text(_TEXT)
    found = Findings(Command("run", "port.py:model", str(tmp_path)), "differs", "")
    with pytest.raises(CompatError, match="there is no source to edit"):
        mended.opened(str(path), found)
    found.command.files[str(path)] = hashlib.sha256(path.read_bytes()).hexdigest()
    assert mended.opened(str(path), found)[1] == str(path)
    (tmp_path / "other.py").write_text("")
    with pytest.raises(CompatError, match=r"is none of the files .* port\.py"):
        mended.opened(str(tmp_path / "other.py"), found)
    path.write_text(_TEXT + "\n")
    with pytest.raises(CompatError, match="has changed since verify ran"):
        mended.opened(str(path), found)


def test_a_diff_is_what_patch_takes():
    lines = mended.difference("/a/port.py", "x = 1\ny = 2", "x = 1\ny = 3")
    assert lines[:2] == ["--- a/a/port.py\n", "+++ b/a/port.py\n"]
    assert lines[3:] == [
        *(" x = 1\n", "-y = 2\n\\ No newline at end of file\n", "+y = 3\n\\ No newline at end of file\n")
    ]


# -- fresh inputs


def _recorded(nodes, inputs, arrays):
    kept = Memory()
    made = [
        Node(
            name,
            op,
            taken,
            {"0": Output(kept.add(arrays[name]), arrays[name].dtype.name, list(arrays[name].shape))},
        )
        for name, op, taken in nodes
    ]
    trace = Trace(made, {name: f"{name}:0" for name in inputs}, {"y": f"{nodes[-1][0]}:0"})
    given = {name: (arrays[name], arrays[name].dtype.name) for name in inputs}
    return Recorded("r", Side(trace, kept.read), given, [])


def test_the_legacy_graph_is_computed_on_inputs_that_nobody_has_seen():
    x = np.array([[1, -2, 3], [-4, 5, -6]], np.float32)
    recorded = _recorded(
        [("x", "Placeholder", []), ("y", "Relu", ["x:0"])], ["x"], {"x": x, "y": np.maximum(x, 0)}
    )
    one, other = fresh(recorded, 1), fresh(recorded, 2)
    for each in (one, other):
        array = each.inputs["x"][0]
        result = each.side.read(each.side.trace.tensors()["y:0"].digest)
        assert array.dtype == np.float32 and array.shape == x.shape and not np.array_equal(array, x)
        np.testing.assert_array_equal(result, np.maximum(array, 0))
    assert not np.array_equal(one.inputs["x"][0], other.inputs["x"][0])
    np.testing.assert_array_equal(fresh(recorded, 1).inputs["x"][0], one.inputs["x"][0])
    like, larger = several(recorded, 1)
    assert len(like) == 2 and np.abs(larger[0].inputs["x"][0]).max() > 7


def test_switches_stay_and_whole_numbers_keep_to_their_range():
    ids, keep = np.array([[0, 7], [3, 2]], np.int32), np.array(1.0, np.float32)
    recorded = _recorded(
        [("ids", "Placeholder", []), ("keep", "Placeholder", []), ("y", "Identity", ["ids:0"])],
        ["ids", "keep"],
        {"ids": ids, "keep": keep, "y": ids},
    )
    one = fresh(recorded, 3)
    assert one.inputs["keep"][0] == 1 and set(one.inputs["ids"][0].ravel()) <= set(range(8))


def test_a_node_without_a_rule_is_one_line():
    x = np.array([1, -2, 3], np.float32)
    recorded = _recorded([("x", "Placeholder", []), ("y", "NobodyKnows", ["x:0"])], ["x"], {"x": x, "y": x})
    with pytest.raises(CompatError, match="y: NobodyKnows cannot be computed on other inputs"):
        several(recorded, 1)


def test_code_from_elsewhere_is_not_run(tmp_path):
    import hashlib

    for name in ("port", "elsewhere"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "port.py").write_text(_TEXT)
    path = tmp_path / "port" / "port.py"
    files = {str(path): hashlib.sha256(path.read_bytes()).hexdigest()}
    for legacy, port in (("run", "../elsewhere/port.py:f"), ("../elsewhere/port.py:f", "port.py:f")):
        found = Findings(Command(legacy, port, str(tmp_path / "port"), files=files), "differs", "")
        with pytest.raises(CompatError, match="it is not run"):
            mended.opened(str(path), found)


def test_a_dropout_that_is_always_on_is_told_what_its_function_is_told_first():
    text = "def call(self, x, training=False):\n    return self.drop(x, training=True)\n"
    theirs = Op("p/u", "StatelessRandomUniformV2", ["x:0"], spots=[_spot(text, "self.drop", "call")])
    source, found = _findings(text, [theirs], [Op("c", "MatMul", ["x:0"])])
    first = [one.text for one in candidates(source, found, {})][:3]
    assert first == [
        text.replace("training=True", "training=training"),
        text.replace(", training=True", ""),
        text.replace("training=True", "training=False"),
    ]


class _Answers:
    """A worker that finds green what contains a text, and better what contains another."""

    def __init__(self, green, better=()):
        self.green, self.better, self.texts = green, better, []

    def tried(self, path, text):
        self.texts.append(text)
        if self.green in text:
            return {"state": "green", "wrong": 0}
        wrong = 3 - sum(one in text for one in self.better)
        return {"state": "wrong", "said": "a differs", "wrong": wrong, "first": 0.5}

    def signatures(self, path, text, names):
        return {}


def _searched(worker, tries=50):
    text = "def model(x):\n    return L.BatchNormalization(epsilon=1e-2)(x)\n"
    port = [Op("b/add", "AddV2", ["v:0", "e:0"], constants={"1": 0.009999999776482582})]
    port[0].layer = _layer(text, "L.Batch", "BatchNormalization", _NORM)
    source, found = _findings(text, port, *_EPSILONS)
    told = []
    search = mended._Search(worker, source, tries, float("inf"), told.append)
    return search.run(found), told


def test_only_what_is_green_is_proposed():
    done, _ = _searched(_Answers("epsilon=1e-3"))
    assert done.green and "epsilon=1e-3" in done.text
    port, mine = _two_wrong()
    source, found = _findings(_TWO, port, mine)
    worker = _Answers("negative_slope=0.2")  # the padding is not needed for it
    worker.signatures = lambda path, text, names: _OF_TWO
    done = mended._Search(worker, source, 50, float("inf"), print).run(found)
    assert done.text == _TWO.replace("Slope()", "Slope(negative_slope=0.2)")
    worker = _Answers("nothing has this")
    done, told = _searched(worker, tries=7)
    assert done is None and "none of 7 edits" in told[-1] and len(worker.texts) == 8
    done, told = _searched(_Answers("def model"))  # as it is
    assert done is None and "nothing to mend" in told[-1]


def test_what_mends_a_part_is_shown_and_is_not_green(monkeypatch):
    worker = _Answers("nothing has this", better=("epsilon=1e-3",))

    def looked(path, text):
        raise CompatError("it does not run")

    worker.looked = looked
    done, _ = _searched(worker, tries=5)
    assert not done.green and "epsilon=1e-3" in done.text and "a differs" in done.left
