"""Compare one computation across the dialects and versions of TensorFlow. The public names."""

from . import fixtures, layers, networks, reference
from .errors import CompatError, Unsupported
from .operation import operation

__version__ = "0.1.0"
__all__ = ["CompatError", "Unsupported", "fixtures", "layers", "networks", "operation", "reference"]
