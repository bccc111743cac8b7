"""Why an operation cannot be computed in a dialect here, told without importing anything."""

from typing import Container, Optional

from .dialects import dialect as find_dialect


def not_spelled(operation: str, spelled: Container[str], dialect: str) -> Optional[str]:
    """``spelled``: the dialects that the operation has an implementation in.  None where it can be computed."""
    found = find_dialect(dialect)
    missing = found.missing()
    if missing:
        return missing
    name = found.spelling(spelled)
    return None if name in spelled else f"{operation} is not spelled in {name}"
