"""Which use of variables stands for which, on graphs made by hand: the flow decides, and what is open is refused."""

import time

import pytest

from compat.errors import CompatError
from compat.graph.nodes import Node
from compat.porting.mapping import Map, read_map, write_map
from compat.porting.matching import common_scopes, matching
from compat.porting.uses import uses
from compat.records import Output


class Graph:
    """Nodes by hand: each gives one tensor."""

    def __init__(self):
        self.nodes, self.variables = [], {}
        self.add("x", "Placeholder")

    def add(self, name, op, *inputs, shape=(), **attributes):
        output = {"0": Output("0" * 64, "float32", list(shape))}
        self.nodes.append(Node(name, op, [f"{one}:0" for one in inputs], output, attributes))
        return name

    def variable(self, name, *shape):
        self.variables[name] = shape
        self.add(name, "Variable", shape=shape)
        return self.add(f"{name}/read", "Identity", name, shape=shape)

    def layer(self, name, before, *shape, op="Conv2D", **attributes):
        return self.add(name, op, before, self.variable(f"{name}/w", *shape), **attributes)

    def uses(self):
        return uses(self.nodes, self.variables)


def _pairs(legacy, port, told=None):
    found = matching(legacy.uses(), port.uses(), told)
    pairs = {
        part.variable: match.legacy.parts[name].variable
        for match in found.matches
        for name, part in match.port.parts.items()
    }
    return pairs, found


def _chain(*names, shape=(3, 3, 4, 4)):
    graph, last = Graph(), "x"
    for name in names:
        last = graph.add(f"{name}/relu", "Relu", graph.layer(name, last, *shape))
    return graph


def test_layers_of_one_shape_in_a_row_go_by_the_flow_whatever_they_are_called():
    pairs, found = _pairs(_chain("conv2", "conv1", "conv3"), _chain("conv1", "conv2", "conv3"))
    assert pairs == {"conv1/w": "conv2/w", "conv2/w": "conv1/w", "conv3/w": "conv3/w"}
    assert not found.open and not found.left and not found.bare


def test_a_layer_too_few_leaves_two_for_one_place():
    pairs, found = _pairs(_chain("a", "b", "c"), _chain("d", "e"))
    assert pairs == {"d/w": "a/w"} and [use.node for use, _ in found.open] == ["b", "c"]


def test_of_three_in_a_row_and_one_nobody_knows_which():
    pairs, found = _pairs(_chain("a", "b", "c"), _chain("d"))
    assert pairs == {} and len(found.open) == 3


def _branches(left, right, joined="ConcatV2", shape=(3, 3, 4, 4)):
    graph = Graph()
    ends = [graph.layer(name, "x", *shape) for name in (left, right)]
    graph.add("axis", "Const")
    graph.add("joined", joined, *ends, *(["axis"] if joined == "ConcatV2" else []))
    return graph


def test_branches_go_by_their_place_in_a_concat():
    legacy, port = _branches("p", "q"), _branches("r", "s")
    port.nodes = [
        port.nodes[0],
        *port.nodes[4:7],
        *port.nodes[1:4],
        *port.nodes[7:],
    ]  # made the other way round
    assert _pairs(legacy, port)[0] == {"r/w": "p/w", "s/w": "q/w"}


def test_branches_that_are_added_up_go_by_name_or_by_nothing():
    assert _pairs(_branches("left", "right", "Add"), _branches("right", "left", "Add"))[0] == {
        "left/w": "left/w",
        "right/w": "right/w",
    }
    pairs, found = _pairs(_branches("p", "q", "Add"), _branches("conv2d", "conv2d_1", "Add"))
    assert pairs == {} and len(found.open) == 2
    told = {"conv2d/w": frozenset(["q/w"])}
    assert _pairs(_branches("p", "q", "Add"), _branches("conv2d", "conv2d_1", "Add"), told)[0] == {
        "conv2d/w": "q/w",
        "conv2d_1/w": "p/w",
    }


@pytest.mark.parametrize("mine, theirs", [("conv1/w", "conv2d_1/kernel"), ("Variable_1", "dense_1/kernel")])
def test_names_that_count_say_nothing(mine, theirs):
    assert common_scopes(mine, theirs) == 0


def test_names_that_people_give_do():
    assert common_scopes("net/encoder/W", "encoder/kernel") == 1


def _norm(order, fused):
    """Batch norm with its variables made in some order."""
    graph = Graph()
    last = graph.layer("conv", "x", 3, 3, 4, 4)
    read = {name: graph.variable(f"bn/{name}", 4) for name in order}
    if fused:
        graph.add(
            "bn", "FusedBatchNormV3", last, *(read[name] for name in ("gamma", "beta", "mean", "variance"))
        )
        return graph
    graph.add("epsilon", "Const")
    graph.add("sum", "AddV2", read["variance"], "epsilon")
    graph.add("inverse", "Mul", graph.add("root", "Rsqrt", "sum"), read["gamma"])
    graph.add("scaled", "Mul", last, "inverse")
    graph.add("shift", "Sub", read["beta"], graph.add("product", "Mul", read["mean"], "inverse"))
    graph.add("bn", "AddV2", "scaled", "shift")
    return graph


