"""Ops that a graph gets many at a time: made one by one they cost TensorFlow more than to run them.

Nothing that runs with one of them is looked through for parts that XLA could compile.  For that TensorFlow takes a time
that grows with the square of the graph, and of a graph of which every tensor is looked at nothing is left to compile.
"""

from typing import Any, Dict, List, Mapping, Union

#: Says that XLA has looked through the graph already; TensorFlow 1.13, which asks each op, does not know it.
LOOKED_THROUGH = "_XlaAlreadyClustered"
#: How the names of all of them begin.
_SCOPE = "compat.added"


def is_added(op: Any) -> bool:
    return bool(op.name.startswith(_SCOPE))


class Added:
    """Ops for a graph: ``op`` after ``op``, then all at once."""

    def __init__(self, tf: Any, graph: Any) -> None:
        self._tf, self._graph = tf, graph
        self._definition = tf.GraphDef()
        self._definition.versions.CopyFrom(
            graph.graph_def_versions
        )  # an older one would make the graph older
        self._given: Dict[str, Any] = {}

    def op(self, kind: str, inputs: List[Union[str, Any]], attributes: Mapping[str, Any]) -> str:
        """Add one; returns its name among these.

        ``inputs``: tensors of the graph, and names of ops that were added before.  ``attributes``: each a dtype, a list
        of dtypes, bytes or a bool.
        """
        name = f"op{len(self._definition.node)}"
        node = self._definition.node.add(name=name, op=kind, input=list(map(self._name, inputs)))
        node.attr[LOOKED_THROUGH].b = True
        for key, value in attributes.items():
            self._set(node.attr[key], value)
        return name

    def made(self) -> List[Any]:
        """The ops in the graph, in their order."""
        names = [node.name for node in self._definition.node]
        if not names:
            return []
        with self._graph.as_default():
            ops: List[Any] = self._tf.import_graph_def(
                self._definition, self._given, return_elements=names, name=_SCOPE
            )
        return ops

    def _name(self, given: Union[str, Any]) -> str:
        if isinstance(given, str):
            return given
        name = f"given{len(self._given)}:0"
        self._given[name] = given
        return name

    @staticmethod
    def _set(attribute: Any, value: Any) -> None:
        if isinstance(value, bool):
            attribute.b = value
        elif isinstance(value, bytes):
            attribute.s = value
        elif isinstance(value, list):
            attribute.list.type.extend(one.as_datatype_enum for one in value)
        else:
            attribute.type = value.as_datatype_enum
