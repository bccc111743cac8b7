"""Samples x dialects, judged: what the pytest items do, one each.

``Suite`` knows what belongs to the case files beside their samples: the known differences, the
golden, and the digest of all code that a record depends on.
"""

import functools
import hashlib
import os

from . import golden as golden_module
from . import known
from .environment import tensorflow_text
from .errors import CompatError
from .judge import Judge, Verdict, judge, judge_against
from .run import blank_record, compat_code, compute, unavailable
from .store import Run, digests_of


class Suite:
    """Case files with what stands beside them."""

    def __init__(self, cases):
        self.cases = cases
        self.known = {case.path: self._known(case) for case in cases}
        self.golden = {case.path: self._golden(case) for case in cases}
        self.case_of = {sample.id: case for case in cases for sample in case.samples()}
        self.samples = {sample.id: sample for case in cases for sample in case.samples()}
        self._code = {}
        # References of a network are large: those of the last few samples are enough.
        self._judge_of = functools.lru_cache(maxsize=4)(self._make_judge)

    @staticmethod
    def _known(case):
        path = known.beside(case.path)
        return known.read(path) if path else []

    @staticmethod
    def _golden(case):
        folder = golden_module.folder_of(case.path)
        return _open_golden(folder) if folder else None

    def describe(self, sample):
        """What a run keeps of a sample, so that its page needs no case file: JSON values."""
        operation = sample.operation
        return dict(
            sample.describe(),
            path=self.case_of[sample.id].path,
            sources={name: operation.source(name) for name in operation.implementations},
        )

    def code_of(self, sample):
        """The digest of everything that a record of this sample, or its verdict, follows from."""
        case = self.case_of[sample.id]
        if case.path not in self._code:
            sha = hashlib.sha256((compat_code() + case.code).encode())
            golden = golden_module.folder_of(case.path)
            for beside in (known.beside(case.path), golden and os.path.join(golden, "run.json")):
                if beside:
                    with open(beside, "rb") as file:
                        sha.update(file.read())
            self._code[case.path] = sha.hexdigest()
        return self._code[case.path]

    def _make_judge(self, sample_id, objects, case):
        """The Judge of a sample, and the digests under which its references are kept for the pages."""
        references = self.samples[sample_id].refer()
        kept = {name: objects.add(reference.value) for name, reference in (references or {}).items()}
        golden = golden_module.outputs_of(self.golden[self.case_of[sample_id].path], sample_id, case)
        return Judge(references, objects.read, golden), kept

    def judge(self, sample, dialect, record, run=None):
        """The verdict on a record of a run, with a known difference explained."""
        case = self.case_of[sample.id]
        if record["status"] == "ok" and sample.operation.against:
            verdict = self._judge_against(sample, dialect, record, run)
        elif record["status"] == "ok":
            judge_of_sample, kept = self._judge_of(sample.id, run.objects, record["case"])
            verdict = judge_of_sample(record)
            verdict.reference = kept
        else:
            verdict = judge(record, None, None)
        return known.explain_known(verdict, sample, dialect, tensorflow_text(), self.known[case.path])

    def _judge_against(self, sample, dialect, record, run):
        """By what the sample names to be judged against: in this run, or in another beside it."""
        where = " in ".join(filter(None, sample.operation.against))
        here = f"{dialect} in {run.name}" if sample.operation.against[1] else dialect
        base, read = self.base(sample, record, run) or (None, None)
        verdict = judge_against(record, run.objects.read, base, read, here, where)
        if base is None:
            return verdict or Verdict(
                "unjudged",
                f"{where} has no result of it to be judged against: run it there, then run this again",
            )
        verdict.reference = {
            name: run.objects.add(read(output["digest"])) for name, output in base["outputs"].items()
        }
        if verdict.message and verdict.word != "random":
            verdict.message += f"; against {where}, by the measured spread"
        return verdict

    def base(self, sample, record, run):
        """(the record that the sample is judged against, how to read its arrays), or None without a result.

        It is in this run, in another beside it, or in the golden.
        """
        dialect, environment = sample.operation.against
        beside = run.folder if environment is None else os.path.join(os.path.dirname(run.folder), environment)
        golden = self.golden[self.case_of[sample.id].path]
        places = [Run.open(beside)] if Run.exists(beside) else []
        if golden is not None and golden.environment.get("name") == environment:
            places.append(golden)
        for place in places:
            base = place.record(sample.id, dialect)
            if base is None or base["status"] != "ok" or base["case"] != record["case"]:
                continue
            if all(digest in place.objects for digest in digests_of(base)):
                return base, place.objects.read
        return None

    def judge_what_waited(self, run):
        """Judge anew the rows that are judged against another, which may be there by now; saves the run."""
        waiting = [sample for sample in self.samples.values() if sample.operation.against]
        for sample in waiting:
            for dialect, record in run.records.get(sample.id, {}).items():
                run.verdicts[sample.id][dialect] = self.judge(sample, dialect, record, run).as_json()
        if waiting:
            run.save()

    def unavailable_row(self, sample, dialect):
        """``(record, verdict)`` of what cannot be computed here, or None where it can."""
        reason = unavailable(sample, dialect)
        if reason is None:
            return None
        record = blank_record(sample, self.code_of(sample), "unsupported", reason)
        return record, self.judge(sample, dialect, record)

    def compute(self, sample, dialect, run):
        """Compute, record and judge one sample in one dialect; returns ``(record, verdict)``.

        The row is first written as ``crashed``: what dies on the way leaves it behind.
        """
        code = self.code_of(sample)
        died = blank_record(sample, code, "crashed", "the process died while computing it")
        run.write_row(sample.id, dialect, died, self.judge(sample, dialect, died).as_json())
        record = compute(sample, dialect, run.objects, code)
        try:
            verdict = self.judge(sample, dialect, record, run)
        except CompatError as error:  # an array of the store is damaged
            record = blank_record(sample, code, "error", str(error))
            verdict = self.judge(sample, dialect, record)
        run.write_row(sample.id, dialect, record, verdict.as_json())
        return record, verdict


@functools.lru_cache(maxsize=None)
def _open_golden(folder):
    return Run.open(folder)
