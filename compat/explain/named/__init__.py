"""Differences of two graphs that have a name: another dtype, weights in another order, a slope, an epsilon, a divisor.

What the ops alone do not tell: one op of the port may stand for several of the legacy graph.  Each is read from both
graphs, or from the numbers beside the legacy one, and told where the port's numbers follow from it.
"""

# What ``training`` names is a step's alone, and says more of it than the others.
from . import training, mixed_up, drawn, roots, dtypes, cells, gates, orders, results, settings  # isort: skip
from .ways import named

__all__ = [
    "cells",
    "drawn",
    "dtypes",
    "gates",
    "mixed_up",
    "named",
    "orders",
    "results",
    "roots",
    "settings",
    "training",
]
