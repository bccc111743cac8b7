"""The verdicts of one run as JUnit XML: ``compat run --junitxml``."""

from .. import junit
from ..judge.judging import Judged
from ..record.dialects import DIALECTS


def write_junit(path: str, judged: Judged) -> None:
    """A test case for every sample and dialect that can be spelled in this environment."""
    rows = (row for row in judged.rows() if _is_spelled(judged, row[0], row[1]))
    items = (junit.item(*row, _seconds(judged, row[0], row[1])) for row in rows)
    junit.write(path, [(judged.name, items)])


def _is_spelled(judged: Judged, sample: str, dialect: str) -> bool:
    if dialect not in DIALECTS or DIALECTS[dialect].missing():
        return False
    return dialect in judged.run.samples[sample].sources


def _seconds(judged: Judged, sample: str, dialect: str) -> float:
    record = judged.record(sample, dialect)
    return record.seconds if record is not None else 0.0
