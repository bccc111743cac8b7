"""Runs made through compat.store, row by row."""

import numpy as np

from compat.store import Run

NUMBERS = {
    "max_abs": 1e-7,
    "max_rel": 1e-7,
    "ulps": 1.0,
    "share": 0.25,
    "share_expected": 0.3,
    "share_rms": 0.2,
}
WHERE = {
    "worst_index": [0, 0, 0, 0],
    "found": 1.0,
    "expected": 1.0,
    "unequal": 1,
    "count": 8,
    "nan": [0, 0],
    "inf": [0, 0],
}
KNOWN = {"reason": "the kernel is flipped", "address": "https://example.org/flip?a=1&b=2"}
IMAGE = np.arange(2 * 8 * 9, dtype=np.float32).reshape(2, 8, 9, 1)
FILTER = np.ones((2, 2, 1, 1), dtype=np.float32)


class Maker:
    """Writes runs: ``run`` makes one, ``row`` adds a record with its verdict, ``save`` writes it."""

    def __init__(self, folder, name, tensorflow=None, **settings):
        versions = {"numpy": "1.26.4", **({"tensorflow": tensorflow} if tensorflow else {})}
        self.run = Run(
            str(folder / name),
            {
                "name": name,
                "python": "3.11.7",
                "system": "linux",
                "versions": versions,
                "threads": 1,
                "settings": settings,
                "processor": {"model": "made", "flags": ["avx"]},
            },
        )

    def sample(self, sample_id, case="case", inputs=None, **description):
        operation, _, name = sample_id.rstrip("]").partition("[")
        inputs = {"w": FILTER, "x": IMAGE} if inputs is None else inputs
        entries = {
            key: {"fixture": f"made_{key}", "dtype": array.dtype.name, "digest": self.run.objects.add(array)}
            for key, array in inputs.items()
        }
        self.run.samples[sample_id] = {
            "operation": operation,
            "name": name,
            "doc": "",
            "operation_doc": "",
            "parameters": {"padding": "SAME"},
            "inputs": entries,
            "case": case,
            "path": "cases/made.py",
            "sources": {"numpy": "def _(np, x, w):\n    return x\n"},
            **description,
        }

    def row(
        self,
        sample_id,
        dialect,
        word,
        outputs=None,
        message="",
        known=None,
        share=0.25,
        reference=True,
        judged=True,
    ):
        """``outputs``: an array, or arrays by name; the reference is each of them, rounded."""
        if sample_id not in self.run.samples:
            self.sample(sample_id)
        outputs = {} if outputs is None else outputs if isinstance(outputs, dict) else {"y": outputs}
        add = self.run.objects.add
        record = {
            "status": word if word in ("unsupported", "error", "timeout", "crashed") else "ok",
            "message": message,
            "case": self.run.samples[sample_id]["case"],
            "code": "code",
            "dtype": "float32",
            "seconds": 0.5,
            "outputs": {
                name: {"digest": add(array), "dtype": str(array.dtype), "shape": list(array.shape)}
                for name, array in outputs.items()
            },
        }
        self.run.records.setdefault(sample_id, {})[dialect] = record
        if not judged:
            return self
        numbers = {
            name: {**NUMBERS, **WHERE, "share": share, "word": word, "message": message} for name in outputs
        }
        answers = {
            n: add(np.round(a.astype(np.float64), 3)) for n, a in outputs.items() if a.dtype.kind in "biuf"
        }
        self.run.verdicts.setdefault(sample_id, {})[dialect] = {
            "word": word,
            "message": message,
            "outputs": numbers if word != "unjudged" else {},
            "known": known,
            "reference": answers if reference else {},
        }
        return self

    def save(self):
        self.run.save()
        return self.run


def response(change=0.0):
    """Bits of a made result: with another change other bits."""
    return np.linspace(0, 1, IMAGE.size, dtype=np.float32).reshape(IMAGE.shape) + np.float32(change)
