"""Keras's descriptions of models, searched for what would run code when a model is made of them."""

import json
import re
from typing import Any, Iterator, Tuple

from ..errors import CompatError

#: A description is shorter, in bytes.
LARGEST = 1 << 27
#: Modules whose classes Keras may look up: its own, and those that describe layers; no utils, no saving, no config.
_MODULES = re.compile(
    r"(tf_keras|keras|tensorflow\.keras|tensorflow\.python\.keras)(\.(src|api|_tf_keras|keras|engine|_v2|_v1))*"
    r"(\.(layers|models|initializers|regularizers|constraints|activations|losses|metrics|optimizers|dtype_policies|"
    r"ops|functional|sequential|training|input_layer|legacy|legacy_tf_layers|mixed_precision)(\.[a-z0-9_.]+)?)?\Z"
)
_TRUST = "--trust, if you know where it comes from"


def parsed(where: str, text: Any) -> Any:
    """The JSON.  Raises CompatError where it is none."""
    try:
        text = text.decode("utf-8") if isinstance(text, bytes) else text
        if len(text) > LARGEST:
            raise ValueError("too long")
        return json.loads(text)
    except (ValueError, RecursionError):
        raise CompatError(f"{where}: its description of the model is no JSON") from None


def check_config(where: str, config: Any, trust: bool) -> None:
    """Raises CompatError for layers that run code which the file brings along, and classes that are not Keras's."""
    if trust:
        return
    for entry, name in _entries(config):
        kind = entry.get("class_name")
        if kind in ("Lambda", "__lambda__") or entry.get("registered_name") == "Lambda":
            raise CompatError(f"{where}: the layer `{name}` is a Lambda, whose code is in the file; {_TRUST}")
        module = entry.get("module")
        if isinstance(module, str) and module != "builtins" and not _MODULES.match(module):
            raise CompatError(
                f"{where}: `{name}` is looked up in {module}, where Keras has no layers; {_TRUST}"
            )
        if module == "builtins" and entry.get("class_name") not in (
            "slice",
            "int",
            "float",
            "str",
            "bool",
            "tuple",
            "range",
        ):
            config_of = entry.get("config")
            raise CompatError(
                f"{where}: `{name}` would call {kind} {config_of}, which is not Keras's; {_TRUST}"
            )


def _entries(value: Any) -> Iterator[Tuple[Any, str]]:
    """Everything that names a class, with its name."""
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            if "class_name" in one:
                inner = one.get("config")
                name = inner.get("name") if isinstance(inner, dict) else None
                yield one, str(name or one.get("name") or one["class_name"])
            waiting += one.values()
        elif isinstance(one, list):
            waiting += one
