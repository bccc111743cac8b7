"""What one argument of the port has to be for its nodes to be the legacy graph's: read from the nodes of both."""

import difflib
from typing import Any, Iterator, List, Optional, Sequence, Tuple

import numpy as np

from ..graph.pairing import kind_of
from .findings import Cause, Edit, Finding, Op

#: Ops that pass on, or say how.
_ASIDE = (
    *("Const", "Variable", "Placeholder", "Identity", "ReadVariableOp", "StopGradient", "Shape", "Pack"),
    *("Enter", "Exit", "Merge", "Switch", "NextIteration", "Reshape", "Squeeze", "ExpandDims"),
)
#: Attributes that are an argument, under the name that Edits have for it.
_ARGUMENTS = {
    **{name: name for name in ("epsilon", "strides", "padding", "dilations", "ksize", "data_format", "alpha")},
    **{name: name for name in ("align_corners", "half_pixel_centers", "is_training", "transpose_a", "transpose_b")},
    **{"keep_dims": "keepdims", "explicit_paddings": "padding", "adj_x": "transpose_a", "adj_y": "transpose_b"},
    **{"depth_radius": "depth_radius", "bias": "bias", "beta": "beta", "axis": "axis", "batch_dims": "batch_dims"},
}  # fmt: skip
#: Ops whose last input says along which axis.
_ALONG = (
    "Sum",
    "Mean",
    "Max",
    "Min",
    "Prod",
    "All",
    "Any",
    "ArgMax",
    "ArgMin",
    "ConcatV2",
    "Cumsum",
    "ReverseV2",
)
_RESIZING = {"ResizeNearestNeighbor": "nearest", "ResizeBilinear": "bilinear", "ResizeBicubic": "bicubic"}
_USUAL = (1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8, 1e-12)


def edits(finding: Finding) -> List[Edit]:
    """Every argument that is another one, in the order of flow."""
    kept: List[Edit] = []
    for edit in _edits(finding):
        if edit not in kept:
            kept.append(edit)
    return kept


def _edits(finding: Finding) -> Iterator[Edit]:
    mine, theirs = _computing(finding.legacy), _computing(finding.port)
    yield from _epsilon(finding)
    yield from _modes(finding)
    kinds = [[kind_of(op.op) for op in side] for side in (mine, theirs)]
    matcher = difflib.SequenceMatcher(None, kinds[0], kinds[1], autojunk=False)
    for tag, i1, i2, j1, j2 in matcher.get_opcodes():
        ours, ports = mine[i1:i2], theirs[j1:j2]
        if tag == "equal":
            for legacy, port in zip(ours, ports):
                yield from _arguments(legacy, port)
                yield from _constants(legacy, port)
        elif len(ours) == len(ports):
            for legacy, port in zip(ours, ports):
                yield Edit(port.name, "function", port.op, legacy.op)
        else:
            before = theirs[j1 - 1] if j1 else (theirs[j1] if j1 < len(theirs) else None)
            for legacy in ours:
                if before is not None:
                    yield Edit(before.name, "missing", None, legacy.op)
            for port in ports:
                yield Edit(port.name, "extra", port.op, None)


def _modes(finding: Finding) -> Iterator[Edit]:
    """Words of an argument that are an op of their own: how is padded, how is resized."""
    for legacy in finding.legacy:
        if not finding.port:
            return
        node = next((op for op in finding.port if kind_of(op.op) in ("Pad", "PadV2", "MirrorPad")), None)
        if legacy.op == "MirrorPad" and isinstance(legacy.attributes.get("mode"), str):
            right = legacy.attributes["mode"].lower()
            if node is not None and node.attributes.get("mode") != legacy.attributes["mode"]:
                yield Edit(node.name, "mode", None, right)
        elif legacy.op in ("Pad", "PadV2") and node is not None and node.op == "MirrorPad":
            yield Edit(node.name, "mode", str(node.attributes.get("mode")).lower(), "constant")
        elif legacy.op in _RESIZING and all(op.op != legacy.op for op in finding.port):
            for argument in ("interpolation", "method"):
                yield Edit(finding.port[-1].name, argument, None, _RESIZING[legacy.op])


