"""The float64 answers to operations, with how far rounding can take a correct implementation.

One rule of rounding serves them all: see ``bounds``.  All images are NHWC, all filters HWIO.
"""

from . import training
from .activations import gelu, hard_sigmoid, leaky_relu
from .bounds import Reference, Within
from .chain import (
    Network,
    Steps,
    batch_norm,
    dense,
    flatten,
    lrn,
    rearranged,
    relu,
    relu6,
    scaled,
    sigmoid,
    softmax,
    tanh,
)
from .claims import CLAIMS
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
from .initialisers import drawn
from .losses import (
    crossentropy,
    huber,
    log_softmax,
    sigmoid_cross_entropy,
    softmax_cross_entropy,
    weighted_mse,
)
from .normalisation import batch_norm_training, chance, dropout, dropout_of_ones
from .pooling import avg_pool2d, avg_pool2d_grad, max_pool2d, max_pool2d_grad
from .recurrent import gru, lstm
from .resize import resize
from .selections import equal, extreme, saturated
from .tracked import Tracked

__all__ = [
    "CLAIMS",
    "Network",
    "Reference",
    "Steps",
    "Taps",
    "Tracked",
    "Within",
    "avg_pool2d",
    "avg_pool2d_grad",
    "batch_norm",
    "batch_norm_training",
    "chance",
    "conv1d",
    "conv2d",
    "conv2d_bias",
    "conv2d_grad",
    "conv2d_transpose",
    "convolve",
    "crossentropy",
    "dense",
    "depthwise_conv2d",
    "drawn",
    "dropout",
    "dropout_of_ones",
    "equal",
    "extreme",
    "flatten",
    "gelu",
    "gru",
    "hard_sigmoid",
    "huber",
    "leaky_relu",
    "log_softmax",
    "lrn",
    "lstm",
    "max_pool2d",
    "max_pool2d_grad",
    "rearranged",
    "relu",
    "relu6",
    "resize",
    "same_padding",
    "saturated",
    "scaled",
    "sigmoid",
    "sigmoid_cross_entropy",
    "softmax",
    "softmax_cross_entropy",
    "tanh",
    "training",
    "weighted_mse",
]
