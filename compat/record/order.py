"""In which order a plan is computed: what takes longest first, so that no process is idle while another trains.

Then what needs no TensorFlow, but for two: in a new environment the process that has them compiles TensorFlow, and the
others have something to do until they find it compiled.
"""

import contextlib
import os
from typing import Dict, List, Sequence, Tuple

from ..errors import CompatError
from ..files import folder_names
from ..store import Run
from .dialects import DIALECTS
from .plan import Pair, Wanted

#: Seconds of a slow sample of which nothing is known yet.
_SLOW = 60.0
#: A process costs the import of a framework: it has to have so much to do, and a slow sample is as much as so many.
_A_PROCESS, _MOST_PROCESSES = 50, 4
#: pytest-xdist gives so many items to each process at the start.
_AT_ONCE = 2


def ordered(pairs: Sequence[Pair], wanted: Wanted, seconds: Dict[Pair, float]) -> List[Pair]:
    """The slow ones first, by how long each took; the others as they stand, what needs no TensorFlow before."""
    heavy = [pair for pair in pairs if "tensorflow" in DIALECTS[pair[1]].depends_on]
    first = heavy[:_AT_ONCE]

    def place(pair: Pair) -> Tuple[float, bool, bool]:
        slow = seconds.get(pair, _SLOW) if wanted.described[pair[0]].slow else 0.0
        return -slow, pair not in first, "tensorflow" in DIALECTS[pair[1]].depends_on

    return sorted(pairs, key=place)


def seconds_of(run: Run, wanted: Wanted, pairs: Sequence[Pair]) -> Dict[Pair, float]:
    """How long the slow samples among them took: in this run, or in the newest other one of the store."""
    slow = [pair for pair in pairs if wanted.described[pair[0]].slow]
    found: Dict[Pair, float] = {}
    for one in [run, *_others(run)] if slow else []:
        for pair in slow:
            record = one.record(*pair) if pair not in found else None
            if record is not None and record.seconds:
                found[pair] = record.seconds
    return found


def processes(pairs: Sequence[Pair], wanted: Wanted) -> int:
    """How many processes are worth their start."""
    work = sum(_A_PROCESS if wanted.described[sample].slow else 1 for sample, _ in pairs)
    return max(1, min(os.cpu_count() or 1, _MOST_PROCESSES, len(pairs), 1 + work // _A_PROCESS))


def _others(run: Run) -> List[Run]:
    """The run of the store that was written last, but this one."""
    with contextlib.suppress(CompatError, OSError):
        places = [os.path.join(run.store, name) for name in folder_names(run.store) if name != run.name]
        there = [place for place in places if Run.exists(place)]
        newest = max(there, key=lambda place: os.path.getmtime(os.path.join(place, "run.json")), default="")
        return [Run.open(newest, streamed=True)] if newest else []
    return []
