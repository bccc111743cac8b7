"""Programs of TensorFlow 1 carried into ports and verified: right ones are green, every mistake is told at its layer.

The legacy side is computed as tf.compat.v1 in this process; and in TensorFlow 1.15 where tox has made it.
"""

import os
import re
import subprocess

import numpy as np
import pytest
from support import CHECKOUT, environment

from compat.cli import main
from compat.record.dialects import DIALECTS
from compat.record.versions import tensorflow_version

pytestmark = pytest.mark.skipif(
    bool(DIALECTS["tf1.session"].missing()) or (tensorflow_version() or ()) < (2, 4),
    reason="needs TensorFlow 2.4",
)
HERE = os.path.dirname(os.path.abspath(__file__))
PROGRAMS, PORTS = (os.path.join(HERE, f"porting_{what}.py") for what in ("programs", "ports"))
OLD = str(CHECKOUT / ".tox" / "tf1.15" / "bin" / "python")
#: TensorFlow 1's cells are Keras 2's.
CELLS = (tensorflow_version() or ()) < (2, 16)


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Makes a traced run of a program, once."""
    folder = tmp_path_factory.mktemp("runs")
    text = str(folder / "text.npz")
    words = np.random.RandomState(0).randint(0, 20, (6, 12)).astype(np.int32)
    np.savez(text, input_x=words, dropout_keep_prob=np.float32(1))

    def run(program, old=False):
        out = str(folder / f"{program}-{old}")
        if not os.path.exists(out):
            arguments = ["trace", f"{PROGRAMS}:{program}", "--out", out]
            arguments += (
                ["--inputs", text, "--outputs", "scores,predictions"] if program == "text_cnn" else []
            )
            if old:
                # Not what is installed for this Python, beside which a wheel of compat may be.
                variables = dict(environment(), PYTHONPATH=str(CHECKOUT))
                subprocess.run([OLD, "-m", "compat", *arguments], check=True, env=variables, timeout=300)
            else:
                assert main(arguments) == 0
        return out

    return run


def _count_anew():
    """Keras counts its layers from the first one of the process on."""
    from tensorflow import keras

    keras.backend.clear_session()


@pytest.fixture(autouse=True)
def _names_as_in_a_process_of_its_own():
    _count_anew()


@pytest.fixture
def verify(runs, capsys):
    def call(program, port, *options, old=False):
        run = runs(program, old)
        capsys.readouterr()
        status = main(["verify", run, f"{PORTS}:{port}", *options])
        told = capsys.readouterr()
        return status, told.out + told.err

    return call


@pytest.mark.parametrize(
    "program, port",
    [("text_cnn", "text_cnn"), ("conv_net", "conv_net"), ("conv_net", "module"), ("twins", "twins_named")],
)
def test_a_right_port_is_green(verify, program, port):
    status, told = verify(program, port)
    assert status == 0, told
    assert re.search(r"^kernels the legacy graph in \S+ and here, .* with the same bits", told, re.M), told
    assert re.search(r"^paired \d+ of the port's \d+ tensors: \d+ by name", told, re.M)
    assert "first wrong" not in told and "not judged" not in told


@pytest.mark.parametrize(
    "program, port, where, cause",
    [
        ("conv_net", "conv_net_epsilon", "net/two/bn/FusedBatchNormV3", "epsilon .*is 0.01[,;] .* 0.001"),
        ("conv_net", "conv_net_no_relu", "net/one/add", "Relu"),
        ("conv_net", "conv_net_elu", "net/one/Relu", "the port has Elu"),
        ("conv_net", "module_both_sides", "net/Conv2D", "padding|Pad"),
        (
            "text_cnn",
            "text_cnn_mean",
            "conv-maxpool-3/pool",
            "the mean of each window instead of its maximum",
        ),
        ("text_cnn", "text_cnn_same", "conv-maxpool-.*", "padding"),
    ],
)
def test_a_mistake_is_told_at_its_layer_with_its_cause_first(verify, program, port, where, cause):
    status, told = verify(program, port)
    assert status == 1
    (first,) = re.findall(r"^first wrong: (.*)$", told, re.M)
    assert re.match(where, first), first
    assert re.search(f"; cause: ((?!as well possible).)*({cause})", first), first


def test_a_relu_that_these_inputs_do_not_show_is_not_green(verify):
    status, told = verify("text_cnn", "text_cnn_no_relu")
    assert status == 1
    assert re.search(r"^without a partner: .*conv-maxpool-3/relu", told, re.M)
    assert re.search(r"^not judged: the port has 0 of 3 ops that cut off", told, re.M), told


def test_a_port_whose_own_weights_are_others_is_wrong_from_its_first_layer_on(verify):
    status, told = verify("conv_net", "conv_net", "--no-carry")
    assert status == 1
    assert re.search(r"^first wrong: net/Conv2D", told, re.M), told
    assert re.search(r"^also wrong: on its own input, ", told, re.M)


def test_what_is_ambiguous_is_refused_by_name_and_carried_as_the_map_says(
    runs, tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    run = runs("twins")
    assert main(["carry", run, f"{PORTS}:twins"]) == 2
    told = capsys.readouterr()
    assert "ambiguous: left [4, 4] may be" in told.out and "map" in told.err
    names = re.search(r"left \[4, 4\] may be (\S+) or (\S+):", told.out).groups()
    _count_anew()
    (tmp_path / "mine.toml").write_text(f'[weights]\n"{names[1]}" = "left"\n"{names[0]}" = "right"\n')
    assert main(["carry", run, f"{PORTS}:twins", "--map", "mine.toml"]) == 0
    _count_anew()
    assert re.search(rf"^{names[1]} +left ", capsys.readouterr().out, re.M)
    assert main(["verify", run, f"{PORTS}:twins", "--map", "mine.toml"]) == 0


def test_what_is_left_over_is_refused_by_name(runs, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["carry", runs("conv_net"), f"{PORTS}:no_bias"]) == 2
    told = capsys.readouterr()
    assert "left over: net/fc/b [5], of net/add," in told.out and 'unused = ["net/fc/b"]' in told.out
    assert "without weights: the port's" in told.out and "Traceback" not in told.err
    assert "# left over: net/fc/b" in (tmp_path / "map.toml").read_text()


def test_the_weights_that_are_written_are_those_that_the_port_loads(runs, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    out = "net.weights.h5" if not CELLS else "net.h5"
    assert main(["carry", runs("conv_net"), f"{PORTS}:conv_net", "--out", out]) == 0
    assert f"model.load_weights('{out}') loads it" in capsys.readouterr().out
    import porting_ports

    model = porting_ports.conv_net()
    model.load_weights(out)
    assert main(["carry", runs("conv_net"), f"{PORTS}:module", "--out", "net.npz"]) == 0
    with np.load("net.npz") as arrays:
        np.testing.assert_array_equal(arrays["w"].T, model.get_layer("logits").get_weights()[0])
        np.testing.assert_array_equal(arrays["stem"], model.layers[1].get_weights()[0])
    assert main(["carry", runs("conv_net"), f"{PORTS}:module", "--out", "ckpt/net"]) == 0
    assert sorted(os.listdir("ckpt")) == ["net.data-00000-of-00001", "net.index"]
    assert main(["carry", runs("conv_net"), f"{PORTS}:conv_net", "--out", "net.txt"]) == 2


@pytest.mark.parametrize("old", [False, True])
@pytest.mark.parametrize(
    "program, port, right",
    [
        ("lstm", "lstm", True),
        ("lstm", "lstm_relu", False),
        ("gru", "gru", True),
        ("gru", "gru_reset_after", False),
    ],
)
def test_cells_become_keras_layers(verify, runs, program, port, right, old):
    if old and not os.path.exists(OLD):
        pytest.skip("tox -e tf1.15 has not been made here")
    if not old and not CELLS:
        pytest.skip("TensorFlow 1's cells need Keras 2")
    status, told = verify(program, port, old=old)
    seen = "whose inside is not visible" not in told
    if right and seen:
        assert status == 0, told
    else:
        assert status == 1 and re.search(r"^(first wrong|not judged): ", told, re.M), told
    assert re.search(r"lstm_cell|gru_cell", told)
    if port == "gru_reset_after":
        assert "set reset_after=False" in told


def test_a_program_of_1_15_is_carried_and_verified(verify):
    if not os.path.exists(OLD):
        pytest.skip("tox -e tf1.15 has not been made here")
    for program, port, expected in (("conv_net", "conv_net", 0), ("conv_net", "conv_net_epsilon", 1)):
        status, told = verify(program, port, old=True)
        assert status == expected, told
        assert re.search(r"^kernels .* (the rest is rounding|no rounding even)$", told, re.M), told


def test_a_run_and_a_file_are_ports_as_well(runs, tmp_path, capsys):
    run = runs("conv_net")
    assert main(["verify", run, run]) == 0
    capsys.readouterr()
    assert main(["verify", run, runs("twins")]) == 2
    assert "was fed other numbers" in capsys.readouterr().err


def test_gamma_for_beta_as_shapes_and_order_have_it_is_found_out(verify, monkeypatch):
    from compat.porting import comparing as command

    assign = command.assign

    def swapped(port, rows):
        arrays = {row.port: row.array for row in rows}
        other = {"gamma": "beta", "beta": "gamma"}
        names = [re.sub("gamma|beta", lambda found: other[found.group()], row.port) for row in rows]
        assign(port, [row._replace(array=arrays[name]) for row, name in zip(rows, names)])

    monkeypatch.setattr(command, "assign", swapped)
    status, told = verify("conv_net", "conv_net")
    assert status == 1
    assert re.search(r"^first wrong: net/bn0/FusedBatchNormV3", told, re.M), told
