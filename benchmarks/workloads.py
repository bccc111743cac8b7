"""What is timed: layers of the tutorials and of VGG-16, float32, images NHWC and filters HWIO."""

from typing import NamedTuple

import numpy as np


class Workload(NamedTuple):
    """One layer, or a network (``vgg16``)."""

    name: str
    kind: str  # "conv", "pool" or "vgg16"
    images: tuple
    filters: tuple = ()  # of a pooling: its window
    strides: int = 1
    padding: str = "VALID"

    def __str__(self):
        size = "x".join(map(str, self.images))
        if self.kind == "vgg16":
            return f"{size}, 13 convolutions, 5 poolings, 3 dense layers"
        window = "x".join(map(str, self.filters[:2]))
        stride = f", stride {self.strides}" if self.strides > 1 else ""
        to = f" to {self.filters[3]}" if self.kind == "conv" else " max pool"
        return f"{size}, {window}{to}{stride}, {self.padding}"

    @property
    def output_size(self):
        """(height, width)."""
        return tuple(
            -(-(n if self.padding == "SAME" else n - k + 1) // self.strides)
            for n, k in zip(self.images[1:3], self.filters)
        )

    @property
    def output_shape(self):
        channels = self.filters[3] if self.kind == "conv" else self.images[3]
        return (self.images[0], *self.output_size, channels)

    def arrays(self):
        """(images, filters, bias, gradient of the output): the same numbers in every process."""
        random = np.random.RandomState(0)
        filters = self.filters if self.kind == "conv" else (1,)
        shapes = (self.images, filters, filters[-1:], self.output_shape)
        return [random.random_sample(shape).astype(np.float32) - np.float32(0.5) for shape in shapes]


FORWARD = [
    Workload("w1", "conv", (15, 440, 440, 3), (3, 3, 3, 10)),
    Workload("w2", "conv", (4, 440, 440, 3), (5, 5, 3, 64)),
    Workload("w3", "conv", (1, 440, 440, 1), (3, 3, 1, 32), 2),
    Workload("w4a", "conv", (128, 28, 28, 1), (5, 5, 1, 32), padding="SAME"),
    Workload("w4b", "conv", (128, 14, 14, 32), (2, 2, 32, 64), padding="SAME"),
    Workload("w5a", "conv", (1797, 8, 8, 1), (3, 3, 1, 32), padding="SAME"),
    Workload("w5b", "conv", (1797, 4, 4, 32), (3, 3, 32, 64), padding="SAME"),
    Workload("w6", "conv", (1, 56, 56, 256), (3, 3, 256, 256), padding="SAME"),
    Workload("w6n8", "conv", (8, 28, 28, 256), (3, 3, 256, 256), padding="SAME"),
    Workload("1x1", "conv", (8, 56, 56, 64), (1, 1, 64, 256)),
    Workload("w7", "pool", (15, 438, 438, 10), (2, 2), 2),
]
BACKWARD = [workload for workload in FORWARD if workload.name in ("w1", "w4a", "w4b")]
VGG16 = Workload("vgg16", "vgg16", (1, 224, 224, 3))

#: The convolutions of VGG-16 by their number of filters; 0 is a pooling (Simonyan and Zisserman 2014, D).
VGG16_LAYERS = (64, 64, 0, 128, 128, 0, 256, 256, 256, 0, 512, 512, 512, 0, 512, 512, 512, 0)
VGG16_DENSE = (4096, 4096, 1000)


def vgg16_weights():
    """``[(filters or matrix, bias)]`` in the order of flow: 138,357,544 numbers."""
    random = np.random.RandomState(0)
    shapes, channels = [], 3
    for filters in filter(None, VGG16_LAYERS):
        shapes.append((3, 3, channels, filters))
        channels = filters
    units = 7 * 7 * channels
    for outputs in VGG16_DENSE:
        shapes.append((units, outputs))
        units = outputs
    # He's scale keeps the numbers of one size from layer to layer.
    return [
        (
            (random.random_sample(shape).astype(np.float32) - np.float32(0.5))
            * np.float32(np.sqrt(24 / np.prod(shape[:-1]))),
            np.full(shape[-1], 0.01, np.float32),
        )
        for shape in shapes
    ]


def named(name, direction="forward"):
    """The workload of that name."""
    from . import random_shapes

    (workload,) = [w for w in (*FORWARD, VGG16, *random_shapes.draw()) if w.name == name]
    return workload
