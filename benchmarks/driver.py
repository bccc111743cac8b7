"""Contestants in processes of their own, told in turn to compute; medians, and ratios of medians."""

import json
import math
import os
import random
import statistics
import subprocess
import sys

#: TensorFlow keeps the memory of a session's tensors for the next run.  So may NumPy: otherwise the kernel
#: clears the pages of every large result anew (glibc only).  The tutorial's form runs as its reader runs it.
KEEP_MEMORY = {"MALLOC_MMAP_MAX_": "0", "MALLOC_TRIM_THRESHOLD_": str(1 << 40)}
#: A turn computes for so long at least, after half as long that is not counted.
TURN_SECONDS = 0.2
#: Threads of OpenBLAS wait for their next product with busy hands, for a tenth of a second, as processor cycles to the
#: power of two: ended here after 7 ms, they do not take the next contestant's turn.  Their own times are the same.
REST_SOON = {"OPENBLAS_THREAD_TIMEOUT": "24"}
#: No AVX-512, for neither: what most processors have.
AVX2_ONLY = {
    "ONEDNN_MAX_CPU_ISA": "AVX2",
    "OPENBLAS_CORETYPE": "Haswell",
    "NPY_DISABLE_CPU_FEATURES": "AVX512F AVX512CD AVX512_SKX AVX512_CLX AVX512_CNL AVX512_ICL AVX512_SPR",
}


class Failed(Exception):
    """A contestant cannot be timed here; the text says why."""


class Contestant:
    """A worker process."""

    def __init__(self, name, threads, avx2=False):
        self.name, self.threads = name, threads
        blas = 1 if name == "ours" else threads  # ours threads its tiles instead
        environment = dict(
            os.environ,
            COMPAT_THREADS=str(threads),
            OPENBLAS_NUM_THREADS=str(blas),
            OMP_NUM_THREADS=str(threads),
            MKL_NUM_THREADS=str(blas),
            TF_ENABLE_ONEDNN_OPTS=str(int(name == "tf-onednn")),
            TF_CPP_MIN_LOG_LEVEL="3",
            CUDA_VISIBLE_DEVICES="-1",
            **REST_SOON,
            **(KEEP_MEMORY if name != "tutorial" else {}),
            **(AVX2_ONLY if avx2 else {}),
        )
        self.process = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-m", "benchmarks.worker", name, str(threads)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment,
            text=True,
        )
        self.versions = self._answer()

    def ask(self, *request):
        """The worker's answer; Failed with its last words where it died."""
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        return self._answer()

    def _answer(self):
        line = self.process.stdout.readline()
        if not line:
            said = self.process.stderr.read().strip().splitlines() or ["it ended without a word"]
            raise Failed(f"{self.name}: {said[-1]}")
        return json.loads(line)

    def close(self):
        self.process.kill()
        self.process.communicate()


def measure(contestants, workload, direction, seconds, tell):
    """One workload by all contestants, in turn, for about ``seconds`` each.

    Returns ``{contestant's label: {"seconds": median, "all": [...], "extra": bytes} or {"unable": why}}``.
    Raises Failed where two of them do not compute the same.
    """
    rows, first, able = {}, None, []
    for label, contestant in contestants.items():
        tell(f"{workload.name} {direction}: preparing {label}")
        answer = contestant.ask("prepare", workload.name, direction, TURN_SECONDS)
        if "unable" in answer:
            rows[label] = answer
            continue
        first = first or answer["some"]
        if answer["some"] is not None and not agree(first, answer["some"]):
            raise Failed(f"{workload.name} {direction}: {label} does not compute what the others compute")
        rounds = min(25, max(1, int(seconds / max(answer["seconds"], TURN_SECONDS))))
        rows[label] = {"all": [], "rounds": rounds if rounds > 2 else 1}
        able.append(label)
    order = random.Random(0)
    for turn in range(max(rows[label]["rounds"] for label in able)):
        for label in order.sample(able, len(able)):  # nobody has always the same one before it
            if turn < rows[label]["rounds"]:
                rows[label]["all"].append(contestants[label].ask("seconds")["seconds"])
        tell(f"{workload.name} {direction}: turn {turn + 1}")
    for label in able:
        rows[label]["seconds"] = statistics.median(rows[label].pop("all"))
        rows[label].update(contestants[label].ask("extra_bytes"))
        del rows[label]["rounds"]
    return rows


def agree(ours, theirs):
    """Whether some numbers of every result are the same up to rounding, whoever summed them."""
    for mine, others in zip(ours, theirs):
        size = max(map(abs, mine)) or 1
        if len(mine) != len(others) or max(abs(a - b) for a, b in zip(mine, others)) > 1e-4 * size:
            return False
    return len(ours) == len(theirs)


def geometric_mean(ratios):
    """The mean to take of ratios: of 2 and 1/2 it is 1."""
    return math.exp(statistics.fmean(map(math.log, ratios)))
