"""One record against its answers: the Verdict, with the numbers it follows from."""

import dataclasses
from typing import Callable, Dict, Mapping, Optional, Tuple

import numpy as np

from ..records import SEVERITY, Numbers, Record, Verdict
from ..reference import Network, Reference
from ..reference.claims import under
from ..reference.measured import answers_against
from .compare import compare

Read = Callable[[str], np.ndarray]


def judge(record: Record, reference: Optional[Mapping[str, Reference]], read: Read) -> Verdict:
    """The verdict on a record by the references of its outputs.  ``read``: digest -> array."""
    if record.status != "ok":
        return Verdict(record.status, record.message)
    if reference is None:
        return Verdict("unjudged", "the operation has no reference")
    if set(record.outputs) != set(reference):
        expected, found = ", ".join(sorted(reference)), ", ".join(sorted(record.outputs))
        return Verdict("differs", f"the outputs are {found}; expected {expected}")
    outputs: Dict[str, Numbers] = {}
    message, claim = "", record.claim
    if as_whole(reference, claim):
        for name, output in record.outputs.items():
            answer = under(reference[name], claim)
            outputs[name] = compare(read(output.digest), output.dtype, answer, record.dtype)
    if isinstance(reference, Network):
        message = _replay(record, reference, read, outputs)
    word = max((numbers.word for numbers in outputs.values()), key=SEVERITY.__getitem__)
    if word != "agrees" and not message:
        name, numbers = next((n, o) for n, o in outputs.items() if o.word != "agrees")
        message = (f"{name}: " if len(outputs) > 1 else "") + numbers.message
    return Verdict(word, message, outputs)


def as_whole(reference: Mapping[str, Reference], claim: Optional[str]) -> bool:
    """Whether outputs are judged by the answer of the whole, and not by those of single steps alone."""
    # A claim is of single sums: what it makes of a chain of them is not known.
    return not isinstance(reference, Network) or (reference.judged_whole and not claim)


def as_golden(verdict: Verdict, record: Record, golden: Optional[Mapping[str, str]]) -> Verdict:
    """``identical`` for what agrees and has the golden's bits, ``{output name: digest}``; it excuses nothing."""
    if verdict.word == "agrees" and golden == {
        name: output.digest for name, output in record.outputs.items()
    }:
        verdict.word = "identical"
    return verdict


def random(record: Record, who: str) -> Verdict:
    """Of a record, called ``who``, whose tensors are other ones each time: nothing can be judged by it."""
    return Verdict(
        "random",
        f"{who} is random: {record.random[0]} has other bits when it is computed again on the same inputs; "
        "nothing can be judged by that: seed it, or give both sides the same weights",
    )


def judge_against(record: Record, read: Read, base: Record, read_base: Read, who: str, whose: str) -> Verdict:
    """The verdict on a record by another of the same case; ``identical`` are the same bits.

    ``who``, ``whose``: what the record and the other one are called.  Where one of them is random, nothing is judged.
    """
    for one, name in ((record, who), (base, whose)):
        if one.random:
            return random(one, name)
    verdict = judge(record, answers_against(record, read, base, read_base), read)
    if verdict.word == "agrees" and record.bits == base.bits:
        verdict.word = "identical"
    if verdict.message:
        verdict.message += f"; against {whose}, by the measured spread"
    return verdict


class Judge:
    """``judge`` for many records of one sample: results of the same bits are judged once.

    The cost is that of the distinct results, whatever the number of dialects and environments.
    """

    def __init__(self, reference: Optional[Mapping[str, Reference]], read: Read) -> None:
        self._reference = reference
        self._read = read
        self._verdicts: Dict[Tuple[object, ...], Verdict] = {}

    def __call__(self, record: Record) -> Verdict:
        """A Verdict of its own for every record; the numbers are shared and not to be changed."""
        if record.status != "ok":
            return judge(record, self._reference, self._read)
        key = (record.dtype, record.claim, record.bits)
        if key not in self._verdicts:
            self._verdicts[key] = judge(record, self._reference, self._read)
        return dataclasses.replace(self._verdicts[key])


def _replay(record: Record, network: Network, read: Read, outputs: Dict[str, Numbers]) -> str:
    """Judge every step of a network alone, on the recorded input of that step; returns the message.

    ``outputs``: the judgements of the whole, or empty.  ``own`` among their numbers is that of the step,
    where its input was recorded whole.  Where every step is right by itself the whole is the right
    computation: a difference of the whole can then be no more than suspicious, roundings that add up as
    they rarely do.
    """

    def recorded(name: str) -> np.ndarray:
        return read(record.outputs[name].digest)

    right = True
    for name, output in record.outputs.items():
        answer = network.replay(name, recorded)
        if answer is None:
            right = False
            if name not in outputs:
                outputs[name] = Numbers("differs", _SHAPELESS, own=Numbers("differs", _SHAPELESS))
            continue
        own = compare(recorded(name), output.dtype, under(answer, record.claim), record.dtype)
        whole = outputs.setdefault(name, dataclasses.replace(own))
        whole.own = own
        right &= own.word == "agrees"
        if right and whole.word == "differs":
            whole.word = "suspicious"
        elif SEVERITY[own.word] > SEVERITY[whole.word]:
            whole.word, whole.message = own.word, own.message
    wrong = [name for name, numbers in outputs.items() if numbers.own and numbers.own.word != "agrees"]
    if not wrong:
        return ""
    first = wrong[0]
    rest = [name for name in list(outputs)[list(outputs).index(first) + 1 :] if outputs[name].own]
    also = f"; wrong by themselves as well: {', '.join(wrong[1:])}" if wrong[1:] else ""
    if rest and not also:
        also = "; the steps after it agree when replayed on its output"
    own = outputs[first].own
    return f"first differs at {first}: {own.message if own else ''}{also}"


_SHAPELESS = "what it follows from has another shape than expected"
