"""Frozen graphs as the legacy side: their weights are constants, and are carried like variables."""

import os
import re

import pytest

from compat.cli import main
from compat.record.dialects import DIALECTS
from compat.record.versions import tensorflow_version

pytestmark = pytest.mark.skipif(
    bool(DIALECTS["tf1.session"].missing()) or (tensorflow_version() or ()) < (2, 4),
    reason="needs TensorFlow 2.4",
)
PORTS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "porting_ports.py")


@pytest.fixture(scope="module")
def graph(tmp_path_factory):
    """The frozen graph of a program; without its identities at the reads where it is folded."""
    import porting_programs
    import tensorflow as tf

    folder = tmp_path_factory.mktemp("frozen")
    v1 = tf.compat.v1
    with tf.Graph().as_default(), v1.Session() as session:
        logits = porting_programs.conv_net()["logits"]
        session.run(v1.global_variables_initializer())
        frozen = v1.graph_util.convert_variables_to_constants(session, session.graph_def, [logits.op.name])

    def write(folded=False):
        path = str(folder / f"folded-{folded}.pb")
        kept = type(frozen)()
        kept.CopyFrom(frozen)
        if folded:
            _fold(kept)
        with open(path, "wb") as file:
            file.write(kept.SerializeToString())
        return path

    return write


def _fold(graph):
    """As graph transforms do: what takes the read takes the constant."""
    read = {node.name: node.input[0] for node in graph.node if node.name.endswith("/read")}
    nodes = [node for node in graph.node if node.name not in read]
    for node in nodes:
        taken = [read.get(name, name) for name in node.input]
        del node.input[:]
        node.input.extend(taken)
    del graph.node[:]
    graph.node.extend(nodes)


@pytest.mark.parametrize("folded", [False, True])
def test_the_constants_of_a_frozen_graph_are_carried_into_a_right_port(graph, capsys, folded):
    status = main(["verify", graph(folded), f"{PORTS}:conv_net"])
    told = capsys.readouterr()
    assert status == 0, told.out + told.err
    assert re.search(r"^conv2d\S*/kernel +net/stem +as it is", told.out, re.M), told.out
    assert re.search(r"moving_variance +net/bn0/moving_variance", told.out), told.out


@pytest.mark.parametrize("folded", [False, True])
def test_a_mistake_beside_a_frozen_graph_is_told(graph, capsys, folded):
    status = main(["verify", graph(folded), f"{PORTS}:conv_net_epsilon"])
    told = capsys.readouterr().out
    assert status == 1
    assert re.search(r"^first wrong: net/two/bn/FusedBatchNormV3.*epsilon", told, re.M), told
