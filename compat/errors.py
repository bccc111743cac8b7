"""What can go wrong: the user's input, the store, and a spelling that an environment lacks."""


class CompatError(Exception):
    """Wrong input. One line: what is wrong and what to do. The command line ends with status 2."""


class StoreError(CompatError):
    """The store cannot be written.  Never the result of a sample: the run ends, and goes on when there is room."""


class Unsupported(Exception):
    """Raised by an implementation or a dialect that cannot spell a sample here; says why.

    The record becomes ``unsupported`` with this reason: never a pass, never a failure.
    """
