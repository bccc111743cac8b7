"""Why a result differs: hypotheses are undone one at a time, and what fits is the cause.

``search.explain`` tries them, ``shape.describe`` says what an error looks like that none explains.
"""

from .search import HYPOTHESES, Found, Target, explain
from .shape import describe

__all__ = ["HYPOTHESES", "Found", "Target", "describe", "explain"]
