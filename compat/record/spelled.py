"""Why an operation cannot be computed in a dialect here, told without importing anything."""

from typing import Container, Optional

from .dialects import dialect as find_dialect


def not_spelled(operation: str, spelled: Container[str], dialect: str) -> Optional[str]:
    """``spelled``: the dialects that the operation has an implementation in.  None where it can be computed."""
    missing = find_dialect(dialect).missing()
    if missing:
        return missing
    return None if dialect in spelled else f"{operation} is not spelled in {dialect}"
