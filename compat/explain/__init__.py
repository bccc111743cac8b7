"""Why a result differs: hypotheses are undone one at a time, and what fits is the cause.

``catalogue`` has them, ``search.explain`` tries them on a ``Target``, ``shape.describe`` says what an error
looks like that none explains; ``causes`` puts both into lines.  Of a port ``structure`` compares the graphs first.
"""

from .catalogue import HYPOTHESES
from .causes import causes
from .ports import causes_of_places
from .search import Found, explain
from .shape import describe
from .steps import first_wrong_step
from .target import ReferenceOnly, Target

__all__ = [
    "HYPOTHESES",
    "Found",
    "ReferenceOnly",
    "Target",
    "causes",
    "causes_of_places",
    "describe",
    "explain",
    "first_wrong_step",
]
