"""The verdicts on a sample's records by other records, each made once for the same bits of both."""

import dataclasses
import json
import time
from typing import Dict, Mapping, Optional, Tuple

import numpy as np

from ..jsons import as_json
from ..records import Record, Verdict
from ..reference import Reference
from ..store import Run
from . import allowances
from .answers import kept
from .memory import Notes, key
from .ports import judge_port, side


class Ported:
    """``keep``: what a verdict was made by is kept in the run's store, for the pages."""

    def __init__(self, sample_id: str, keep: bool) -> None:
        self._id = sample_id
        self._keep = keep
        self._notes: Optional[Notes] = None

    def verdict(self, run: Run, record: Record, place: Run, base: Record, who: str, whose: str) -> Verdict:
        """That on a record of ``run`` by one of ``place``; see ``ports.judge_port``."""
        if self._notes is None:
            self._notes = Notes(key("against another record", self._id), "")
            self._notes.note_answers({})
        said = [as_json(dataclasses.replace(one, seconds=0.0, code="")) for one in (record, base)]
        bits = key(*said, who, whose)
        allowed = self._allowed(run, bits) if self._keep else {}
        verdict = self._notes.verdict(bits) if allowed is not None else None
        if verdict is None:
            verdict, allowed = self._made(run, record, place, base, who, whose)
            if _is_whole(run, record) and _is_whole(place, base):
                self._notes.note(bits, verdict)
                if allowed is not None:
                    self._notes.note_allowance(bits, json.dumps(allowed))
        if self._keep and not base.random:
            answers = {name: place.objects.read(output.digest) for name, output in base.outputs.items()}
            verdict.reference, verdict.allowance = kept(run, answers), allowed or {}
        return verdict

    def save(self) -> None:
        if self._notes is not None:
            self._notes.save()

    def _made(
        self, run: Run, record: Record, place: Run, base: Record, who: str, whose: str
    ) -> Tuple[Verdict, Optional[Dict[str, str]]]:
        """The verdict, and the digests of how far outputs may be off; None where they are not kept."""
        assert self._notes is not None
        started = time.perf_counter()
        spreads: Optional[Dict[str, Reference]] = {} if self._keep else None
        verdict = judge_port(record, run.objects.read, base, place.objects.read, who, whose, spreads)
        self._notes.seconds += time.perf_counter() - started
        if spreads is None:
            return verdict, None
        shown = _shown(record, verdict, spreads)
        found = kept(run, shown)
        return verdict, found if len(found) == len(shown) else None

    def _allowed(self, run: Run, bits: str) -> Optional[Dict[str, str]]:
        """Those digests as they were noted; None where not all of them are in the store."""
        assert self._notes is not None
        found: Optional[Dict[str, str]] = json.loads(self._notes.allowances.get(bits, "null"))
        there = found is not None and all(digest in run.objects for digest in found.values())
        return found if there else None


def _is_whole(run: Run, record: Record) -> bool:
    """Whether its graph is here with all tensors, or it never had one: what is missing may be here another time."""
    return record.trace is None or side(record, run.objects.read) is not None


def _shown(record: Record, verdict: Verdict, spreads: Mapping[str, Reference]) -> Dict[str, np.ndarray]:
    """How far outputs may be off from what they are judged against, of those that were judged by what was measured:
    by a graph they are held to what it makes of the port's own tensors."""
    return {
        name: allowances.allowance(spreads[name], record.outputs[name].dtype)
        for name, numbers in verdict.outputs.items()
        if name in spreads and allowances.is_shown(numbers)
    }
