"""How each dialect executes an implementation; one file each, the framework imported late."""

from ..errors import CompatError
from ..operation import DIALECT_NAMES
from .eager import Eager
from .function import Function
from .keras2 import Keras2
from .keras3 import Keras3
from .numpy import NumPy
from .scipy import SciPy
from .session import Session

DIALECTS = {
    dialect.name: dialect
    for dialect in (NumPy(), SciPy(), Session(), Eager(), Function(), Keras2(), Keras3())
}


def dialect(name):
    """The dialect of that name. Raises CompatError for an unknown one."""
    try:
        return DIALECTS[name]
    except KeyError:
        raise CompatError(f"no dialect {name!r}; there are {', '.join(DIALECT_NAMES)}") from None
