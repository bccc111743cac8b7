"""A process in which one contestant computes when told: ``python -m benchmarks.worker NAME THREADS``.

Reads a request a line and answers each with a line of JSON.  One process a contestant, because oneDNN and
the number of threads are settled when a library is loaded; told in turn, because a machine's speed drifts.
"""

import json
import sys
import time
import tracemalloc

import numpy as np

from . import contestants, workloads


def open_contestant(name, threads):
    """The contestant of that name, with its libraries imported."""
    if name.startswith("tf-"):
        return contestants.TensorFlow(threads)
    kinds = {
        "ours": contestants.Ours,
        "product": contestants.Product,
        "scipy": contestants.SciPy,
        "tutorial": contestants.Tutorial,
    }
    return kinds[name]()


class Bench:
    """What is prepared, and how to time it and to weigh it."""

    def __init__(self, contestant):
        self.contestant = contestant
        self.compute = None

    def prepare(self, name, direction, least_seconds):
        """Computes twice; gives some numbers of the result and the seconds that it took."""
        self.compute = None  # frees what was prepared before
        try:
            self.compute = self.contestant.prepare(workloads.named(name), direction)
        except contestants.Unable as reason:
            return {"unable": str(reason)}
        fetched = {"fetched": True} if isinstance(self.contestant, contestants.TensorFlow) else {}
        results = [as_nhwc(self.contestant, result) for result in self.compute(**fetched)]
        self.result_bytes = sum(result.nbytes for result in results)
        some = [result.ravel()[:: max(1, result.size // 500)].tolist() for result in results]
        if not getattr(self.contestant, "computes_the_same", True):
            some = None
        del results
        self.repetitions, self.waking = 1, 0.0
        seconds = self.seconds()["seconds"]
        self.repetitions = max(1, int(least_seconds / max(seconds, 1e-6)))
        self.waking = least_seconds / 2
        return {"some": some, "seconds": seconds}

    def seconds(self):
        """Of one computation, on processors that are awake: they slept while others had their turns."""
        awake = time.perf_counter() + self.waking
        while time.perf_counter() < awake:
            self.compute()
        start = time.perf_counter()
        for _ in range(self.repetitions):
            self.compute()
        return {"seconds": (time.perf_counter() - start) / self.repetitions}

    def extra_bytes(self):
        """The most memory held at once beyond inputs and results.

        NumPy tells tracemalloc of all its arrays; of TensorFlow only the process' resident memory tells.
        """
        if isinstance(self.contestant, contestants.TensorFlow):
            before = peak_resident(reset=True)
            self.compute()
            return {"extra": max(0, peak_resident() - before - self.result_bytes)}
        tracemalloc.start()
        try:
            self.compute()
            return {"extra": max(0, tracemalloc.get_traced_memory()[1] - self.result_bytes)}
        finally:
            tracemalloc.stop()


def as_nhwc(contestant, result):
    """The tutorial's images are NCHW and its filters OIHW."""
    if not isinstance(contestant, contestants.Tutorial):
        return result
    filters = result.shape[2:] == contestant.kernel
    return result.transpose(2, 3, 1, 0) if filters else result.transpose(0, 2, 3, 1)


def peak_resident(reset=False):
    """Bytes of resident memory at the peak since the last reset (at a reset, now); 0 but on Linux."""
    try:
        if reset:
            with open("/proc/self/clear_refs", "w") as file:
                file.write("5")
        with open("/proc/self/status") as file:
            (line,) = [line for line in file if line.startswith("VmHWM")]
        return int(line.split()[1]) * 1024
    except OSError:
        return 0


def main():
    name, threads = sys.argv[1], int(sys.argv[2])
    answers, sys.stdout = sys.stdout, sys.stderr
    bench = Bench(open_contestant(name, threads))
    print(json.dumps({"numpy": np.__version__, "python": sys.version.split()[0]}), file=answers, flush=True)
    for line in sys.stdin:
        request, *arguments = json.loads(line)
        print(json.dumps(getattr(bench, request)(*arguments)), file=answers, flush=True)


if __name__ == "__main__":
    main()
