"""A finding as files: what it is (JSON), a case file that shows it, and an entry of known differences that waits."""

import hashlib
import json
import pprint
import sys
from typing import Any, Dict, Iterable, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np
from packaging.version import Version as Release

from ..case.files import beside
from ..explain import ReferenceOnly, Target, explain
from ..judge.known import FILE_NAME, read
from ..records import Environment
from .answers import alone
from .judging import Fault, arrays_of, normalised
from .pool import Cell, Cells
from .samples import Drawn, Given, name_of
from .spelled import DIALECTS, KERAS, called, spelled

#: Seconds that the search for a cause may take.
_PATIENCE = 3.0


class Finding(NamedTuple):
    """``faults``: those of the shrunk sample, one for each cell.  ``cause``: a sentence, or "".

    ``known``: the reasons of known differences that speak of it, where these are not left out.
    """

    drawn: Drawn
    faults: List[Fault]
    cause: str
    environments: Dict[str, Environment]
    known: Sequence[str] = ()

    @property
    def first(self) -> Fault:
        return self.faults[0]

    @property
    def group(self) -> str:
        """Findings of one group are one: operation, verdict, where, and what is written, or refused, or unusual.

        Not the cause: the smallest samples of one fault may have several that fit.
        """
        fault = self.first
        unwritten = [name for name, value in sorted(fault.parameters.items()) if value is None]
        what = normalised(fault.message) if fault.word == "error" else " ".join(fault.traits)
        return f"{fault.operation} {fault.word} {places(self.cells)} {','.join(unwritten)} {what}"

    @property
    def name(self) -> str:
        digest = hashlib.sha256(self.group.encode()).hexdigest()[:6]
        return f"fuzz_{self.first.operation}_{self.first.word}_{digest}"

    @property
    def cells(self) -> List[Cell]:
        return [fault.cell for fault in self.faults]

    def files(self) -> Dict[str, str]:
        return {
            "finding.json": json.dumps(self.to_json(), indent=1) + "\n",
            f"{self.name}.py": case_file(self),
            FILE_NAME: waiting(self),
        }

    def to_json(self) -> Dict[str, Any]:
        return {
            "name": self.name,
            "group": self.group,
            "operation": self.first.operation,
            "word": self.first.word,
            "message": self.first.message,
            "cause": self.cause,
            "known": list(self.known),
            "cells": [list(cell) for cell in self.cells],
            "steps": len(self.drawn.steps),
            "numbers": self.drawn.numbers,
            "sample": self.drawn.to_json(),
        }


def cause_of(drawn: Drawn, cells: Cells, fault: Fault) -> str:
    """What ``compat explain`` says of a single step, or ""."""
    if len(drawn.steps) > 1 or fault.word not in ("differs", "suspicious"):
        return ""
    given = arrays_of(drawn, cells[fault.cell])
    step = drawn.steps[0]
    inputs, dtypes = zip(*(given[name] for name in step.inputs))
    # With infinity much gives NaN: that says nothing.
    if not all(np.isfinite(array).all() for array in inputs):
        return ""
    if alone(step, inputs, dtypes) is None:
        return ""
    target = Target(
        ReferenceOnly(lambda *arrays: alone(step, arrays, dtypes)),
        list(inputs),
        {},
        {"y": given[name_of(0)]},
        fault.dtype,
    )
    try:
        found = explain(target, seconds=_PATIENCE, limit=_PATIENCE)
    except Exception:  # a hypothesis that does not know such a shape: there is no cause then
        return ""
    return " and ".join(found[0].sentences) if found else ""


# -- the case file

_HEAD = '''"""{operation} {word} in {places}{because}.

{message}

Found by compat fuzz among {steps} step(s) of {numbers} numbers.  Give the entry beside this file its reason.
"""

from compat import fixtures, operation
from compat.fuzz.answers import reference_of

#: What was drawn: the float64 answer follows from it.
SAMPLE = {sample}
{beside}
found = operation({name!r}, reference=reference_of(SAMPLE))
'''


