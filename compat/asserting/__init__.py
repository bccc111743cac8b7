"""The judge in anybody's own tests: ``compat.assert_agrees``, and of two live functions ``compat.assert_same_port``.

``given`` reads what is handed over, ``expectation`` makes the answers of it, ``message`` says what is wrong.
"""

from .assertion import assert_agrees
from .porting import assert_same_port

__all__ = ["assert_agrees", "assert_same_port"]
