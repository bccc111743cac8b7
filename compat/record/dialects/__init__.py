"""How each dialect executes an implementation; one class in one file each, the framework imported late.

Every file in this folder is a dialect's, but for those that dialects share (``base``, ``tensorflow``): what they
define registers itself.
"""

import importlib
import pkgutil
from typing import Dict, Iterable, List

from ...errors import CompatError
from .base import Dialect, Results, registered

__all__ = ["DIALECTS", "Dialect", "Results", "by_default", "dialect", "in_order"]

for _module in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_module.name}")

#: The dialects by name, in the order in which pages and tables show them.
DIALECTS: Dict[str, Dialect] = registered()


def dialect(name: str) -> Dialect:
    """The dialect of that name. Raises CompatError for an unknown one."""
    try:
        return DIALECTS[name]
    except KeyError:
        raise CompatError(f"no dialect {name!r}; there are {', '.join(DIALECTS)}") from None


def by_default() -> List[str]:
    """The dialects that a run computes where nobody names any."""
    return [name for name, one in DIALECTS.items() if one.by_default]


def in_order(names: Iterable[str]) -> List[str]:
    """Names of dialects in the order of tables; those that only another machine knows come last."""
    places = {name: place for place, name in enumerate(DIALECTS)}
    return sorted(names, key=lambda name: (places.get(name, len(places)), name))
