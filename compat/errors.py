"""What can go wrong, in two kinds: the user's input, and a spelling that an environment lacks."""


class CompatError(Exception):
    """Wrong input. One line: what is wrong and what to do. The command line ends with status 2."""


class Unsupported(Exception):
    """Raised by an implementation or a dialect that cannot spell a sample here; says why.

    The record becomes ``unsupported`` with this reason: never a pass, never a failure.
    """
