"""What ``compat verify`` found as node data of Google's Model Explorer, which colours a graph by them.

Its format: ``results`` by the name of a node, each a ``value`` with colours.  The value is the share of the rounding
allowance that a tensor uses; above 1 no rounding explains it.
"""

from __future__ import annotations

import json
from typing import Any

from compat.errors import CompatError
from compat.porting.findings import Findings, Tensor

BEGINNING = '{\n "results": {'
#: Model Explorer sums and averages values: one that is endless would hide all others.
_MOST = 1e12
_WRONG = ("#b3261e", "#ffffff")
_THRESHOLDS = [
    {"value": 0.1, "bgColor": "#d7efdd", "textColor": "#12351f"},
    {"value": 1, "bgColor": "#a8d8b4", "textColor": "#12351f"},
    {"value": _MOST, "bgColor": "#f6d98f", "textColor": "#3d2c00"},
]


def text(found: Findings) -> str:
    """Of every pair that was judged: by the legacy graph's names, and the port's that the legacy graph has not.

    Raises CompatError where nothing was judged.
    """
    results: dict[str, Any] = {}
    for side in ("port", "legacy"):
        results.update({_node(getattr(one, side)): _result(one) for one in found.tensors if _is_judged(one)})
    if not results:
        raise CompatError("--model-explorer: no tensor was judged, so that there is nothing to colour")
    return json.dumps({"results": results, "thresholds": _THRESHOLDS}, indent=1, allow_nan=False) + "\n"


def _is_judged(tensor: Tensor) -> bool:
    return tensor.numbers is not None and tensor.numbers.share is not None


def _node(tensor: str) -> str:
    """The node of a tensor: ``conv/BiasAdd:0`` is the first output of ``conv/BiasAdd``."""
    name, colon, output = tensor.rpartition(":")
    return name if colon and output.isdigit() else tensor


def _result(tensor: Tensor) -> dict[str, Any]:
    assert tensor.numbers is not None and tensor.numbers.share is not None
    value: dict[str, Any] = {"value": min(tensor.numbers.share, _MOST)}
    if tensor.wrong:
        value["bgColor"], value["textColor"] = _WRONG
    return value
