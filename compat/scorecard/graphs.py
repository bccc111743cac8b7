"""The operations as graphs of TensorFlow's ops, to judge faults by as ports: without the hand-written references.

The nodes and what they gave are made here, of the float32 implementations: no TensorFlow is needed.  A faulty result
is the port's output, and nothing else is known of the port.
"""

from typing import Any, Callable, Dict, List, Optional

import numpy as np

from .. import layers
from ..arrays import Array, round_to
from ..explain import ReferenceOnly, Target, explain
from ..graph.nodes import Node, Trace
from ..judge.graphs import Place, Side, places
from ..objects import Memory
from ..records import Output
from .operations import Computation


class Graph:
    """A legacy graph that grows node by node, with what each gave.  ``dtype``: of its floating tensors."""

    def __init__(self, dtype: str = "float32") -> None:
        self.dtype = dtype
        self.trace = Trace()
        self._objects = Memory()

    @property
    def side(self) -> Side:
        return Side(self.trace, self._objects.read)

    def keep(self, array: Any, dtype: Optional[str] = None) -> Output:
        """The array as an output, rounded to the dtype of the graph where it is no array of whole numbers."""
        array = np.asarray(array)
        dtype = dtype or (array.dtype.name if array.dtype.kind in "iu" else self.dtype)
        if array.dtype.kind == "f":
            array = round_to(array, dtype).astype(np.float16 if dtype == "float16" else np.float32)
        return Output(self._objects.add(array), dtype, list(array.shape))

    def read(self, tensor: str) -> Array:
        return self._objects.read(self.trace.tensors()[tensor].digest)

    def input(self, name: str, array: Array) -> str:
        self.trace.inputs[name] = self.add("Placeholder", [], array, name)
        return self.trace.inputs[name]

    def constant(self, name: str, array: Any) -> str:
        return self.add("Const", [], array, name)

    def add(self, op: str, inputs: List[str], result: Any, name: str = "", **attributes: Any) -> str:
        node = Node(
            name or f"{op}_{len(self.trace.nodes)}", op, inputs, {"0": self.keep(result)}, dict(attributes)
        )
        self.trace.nodes.append(node)
        return node.tensor()


def legacy_graph(computation: Computation, arguments: Dict[str, Any], dtype: str = "float32") -> Graph:
    """The graph of a computation of these arguments, its output called y."""
    graph = Graph(dtype)
    with np.errstate(all="ignore"):
        graph.trace.outputs["y"] = _BUILDERS[_kind(computation)](graph, computation, dict(arguments))
    graph.trace.check()
    return graph


def _kind(computation: Computation) -> str:
    """The name of its builder: the operation's own, without what only tells its settings."""
    return next(kind for kind in _BUILDERS if computation.name.startswith(kind))


_BUILDERS: Dict[str, Callable[..., str]] = {}


def _graph_of(*kinds: str) -> Callable[..., Any]:
    def register(build):
        _BUILDERS.update(dict.fromkeys(kinds, build))
        return build

    return register


def _windows(strides: Any, padding: Any, dilations: int = 1) -> Dict[str, Any]:
    return {
        "strides": [1, strides, strides, 1],
        "padding": padding,
        "dilations": [1, dilations, dilations, 1],
        "data_format": "NHWC",
    }


@_graph_of("conv2d gradient dx")
def _(graph, computation, given):
    sizes = graph.constant("sizes", np.array(given["x"].shape, np.int32))
    inputs = [sizes, graph.constant("w", given["w"]), graph.input("dy", given["dy"])]
    return graph.add("Conv2DBackpropInput", inputs, computation.implementation(**given),
                     **_windows(given["strides"], given["padding"]))  # fmt: skip


@_graph_of("conv2d gradient dw")
def _(graph, computation, given):
    sizes = graph.constant("sizes", np.array(given["w"].shape, np.int32))
    inputs = [graph.input("x", given["x"]), sizes, graph.input("dy", given["dy"])]
    return graph.add("Conv2DBackpropFilter", inputs, computation.implementation(**given),
                     **_windows(given["strides"], given["padding"]))  # fmt: skip


@_graph_of("conv2d transpose")
def _(graph, computation, given):
    sizes = graph.constant("sizes", np.array(given["output_shape"], np.int32))
    inputs = [sizes, graph.constant("w", given["w"]), graph.input("x", given["x"])]
    return graph.add("Conv2DBackpropInput", inputs, computation.implementation(**given),
                     **_windows(given["strides"], given["padding"]))  # fmt: skip


