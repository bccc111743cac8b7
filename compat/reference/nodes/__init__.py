"""Rules of graph nodes: op type and attributes -> the float64 answer and its bound, on the tensors that it took.

A rule takes what came in and gives what must come out, each an array, which is exact and of its own dtype, or a
Reference, which is off by what rounding did before.  Where the op is one of ``compat.reference``, the rule calls that,
so that what explains a wrong call there explains a wrong node.  The files group the ops as TensorFlow's documentation
does; every file of this folder is imported, and registers its rules.
"""

import importlib
import pkgutil

from .registry import RULES_OF_NODES, NodeCall, Taken, answer, rule_of

for _module in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_module.name}")

__all__ = ["RULES_OF_NODES", "NodeCall", "Taken", "answer", "rule_of"]
