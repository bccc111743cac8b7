"""The referee of public threads: each judged as its author would, and held against what was fixed beforehand.

A thread is a sample of a case file with two sides, both computed in the TensorFlow of this process.  The port is judged
by the legacy side alone, the reference taken away; the reference then says whose numbers are the right ones.  Verdict,
first cause and right numbers were written down in ``threads.toml`` before, whose fields are explained there.
"""

import math
import os
import sys
from dataclasses import dataclass, field
from typing import Any, Callable, Dict, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np

from ..case.files import Case, find
from ..case.operation import Operation, Sample
from ..errors import CompatError, Unsupported
from ..explain import causes_of_places
from ..files import read_bytes
from ..judge.ports import judge_port, wrong_places
from ..judge.verdicts import judge
from ..objects import Memory
from ..record.compute import record_of
from ..record.dialects import DIALECTS
from ..record.dialects.tensorflow import missing_tensorflow
from ..record.versions import version_of
from ..records import PASSING, Record, Verdict
from ..reference.bounds import Reference

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

FILE_NAME = "threads.toml"
_TEXTS = ("sample", "title", "legacy", "port", "verdict", "right_side", "source", "cause", "edit")
_LISTS = ("addresses", "right", "words")
_OPTIONAL = ("note",)
_SIDES = ("legacy", "port", "both")
#: Seconds that the search for the causes of one thread may take.
_SECONDS = 6.0
#: Of the threads so many verdicts have to be right, and of those that differ so many first causes.
VERDICTS, FIRST = 38 / 40, 30 / 40


class Thread(NamedTuple):
    """One entry of the file."""

    sample: str
    title: str
    addresses: Sequence[str]
    legacy: str
    port: str
    verdict: str
    right_side: str
    right: Sequence[float]
    source: str
    words: Sequence[str]
    cause: str
    edit: str
    note: str = ""

    @property
    def harmless(self) -> bool:
        return self.verdict == "agrees"


class LeftOut(NamedTuple):
    """A thread that is not among them, and why."""

    address: str
    reason: str


class Threads(NamedTuple):
    """What ``threads.toml`` says."""

    threads: List[Thread]
    left_out: List[LeftOut]


