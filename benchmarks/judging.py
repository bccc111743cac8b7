"""What judging costs when most cells of a sample have the same bits: python -m benchmarks.judging.

The same samples with 3 distinct results each, once in 3 cells and once in 100: the ratio of the medians.
"""

import statistics
import time

import numpy as np

from compat.arrays import digest
from compat.judge.verdicts import Judge
from compat.records import Output, Record
from compat.reference import conv2d

_SAMPLES, _ROUNDS, _DISTINCT, _CELLS = 10_000, 5, 3, 100


def _cells():
    """The reference of a small convolution, three results of it by digest, and their records."""
    random = np.random.RandomState(1)
    x, w = (random.uniform(-1, 1, shape).astype(np.float32) for shape in ((1, 10, 10, 3), (3, 3, 3, 4)))
    reference = {"y": conv2d(x, w, padding="SAME")}
    exact = reference["y"].value
    results = [np.float32(exact), np.nextafter(np.float32(exact), np.float32(9)), np.float32(exact + 1e-7)]
    arrays = {digest(result): result for result in results}
    records = [
        Record("ok", "case", "float32", outputs={"y": Output(key, "float32", list(exact.shape))})
        for key in arrays
    ]
    return reference, arrays, records


def _seconds(cells, samples):
    reference, arrays, records = _cells()
    started = time.perf_counter()
    for _ in range(samples):
        judge = Judge(reference, arrays.__getitem__)
        for cell in range(cells):
            judge(records[cell % _DISTINCT])
    return time.perf_counter() - started


def main():
    """Prints one line of Markdown for each number of cells, and the ratio; the rounds alternate."""
    samples = _SAMPLES // _ROUNDS
    rounds = [(_seconds(_DISTINCT, samples), _seconds(_CELLS, samples)) for _ in range(_ROUNDS)]
    few, many = (statistics.median(column) / samples for column in zip(*rounds))
    print(f"{samples * _ROUNDS:,} samples, medians of {_ROUNDS} rounds, microseconds a sample")
    print("| cells | distinct results | judging |\n|---|---|---|")
    print(f"| {_DISTINCT} | {_DISTINCT} | {few * 1e6:.0f} |")
    print(f"| {_CELLS} | {_DISTINCT} | {many * 1e6:.0f} |")
    print(f"ratio {many / few:.3f}")


if __name__ == "__main__":
    main()
