"""Configurations of a layer, drawn by Hypothesis, each with a name that says everything.

The arrays of a configuration are made from its name, so a failing test's name is all it takes:
``COMPAT_CONFIGURATION='2x5x4x3 k3x2 ...'`` runs that one again.
"""

import os
import re
import zlib
from typing import NamedTuple

import numpy as np
from hypothesis import strategies as st

from compat.layers import definition

DTYPES = ("float16", "float32", "float64")


class Configuration(NamedTuple):
    """What a window over a batch of images can be."""

    count: int
    size: tuple
    groups: int
    channels: int  # of each group
    outputs: int  # of each group
    kernel: tuple
    strides: tuple
    dilations: tuple
    padding: object
    data_format: str
    dtype: str

    def __str__(self):
        padding = self.padding
        if not isinstance(padding, str):
            padding = ".".join(str(pixels) for side in padding for pixels in side)
        return "{}x{}x{} g{} c{} o{} k{}x{} s{}x{} d{}x{} {} {} {}".format(
            self.count,
            *self.size,
            self.groups,
            self.channels,
            self.outputs,
            *self.kernel,
            *self.strides,
            *self.dilations,
            padding,
            self.data_format,
            self.dtype,
        )

    __repr__ = __str__

    @classmethod
    def parse(cls, name):
        """The configuration of that name."""
        words = name.split(" ")
        numbers = [tuple(int(number) for number in re.findall(r"\d+", word)) for word in words]
        count, *size = numbers[0]
        padding = words[7]
        if padding[0].isdigit():
            padding = numbers[7][:2], numbers[7][2:]
        return cls(
            count,
            tuple(size),
            *(number for (number,) in numbers[1:4]),
            *numbers[4:7],
            padding,
            *words[8:],
        )

    @property
    def pads(self):
        """The padding in pixels: ((top, bottom), (left, right))."""
        extents = [(k - 1) * d for k, d in zip(self.kernel, self.dilations)]
        if self.padding == "VALID":
            return (0, 0), (0, 0)
        if self.padding == "FULL":
            return tuple((extent, extent) for extent in extents)
        if self.padding == "SAME":
            return definition.same_pads(self.size, self.kernel, self.strides, self.dilations)
        return self.padding

    @property
    def fits(self):
        """Whether the window is no larger than the padded image."""
        return all(
            n + sum(pads) > (k - 1) * d
            for n, pads, k, d in zip(self.size, self.pads, self.kernel, self.dilations)
        )

    @property
    def output_size(self):
        return definition.output_size(self.size, self.kernel, self.strides, self.dilations, self.pads)

    @property
    def window(self):
        """The keywords of the layers."""
        return {
            "strides": self.strides,
            "padding": self.padding,
            "dilations": self.dilations,
            "data_format": self.data_format,
        }

    @property
    def slow_window(self):
        """The keywords of the definitions."""
        return {"strides": self.strides, "dilations": self.dilations, "pads": self.pads}

    @property
    def x_shape(self):
        """NHWC."""
        return (self.count, *self.size, self.groups * self.channels)

    @property
    def w_shape(self):
        return (*self.kernel, self.channels, self.groups * self.outputs)

    @property
    def y_shape(self):
        """NHWC."""
        return (self.count, *self.output_size, self.groups * self.outputs)

    def whole_numbers(self, *shapes):
        """Arrays of small whole numbers: every sum of their products is exact in every dtype."""
        random = self._random()
        return [random.randint(-2, 3, shape).astype(self.dtype) for shape in shapes]

    def numbers(self, *shapes):
        """Arrays of normal numbers."""
        random = self._random()
        return [random.standard_normal(shape).astype(self.dtype) for shape in shapes]

    def _random(self):
        return np.random.RandomState(zlib.crc32(str(self).encode()))

    def formatted(self, nhwc):
        """NHWC images in the configuration's data format: half of the time not contiguous."""
        if self.data_format == "NHWC":
            return nhwc
        nchw = nhwc.transpose(0, 3, 1, 2)
        return nchw if sum(self.size) % 2 else np.ascontiguousarray(nchw)

    def nhwc(self, images):
        """Images in the configuration's data format as NHWC."""
        return images if self.data_format == "NHWC" else images.transpose(0, 2, 3, 1)

    def shape(self, nhwc_shape):
        """An NHWC shape in the configuration's data format."""
        n, h, w, c = nhwc_shape
        return nhwc_shape if self.data_format == "NHWC" else (n, c, h, w)


def pairs(least, most):
    return st.tuples(st.integers(least, most), st.integers(least, most))


@st.composite
def configurations(draw, dtypes=DTYPES, groups=4, full=True, data_formats=("NHWC", "NCHW")):
    """Small configurations with every edge: even kernels, kernels larger than the image, no images at all."""
    if "COMPAT_CONFIGURATION" in os.environ:
        return Configuration.parse(os.environ["COMPAT_CONFIGURATION"])
    paddings = ["VALID", "SAME", "FULL"] if full else ["VALID", "SAME"]
    configuration = Configuration(
        count=draw(st.sampled_from([1, 2, 3, 0])),
        size=draw(pairs(1, 9)),
        groups=draw(st.integers(1, groups)),
        channels=draw(st.sampled_from([1, 2, 3, 11])),
        outputs=draw(st.integers(1, 4)),
        kernel=draw(pairs(1, 4)),
        strides=draw(pairs(1, 3)),
        dilations=draw(st.one_of(st.just((1, 1)), pairs(1, 3))),
        padding=draw(st.one_of(st.sampled_from(paddings), st.tuples(pairs(0, 3), pairs(0, 3)))),
        data_format=draw(st.sampled_from(data_formats)),
        dtype=draw(st.sampled_from(dtypes)),
    )
    return configuration if configuration.fits else configuration._replace(padding="SAME")


@st.composite
def poolings(draw, **settings):
    """Configurations of a pooling: explicit padding smaller than the window, one group."""
    configuration = draw(configurations(groups=1, **settings))
    if not isinstance(configuration.padding, str):
        extents = [(k - 1) * d for k, d in zip(configuration.kernel, configuration.dilations)]
        padding = tuple(
            tuple(min(pixels, extent) for pixels in side)
            for side, extent in zip(configuration.padding, extents)
        )
        configuration = configuration._replace(padding=padding)
        if not configuration.fits:
            configuration = configuration._replace(padding="SAME")
    return configuration._replace(outputs=configuration.channels)


#: (bytes, pixels) of tiles: as large as they come, and so small that every seam shows
TILES = st.sampled_from([(1 << 19, 448), (1, 1), (200, 5), (3000, 30)])
