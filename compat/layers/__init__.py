"""Convolution networks in NumPy, from scratch: the suite's witness that owes TensorFlow nothing.

What convolution is stands in five lines in ``definition.py``; the functions here are the fast form of it.
Images are NHWC (count, height, width, channels) or NCHW, filters HWIO.  float16, float32 and float64 come
out as they went in; float16 is added up in float32.
"""

from .columns import col2im, im2col
from .convolution import (
    conv2d,
    conv2d_filter_grad,
    conv2d_input_grad,
    conv2d_transpose,
    depthwise_conv2d,
    depthwise_conv2d_filter_grad,
    depthwise_conv2d_input_grad,
)
from .pooling import (
    avg_pool2d,
    avg_pool2d_grad,
    global_avg_pool2d,
    global_avg_pool2d_grad,
    global_max_pool2d,
    global_max_pool2d_grad,
    max_pool2d,
    max_pool2d_grad,
)

__all__ = [
    "avg_pool2d",
    "avg_pool2d_grad",
    "global_avg_pool2d",
    "global_avg_pool2d_grad",
    "global_max_pool2d",
    "global_max_pool2d_grad",
    "max_pool2d",
    "max_pool2d_grad",
    "col2im",
    "conv2d",
    "conv2d_filter_grad",
    "conv2d_input_grad",
    "conv2d_transpose",
    "depthwise_conv2d",
    "depthwise_conv2d_filter_grad",
    "depthwise_conv2d_input_grad",
    "im2col",
]
