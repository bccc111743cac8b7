"""Where a port's layers were constructed, and which of them each op of its graph was called in.

A trace knows the line of an op that a person's own code makes.  Of a Keras layer it knows none: the layer was
constructed elsewhere, and is called by its model.  Both are watched while the port is made and traced.
"""

import contextlib
import inspect
import os
import sys
import sysconfig
from types import FrameType
from typing import Any, Callable, Container, Dict, Iterator, List, Optional, Tuple

from ..record.dialects.tensorflow import import_tensorflow
from ..sources.graphs import tensorflow_1
from .findings import Layer, Spot

_COMPAT = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep
_STDLIB = (sysconfig.get_paths().get("stdlib") or os.sep + "nowhere") + os.sep


def is_own(path: str) -> bool:
    """Whether that is a file of a person's: neither of a package that is installed, nor of compat or Python."""
    return not (
        path.startswith(("<", _COMPAT, _STDLIB)) or f"{os.sep}site-packages{os.sep}" in path or not path
    )


class Construction:
    """``watching()``: within it, layers are noted where they are constructed, and ops as they are called."""

    def __init__(self) -> None:
        self._made: Dict[int, Tuple[Any, List[Spot]]] = {}
        self._called: Dict[str, int] = {}

    @contextlib.contextmanager
    def watching(self) -> Iterator[None]:
        undo: List[Tuple[Any, str, Any]] = []
        try:
            for base in _bases():
                for name, wrap in (("__init__", self._constructing), ("__call__", self._calling)):
                    if name in vars(base):
                        undo.append((base, name, vars(base)[name]))
                        setattr(base, name, wrap(vars(base)[name]))
            yield
        finally:
            for base, name, before in reversed(undo):
                setattr(base, name, before)

    def _constructing(self, init: Callable[..., None]) -> Callable[..., None]:
        def construct(layer: Any, *arguments: Any, **settings: Any) -> None:
            if id(layer) not in self._made:
                self._made[id(layer)] = layer, _spots(sys._getframe(1), layer)
            init(layer, *arguments, **settings)

        return unconverted(construct, init)

    def _calling(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def called(layer: Any, *arguments: Any, **settings: Any) -> Any:
            graph = _graph()
            before = _count(graph)
            try:
                return call(layer, *arguments, **settings)
            finally:
                if before is not None:
                    for op in graph.get_operations()[before:]:
                        self._called.setdefault(op.name, id(layer))  # an inner layer has come before

        return unconverted(called, call)

    def layer_of(self, op: str) -> Optional[Layer]:
        """The innermost layer that the op was made in."""
        found = self._made.get(self._called.get(op, 0))
        if found is None:
            return None
        layer, spots = found
        kind = type(layer)
        same = [other for _, other in self._made.values() if other[:1] == spots[:1]]
        return Layer(
            str(getattr(layer, "name", "") or kind.__name__),
            kind.__name__,
            is_own(getattr(sys.modules.get(kind.__module__), "__file__", None) or ""),
            spots,
            _arguments(kind),
            len(same) if spots else 1,
        )


def unconverted(function: Callable[..., Any], of: Callable[..., Any]) -> Callable[..., Any]:
    """AutoGraph takes it as it is, and goes on with what is called within."""
    function.__name__ = getattr(of, "__name__", function.__name__)
    function.__doc__ = of.__doc__
    function.__dict__.update(getattr(of, "__dict__", {}))
    function.__dict__.pop("__wrapped__", None)
    function.autograph_info__ = {}  # type: ignore[attr-defined]
    function.__signature__ = inspect.signature(of)  # type: ignore[attr-defined]
    return function


def _bases() -> List[Any]:
    """What Keras, of whatever generation is imported, has every layer and operation inherit from."""
    found: List[Any] = []
    tensorflow: Any = sys.modules.get("tensorflow")
    modules = [sys.modules.get("keras"), sys.modules.get("tf_keras"), getattr(tensorflow, "keras", None)]
    for module in modules:
        layers = getattr(module, "layers", None)
        for base in (getattr(layers, "Layer", None), getattr(module, "Operation", None)):
            if isinstance(base, type) and base not in found:
                found.append(base)
    return found


def _graph() -> Any:
    return tensorflow_1().get_default_graph()


def _count(graph: Any) -> Optional[int]:
    """How many ops it has; None where layers are only described, or run at once."""
    return len(graph.get_operations()) if getattr(graph, "building_function", False) else None


def _spots(frame: Optional[FrameType], layer: Any) -> List[Spot]:
    """A person's frames, the innermost first; none of the constructors of the layer itself."""
    found = []
    while frame is not None:
        code = frame.f_code
        own_init = code.co_name == "__init__" and frame.f_locals.get("self") is layer
        if is_own(code.co_filename) and not own_init:
            found.append(_spot(frame))
        frame = frame.f_back
    return found


def _spot(frame: FrameType) -> Spot:
    code = frame.f_code
    path, line, name = os.path.abspath(code.co_filename), frame.f_lineno or 1, code.co_name
    positions = getattr(code, "co_positions", None)
    if positions is not None and frame.f_lasti >= 0:
        for number, (start, end, column, end_column) in enumerate(positions()):
            if number == frame.f_lasti // 2:
                if None not in (start, end, column, end_column):
                    return Spot(path, start, name, column, end, end_column)
                break
    return Spot(path, line, name)


def _arguments(kind: Any) -> List[str]:
    try:
        parameters = inspect.signature(kind.__init__).parameters.values()
    except (TypeError, ValueError):
        return []
    return [p.name for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD and p.name != "self"]


def stacks_of(operations: Any) -> Dict[str, List[Spot]]:
    """Of each op a person's frames that made it, the innermost first."""
    found: Dict[str, List[Spot]] = {}
    met: Dict[str, bool] = {}
    for op in operations:
        spots = []
        for frame in reversed(list(getattr(op, "traceback", None) or ())):  # some have none in 2.1
            path, line, name = str(frame[0]), frame[1], str(frame[2])
            if path not in met:
                met[path] = is_own(os.path.abspath(path)) and os.path.isfile(path)
            if met[path] and line:
                spots.append(Spot(os.path.abspath(path), int(line), name))
        if spots:
            found[op.name] = spots
    return found


def files_of(path: str, before: Container[str]) -> List[str]:
    """The file, and those of a person's that were imported since ``before``, names of modules."""
    found = {path}
    for name, module in list(sys.modules.items()):
        file = os.path.abspath(getattr(module, "__file__", None) or os.curdir)
        if name not in before and file.endswith(".py") and is_own(file):
            found.add(file)
    return sorted(found)


def import_keras() -> None:
    """The Keras that TensorFlow has, where it has one: to be watched it has to be there."""
    with contextlib.suppress(Exception):
        _ = import_tensorflow().keras.layers.Layer
