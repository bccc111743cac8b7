"""The workers as the campaign sees them: versions that run batches, replaced where they die or take too long."""

import base64
import dataclasses
import glob
import json
import os
import select
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import AbstractSet, Any, Dict, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np

import compat

from ..arrays import Array
from ..errors import CompatError
from ..records import Environment
from .samples import Drawn

#: Seconds for a framework to be imported, and for a batch: so many, and more for each sample.
STARTING, WAITING, A_SAMPLE = 180.0, 60.0, 2.0


class Outcome(NamedTuple):
    """What became of a sample in a dialect of a version.  ``outputs``: by step, (array, dtype).

    ``step``: the number of the one that failed, where the status is not ok.
    """

    status: str
    outputs: Dict[str, Tuple[Array, str]]
    step: int = 0
    message: str = ""

    def to_json(self) -> Dict[str, Any]:
        return {"status": self.status, "step": self.step, "message": self.message}


#: By version and dialect.
Cell = Tuple[str, str]
Cells = Dict[Cell, Outcome]
#: Operations that are not asked for there.
Spared = AbstractSet[Tuple[Cell, str]]


class Gone(Exception):
    """A worker died, or took too long; ``word``: crashed or timeout."""

    def __init__(self, word: str, message: str) -> None:
        super().__init__(message)
        self.word = word


def outcome_of(value: Dict[str, Any]) -> Outcome:
    outputs = {
        name: (np.frombuffer(base64.b64decode(data), _dtype(dtype)).reshape(shape), dtype)
        for name, (dtype, shape, data) in value.get("outputs", {}).items()
    }
    return Outcome(value["status"], outputs, value.get("step", 0), value.get("message", ""))


def _dtype(name: str) -> Any:
    return np.dtype(np.float32 if name == "bfloat16" else name)


