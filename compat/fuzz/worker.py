"""The process that stays inside one environment: batches of samples come as lines of JSON, results go back as such.

``python -m compat.fuzz.worker graph`` serves the dialects of one kind of process (``compat.record.dialects``).  It says
first what it is.  Arrays travel as [dtype, shape, bytes in base64]; samples as what they are drawn of, so that no array
has to be sent.  Many samples share one graph, or one tf.function: to build a session for each takes longer than to run.
"""

import base64
import json
import os
import sys
import time
import warnings
from typing import Any, Callable, Dict, List, Optional, Tuple

import numpy as np

from ..case.fixtures import Fixture
from ..jsons import as_json
from ..record import worker
from ..record.compute import first_line
from ..record.dialects import DIALECTS, Dialect
from ..record.dialects.tensorflow import as_tensor, import_tensorflow
from ..record.environment import describe
from ..record.versions import tensorflow_version
from .samples import Drawn, from_json
from .spelled import DIALECTS as SERVED
from .spelled import KERAS, Spelled, called, compiled, spelled

#: What a version says of what it does not have.
_MISSING = ("has no attribute", "unexpected keyword", "No module named", "not understood:", "Unsupported: ")


class Job:
    """One sample in one dialect: its functions, and what became of it.  ``failed``: (number of the step, message)."""

    def __init__(self, number: int, drawn: Drawn, steps: List[Spelled], dialect: str) -> None:
        self.number = number
        self.drawn = drawn
        self.steps = steps
        beside = {"np": np, "tf": import_tensorflow()} if dialect in KERAS else {"np": np}
        self.functions = [compiled(step, called(dialect), beside) for step in steps]
        self.fixtures = {
            given.name: Fixture(given.name, given.array, given.dtype if given.dtype == "bfloat16" else None)
            for given in drawn.given
        }
        self.failed: Optional[Tuple[int, str]] = None
        self.outputs: Dict[str, Tuple[np.ndarray, str]] = {}

    def build(self, module: Any, arguments: List[Any], last_only: bool, most: int) -> Dict[str, Any]:
        """Tensors by name of the first ``most`` steps, as far as they can be made."""
        made = dict(zip(self.fixtures, arguments))
        found: Dict[str, Any] = {}
        for number, (step, function) in enumerate(zip(self.steps[:most], self.functions)):
            try:
                made[step.name] = function(module, *[made[name] for name in dict.fromkeys(step.inputs)])
            except Exception as error:
                self.failed = number, first_line(error)
                break
            found[step.name] = made[step.name]
        if last_only and found:
            name = list(found)[-1]
            return {name: found[name]}
        return found

    def result(self) -> Dict[str, Any]:
        answer: Dict[str, Any] = {
            "status": "ok",
            "outputs": {
                name: [dtype, list(array.shape), packed(array)]
                for name, (array, dtype) in self.outputs.items()
            },
        }
        if self.failed:
            missing = any(text in self.failed[1] for text in _MISSING)
            answer.update(
                status="unsupported" if missing else "error", step=self.failed[0], message=self.failed[1]
            )
        return answer


def packed(array: np.ndarray) -> str:
    array = np.ascontiguousarray(array)
    return base64.b64encode(array.astype(array.dtype.newbyteorder("<")).tobytes()).decode()


def run(dialect: Dialect, jobs: List[Job], most: int = 99) -> None:
    """Fill in what became of the jobs: all at once, and where that fails each alone, down to the step."""
    for job in jobs:
        job.failed, job.outputs = None, {}
    try:
        _together(dialect, jobs, most)
    except Exception as error:
        if len(jobs) > 1:
            half = len(jobs) // 2
            run(dialect, jobs[:half], most)
            run(dialect, jobs[half:], most)
            return
        (job,), message = jobs, first_line(error)
        steps = min(most, len(job.steps))
        if steps > 1:
            run(dialect, jobs, steps - 1)
        if job.failed is None:
            job.failed = steps - 1, message


