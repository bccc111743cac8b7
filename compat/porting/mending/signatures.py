"""The parameters of the functions and classes that a module has names for."""

import inspect
from typing import Any, Dict, Sequence


def signatures(module: Any, names: Sequence[str]) -> Dict[str, Dict[str, Any]]:
    """Of each dotted name that the module knows its parameters in order, with ``[default]``, or [] without one.

    JSON values; a default that is none is as if there were none.
    """
    found = {}
    for name in names:
        value = _reached(module, name)
        if callable(value):
            found[name] = _parameters(value)
    return found


def _reached(module: Any, name: str) -> Any:
    value: Any = module
    for part in name.split("."):
        try:
            value = getattr(value, part)
        except Exception:  # a module that is only there when it is asked for
            return None
    return value


def _parameters(value: Any) -> Dict[str, Any]:
    call: Any = getattr(value, "__init__") if isinstance(value, type) else value  # noqa: B009 (mypy)
    try:
        parameters = inspect.signature(call).parameters.values()
    except (TypeError, ValueError):
        return {}
    kinds = (
        inspect.Parameter.POSITIONAL_ONLY,
        inspect.Parameter.VAR_POSITIONAL,
        inspect.Parameter.VAR_KEYWORD,
    )
    found: Dict[str, Any] = {}
    for one in parameters:
        if one.name == "self" or one.kind in kinds:
            continue
        plain = one.default is None or isinstance(one.default, (bool, int, float, str))
        if isinstance(one.default, tuple) and all(isinstance(n, int) for n in one.default):
            found[one.name] = [list(one.default)]
        else:
            found[one.name] = [one.default] if plain else []
    return found
