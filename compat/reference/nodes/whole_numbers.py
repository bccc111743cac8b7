"""Ops on whole numbers and truth values: exact, and beyond the dtype's range wrapped around, as NumPy's are."""

from typing import Any, Callable

from ...arrays import Array
from .flows import whole
from .registry import Flow, NodeCall


def exactly(call: NodeCall, function: Callable[..., Any], *inputs: Flow) -> Array:
    """``function`` of the whole numbers, in the dtype of the output.  Raises NoRule where one is inexact."""
    return function(*[whole(flow) for flow in inputs]).astype(call.dtype)
