"""Why a result differs: hypotheses are undone one at a time, and what fits is the cause.

``catalogue`` has them, ``search.explain`` tries them on a ``Target``, ``recognise`` knows by its numbers what none of
them explains, ``shape.describe`` says what an error looks like that is not known; ``causes`` puts all that into lines.
Of a port ``structure`` compares the graphs first.
"""

from .catalogue import HYPOTHESES
from .causes import causes
from .evidence import few_roundings
from .ports import causes_of_places
from .recognise import Recognised, recognise
from .search import Found, explain
from .shape import describe
from .steps import first_wrong_step
from .target import ReferenceOnly, Target

__all__ = [
    "HYPOTHESES",
    "Found",
    "Recognised",
    "ReferenceOnly",
    "Target",
    "causes",
    "causes_of_places",
    "describe",
    "explain",
    "few_roundings",
    "first_wrong_step",
    "recognise",
]
