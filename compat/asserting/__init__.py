"""The judge in anybody's own tests: ``compat.assert_agrees``.

``given`` reads what is handed over, ``expectation`` makes the answers of it, ``message`` says what is wrong.
"""

from .assertion import assert_agrees

__all__ = ["assert_agrees"]
