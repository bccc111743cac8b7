"""Judged runs, row by row: records in a store with the verdicts given, past the judge."""

import numpy as np

from compat.judge.judging import Judged
from compat.records import (
    Description,
    Environment,
    Input,
    Known,
    Numbers,
    Output,
    Processor,
    Record,
    Verdict,
)
from compat.store import Run
from compat_reports.overview import Overview
from compat_reports.samples import JudgedSamples
from compat_reports.wording import sentence

KNOWN = Known("the kernel is flipped", "https://example.org/flip?a=1&b=2")
IMAGE = np.arange(2 * 8 * 9, dtype=np.float32).reshape(2, 8, 9, 1)
FILTER = np.ones((2, 2, 1, 1), dtype=np.float32)
WITHOUT_RESULT = ("unsupported", "error", "timeout", "crashed")


def numbers(word, message="", share=0.25):
    """What the judge measures of an output; its values are made."""
    return Numbers(
        word,
        message,
        max_abs=1e-7,
        max_rel=1e-7,
        ulps=1.0,
        share=share,
        share_expected=0.3,
        share_rms=0.2,
        worst_index=[0, 0, 0, 0],
        found=1.0,
        expected=1.0,
        unequal=1,
        beyond=1,
        count=8,
        nan=[0, 0],
        inf=[0, 0],
    )


class Maker:
    """``row`` adds a record with its verdict; ``save`` writes the run and gives it back, judged."""

    def __init__(self, folder, name, tensorflow=None, **settings):
        versions = {"numpy": "1.26.4", **({"tensorflow": tensorflow} if tensorflow else {})}
        self.run = Run(
            str(folder / name),
            Environment(name, "3.11.7", "CPython", "linux", versions, Processor("made"), settings),
        )
        self.judged = Judged(self.run)

    def sample(self, sample_id, case="case", inputs=None, **description):
        operation, _, name = sample_id.rstrip("]").partition("[")
        inputs = {"w": FILTER, "x": IMAGE} if inputs is None else inputs
        described = Description(
            operation,
            name,
            case,
            "cases/made.py",
            parameters={"padding": "SAME"},
            inputs={
                key: Input(f"made_{key}", array.dtype.name, self.run.objects.add(array))
                for key, array in inputs.items()
            },
            sources={"numpy": "def _(np, x, w):\n    return x\n"},
        )
        for key, value in description.items():
            setattr(described, key, value)
        self.run.samples[sample_id] = described
        return self

    def row(
        self,
        sample_id,
        dialect,
        word,
        outputs=None,
        message="",
        known=None,
        share=0.25,
        answers=None,
        allowance=None,
        **record,
    ):
        """``outputs``: an array, or arrays by name; ``answers``: by default each of them, rounded.

        ``allowance``: how far every element of every output may be off.
        """
        if sample_id not in self.run.samples:
            self.sample(sample_id)
        outputs = {} if outputs is None else outputs if isinstance(outputs, dict) else {"y": outputs}
        add = self.run.objects.add
        status = word if word in WITHOUT_RESULT else "ok" if outputs else "error"
        case = self.run.samples[sample_id].case
        kept = {name: Output(add(a), str(a.dtype), list(a.shape)) for name, a in outputs.items()}
        self.run.add(
            sample_id, dialect, Record(status, case, "float32", message, outputs=kept, seconds=0.5, **record)
        )
        verdict = Verdict(word, message, known=known)
        if word in ("identical", "agrees", "suspicious", "differs"):
            verdict.outputs = {name: numbers(word, message, share) for name in outputs}
            if answers is None:
                numeric = {n: a for n, a in outputs.items() if a.dtype.kind in "biuf"}
                answers = {n: np.round(a.astype(np.float64), 3) for n, a in numeric.items()}
            verdict.reference = {name: add(answer) for name, answer in answers.items()}
            if allowance is not None:
                kept = add(np.asarray(allowance, np.float32))
                verdict.allowance = dict.fromkeys(answers, kept)
        self.judged.verdicts.setdefault(sample_id, {})[dialect] = verdict
        return self

    def save(self):
        self.run.save()
        return self.judged


def response(change=0.0):
    """Bits of a made result: with another change other bits."""
    return np.linspace(0, 1, IMAGE.size, dtype=np.float32).reshape(IMAGE.shape) + np.float32(change)


class Made:
    """What the pages are made of: ``environments``, ``rows`` and ``overview`` of judged runs."""

    def __init__(self, judged):
        samples = JudgedSamples(judged)
        self.environments = samples.environments
        self.rows = [samples.row(sample_id) for sample_id in samples.ids]
        self.overview = Overview(samples.environments)
        for row in self.rows:
            self.overview.add(row, sentence(row))