def case_file(finding: Finding) -> str:
    """The text of a case file of one sample, its dialects spelled as they were run."""
    drawn, fault = finding.drawn, finding.first
    in_order: Dict[str, Any] = {"sort_dicts": False} if sys.version_info >= (3, 8) else {}
    words = pprint.pformat(drawn.to_json(), width=100, **in_order)
    special = any(isinstance(value, str) for given in drawn.given for value in given.values or ())
    text = _HEAD.format(
        operation=fault.operation,
        word=fault.word,
        places=places(finding.cells),
        because=f": {finding.cause}" if finding.cause else "",
        message=fault.message.replace("\\", "/").replace('"""', "'''"),
        steps=len(drawn.steps),
        numbers=drawn.numbers,
        sample=words,
        beside='nan, inf = float("nan"), float("inf")\n' if special else "",
        name=finding.name,
    )
    return text + "".join(_implementations(drawn)) + _sample(drawn)


def _implementations(drawn: Drawn) -> Iterable[str]:
    texts: Dict[str, List[str]] = {}
    for dialect in DIALECTS:
        steps = spelled(drawn, dialect)
        if steps is None:
            continue
        lines = [line for step in steps for line in [*step.lines, f"{step.name} = {step.expression}"]]
        if dialect in KERAS and any("tf." in line for line in lines):
            lines.insert(0, "import tensorflow as tf\n")
        shown = steps[-1:] if drawn.whole else steps
        lines.append("return {" + ", ".join(f'"{step.name}": {step.name}' for step in shown) + "}")
        arguments = ", ".join([called(dialect), *(given.name for given in drawn.given)])
        body = "".join(
            f"    {line}\n" if line.strip() else "\n" for text in lines for line in text.split("\n")
        )
        texts.setdefault(f"def _({arguments}):\n{body}", []).append(dialect)
    for body, dialects in texts.items():
        yield "\n\n@found.on({})\n{}".format(", ".join(f'"{name}"' for name in dialects), body)


def _sample(drawn: Drawn) -> str:
    inputs = ", ".join(f"{given.name}={_fixture(given)}" for given in drawn.given)
    return f'\n\nfound.sample("found", {inputs})\n'


def _fixture(given: Given) -> str:
    array = given.array()
    held = "float32" if given.dtype == "bfloat16" else given.dtype
    numbers = str(array.ravel().tolist())
    text = f'fixtures.values("{given.name}", {numbers}, "{held}")'
    if list(array.shape) != [array.size]:
        text += ".reshape({})".format(", ".join(map(str, array.shape)))
    return text + ('.astype("bfloat16")' if given.dtype == "bfloat16" else "")


def places(cells: Sequence[Cell]) -> str:
    """``tf1.session (tf2.15, tf2.21), keras3 (tf2.21)``."""
    by_dialect: Dict[str, List[str]] = {}
    for version, dialect in cells:
        by_dialect.setdefault(dialect, []).append(version)
    return ", ".join(f"{dialect} ({', '.join(versions)})" for dialect, versions in by_dialect.items())


# -- the entry that waits

_ENTRY = """\
[[difference]]
operation = "{operation}"
dialects = [{dialects}]
{versions}verdict = "{verdict}"
reason = ""
address = ""
"""


def waiting(finding: Finding) -> str:
    """Entries for the cells, with neither reason nor address: they excuse nothing before somebody writes these."""
    by_versions: Dict[str, List[str]] = {}
    for dialect in dict.fromkeys(dialect for _, dialect in finding.cells):
        there = {version for version, other in finding.cells if other == dialect}
        by_versions.setdefault(_range(there, finding.environments), []).append(dialect)
    return "\n".join(
        _ENTRY.format(
            operation=finding.name,
            dialects=", ".join(f'"{dialect}"' for dialect in dialects),
            versions=f'tensorflow = "{versions}"\n' if versions else "",
            verdict=finding.first.word,
        )
        for versions, dialects in by_versions.items()
    )


def _range(names: Iterable[str], environments: Dict[str, Environment]) -> str:
    """The versions from the first to the last of them, as far as the others were run."""
    ordered = sorted(
        (Release(environment.tensorflow or "0"), name) for name, environment in environments.items()
    )
    here = [number for number, (_, name) in enumerate(ordered) if name in set(names)]
    bounds = []
    if here and here[0] > 0:
        bounds.append(f">={ordered[here[0]][0]}")
    if here and here[-1] + 1 < len(ordered):
        bounds.append(f"<{ordered[here[-1] + 1][0]}")
    return ",".join(bounds)


def has_a_reason(place: str, name: str) -> Tuple[bool, Optional[str]]:
    """Whether somebody has written why, into the entry beside the case file; and what."""
    path = next(iter(beside(f"{place}/{name}.py", FILE_NAME)))
    reasons = [entry.reason for entry in read(path) if entry.operation == name]
    return bool(reasons) and all(reasons), reasons[0] if reasons else None
