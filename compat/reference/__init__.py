"""The float64 answers to operations, with how far rounding can take a correct implementation.

One rule of rounding serves them all: see ``bounds``.  All images are NHWC, all filters HWIO.
"""

from . import training
from .activations import gelu, hard_sigmoid, leaky_relu
from .arithmetic import added
from .attention import attention
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
from .clipping import clipped_step
from .convolution import (
    conv1d,
    conv2d,
    conv2d_bias,
    conv2d_grad,
    conv2d_transpose,
    convolve,
    depthwise_conv2d,
)
from .crops import crop_and_resize
from .ctc import ctc_loss
from .fourier import fft
from .geometry import Taps, same_padding
from .initialisers import drawn
from .lookups import embedding_lookup, embedding_lookup_sparse
from .losses import (
    crossentropy,
    huber,
    log_softmax,
    sigmoid_cross_entropy,
    smoothed_cross_entropy,
    softmax_cross_entropy,
    weighted_mse,
)
from .normalisation import (
    batch_norm_training,
    chance,
    dropout,
    dropout_of_ones,
    group_norm,
    instance_norm,
    layer_norm,
    weighted_moments,
)
from .pooling import avg_pool2d, avg_pool2d_grad, max_pool2d, max_pool2d_grad
from .recurrent import bidirectional, gru, lstm
from .resize import resize
from .segments import scatter, segment
from .selections import arg_extreme, equal, extreme, saturated, top_k
from .tracked import Tracked

__all__ = [
    "CLAIMS",
    "Network",
    "Reference",
    "Steps",
    "Taps",
    "Tracked",
    "Within",
    "added",
    "arg_extreme",
    "attention",
    "avg_pool2d",
    "avg_pool2d_grad",
    "batch_norm",
    "batch_norm_training",
    "bidirectional",
    "chance",
    "clipped_step",
    "conv1d",
    "conv2d",
    "conv2d_bias",
    "conv2d_grad",
    "conv2d_transpose",
    "convolve",
    "crop_and_resize",
    "crossentropy",
    "ctc_loss",
    "dense",
    "depthwise_conv2d",
    "drawn",
    "dropout",
    "dropout_of_ones",
    "embedding_lookup",
    "embedding_lookup_sparse",
    "equal",
    "extreme",
    "fft",
    "flatten",
    "gelu",
    "group_norm",
    "gru",
    "hard_sigmoid",
    "huber",
    "instance_norm",
    "layer_norm",
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
    "scatter",
    "segment",
    "sigmoid",
    "sigmoid_cross_entropy",
    "smoothed_cross_entropy",
    "softmax",
    "softmax_cross_entropy",
    "tanh",
    "top_k",
    "training",
    "weighted_moments",
    "weighted_mse",
]