def _together(dialect: Dialect, jobs: List[Job], most: int) -> None:
    graph = dialect.name in ("tf1.session", "tf2.function")
    build = _with_keras if dialect.name in KERAS else _with_tensorflow
    inputs = {f"{job.number}.{name}": f for job in jobs for name, f in job.fixtures.items()}
    results = dialect.compute(build(jobs, graph, most), inputs, {})
    for name, (array, dtype) in results.items():
        number, _, step = name.partition(".")
        if step:
            next(job for job in jobs if str(job.number) == number).outputs[step] = (array, dtype)


def _with_tensorflow(jobs: List[Job], graph: bool, most: int) -> Callable[..., Dict[str, Any]]:
    def implementation(tf: Any, *tensors: Any) -> Dict[str, Any]:
        found, given = {"nothing": tf.constant(0.0)}, list(tensors)
        for job in jobs:
            own, given = given[: len(job.fixtures)], given[len(job.fixtures) :]
            made = job.build(tf, own, graph and job.drawn.whole, most)
            found.update({f"{job.number}.{name}": tensor for name, tensor in made.items()})
        return found

    return implementation


def _with_keras(jobs: List[Job], graph: bool, most: int) -> Callable[..., Dict[str, Any]]:
    """Of each the first input flows as a tensor, the others are arrays."""

    def implementation(keras: Any, *ignored: Any) -> Dict[str, Any]:
        tf = import_tensorflow()
        found = {"nothing": tf.constant(0.0)}
        for job in jobs:
            first, *others = job.fixtures.values()
            arguments = [as_tensor(tf, first), *(fixture.array for fixture in others)]
            made = job.build(keras, arguments, False, most)
            found.update({f"{job.number}.{name}": tensor for name, tensor in made.items()})
        return found

    return implementation


def results_of(samples: List[Drawn], dialects: List[str]) -> List[Dict[str, Any]]:
    """Of each sample, by dialect, what became of it."""
    found: List[Dict[str, Any]] = [{} for _ in samples]
    old = (tensorflow_version() or (2,)) < (2,)
    for name in dialects:
        jobs = []
        for number, drawn in enumerate(samples):
            steps = spelled(drawn, name, old)
            half = old and name in KERAS and any(given.dtype == "bfloat16" for given in drawn.given)
            if steps is not None and not half:  # Keras of TensorFlow 1 knows no bfloat16
                jobs.append(Job(number, drawn, steps, name))
        if not jobs:
            continue
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            run(DIALECTS[name], jobs)
        for job in jobs:
            found[job.number][name] = job.result()
    return found


def served(kind: str) -> List[str]:
    """The dialects that there are here, of one kind of process."""
    return [name for name in SERVED if DIALECTS[name].process == kind and DIALECTS[name].missing() is None]


def main() -> None:
    """Serve until the pipe is closed.  Only answers go to standard output: what frameworks print goes elsewhere."""
    kind = sys.argv[1]
    worker.begin()
    answers = os.fdopen(os.dup(1), "w", encoding="ascii")
    os.dup2(2, 1)
    dialects = served(kind)
    for name in dialects:
        DIALECTS[name].module()
    environment = describe("worker")
    kinds = sorted({DIALECTS[name].process for name in SERVED if DIALECTS[name].missing() is None})
    hello = {"tensorflow": environment.tensorflow, "settings": environment.settings}
    _say(answers, {**hello, "environment": as_json(environment), "dialects": dialects, "kinds": kinds})
    for line in sys.stdin:
        asked = json.loads(line)
        started = time.perf_counter()
        wanted = [name for name in dialects if name in asked["dialects"]]
        results = results_of([from_json(value) for value in asked["samples"]], wanted)
        _say(answers, {"results": results, "seconds": time.perf_counter() - started})


def _say(file: Any, value: Any) -> None:
    file.write(json.dumps(value) + "\n")
    file.flush()


if __name__ == "__main__":
    main()
