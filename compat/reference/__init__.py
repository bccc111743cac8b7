"""The float64 answers to operations, with how far rounding can take a correct implementation.

One rule of rounding serves them all: see ``bounds``.  All images are NHWC, all filters HWIO.
"""

from .bounds import Reference
from .convolution import (
    conv1d,
    conv2d,
    conv2d_bias,
    conv2d_grad,
    conv2d_transpose,
    convolve,
    depthwise_conv2d,
)
from .geometry import Taps, same_padding
from .pooling import avg_pool2d, avg_pool2d_grad, max_pool2d, max_pool2d_grad

__all__ = [
    "Reference",
    "Taps",
    "avg_pool2d",
    "avg_pool2d_grad",
    "conv1d",
    "conv2d",
    "conv2d_bias",
    "conv2d_grad",
    "conv2d_transpose",
    "convolve",
    "depthwise_conv2d",
    "max_pool2d",
    "max_pool2d_grad",
    "same_padding",
]