def test_the_four_of_a_batch_norm_go_by_what_they_do_and_not_by_order():
    contrib, keras = ("beta", "gamma", "mean", "variance"), ("gamma", "beta", "mean", "variance")
    for legacy, port in (
        (_norm(contrib, True), _norm(keras, False)),
        (_norm(keras, False), _norm(contrib, True)),
        (_norm(contrib, False), _norm(keras, False)),
    ):
        pairs, found = _pairs(legacy, port)
        assert pairs == {name: name for name in (*(f"bn/{one}" for one in keras), "conv/w")}
        assert not found.left and not found.bare


def test_a_kernel_that_is_multiplied_transposed_is_flipped():
    legacy, port = Graph(), Graph()
    legacy.layer("fc", "x", 5, 5, op="MatMul")
    port.layer("fc", "x", 5, 5, op="MatMul", transpose_b=True)
    (one,), (other,) = legacy.uses(), port.uses()
    assert (one.parts["kernel"].flipped, other.parts["kernel"].flipped) == (False, True)


def test_a_map_is_read_as_it_was_written(tmp_path):
    path = str(tmp_path / "map.toml")
    write_map(path, [("a/kernel", ["b/W"], "why"), ('odd "name"', ["c", "d"], "two\nlines")], ["e"], ["left"])
    assert read_map(path) == Map({"a/kernel": ["b/W"], 'odd "name"': ["c", "d"]}, ["e"])


@pytest.mark.parametrize(
    "text", ["[weights", "[other]\na = 1", "[weights]\na = 3", "unused = 'a'", "[weights]\na = []"]
)
def test_what_is_no_map_is_refused(tmp_path, text):
    path = tmp_path / "map.toml"
    path.write_text(text)
    with pytest.raises(CompatError, match="map.toml"):
        read_map(str(path))


def test_a_batch_norm_under_a_switch_is_known_by_what_it_takes_and_not_by_which_branch_is_taken():
    graph = Graph()
    graph.add("training", "Placeholder")
    names = ["gamma", "beta", "mean", "variance"]
    taken = [
        graph.add(f"{name}/switch", "Switch", graph.variable(name, 4), "training", shape=(4,))
        for name in names
    ]
    x = graph.add("switch", "Switch", graph.layer("conv", "x", 3, 3, 4, 4), "training")
    graph.add("norm", "FusedBatchNormV3", x, *taken)
    (norm,) = [use for use in graph.uses() if use.kind == "batch norm"]
    assert {name: part.variable for name, part in norm.parts.items()} == dict(zip(names, names))
    assert not [use for use in graph.uses() if use.kind == "Switch"]


# -- deep graphs of equal blocks


def _residual(prefix, blocks, middle=4):
    """Every block takes what all before it gave."""
    graph = Graph()
    last = graph.add(f"{prefix}stem/relu", "Relu", graph.layer(f"{prefix}stem", "x", 3, 3, 3, 4))
    for block in range(blocks):
        width = middle if block == blocks // 2 else 4
        inner = graph.layer(f"{prefix}{block}a", last, 3, 3, 4, width)
        inner = graph.layer(
            f"{prefix}{block}b", graph.add(f"{prefix}{block}/relu", "Relu", inner), 3, 3, width, 4
        )
        last = graph.add(f"{prefix}{block}/add", "Add", last, inner)
    return graph


def test_a_deep_graph_is_told_in_one_pass():
    """Equal blocks are apart by what is before and after them, all the way; without it this takes minutes."""
    started = time.process_time()
    pairs, found = _pairs(_residual("one", 400), _residual("v", 400))
    assert time.process_time() - started < 20
    assert not found.open and not found.left and len(pairs) == 801
    assert all(mine[3:] == theirs[1:] for theirs, mine in pairs.items())


def test_with_a_block_less_nothing_is_carried_through():
    _, found = _pairs(_residual("one", 12), _residual("v", 11))
    assert found.open or found.left


def test_a_size_that_differs_in_the_middle_is_no_match():
    _, found = _pairs(_residual("one", 9), _residual("v", 9, middle=6))
    assert found.open or found.left


def test_branches_that_are_alike_stay_open():
    def net(prefix, order):
        graph = Graph()
        stem = graph.layer(f"{prefix}s", "x", 3, 3, 4, 4)
        branches = [graph.layer(f"{prefix}{one}", stem, 3, 3, 4, 4) for one in order]
        graph.add(f"{prefix}sum", "Add", *branches)
        return graph

    _, found = _pairs(net("m", "ab"), net("n", "pq"))
    assert {use.node for use, _ in found.open} == {"ma", "mb"}
