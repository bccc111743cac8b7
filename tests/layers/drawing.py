"""Configurations of a layer, drawn by Hypothesis, each with a name that says everything.

The arrays of a configuration are made from its name, so the name that a failing test prints is all it takes:
``COMPAT_CONFIGURATION='2x5x4 g1 c3 o2 ...'`` runs that one again.
"""

import ast
import os
import re
import zlib
from typing import NamedTuple

import numpy as np
from hypothesis import strategies as st

from compat.layers import definition

DTYPES = ("float16", "float32", "float64")
#: How arrays lie in memory: in the order of their dimensions, every other channel of a wider one, with all
#: dimensions backwards, in Fortran's order.
LAYOUTS = ("plain", "sliced", "reversed", "fortran")


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
    layout: str = "plain"
    options: tuple = ()  # pairs (name, number): what one layer has and others have not

    def __str__(self):
        padding = self.padding
        if not isinstance(padding, str):
            padding = ".".join(str(pixels) for side in padding for pixels in side)
        name = "{}x{}x{} g{} c{} o{} k{}x{} s{}x{} d{}x{} {} {} {} {}".format(
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
            self.layout,
        )
        return " ".join([name, *(f"{option}={value!r}" for option, value in self.options)])

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
            *words[8:11],
            tuple((option, ast.literal_eval(value)) for option, value in (w.split("=") for w in words[11:])),
        )

    def option(self, name):
        return dict(self.options)[name]

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
        random = self.random()
        return [self._laid_out(random.randint(-2, 3, shape).astype(self.dtype)) for shape in shapes]

    def numbers(self, *shapes):
        """Arrays of normal numbers."""
        random = self.random()
        return [self._laid_out(random.standard_normal(shape).astype(self.dtype)) for shape in shapes]

    def random(self):
        return np.random.RandomState(zlib.crc32(str(self).encode()))

    def _laid_out(self, array):
        """The same values in the configuration's layout, and read-only."""
        if self.layout == "sliced":
            array = np.repeat(array, 2, axis=-1)[..., ::2]
        elif self.layout == "reversed":
            backwards = (slice(None, None, -1),) * array.ndim
            array = array[backwards].copy()[backwards]
        elif self.layout == "fortran":
            array = np.asfortranarray(array)
        array.flags.writeable = False
        return array

    def formatted(self, nhwc):
        """NHWC images in the configuration's data format: contiguous if plain, otherwise a view."""
        if self.data_format == "NHWC":
            return nhwc
        nchw = nhwc.transpose(0, 3, 1, 2)
        return np.ascontiguousarray(nchw) if self.layout == "plain" else nchw

    def nhwc(self, images):
        """Images in the configuration's data format as NHWC."""
        return images if self.data_format == "NHWC" else images.transpose(0, 2, 3, 1)

    def shape(self, nhwc_shape):
        """An NHWC shape in the configuration's data format."""
        n, h, w, c = nhwc_shape
        return nhwc_shape if self.data_format == "NHWC" else (n, c, h, w)


def pairs(least, most):
    return st.tuples(st.integers(least, most), st.integers(least, most))


SMALL = pairs(1, 9)
WIDE = st.tuples(st.integers(1, 6), st.integers(50, 64))  # enough for all of the layers' fast paths
ANY_SIZE = st.one_of(SMALL, SMALL, WIDE)


@st.composite
def configurations(
    draw,
    dtypes=DTYPES,
    groups=4,
    full=True,
    explicit=True,
    dilated=True,
    square_strides=False,
    misfits=False,
    sizes=SMALL,
    data_formats=("NHWC", "NCHW"),
    **options,
):
    """Small configurations with every edge: even kernels, kernels larger than the image, no images at all.

    misfits: also windows that are larger than the padded image.  options: a strategy for each.
    """
    if "COMPAT_CONFIGURATION" in os.environ:
        return Configuration.parse(os.environ["COMPAT_CONFIGURATION"])
    paddings = st.sampled_from(["VALID", "SAME", "FULL"] if full else ["VALID", "SAME"])
    strides = draw(pairs(1, 3))
    configuration = Configuration(
        count=draw(st.sampled_from([1, 2, 3, 0])),
        size=draw(sizes),
        groups=draw(st.integers(1, groups)),
        channels=draw(st.sampled_from([1, 2, 3, 11])),
        outputs=draw(st.integers(1, 4)),
        kernel=draw(pairs(1, 4)),
        strides=strides[:1] * 2 if square_strides else strides,
        dilations=draw(st.one_of(st.just((1, 1)), pairs(1, 3))) if dilated else (1, 1),
        padding=draw(st.one_of(paddings, st.tuples(pairs(0, 3), pairs(0, 3))) if explicit else paddings),
        data_format=draw(st.sampled_from(data_formats)),
        dtype=draw(st.sampled_from(dtypes)),
        layout=draw(st.sampled_from(LAYOUTS)),
        options=tuple((name, draw(strategy)) for name, strategy in sorted(options.items())),
    )
    return configuration if misfits or configuration.fits else configuration._replace(padding="SAME")


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


@st.composite
def sharing(draw, **settings):
    """Configurations whose neighbouring rows of outputs share columns (``compat/layers/planes.py``)."""
    configuration = draw(configurations(groups=1, **settings))
    (height, width), (down, along) = configuration.kernel, configuration.strides
    configuration = configuration._replace(
        channels=min(configuration.channels, 3),
        kernel=(max(height, 2), width),
        strides=(min(down, max(height, 2) - 1), along),
        dilations=(1, configuration.dilations[1]),
    )
    return configuration if configuration.fits else configuration._replace(padding="SAME")


#: (bytes, pixels) of tiles, and from which width on rows share columns: as large as they come, and so small
#: that every seam shows.
TILES = st.sampled_from(
    [(1 << 19, 448, 48), (1 << 19, 448, 1), (1, 1, 1), (1, 1, 48), (200, 5, 1), (3000, 30, 48)]
)
