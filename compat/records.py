"""What crosses from room to room, as dataclasses, and the words for it.

A Record says what happened when a dialect computed a sample, and carries no judgement; a Verdict is what the
judge concludes from it.  Both are written as JSON and read back checked (``compat.jsons``): nothing of another
form is taken, for a store may come from anywhere.
"""

import re
from dataclasses import dataclass, field
from typing import Any, Dict, List, Optional, Tuple

from .texts import check_name, check_part_of_a_path

#: What may happen when a dialect computes a sample.
STATUSES = ("ok", "unsupported", "error", "timeout", "crashed")
#: Statuses that another attempt may change; the others are the answer until something changes.
UNFINISHED = ("crashed", "timeout")

#: Verdicts, from best to worst.
SEVERITY = {
    "identical": 0,
    "agrees": 0,
    "unsupported": 1,
    "unjudged": 2,
    "stale": 2,
    "random": 3,
    "suspicious": 4,
    "differs": 5,
    "error": 6,
    "timeout": 7,
    "crashed": 8,
}
#: Inside every bound.
PASSING = ("identical", "agrees")
#: Results of which nothing can be said.
NOT_JUDGED = ("unjudged", "stale", "random")
#: What follows from numbers.
JUDGED = ("identical", "agrees", "suspicious", "differs")


@dataclass
class Output:
    """One tensor of a result: the digest under which it is kept, its dtype and its shape."""

    digest: str
    dtype: str
    shape: List[int]

    def check(self) -> None:
        check_digest(self.digest)


@dataclass
class Record:
    """What happened when a dialect computed a sample.

    ``case``: digest of what was computed (names, parameters, inputs).  ``files``: the SHA-256 of the case file and
    of every file that it imports from outside the installed packages, by their path from the case file's folder.
    ``code``: digest of the environment and of the part of compat that computes.  ``dtype``: of the first input,
    which the outputs should have.  ``claim``: how the implementation says that it computes its sums.
    ``measured``: of an operation without a reference, what was measured of each output, as digests by name.
    ``random``: the outputs that had other bits when they were computed again on the same inputs.
    ``trace``: the digest of its graph (``compat.graph.nodes``), of an operation without a reference; or ``untraced``,
    why there is none.
    ``seconds``: wall time of the computation, the framework's import left out.
    """

    status: str
    case: str
    dtype: str = "float64"
    message: str = ""
    files: Dict[str, str] = field(default_factory=dict)
    code: str = ""
    claim: Optional[str] = None
    outputs: Dict[str, Output] = field(default_factory=dict)
    measured: Dict[str, Dict[str, str]] = field(default_factory=dict)
    random: List[str] = field(default_factory=list)
    trace: Optional[str] = None
    untraced: Optional[str] = None
    seconds: float = 0.0

    def check(self) -> None:
        """Raises ValueError for what no computation leaves."""
        if self.status not in STATUSES:
            raise ValueError(f"no status {self.status!r}; there are {', '.join(STATUSES)}")
        if (self.status == "ok") != bool(self.outputs):
            raise ValueError(f"status {self.status} with {len(self.outputs)} outputs")
        for name in (*self.outputs, *self.measured, *self.random, *self.files):
            check_name("the name", name)
        if not self.outputs.keys() >= {*self.measured, *self.random}:
            raise ValueError("something is measured of an output that is not there")
        for arrays in self.measured.values():
            for digest in arrays.values():
                check_digest(digest)
        if self.trace is not None:
            check_digest(self.trace)

    @property
    def bits(self) -> Tuple[Tuple[str, str, str], ...]:
        """Name, digest and dtype of every output: equal where two results have the same bits."""
        return tuple((name, output.digest, output.dtype) for name, output in self.outputs.items())

    def digests(self) -> List[str]:
        """Every array that the record names; those of its trace's tensors the trace names."""
        measured = [digest for arrays in self.measured.values() for digest in arrays.values()]
        return [*(output.digest for output in self.outputs.values()), *measured, *filter(None, [self.trace])]


@dataclass
class Input:
    """A fixture as a sample uses it."""

    fixture: str
    dtype: str
    digest: str


@dataclass
class Description:
    """What is known of a sample without its case file.

    ``against``: the dialect, and the environment or nothing, that an operation without a reference is judged
    against.  ``sources``: the text of the implementations by dialect.  ``path``: of the case file, as it was given.
    """

    operation: str
    name: str
    case: str
    path: str
    doc: str = ""
    operation_doc: str = ""
    parameters: Dict[str, Any] = field(default_factory=dict)
    inputs: Dict[str, Input] = field(default_factory=dict)
    sources: Dict[str, str] = field(default_factory=dict)
    against: Optional[List[Optional[str]]] = None

    def check(self) -> None:
        for what in ("operation", "name", "path"):
            check_name(what, getattr(self, what))
        if self.against is None:
            return
        if len(self.against) != 2 or self.against[0] is None:
            raise ValueError("against: expected a dialect, and an environment or nothing")
        for place in filter(None, self.against):
            check_part_of_a_path("against", place)


