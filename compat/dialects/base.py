"""What every dialect is: whether it exists here, its module, and how to compute with it."""

from ..arrays import plain
from ..errors import CompatError, Unsupported


class Dialect:
    """The smallest adapter: arrays in, arrays out."""

    name = ""
    #: Dialects of different kinds of process cannot share one; ``compat run`` starts one for each.
    process = "graph"

    def missing(self):
        """Why this environment has no such dialect, or None. Does not import the framework."""
        return None

    def module(self):
        """The module that an implementation gets as its first argument; imports the framework."""
        raise NotImplementedError

    def compute(self, implementation, inputs, parameters):
        """``{output name: array}`` of an implementation for fixtures by name.

        Raises Unsupported where it cannot be spelled here, CompatError where the framework is
        broken, and whatever the framework raises.
        """
        raise NotImplementedError


def load(what, importer):
    """Import a framework, with one clear line where it is installed but does not import."""
    try:
        return importer()
    except Exception as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise CompatError(f"{what} is installed but does not import: {reason}") from error


def only_plain_inputs(dialect, inputs):
    """The arrays of the inputs; raises Unsupported for a dtype that NumPy lacks."""
    for name, fixture in inputs.items():
        if fixture.dtype == "bfloat16":
            raise Unsupported(f"{dialect} has no bfloat16 (input {name})")
    return [fixture.array for fixture in inputs.values()]


def named(result):
    """One result or a dict of them -> a dict; a single output is called ``y``."""
    return result if isinstance(result, dict) else {"y": result}


def collect(result):
    """``{name: (array, dtype name)}`` from what an implementation returned as arrays."""
    return {name: plain(value) for name, value in named(result).items()}