class Worker:
    """One process.  ``command``: how it is started; it serves ``dialects`` of one ``kind`` of process."""

    def __init__(self, command: Sequence[str], kind: str) -> None:
        self._command = [*command, kind]
        self.kind = kind
        self.process: Optional[subprocess.Popen[bytes]] = None
        self._left = b""
        self.hello: Dict[str, Any] = {}

    def start(self) -> None:
        self.stop()
        self.process = subprocess.Popen(
            self._command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=_environment(),
            start_new_session=True,  # a ^C is for whoever drives it
        )
        self._left = b""
        self.hello = self._line(STARTING)

    def stop(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            for pipe in (self.process.stdin, self.process.stdout):
                if pipe is not None:
                    pipe.close()
            self.process = None

    def ask(self, samples: Sequence[Drawn], dialects: Sequence[str]) -> List[Dict[str, Any]]:
        """What became of each.  Raises Gone."""
        if self.process is None:
            self.start()
        assert self.process is not None and self.process.stdin is not None
        asked = {"samples": [drawn.to_json() for drawn in samples], "dialects": list(dialects)}
        try:
            self.process.stdin.write(json.dumps(asked).encode() + b"\n")
            self.process.stdin.flush()
        except OSError:
            raise self._gone() from None
        results = self._line(WAITING + A_SAMPLE * len(samples))["results"]
        assert isinstance(results, list)
        return results

    def _line(self, seconds: float) -> Dict[str, Any]:
        assert self.process is not None and self.process.stdout is not None
        descriptor, end = self.process.stdout.fileno(), time.monotonic() + seconds
        parts = [self._left]
        while b"\n" not in parts[-1]:
            ready, _, _ = select.select([descriptor], [], [], max(end - time.monotonic(), 0))
            if not ready:
                self.stop()
                raise Gone("timeout", f"no answer within {seconds:.0f} s")
            part = os.read(descriptor, 1 << 20)
            if not part:
                raise self._gone()
            parts.append(part)
        line, _, self._left = b"".join(parts).partition(b"\n")
        found: Dict[str, Any] = json.loads(line.decode())
        return found

    def _gone(self) -> Gone:
        assert self.process is not None
        self.process.wait()
        status = self.process.returncode
        self.stop()
        return Gone(
            "crashed", f"the process ended with {'signal ' if status < 0 else 'status '}{abs(status)}"
        )


def _environment() -> Dict[str, str]:
    """The same compat as here, one thread, kernels that do not depend on the processor's maker."""
    root = os.path.dirname(os.path.dirname(os.path.abspath(compat.__file__)))
    settings = {"TF_ENABLE_ONEDNN_OPTS": "0", "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1"}
    return {**settings, **os.environ, "PYTHONPATH": root, "PYTHONDONTWRITEBYTECODE": "1"}


class Version:
    """One environment: a worker for each kind of process that its dialects need."""

    def __init__(self, name: str, command: Sequence[str]) -> None:
        self.name = name
        self._command = command
        self.workers: List[Worker] = []
        self.environment = Environment(name)

    def start(self) -> None:
        """Raises CompatError where the first process does not come up."""
        first = Worker(self._command, "graph")
        try:
            first.start()
            others = [Worker(self._command, kind) for kind in first.hello["kinds"] if kind != "graph"]
            for worker in others:
                worker.start()
        except (Gone, OSError, ValueError) as error:
            raise CompatError(f"{self.name}: its worker does not start: {error}") from None
        self.workers = [first, *others]
        self.environment.versions = {"tensorflow": first.hello["tensorflow"] or ""}
        self.environment.settings = first.hello["settings"]

    @property
    def dialects(self) -> List[str]:
        return [dialect for worker in self.workers for dialect in worker.hello["dialects"]]

    def run(
        self, samples: Sequence[Drawn], dialects: Sequence[str], spared: Spared = frozenset()
    ) -> List[Dict[str, Outcome]]:
        """Of each sample, by dialect; one that ends a process is ``crashed`` or ``timeout`` there."""
        found: List[Dict[str, Outcome]] = [{} for _ in samples]
        for worker in self.workers:
            alike: Dict[Tuple[str, ...], List[int]] = {}
            for number, drawn in enumerate(samples):
                operations = {step.operation for step in drawn.steps}
                wanted = tuple(
                    name
                    for name in worker.hello["dialects"]
                    if name in dialects and not any(((self.name, name), one) in spared for one in operations)
                )
                alike.setdefault(wanted, []).append(number)
            for wanted, numbers in alike.items():
                if wanted:
                    results = self._with(worker, [samples[number] for number in numbers], wanted)
                    for number, more in zip(numbers, results):
                        found[number].update(more)
        return found

    def _with(
        self, worker: Worker, samples: Sequence[Drawn], dialects: Sequence[str]
    ) -> List[Dict[str, Outcome]]:
        try:
            return [
                {name: outcome_of(value) for name, value in one.items()}
                for one in worker.ask(samples, dialects)
            ]
        except Gone as gone:
            if len(samples) > 1:
                half = len(samples) // 2
                return self._with(worker, samples[:half], dialects) + self._with(
                    worker, samples[half:], dialects
                )
            if len(dialects) > 1:
                return [
                    {k: v for name in dialects for k, v in self._with(worker, samples, [name])[0].items()}
                ]
            step = self._first_that_kills(worker, samples[0], dialects)
            return [{dialects[0]: Outcome(gone.word, {}, step, str(gone))}]

    def _first_that_kills(self, worker: Worker, drawn: Drawn, dialects: Sequence[str]) -> int:
        """The number of the step at which the process ends."""
        last = len(drawn.steps) - 1
        for number in range(last):
            try:
                worker.ask([dataclasses.replace(drawn, steps=drawn.steps[: number + 1])], dialects)
            except Gone:
                return number
        return last

    def stop(self) -> None:
        for worker in self.workers:
            worker.stop()


class Pool:
    """All versions, the oldest first; they run side by side."""

    def __init__(self, versions: Sequence[Version]) -> None:
        self.versions = list(versions)
        self._threads = ThreadPoolExecutor(max_workers=max(len(self.versions), 1))
        self._lock = threading.Lock()  # a worker has one pipe: who shrinks waits for the batch under way

    def __enter__(self) -> "Pool":
        try:
            list(self._threads.map(Version.start, self.versions))
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *ignored: Any) -> None:
        for version in self.versions:
            version.stop()
        self._threads.shutdown()

    def run(
        self,
        samples: Sequence[Drawn],
        dialects: Sequence[str],
        only: Optional[Sequence[str]] = None,
        spared: Spared = frozenset(),
    ) -> List[Cells]:
        """What became of each sample, by (version, dialect); ``only``: in these versions."""
        wanted = [version for version in self.versions if only is None or version.name in only]
        found: List[Cells] = [{} for _ in samples]
        with self._lock:
            answers = list(self._threads.map(lambda version: version.run(samples, dialects, spared), wanted))
        for version, results in zip(wanted, answers):
            for cells, by_dialect in zip(found, results):
                cells.update({(version.name, dialect): outcome for dialect, outcome in by_dialect.items()})
        return found

    def environments(self) -> Dict[str, Environment]:
        return {version.name: version.environment for version in self.versions}


def found_in(folder: str, names: Sequence[str]) -> List[Version]:
    """The environments of a folder, as tox makes them: all plain ones, or those named, the oldest first."""
    pythons = {
        os.path.basename(os.path.dirname(os.path.dirname(path))): path
        for path in glob.glob(os.path.join(folder, "*", "bin", "python"))
    }
    usual = [name for name in pythons if name.startswith("tf") and "-" not in name]
    missing = [name for name in names if name not in pythons]
    if missing or not (names or usual):
        there = ", ".join(sorted(usual, key=_age)) or "none"
        raise CompatError(f"no environment {missing[0] if missing else 'tf*'} in {folder}; there are {there}")
    chosen = sorted(set(names) or usual, key=_age)
    return [Version(name, [pythons[name], "-m", "compat.fuzz.worker"]) for name in chosen]


def _age(name: str) -> Tuple[Any, ...]:
    return tuple(int(part) if part.isdigit() else -1 for part in name[2:].split("-")[0].split(".")), name
