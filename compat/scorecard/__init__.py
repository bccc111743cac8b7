"""The judge judged: faults injected on purpose, harmless variations, and how often the cause is named.

``operations`` x ``faults`` are generated: every kind is tried on every operation on which it is another
computation.  ``measure`` counts what was caught and what was named.
"""

from .faults import FAULTS
from .harmless import VARIATIONS
from .measure import Scorecard, score
from .operations import OPERATIONS
from .stored import stored

__all__ = ["FAULTS", "OPERATIONS", "VARIATIONS", "Scorecard", "score", "stored"]
