"""Compare one computation across the dialects and versions of TensorFlow. The public names.

They are imported when they are first used: ``compat --help`` needs no NumPy.
"""

import importlib
from typing import TYPE_CHECKING, Any, List

from .errors import CompatError, Unsupported

if TYPE_CHECKING:
    from . import layers, reference
    from .asserting import assert_agrees, assert_same_port
    from .case import fixtures, networks
    from .case.operation import operation

__version__ = "0.1.0"
__all__ = [
    "CompatError",
    "Unsupported",
    "assert_agrees",
    "assert_same_port",
    "fixtures",
    "layers",
    "networks",
    "operation",
    "reference",
]

_HOMES = {
    "assert_agrees": "compat.asserting",
    "assert_same_port": "compat.asserting",
    "fixtures": "compat.case.fixtures",
    "layers": "compat.layers",
    "networks": "compat.case.networks",
    "operation": "compat.case.operation",
    "reference": "compat.reference",
}
#: These are in their homes; the others are modules.
_WITHIN = ("assert_agrees", "assert_same_port", "operation")


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'compat' has no attribute {name!r}")
    module = importlib.import_module(_HOMES[name])
    found = getattr(module, name) if name in _WITHIN else module
    globals()[name] = found
    return found


def __dir__() -> List[str]:
    return sorted({*globals(), *__all__})
