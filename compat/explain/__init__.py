"""Why a result differs: hypotheses are undone one at a time, and what fits is the cause.

``search.explain`` tries them, ``shape.describe`` says what an error looks like that none explains.
"""

from .search import HYPOTHESES, Found, Target, explain
from .shape import describe
from .steps import Rule, first_wrong_step

__all__ = ["HYPOTHESES", "Found", "Rule", "Target", "describe", "explain", "first_wrong_step"]
