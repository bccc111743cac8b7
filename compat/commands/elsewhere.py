"""Commands of packages that compat does not import, by their entry points: the pages are one."""

from typing import Any, Dict, Sequence

from ..errors import CompatError
from ..record.versions import metadata


def commands() -> Dict[str, Any]:
    """Entry points by the name of the command."""
    found: Any = metadata.entry_points()
    group = "compat.commands"
    entries = found.select(group=group) if hasattr(found, "select") else found.get(group, ())
    return {entry.name: entry for entry in entries}


def run(entry: Any, argv: Sequence[str]) -> int:
    """Its exit status.  Raises CompatError where what it needs is not installed."""
    try:
        main_of_entry = entry.load()
    except ImportError as error:
        raise CompatError(f"needs more than compat itself ({error}): pip install 'compat[report]'") from None
    return int(main_of_entry(argv) or 0)
