"""What tox does not know of the matrix: how far it is, how many environments fit side by side, and which samples.

Every environment imports a TensorFlow in each of its workers: side by side they share out processors and memory. Plain
``tox`` has them side by side, for much of an import and of a plan is one process alone; ``tox run`` has one by one.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from typing import TYPE_CHECKING

from tox.plugin import impl

if TYPE_CHECKING:
    from tox.config.cli.parser import Parsed
    from tox.config.sets import CoreConfigSet
    from tox.execute import Outcome
    from tox.session.state import State
    from tox.tox_env.api import ToxEnv

#: Bytes of a worker that computes the quick samples: an import, and the largest network.
_OF_A_WORKER = 3 << 30
#: What tox.ini gives ``compat run`` beside what somebody asked for.
_OPTIONS = "COMPAT_TOX_OPTIONS"
#: ``tox -m slow``: the same environments, with the samples that take minutes.
_SLOW = "slow"


class _Matrix:
    """The environments of this session, and how many of them are done."""

    def __init__(self, state: State, slow: bool) -> None:
        self._state = state
        self._told = slow
        self._began = time.monotonic()
        self._done = 0
        self._lock = threading.Lock()

    def begins(self, name: str) -> None:
        """``tf1.15: environment 3 of 14``; once, that there are more samples."""
        names = self._names()
        if name.startswith("tf") and not self._told:
            self._told = True
            _say("Samples that take minutes are left out; with them: pipx run tox -m slow")
        if len(names) > 1 and name in names:
            _say(f"{name}: environment {names.index(name) + 1} of {len(names)}")

    def ends(self, name: str) -> None:
        """``tf1.15: 3 of 14 environments done in 3 min, about 11 min left``."""
        names = self._names()
        if len(names) < 2 or name not in names:
            return
        with self._lock:
            self._done += 1
            done, seconds = self._done, time.monotonic() - self._began
        left = seconds / done * (len(names) - done)
        rest = f", about {_minutes(left)} left" if left else ""
        _say(f"{name}: {done} of {len(names)} environments done in {_minutes(seconds)}{rest}")

    def _names(self) -> list[str]:
        return list(self._state.envs.iter(only_active=True, package=False))


_matrices: list[_Matrix] = []


@impl
def tox_add_core_config(core_conf: CoreConfigSet, state: State) -> None:
    """Keep what knows all environments, and set what they share."""
    options = state.conf.options
    slow = _SLOW in (getattr(options, "labels", None) or [])
    _matrices[:] = [_Matrix(state, slow)]
    chosen = ["--slow" if slow else "--not-slow"]
    side_by_side = getattr(options, "parallel", 0)
    if side_by_side == 0 and _is_matrix(options):
        side_by_side = len(_recording(options)) or None
        options.parallel_live = True
    if side_by_side != 0:  # None: all of them
        options.parallel = side_by_side = _that_fit(side_by_side)
        chosen.append(f"--workers {max(1, (os.cpu_count() or 1) // side_by_side)}")
    os.environ.setdefault(_OPTIONS, " ".join(chosen))


@impl
def tox_before_run_commands(tox_env: ToxEnv) -> None:
    for matrix in _matrices:
        matrix.begins(tox_env.name)


@impl
def tox_after_run_commands(tox_env: ToxEnv, exit_code: int, outcomes: list[Outcome]) -> None:
    for matrix in _matrices:
        matrix.ends(tox_env.name)


def _is_matrix(options: Parsed) -> bool:
    """Whether plain tox was asked for several environments of the matrix, and for none that tests."""
    if options.command != "legacy" or options.no_capture or options.factors or options.env.is_all:
        return False
    recording = _recording(options)
    return options.env.is_default_list or (len(recording) > 1 and {*options.env} <= {*recording, "report"})


def _recording(options: Parsed) -> list[str]:
    """Those by name that record; none where the names are tox.ini's own."""
    return [name for name in options.env if name.startswith("tf")]


def _that_fit(wanted: int | None) -> int:
    """No more than there are processors, nor than there is memory for; at least one."""
    processors = os.cpu_count() or 1
    most = min(processors, wanted or processors)
    free = _free_memory()
    if free is None or free >= most * _OF_A_WORKER:
        return most
    fit = max(1, free // _OF_A_WORKER)
    print(f"side by side: {fit} of {most}, since {free / 2**30:.1f} GB of memory are free", flush=True)
    return fit


def _free_memory() -> int | None:
    """In bytes; None where that is not known."""
    try:
        with open("/proc/meminfo", encoding="ascii") as file:
            return next(int(line.split()[1]) << 10 for line in file if line.startswith("MemAvailable:"))
    except (OSError, StopIteration, ValueError):
        return None


def _say(text: str) -> None:
    """In a line of its own: another environment may have drawn its progress there."""
    print(f"\r\033[K{text}" if sys.stdout.isatty() else text, flush=True)


def _minutes(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.0f} min"