@_graph_of("depthwise conv2d")
def _(graph, computation, given):
    inputs = [graph.input("x", given["x"]), graph.constant("w", given["w"])]
    return graph.add("DepthwiseConv2dNative", inputs, computation.implementation(**given),
                     **_windows(given["strides"], given["padding"]))  # fmt: skip


@_graph_of("conv2d")
def _(graph, computation, given):
    inputs = [graph.input("x", given["x"]), graph.constant("w", given["w"])]
    settings = {name: given[name] for name in ("strides", "padding", "dilations")}
    product = layers.conv2d(given["x"], given["w"], **settings)
    product = graph.add("Conv2D", inputs, product, **_windows(**settings))
    return _biased(graph, product, given["b"])


@_graph_of("dense")
def _(graph, computation, given):
    inputs = [graph.input("x", given["x"]), graph.constant("w", given["w"])]
    product = graph.add("MatMul", inputs, given["x"] @ given["w"], transpose_a=False, transpose_b=False)
    return _biased(graph, product, given["b"])


def _biased(graph, product, bias):
    found = graph.read(product) + bias
    return graph.add("BiasAdd", [product, graph.constant("b", bias)], found, data_format="NHWC")


@_graph_of("max pooling", "mean pooling")
def _(graph, computation, given):
    size, strides = given["ksize"], given["strides"]
    op = "MaxPool" if computation.name.startswith("max") else "AvgPool"
    settings = {"ksize": [1, size, size, 1], "strides": [1, strides, strides, 1]}
    return graph.add(op, [graph.input("x", given["x"])], computation.implementation(**given),
                     padding=given["padding"], data_format="NHWC", **settings)  # fmt: skip


def _function(op: str) -> Callable[..., str]:
    def build(graph, computation, given):
        attributes = {"alpha": given["slope"]} if "slope" in given else {}
        return graph.add(
            op, [graph.input("x", given["x"])], computation.implementation(**given), **attributes
        )

    return build


for _op in ("Relu", "Sigmoid", "Tanh", "Softmax"):
    _BUILDERS[_op.lower()] = _function(_op)
_BUILDERS["leaky relu"] = _function("LeakyRelu")


@_graph_of("lrn")
def _(graph, computation, given):
    x = graph.input("x", given.pop("x"))
    return graph.add("LRN", [x], computation.implementation(graph.read(x), **given), **given)


@_graph_of("batch norm, small epsilon")
def _(graph, computation, given):
    """By the fused op."""
    x = graph.input("x", given["x"])
    inputs = [x, *(graph.constant(name, given[name]) for name in ("gamma", "beta", "mean", "variance"))]
    attributes = {"epsilon": given["epsilon"], "is_training": False, "data_format": "NHWC"}
    return graph.add("FusedBatchNormV3", inputs, computation.implementation(**given), **attributes)


@_graph_of("batch norm")
def _(graph, computation, given):
    """In sums and products, as ``tf.nn.batch_normalization`` does."""
    x = graph.input("x", given["x"])
    mean, variance, beta, gamma = (
        graph.constant(name, given[name]) for name in ("mean", "variance", "beta", "gamma")
    )
    epsilon = graph.constant("epsilon", np.float32(given["epsilon"]))
    scale = graph.add("AddV2", [variance, epsilon], given["variance"] + np.float32(given["epsilon"]))
    scale = graph.add("Rsqrt", [scale], 1 / np.sqrt(graph.read(scale)))
    scale = graph.add("Mul", [scale, gamma], graph.read(scale) * given["gamma"])
    scaled = graph.add("Mul", [x, scale], given["x"] * graph.read(scale))
    shift = graph.add("Mul", [mean, scale], given["mean"] * graph.read(scale))
    shift = graph.add("Sub", [beta, shift], given["beta"] - graph.read(shift))
    return graph.add("AddV2", [scaled, shift], graph.read(scaled) + graph.read(shift))


def judged(graph: Graph, result: Array, dtype: str) -> Place:
    """What the legacy graph says of a port's result y, of whose graph nothing is known."""
    objects = graph.side
    output = graph.keep(result, dtype)
    (place,) = places(graph.side, Side(Trace(), objects.read), {"y": output})
    return place


def explained(place: Place, result: Array) -> List[Any]:
    """The causes that ``compat.explain`` finds by the legacy nodes, idioms as one."""
    followed = place.followed.raised()
    target = Target(
        ReferenceOnly(followed.reference),
        list(followed.given.values()),
        {},
        {"y": (result, "float32")},
        "float32",
    )
    return explain(target, seconds=0)
