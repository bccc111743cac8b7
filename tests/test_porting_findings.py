"""What verify says as data: written, read back strictly, and never in the place of something else."""

import json
import os

import numpy as np
import pytest

from compat.errors import CompatError
from compat.porting import findings
from compat.porting.edits import edits, with_edits
from compat.porting.findings import Cause, Command, Edit, Finding, Findings, Layer, Op, Spot, Tensor
from compat.records import Numbers


def _some():
    spot = Spot("/p/port.py", 7, "model", 4, 7, 40)
    port = Op(
        "m/bn/add", "AddV2", ["m/var:0", "m/eps:0"], [6], constants={"1": 0.009999999776482582},
        layer=Layer("bn", "BatchNormalization", False, [spot], ["axis", "momentum", "epsilon"]),
    )  # fmt: skip
    legacy = Op(
        "net/bn", "FusedBatchNormV3", ["x:0"], [2, 6], {"epsilon": 0.0010000000474974513}, source="a.py:3"
    )
    tensor = Tensor("net/bn", "net/bn:0", "m/bn/add_1:0", "FusedBatchNormV3", wrong=True)
    tensor.numbers = Numbers("differs", "off", share=7.0, max_abs=float("inf"), worst_index=[0, 1])
    cause = Cause("epsilon is 0.01, expected 0.001: write epsilon=0.001")
    found = Finding("first wrong: net/bn", 0, [cause], legacy=[legacy], port=[port])
    found.causes = with_edits(found.causes, found)
    return Findings(Command("run", "port.py:model", "/p"), "differs", "no", tensors=[tensor], wrong=[found])


def test_what_is_written_is_read_back(tmp_path):
    folder = str(tmp_path / "v")
    some = _some()
    findings.write(folder, some, {"x": np.arange(3.0)})
    back = findings.read(folder)
    assert back.tensors[0].numbers.max_abs is None  # JSON has no infinity
    some.tensors[0].numbers.max_abs = None
    assert back == some
    assert sorted(os.listdir(folder)) == ["inputs.npz", "verify.json"]
    assert back.wrong[0].causes[0].edit == Edit("m/bn/add", "epsilon", 0.01, 0.001)
    findings.write(folder, some, {"x": np.arange(4.0)})  # its own


@pytest.mark.parametrize(
    "change",
    [
        lambda value: "no table",
        lambda value: value.update(format=2),
        lambda value: value.update(more=1),
        lambda value: value.pop("command"),
        lambda value: value["wrong"][0].update(tensor=7),
        lambda value: value["wrong"][0].update(tensor=True),
        lambda value: value["wrong"][0]["port"][0]["layer"]["made"][0].update(line="7"),
        lambda value: value["wrong"][0]["port"][0]["layer"]["made"][0].update(path="a\nb"),
        lambda value: value["tensors"][0]["numbers"].update(word="fine"),
        lambda value: value["tensors"][0]["numbers"].update(share=float("nan")),
    ],
)
def test_what_verify_never_wrote_is_one_line(tmp_path, change):
    findings.write(str(tmp_path), _some(), {})
    path = tmp_path / "verify.json"
    value = json.loads(path.read_text())
    other = change(value)
    path.write_text(json.dumps(other if isinstance(other, str) else value))
    with pytest.raises(CompatError) as raised:
        findings.read(str(tmp_path))
    assert "\n" not in str(raised.value) and str(path) in str(raised.value)


@pytest.mark.parametrize("data", [b"", b"{", b"\xff\xfe", b"[" * 100000, b"1e999", b'{"a": NaN}'])
def test_damaged_files_are_one_line(tmp_path, data):
    (tmp_path / "verify.json").write_bytes(data)
    with pytest.raises(CompatError) as raised:
        findings.read(str(tmp_path))
    assert "\n" not in str(raised.value)


def test_nothing_is_written_over_that_is_not_its_own(tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "verify.json").write_text('{"another": "tool"}')
    (tmp_path / "link").symlink_to(tmp_path / "other")
    for name in ("mine.txt", "", "other", "link"):
        with pytest.raises(CompatError):
            findings.write(str(tmp_path / name) if name else str(tmp_path), _some(), {})
    assert (tmp_path / "other" / "verify.json").read_text() == '{"another": "tool"}'
    assert not (tmp_path / "inputs.npz").exists()
    with pytest.raises(CompatError):
        findings.check_folder("")


def test_edits_are_the_arguments_that_are_others():
    legacy = [
        Op("a", "Conv2D", ["x:0", "w:0"], attributes={"padding": "SAME", "strides": [1, 2, 2, 1], "T": "f"})
    ]
    port = [
        Op("b", "Conv2D", ["x:0", "w:0"], attributes={"padding": "VALID", "strides": [1, 2, 2, 1], "T": "h"})
    ]
    assert edits(Finding("", 0, legacy=legacy, port=port)) == [Edit("b", "padding", "VALID", "SAME")]
    legacy.append(Op("r", "Relu", ["a:0"]))
    assert edits(Finding("", 0, legacy=legacy, port=port))[1:] == [Edit("b", "missing", None, "Relu")]
    port.append(Op("e", "Elu", ["b:0"]))
    assert edits(Finding("", 0, legacy=legacy, port=port))[1:] == [Edit("e", "function", "Elu", "Relu")]
    sums = [
        Op(name, "Sum", ["x:0", "axis:0"], constants={"1": axis}) for name, axis in (("m", [1]), ("p", [2]))
    ]
    assert edits(Finding("", 0, legacy=sums[:1], port=sums[1:])) == [Edit("p", "axis", [2], [1])]
