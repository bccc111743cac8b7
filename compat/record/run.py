"""What is wanted and not yet recorded, computed into a run."""

import collections
import os
import time
from typing import TYPE_CHECKING, Callable, Counter, Optional, Sequence

from ..errors import CompatError
from ..records import STATUSES
from ..store import Run
from .code import code_of
from .dialects import DIALECTS
from .dialects.eager import EAGER_IS_OFF
from .environment import describe
from .order import ordered, seconds_of
from .plan import Pair, Wanted, plan, prepare
from .progress import duration

if TYPE_CHECKING:
    from .computing import Computing


class Settings:
    """``workers`` processes side by side, ``timeout`` seconds for one sample."""

    def __init__(self, workers: Optional[int] = None, timeout: float = 300) -> None:
        self.workers = workers
        self.timeout = timeout


def record(folder: str, wanted: Wanted, settings: Settings, tell: Callable[[str], None]) -> Run:
    """Compute what is wanted and not yet recorded.  Raises CompatError where another process records into the run."""
    run = Run(folder, describe(os.path.basename(os.path.abspath(folder))))
    with run.locked():
        run, changed, dropped = prepare(run, wanted)
        if dropped:
            tell(dropped)
        planned = plan(run, wanted, code_of(run.environment))
        pairs = ordered(planned.pairs, wanted, seconds_of(run, wanted, planned.pairs))
        for sample, dialect in pairs:  # what is there of it is no longer the answer
            run.drop(sample, dialect)
        if changed or planned.changed or pairs:
            run.save()
        tell(
            f"{run.name}: {len(wanted.samples)} samples in {len(wanted.dialects)} dialects: {len(pairs)} to compute, "
            f"{planned.kept} unchanged, the others cannot be spelled here"
        )
        if not pairs:
            return run
        from .computing import (
            Computing,
        )  # late: it takes longer to load than to see that there is nothing to do

        begun = time.monotonic()
        computing = Computing(run, len(pairs), folder, wanted, settings)
        for process in sorted({DIALECTS[dialect].process for _, dialect in pairs}, reverse=True):
            computing.compute([pair for pair in pairs if DIALECTS[pair[1]].process == process])
        run = Run.open(folder)
        run.save()
        run = _spoilt_again(run, pairs, computing)
        lost = [pair for pair in pairs if run.record(*pair) is None]
        if lost:
            computing.tell_why()
            raise CompatError(
                f"{len(lost)} of {len(pairs)} samples left no record, the first is {lost[0]}; see above"
            )
        tell(f"{run.name}: computed in {duration(time.monotonic() - begun)}: {_counted(run, pairs)}")
    return run


def _counted(run: Run, pairs: Sequence[Pair]) -> str:
    """``560 ok, 20 unsupported, 5 error``."""
    records = filter(None, (run.record(*pair) for pair in pairs))
    found: Counter[str] = collections.Counter(record.status for record in records)
    return ", ".join(f"{found[status]:,} {status}" for status in STATUSES if found[status])


def _spoilt_again(run: Run, pairs: Sequence[Pair], computing: "Computing") -> Run:
    """What found eager execution switched off, once more: each case file in processes of its own.

    A case may switch it off for all that share its process.  What finds it off then has only itself to blame.
    """
    spoilt = [pair for pair in pairs if _message(run, pair) == EAGER_IS_OFF]
    if not spoilt:
        return run
    outline_of = computing.wanted.outline_of
    for path in sorted({outline_of[sample].path for sample, _ in spoilt}):
        computing.compute([pair for pair in spoilt if outline_of[pair[0]].path == path])
    run = Run.open(run.folder)
    run.save()
    return run


def _message(run: Run, pair: Pair) -> str:
    record = run.record(*pair)
    return record.message if record is not None else ""
