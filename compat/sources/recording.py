"""A trace as a run: the same folder that ``compat run`` leaves, with one sample, the source."""

import contextlib
import hashlib
import os
import re
from typing import Callable, List

from ..errors import CompatError
from ..files import open_regular
from ..record.code import code_of
from ..record.environment import describe
from ..records import Description, Input, Record
from ..store import Run
from .program import Program, Wish
from .tracing import Traced, trace_program

#: How the path of a sample begins that is no case.
TRACED = "trace:"
_OUR_FILES = ("verdicts.json", "lock")


def sample_of(text: str) -> str:
    """The sample's id, ``net.pb[trace]`` or ``model.py[build]``."""
    path, _, function = text.rpartition(":") if re.search(r"\.py:\w+\Z", text) else (text, "", "trace")
    base = os.path.basename(os.path.abspath(path))
    name = re.sub(r"[^A-Za-z0-9_.+-]", "_", base).lstrip("_.+-") or "source"
    return f"{name}[{function.lstrip('_') or 'trace'}]"


def check_out(folder: str) -> None:
    """Raises CompatError where no run can be written without writing over something."""
    if not folder:
        raise CompatError("--out is empty; name the folder of the run")
    if os.path.islink(folder.rstrip("/")):
        raise CompatError(f"{folder}: is a link: name the folder itself")
    if os.path.lexists(folder) and not os.path.isdir(folder):
        raise CompatError(f"{folder}: is a file; --out names a folder")
    if not Run.exists(folder) and os.path.isdir(folder):
        foreign = [n for n in os.listdir(folder) if n not in _OUR_FILES and not n.startswith(".tmp-")]
        if foreign:
            raise CompatError(f"{folder}: is no run, and not empty; choose another --out")


def opened(folder: str) -> Run:
    """The run to write into.  Raises CompatError for one of another environment: nothing of it is written over."""
    environment = describe(os.path.basename(os.path.abspath(folder)))
    if not Run.exists(folder):
        return Run(folder, environment)
    run = Run.open(folder)
    if run.environment != environment:
        raise CompatError(
            f"{folder}: is a run of another environment ({run.environment.name}); choose another --out"
        )
    return run


def record(
    text: str, files: List[str], program: Program, wish: Wish, folder: str,
    tell: Callable[[str], None], progress: Callable[[int, int], None],
) -> Traced:  # fmt: skip
    """Trace the program into the run at ``folder``.  Where it fails nothing is there that was not there before."""
    run = Run(folder)
    try:
        with run.locked():
            return _record(text, files, program, wish, opened(folder), tell, progress)
    finally:
        if not Run.exists(folder):
            _forget(folder)


def _forget(folder: str) -> None:
    with contextlib.suppress(OSError):
        os.unlink(os.path.join(folder, "lock"))
        os.rmdir(folder)


def _record(
    text: str, files: List[str], program: Program, wish: Wish, run: Run,
    tell: Callable[[str], None], progress: Callable[[int, int], None],
) -> Traced:  # fmt: skip
    found = trace_program(program, wish, run.objects, tell, progress)
    sample = sample_of(text)
    operation, _, name = sample[:-1].partition("[")
    inputs = {
        key: Input(f"{operation}.{key}", dtype, run.objects.add(array))
        for key, (array, dtype) in found.inputs.items()
    }
    case = hashlib.sha256(repr([sample, sorted((k, i.dtype, i.digest) for k, i in inputs.items())]).encode())
    first = next(iter(inputs.values()), None)
    run.samples[sample] = Description(
        operation, name, case.hexdigest(), TRACED + text, doc="; ".join(program.notes), inputs=inputs
    )
    run.add(
        sample,
        program.dialect,
        Record(
            "ok",
            case.hexdigest(),
            first.dtype if first else "float32",
            "; ".join(program.notes),
            {path: _sha256(path) for path in files},
            code_of(run.environment),
            outputs=found.outputs,
            random=found.random,
            trace=run.objects.add(found.trace.array()),
            seconds=found.seconds,
        ),
    )
    run.save()
    return found


def _sha256(path: str) -> str:
    sha = hashlib.sha256()
    with open_regular(path) as file:
        for block in iter(lambda: file.read(1 << 20), b""):
            sha.update(block)
    return sha.hexdigest()
