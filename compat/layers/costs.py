"""What convolution by strips and by columns costs: a model, to choose the faster of the two.

Nanoseconds for one row of outputs, to lay its windows out and to multiply them.  The rates were measured on AMD
Zen 4 (AVX-512, one thread, float32) and the model was held to shapes drawn at random; only ratios matter.
"""

from . import products
from .geometry import Axis, Shape
from .strips import TILE_BYTES
from .tiling import PLANAR_RUN

SIZES = (1, 2, 3)  # of strips that are thought of
LEAST_GAIN = 1.08  # what the model must promise for the next larger size: it is a model
MULTIPLIED = 55.0  # products a nanosecond, of float32 in full registers of REGISTER numbers
REGISTER = 8
COPIED = 5.0  # numbers a nanosecond, in runs
RUN = 3.0  # nanoseconds to begin a run
GATHERED = 2.0  # numbers a nanosecond, from pixels into planes
MOST_NUMBERS = 1 << 20  # to lay out for one row of outputs
BEGUN = 60e3  # nanoseconds to make strips
EDGE = 20e3  # and filters for a row of outputs at an edge, which has fewer kernel rows inside


def best_size(count: int, w_shape: Shape, rows: Axis, columns: Axis, bias: bool, planar: bool) -> int:
    """The outputs of a strip where strips are expected to be faster than columns, otherwise 0.

    A model of the nanoseconds that a row of outputs takes, to copy and to multiply, on AMD Zen 4 in float32.
    """
    if not products.SMALL_KERNELS:
        return 0  # a row of outputs is a small product
    kh, kw, channels, _ = w_shape
    dilated = rows.dilation > 1 or columns.dilation > 1
    if planar or dilated or kh <= rows.stride or 0 in (count, rows.out, columns.out):
        return 0  # no two rows of outputs share runs of pixels
    if kh * columns.out * (kw + SIZES[-1] * columns.stride) * channels > MOST_NUMBERS:
        return 0
    cost = _cost_of_columns(w_shape, rows, columns, bias)
    counts = rows.count()
    inside = counts.sum() / (rows.out * kh)  # of the kernel rows; those in the padding are left out
    begun = (BEGUN + EDGE * (counts < kh).sum()) / (count * rows.out)
    best = 0
    for size in SIZES[: columns.out]:
        strips = _cost_of_strips(w_shape, rows, columns, bias, size, inside) + begun
        if strips * LEAST_GAIN < cost:
            cost, best = strips, size
    return best


def _cost_of_strips(w_shape, rows, columns, bias, size, inside=1.0):
    kh, kw, channels, outputs = w_shape
    run = ((size - 1) * columns.stride + kw) * channels
    strips = -(-columns.out // size)
    laid_out = strips * (RUN + run / COPIED) + columns.size * channels / COPIED
    tall = max(1, min(rows.out, TILE_BYTES // (4 * strips * run * rows.stride)))  # rows of outputs in a tile
    again = (tall * rows.stride + max(0, kh - rows.stride)) / tall  # rows to lay out for one of outputs
    return again * laid_out + inside * _cost_of_product(strips, kh * (run + bias), size * outputs)


def _cost_of_columns(w_shape, rows, columns, bias):
    kh, kw, channels, outputs = w_shape
    run = kw * channels
    if run <= PLANAR_RUN:
        laid_out = rows.stride * (run * columns.out / COPIED + columns.size * channels / GATHERED)
        # The planes are far apart in memory: OpenBLAS takes a quarter longer for outputs that fill no register.
        slower = 1.25 if REGISTER < outputs < 2 * REGISTER else 1.0
        return laid_out + slower * _cost_of_product(columns.out, kh * (run + bias), outputs, whole=True)
    laid_out = columns.out * kh * (RUN + run / COPIED) + rows.stride * columns.size * channels / COPIED
    return laid_out + _cost_of_product(columns.out, kh * run + bias, outputs, whole=True)


def _cost_of_product(rows, taps, outputs, whole=False):
    """Of matrices (rows, taps) and (taps, outputs); ``whole``: many rows at a time."""
    unit = REGISTER if outputs > REGISTER else REGISTER // 2
    lanes = -(-outputs // unit) * unit
    few = 0.0 if whole else 0.1 if outputs % 64 == 0 else 0.4 if outputs % 32 == 0 else 5.0
    return rows * taps * lanes / MULTIPLIED * (1 + few / rows)