def _computing(side: Sequence[Op]) -> List[Op]:
    return [op for op in side if op.op not in _ASIDE]


def _arguments(legacy: Op, port: Op) -> Iterator[Edit]:
    if legacy.op != port.op and "FusedBatchNorm" not in legacy.op and "Reverse" not in legacy.op:
        yield Edit(port.name, "function", port.op, legacy.op)
    for attribute, argument in _ARGUMENTS.items():
        old, new = legacy.attributes.get(attribute), port.attributes.get(attribute)
        if old is not None and new is not None and old != new:
            yield Edit(port.name, argument, _shortest(new), _shortest(old))


def _shortest(value: Any) -> Any:
    """An attribute of float32 as a person writes it: 0.2, not 0.20000000298023224."""
    if isinstance(value, float) and float(np.float32(value)) == value:
        return float(str(np.float32(value)))
    return value


def _constants(legacy: Op, port: Op) -> Iterator[Edit]:
    for place in sorted(set(legacy.constants) & set(port.constants)):
        old, new = legacy.constants[place], port.constants[place]
        if old != new:
            last = int(place) == len(port.inputs) - 1
            argument = "axis" if port.op in _ALONG and last else f"constant {place}"
            yield Edit(port.name, argument, new, old)


def _epsilon(finding: Finding) -> Iterator[Edit]:
    """One is an attribute, or added to a variance: the other side may spell it otherwise."""
    mine, theirs = _epsilons(finding.legacy), _epsilons(finding.port)
    for op, wrong in theirs:
        for _, right in mine:
            if abs(wrong - right) > 1e-5 * right:
                yield Edit(op.name, "epsilon", wrong, right)


def _epsilons(side: Sequence[Op]) -> List[Tuple[Op, float]]:
    found = []
    for op in side:
        if "FusedBatchNorm" in op.op and isinstance(op.attributes.get("epsilon"), float):
            found.append((op, _round(op.attributes["epsilon"])))
        elif op.op in ("Add", "AddV2"):
            found += [
                (op, _round(n)) for n in map(_number, op.constants.values()) if n is not None and _usual(n)
            ]
    return found


def _number(value: Any) -> Optional[float]:
    while isinstance(value, list) and len(value) == 1:
        value = value[0]
    return value if isinstance(value, float) else None


def _usual(number: float) -> bool:
    return any(abs(number - one) <= 1e-5 * one for one in _USUAL) or 0 < number < 0.05


def _round(number: float) -> float:
    """As a person writes what float32 holds."""
    return float(f"{number:.6g}")


#: The words by which a cause names what an Edit edits.
_WORDS = {
    "function": ("where the legacy graph has", "instead of"),
    "missing": ("is missing", "is not applied"),
    "extra": ("leave it out", "is applied to the answer"),
    "keepdims": ("keep_dims", "keepdims"),
}


def with_edits(causes: List[Cause], finding: Finding) -> List[Cause]:
    """The causes, each with the Edit that it speaks of."""
    found = edits(finding)
    for cause in causes:
        for edit in found:
            words = _WORDS.get(edit.argument, (edit.argument,))
            if any(word in cause.text for word in words) and _named(edit, cause.text):
                cause.edit = edit
                break
    return causes


def _named(edit: Edit, text: str) -> bool:
    """Whether the sentence has its op, or its number."""
    for value in (edit.right, edit.wrong):
        if isinstance(value, float) and f"{value:g}" in text:
            return True
        if isinstance(value, str) and value.lower() in text.lower():
            return True
        if isinstance(value, (list, int, bool)) and str(value) in text:
            return True
    return edit.argument in ("strides", "dilations", "padding", "axis")
