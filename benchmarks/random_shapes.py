"""Convolutions drawn at random, to time what nobody tuned anything for.

Independently, whole numbers whose logarithm is uniform: images 1 to 64, height and width 7 to 224, channels 1 to
256, filters 8 to 256.  Uniformly: a square kernel of 1, 3, 5 or 7, stride 1 or 2, SAME or VALID.  Thrown away:
what has less than 0.02 or more than 8 GFLOP, more than 2^25 numbers in or out, or an image smaller than the kernel.
"""

from typing import List

import numpy as np

from .workloads import Workload

#: Of the shapes that are reported.  Whoever tunes the layers draws with other seeds, and these only at the end.
HELD_OUT = 20261130
COUNT = 20


def draw(seed: int = HELD_OUT, count: int = COUNT) -> List[Workload]:
    """``count`` workloads, named r1, r2, ..."""
    random = np.random.RandomState(seed)
    shapes: List[Workload] = []
    while len(shapes) < count:
        images, height, width, channels, filters = (
            int(np.exp(random.uniform(np.log(least), np.log(most + 1))))
            for least, most in ((1, 64), (7, 224), (7, 224), (1, 256), (8, 256))
        )
        kernel, strides = int(random.choice([1, 3, 5, 7])), int(random.randint(1, 3))
        shape = Workload(
            f"r{len(shapes) + 1}",
            "conv",
            (images, height, width, channels),
            (kernel, kernel, channels, filters),
            strides,
            str(random.choice(["SAME", "VALID"])),
        )
        if kernel <= min(height, width) and _fits(shape):
            shapes.append(shape)
    return shapes


def _fits(shape: Workload) -> bool:
    numbers_out = np.prod(shape.output_shape, dtype=float)
    flop = 2 * numbers_out * np.prod(shape.filters[:3])
    return 2e7 <= flop <= 8e9 and max(numbers_out, np.prod(shape.images, dtype=float)) <= 2**25
