"""map.toml: which variable of the port gets which of the legacy side, as it was found and as a person may edit it."""

import json
import sys
from typing import Dict, Iterable, List, NamedTuple, Tuple

from ..errors import CompatError
from ..files import appearing, read_bytes

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

#: What may stand for a legacy variable: the port keeps its own; zeros; ones.
KEEP, FILLS = "-", ("zeros", "ones")
_HEAD = """\
# Which variable of the port gets which of the legacy side, for compat carry --map and compat verify --map.
# A variable may also get "zeros" or "ones", or keep its own numbers: "-".
"""


class Map(NamedTuple):
    """``weights``: of a variable of the port what it is made of.  ``unused``: legacy variables that nothing takes.

    ``beside``: no person says it, it is told by what stands beside: of a moving statistic the legacy one, or ``KEEP``.
    """

    weights: Dict[str, List[str]]
    unused: List[str]
    beside: Dict[str, str] = {}


def read_map(path: str) -> Map:
    """Raises CompatError for what is no map."""
    try:
        document = tomllib.loads(read_bytes(path).decode("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise CompatError(f"{path}: is no TOML ({error})") from None
    unknown = set(document) - {"weights", "unused"}
    weights, unused = document.get("weights", {}), document.get("unused", [])
    if unknown or not isinstance(weights, dict) or not _are_texts(unused):
        raise CompatError(f'{path}: expected a table [weights] of "port" = "legacy", and a list unused')
    found = {}
    for name, value in weights.items():
        names = [value] if isinstance(value, str) else value
        if not _are_texts(names) or not names:
            raise CompatError(f"{path}: {name}: expected the name of a legacy variable, or a list of names")
        found[name] = list(names)
    return Map(found, list(unused))


def _are_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) for one in value)


def write_map(
    path: str, rows: Iterable[Tuple[str, List[str], str]], unused: Iterable[str], refused: Iterable[str] = ()
) -> None:
    """``rows``: (variable of the port, the legacy variables that it is made of, why).

    ``refused``: what is to be said of those that are not clear.
    """
    with appearing(path, "w") as file:
        file.write(_HEAD)
        file.write(f"unused = {json.dumps(list(unused))}\n\n[weights]\n")
        for name, legacy, why in rows:
            value = json.dumps(legacy[0] if len(legacy) == 1 else legacy)
            file.write(f"{json.dumps(name)} = {value}  # {' '.join(why.split())}\n")
        for line in refused:
            file.write(f"# {' '.join(line.split())}\n")