def read(path: str) -> Threads:
    """The entries of a file.  Raises CompatError with the place of what is wrong."""
    try:
        document = tomllib.loads(read_bytes(path).decode("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise CompatError(f"{path}: {str(error).splitlines()[0]}") from None
    if set(document) - {"thread", "left_out"}:
        raise CompatError(f"{path}: write [[thread]] and [[left_out]] tables and nothing else")
    entries = document.get("thread", []), document.get("left_out", [])
    if not all(isinstance(group, list) and all(isinstance(e, dict) for e in group) for group in entries):
        raise CompatError(f"{path}: write [[thread]] and [[left_out]] tables and nothing else")
    threads = [_thread(e, f"{path}: thread {n + 1}") for n, e in enumerate(entries[0])]
    out = [_left_out(e, f"{path}: left_out {n + 1}") for n, e in enumerate(entries[1])]
    return Threads(threads, out)


def _thread(fields: Dict[str, Any], where: str) -> Thread:
    _complete(fields, (*_TEXTS, *_LISTS), where, _OPTIONAL)
    for name in (*_TEXTS, *(name for name in _OPTIONAL if name in fields)):
        if not isinstance(fields[name], str) or not fields[name]:
            raise CompatError(f"{where}: {name}: expected a text")
    for name in _LISTS:
        kinds: Any = (int, float) if name == "right" else str
        if not isinstance(fields[name], list) or not all(isinstance(e, kinds) for e in fields[name]):
            raise CompatError(
                f"{where}: {name}: expected a list of {'numbers' if name == 'right' else 'texts'}"
            )
    for name in ("legacy", "port"):
        if fields[name] not in DIALECTS:
            raise CompatError(f"{where}: no dialect {fields[name]!r}; there are {', '.join(DIALECTS)}")
    if fields["verdict"] not in ("differs", "agrees"):
        raise CompatError(f"{where}: verdict: expected differs or agrees")
    if fields["right_side"] not in _SIDES:
        raise CompatError(f"{where}: right_side: expected {', '.join(_SIDES)}")
    if bool(fields["words"]) != (fields["verdict"] == "differs"):
        raise CompatError(f"{where}: words: those of the cause where the verdict is differs, else none")
    return Thread(**fields)


def _left_out(fields: Dict[str, Any], where: str) -> LeftOut:
    _complete(fields, LeftOut._fields, where)
    if not all(isinstance(text, str) and text for text in fields.values()):
        raise CompatError(f"{where}: expected texts")
    return LeftOut(**fields)


def _complete(fields: Dict[str, Any], names: Sequence[str], where: str, optional: Sequence[str] = ()) -> None:
    missing, extra = set(names) - set(fields), set(fields) - set(names) - set(optional)
    if missing or extra:
        told = f"lacks {', '.join(sorted(missing))}" if missing else f"has unknown {', '.join(sorted(extra))}"
        raise CompatError(f"{where} {told}")


@dataclass
class Answer:
    """What was found of a thread.

    ``verdict``: of the port by the legacy side; ``causes``: the lines that are told of it.  ``by_reference``: the words
    of "legacy" and "port" by the float64 answer.  ``numbers``: those of "legacy", "port" and "right", all outputs one
    after another.  ``trouble``: why nothing could be judged here.
    """

    thread: Thread
    verdict: Optional[Verdict] = None
    causes: List[str] = field(default_factory=list)
    by_reference: Dict[str, str] = field(default_factory=dict)
    numbers: Dict[str, List[float]] = field(default_factory=dict)
    trouble: str = ""

    @property
    def first(self) -> str:
        """The first cause that is named, or nothing."""
        line = next((line for line in self.causes if line.startswith("cause: ")), "")
        return line[len("cause: ") :]

    @property
    def right_side(self) -> str:
        """Whose numbers the reference calls right: legacy, port, both or neither."""
        right = [side for side in ("legacy", "port") if self.by_reference.get(side) in PASSING]
        return {0: "neither", 1: right[0] if right else "", 2: "both"}[len(right)]

    @property
    def flagged(self) -> bool:
        return self.verdict is not None and self.verdict.word not in PASSING

    @property
    def right(self) -> bool:
        """Whether the verdict is the one that was fixed, and the right numbers are on the side that was."""
        if self.verdict is None or self.right_side != self.thread.right_side:
            return False
        passing = self.verdict.word in PASSING
        return passing if self.thread.harmless else self.verdict.word == self.thread.verdict

    @property
    def named(self) -> bool:
        """Whether the first cause has one of the words that were fixed."""
        return any(word in self.first for word in self.thread.words)

    @property
    def why(self) -> str:
        """Why it fails, or nothing."""
        if self.trouble or self.verdict is None:
            return f"could not be judged: {self.trouble}"
        told = []
        if self.right_side != self.thread.right_side:
            told.append(f"right by the reference is {self.right_side}, expected {self.thread.right_side}")
        if not self.right and not told:
            told.append(f"the verdict is {self.verdict.word}, expected {self.thread.verdict}")
        if not self.thread.harmless and not self.named:
            told.append(f"the first cause is {self.first or 'nothing'}")
        return "; ".join([*told, self.thread.note] if told and self.thread.note else told)


@dataclass
class Answers:
    """Those of all threads in this ``tensorflow``, and the ``left_out``."""

    tensorflow: str
    answers: List[Answer]
    left_out: List[LeftOut]

    @property
    def differing(self) -> List[Answer]:
        return [answer for answer in self.answers if not answer.thread.harmless]

    @property
    def harmless(self) -> List[Answer]:
        return [answer for answer in self.answers if answer.thread.harmless]

    @property
    def right(self) -> int:
        return sum(answer.right for answer in self.answers)

    @property
    def named_first(self) -> int:
        return sum(answer.named for answer in self.differing)

    @property
    def alarms(self) -> List[Answer]:
        return [answer for answer in self.harmless if answer.flagged]

    @property
    def failures(self) -> List[Answer]:
        return [answer for answer in self.answers if answer.why]

    @property
    def holds(self) -> bool:
        return (
            self.right >= math.ceil(VERDICTS * len(self.answers))
            and self.named_first >= math.ceil(FIRST * len(self.differing))
            and not self.alarms
        )


def refereed(case_path: str) -> bool:
    """Whether a case file lies among threads, which have this referee and are no traps of the suite."""
    return os.path.isfile(os.path.join(os.path.dirname(case_path), FILE_NAME))


def missing(folder: str) -> Optional[str]:
    """Why the threads of a folder cannot be judged here, or None."""
    if not os.path.isfile(os.path.join(folder, FILE_NAME)):
        return f"there is no {FILE_NAME} in {folder}"
    return missing_tensorflow((2, 16))


def referee(
    folder: str,
    only: Callable[[Thread], bool] = lambda thread: True,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Answers:
    """Every thread of a folder of case files, judged.  Needs a TensorFlow with Keras 2 and 3.  Raises CompatError."""
    path = os.path.join(folder, FILE_NAME)
    fixed = read(path)
    samples = {sample.id: (case, sample) for case in find([folder]) for sample in case.samples()}
    chosen = [thread for thread in fixed.threads if only(thread)]
    found = Answers(version_of("tensorflow") or "", [], fixed.left_out)
    for number, thread in enumerate(chosen):
        if thread.sample not in samples:
            raise CompatError(f"{path}: there is no sample {thread.sample}")
        found.answers.append(_answer(thread, *samples[thread.sample]))
        progress(number + 1, len(chosen))
    return found


def _answer(thread: Thread, case: Case, sample: Sample) -> Answer:
    objects, records = Memory(), {}
    try:
        with case.at_work():
            for which, dialect in (("legacy", thread.legacy), ("port", thread.port)):
                records[which] = _recorded(sample, dialect, objects)
    except (CompatError, Unsupported) as error:
        return Answer(thread, trouble=str(error))
    return _judged(thread, sample, records, objects)


def _recorded(sample: Sample, dialect: str, objects: Memory) -> Record:
    """One side, with its graph, as a live function's is."""
    alone = Operation(sample.operation.name, against=dialect)
    alone.on(dialect)(sample.operation.implementations[dialect])
    return record_of(
        Sample(alone, sample.name, sample.inputs, sample.parameters, None, "", False),
        DIALECTS[dialect],
        objects,
    )


def _judged(thread: Thread, sample: Sample, records: Dict[str, Record], objects: Memory) -> Answer:
    port, base, at = records["port"], records["legacy"], objects.read
    references = sample.refer() or {}
    with np.errstate(all="ignore"):
        answer = Answer(thread, judge_port(port, at, base, at, "the port", "the legacy side"))
        if answer.flagged:
            places = wrong_places(port, at, base, at)
            answer.causes = list(causes_of_places(places, at, {}, _SECONDS))
        answer.by_reference = {side: judge(record, references, at).word for side, record in records.items()}
    answer.numbers = {side: _numbers(record, objects) for side, record in records.items()}
    answer.numbers["right"] = _right(references)
    return answer


def _numbers(record: Record, objects: Memory) -> List[float]:
    return [float(n) for output in record.outputs.values() for n in objects.read(output.digest).ravel()]


def _right(references: Dict[str, Reference]) -> List[float]:
    return [float(number) for one in references.values() for number in one.value.ravel()]


def told(found: Answers) -> Tuple[str, List[str]]:
    """(the counts in a line, a line for every thread that fails)."""
    counts = (
        f"{len(found.answers)} threads in TensorFlow {found.tensorflow}: the right verdict in {found.right}, "
        f"the right cause first in {found.named_first} of {len(found.differing)} that differ, "
        f"{len(found.alarms)} of {len(found.harmless)} harmless ones flagged"
    )
    return counts, [f"{answer.thread.sample}: {answer.why}" for answer in found.failures]