@dataclass
class Processor:
    """``flags``: those that choose between kernels."""

    model: str = ""
    machine: str = ""
    flags: List[str] = field(default_factory=list)


@dataclass
class Environment:
    """What can change the bits of a result beside the code.

    ``versions``: of the distributions that the dialects depend on.  ``settings``: environment variables that the
    frameworks and their libraries read.  ``threads``: within one operation.
    """

    name: str
    python: str = ""
    implementation: str = ""
    system: str = ""
    versions: Dict[str, str] = field(default_factory=dict)
    processor: Processor = field(default_factory=Processor)
    settings: Dict[str, str] = field(default_factory=dict)
    threads: int = 1

    def check(self) -> None:
        check_name("the environment", self.name)

    @property
    def tensorflow(self) -> Optional[str]:
        return self.versions.get("tensorflow")


@dataclass
class Known:
    """Why a difference is expected, from known_differences.toml.  ``edit``: what mends a port, where it names that."""

    reason: str
    address: str
    edit: str = ""

    @property
    def told(self) -> str:
        """The reason with the edit."""
        return f"{self.reason}: {self.edit}" if self.edit else self.reason


@dataclass
class WrongWeight:
    """The weight that the residual speaks against: ``off`` by so much."""

    index: List[int]
    off: float
    value: float


@dataclass
class Numbers:
    """One output against its answer.  What was not measured, because it has another shape say, is None.

    ``max_abs``, ``max_rel``, ``scaled`` (over the largest expected value), ``ulps``: the largest error.
    ``share``: of the worst-case allowance, ``share_expected`` of what is likely, ``share_rms`` of the root mean
    square, ``share_outlier`` of how far one element may stand out, ``share_weight`` of what one weight may be off.
    ``worst_index``, ``found``, ``expected``: where the share is largest; ``part`` "real" or "imaginary" of a complex
    number.  Of ``count`` elements ``unequal`` are off at all, if by a rounding, and ``beyond`` by more than the
    worst-case allowance.  ``nan``, ``inf``: how many, found and expected.
    ``own``: of a step of a network, the numbers of that step alone.
    """

    word: str
    message: str = ""
    max_abs: Optional[float] = None
    max_rel: Optional[float] = None
    scaled: Optional[float] = None
    ulps: Optional[float] = None
    share: Optional[float] = None
    share_expected: Optional[float] = None
    share_rms: Optional[float] = None
    share_outlier: Optional[float] = None
    share_weight: Optional[float] = None
    worst_index: Optional[List[int]] = None
    part: Optional[str] = None
    found: Optional[float] = None
    expected: Optional[float] = None
    unequal: Optional[int] = None
    beyond: Optional[int] = None
    count: Optional[int] = None
    nan: Optional[List[int]] = None
    inf: Optional[List[int]] = None
    weight: Optional[WrongWeight] = None
    own: Optional["Numbers"] = None

    def check(self) -> None:
        if self.word not in SEVERITY:
            raise ValueError(f"no verdict {self.word!r}")


@dataclass
class Verdict:
    """What the judge concludes: ``word``, the sentence why, and the numbers of each output in the order of flow.

    ``known``: why the difference is expected, or None.  ``reference``: the digests of the answers it was judged by,
    where they are kept; ``allowance``: of outputs that are off somewhere, those of how far each element may be off
    from that answer.
    """

    word: str
    message: str = ""
    outputs: Dict[str, Numbers] = field(default_factory=dict)
    known: Optional[Known] = None
    reference: Dict[str, str] = field(default_factory=dict)
    allowance: Dict[str, str] = field(default_factory=dict)

    def check(self) -> None:
        if self.word not in SEVERITY:
            raise ValueError(f"no verdict {self.word!r}")

    @property
    def shown(self) -> str:
        """The word for tables: ``known`` where the difference is explained."""
        return "known" if self.known else self.word

    def _repr_html_(self) -> str:
        """What a notebook shows."""
        from .notebook import verdict_html

        return verdict_html(self)


def needs_a_person(verdict: Verdict) -> bool:
    """Whether somebody has to look: everything but what agrees, is known, or cannot be spelled there."""
    return verdict.known is None and verdict.word not in PASSING and verdict.word != "unsupported"


_DIGEST = re.compile("[0-9a-f]{64}\\Z")


def check_digest(text: str) -> None:
    """Raises ValueError for what is no SHA-256 as ``compat.arrays.digest`` writes it."""
    if not _DIGEST.match(text):
        raise ValueError(f"{ascii(text)[:40]} is no digest of an array")
