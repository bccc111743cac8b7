"""The attributes of an op as JSON values: dtypes by name, shapes as lists, None for an axis that is not known."""

from typing import Any, Dict, List

import numpy as np

#: Attributes that say nothing of what is computed.
_ASIDE = ("_class", "_output_shapes", "container", "shared_name", "use_cudnn_on_gpu", "debug_name")
#: Texts and lists longer than this are data, which the tensors hold.
_LONGEST = 4096


def of_node_def(node_def: Any, dtype_name: Any) -> Dict[str, Any]:
    """Those of a NodeDef.  ``dtype_name``: DataType number -> name."""
    found = {}
    for name in sorted(node_def.attr):
        if name in _ASIDE or name.startswith("_"):
            continue
        value = _of_proto(node_def.attr[name], dtype_name)
        if value is not None:
            found[name] = value
    return found


def of_pairs(pairs: Any, kinds: Dict[str, str], dtype_name: Any) -> Dict[str, Any]:
    """Those that come as name, value, name, value; ``kinds``: the type of each in the op's definition."""
    found = {}
    for name, value in zip(pairs[::2], pairs[1::2]):
        name = _text(name)
        if name in _ASIDE or name.startswith("_") or value is None:
            continue
        plain = _plain(value, kinds.get(name, ""), dtype_name)
        if plain is not None:
            found[name] = plain
    return found


def _float(value: Any) -> Any:
    """As the op has it, in float32; what no JSON can hold as a text."""
    number = float(np.float32(value))
    return number if np.isfinite(number) else str(number)


def _text(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _of_proto(value: Any, dtype_name: Any) -> Any:
    kind = value.WhichOneof("value")
    if kind == "s":
        return _text(value.s) if len(value.s) <= _LONGEST else None
    if kind == "f":
        return _float(value.f)
    if kind in ("i", "b"):
        return getattr(value, kind)
    if kind == "type":
        return dtype_name(value.type)
    if kind == "shape":
        return _shape(value.shape)
    if kind == "func":
        return value.func.name
    if kind == "list":
        return _of_list(value.list, dtype_name)
    return None


def _of_list(values: Any, dtype_name: Any) -> List[Any]:
    for field, convert in (
        ("i", int),
        ("f", _float),
        ("b", bool),
        ("s", _text),
        ("type", dtype_name),
        ("shape", _shape),
        ("func", lambda func: func.name),
    ):
        items = getattr(values, field)
        if len(items):
            return [convert(item) for item in items] if len(items) <= _LONGEST else []
    return []


def _shape(shape: Any) -> Any:
    if shape.unknown_rank:
        return None
    return [None if axis.size < 0 else int(axis.size) for axis in shape.dim]


def _plain(value: Any, kind: str, dtype_name: Any) -> Any:
    """A Python value that an op was called with."""
    if kind.startswith("list("):
        items = [_plain(item, kind[5:-1], dtype_name) for item in value]
        return items if len(items) <= _LONGEST else None
    if kind == "type":
        return dtype_name(value)
    if kind == "shape":
        dims = getattr(value, "as_list", None)
        if getattr(value, "rank", 0) is None:
            return None
        return [None if axis is None else int(axis) for axis in (dims() if dims else value)]
    if kind == "bool":
        return bool(value)
    if kind == "int":
        return int(value)
    if kind == "float":
        return _float(value)
    if kind == "func":
        return _text(getattr(value, "name", ""))
    if isinstance(value, (bytes, str)):
        return _text(value) if len(value) <= _LONGEST else None
    if isinstance(value, (bool, int)):
        return value
    return _float(value) if isinstance(value, float) else None
