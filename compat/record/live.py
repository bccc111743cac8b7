"""A live function or model, computed and recorded as a sample is, but in memory and in this process."""

import inspect
from typing import Any, Callable, Dict, Mapping, Optional

from ..case.fixtures import Fixture
from ..case.operation import Operation, Sample
from ..errors import CompatError, Unsupported
from ..objects import Memory
from ..records import Record
from .compute import record_of
from .dialects import DIALECTS
from .dialects.tensorflow import take_as_it_is


def recorded(
    function: Callable[..., Any], inputs: Mapping[str, Fixture], legacy: bool, objects: Memory
) -> Record:
    """The Record of ``function(*inputs)``, with what was measured of it and its graph, its arrays in ``objects``.

    A ``legacy`` function is run as a graph in a session, where it is no model and no tf.function; where that
    cannot be, and everything else, eagerly.  Raises CompatError for what cannot be computed, with the reason.
    """
    take_as_it_is()
    first = "tf1.session" if legacy and not _is_eager(function) else "tf2.eager"
    why = ""
    for dialect in dict.fromkeys((first, "tf2.eager", "tf1.session")):
        try:
            return _in(dialect, function, inputs, objects)
        except (CompatError, Unsupported) as error:
            why = why or str(error)
    raise CompatError(f"{_called(function)}: {why}")


def _in(dialect: str, function: Callable[..., Any], inputs: Mapping[str, Fixture], objects: Memory) -> Record:
    operation = Operation("live", against=dialect)

    @operation.on(dialect)
    def _(tf: Any, *tensors: Any) -> Any:
        return _as_outputs(function(*tensors))

    return record_of(Sample(operation, "live", dict(inputs), {}, None, "", False), DIALECTS[dialect], objects)


def _as_outputs(result: Any) -> Any:
    """Tensors by name: what comes as a list or a tuple by its place."""
    if isinstance(result, (list, tuple)):
        return {str(number): value for number, value in enumerate(result)}
    return result


def _is_eager(function: Any) -> bool:
    """A model, a layer, a tf.Module or a tf.function holds tensors of its own, which no other graph may use."""
    return any(
        hasattr(function, attribute)
        for attribute in ("trainable_variables", "get_concrete_function", "variables")
    )


def _called(function: Any) -> str:
    name: Optional[str] = getattr(function, "__name__", None) or getattr(function, "name", None)
    return name or type(function).__name__


def by_name(inputs: Any, function: Callable[..., Any]) -> Dict[str, Any]:
    """The inputs as a dict: those of a list by the names of the function's parameters, where it tells them."""
    if isinstance(inputs, dict):
        return dict(inputs)
    given = list(inputs) if isinstance(inputs, (list, tuple)) else [inputs]
    try:
        names = [name for name in inspect.signature(function).parameters if name.isidentifier()]
    except (TypeError, ValueError):
        names = []
    return {names[n] if n < len(names) else f"input_{n}": value for n, value in enumerate(given)}
