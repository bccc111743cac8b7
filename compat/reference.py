"""The float64 answer to an operation, with how far rounding can take a correct implementation.

Every answer here is a sum of products, or a selection, so one rule serves: an implementation
that rounds to a precision of unit roundoff u, and adds n products x_i w_i in *any* order, stays
within

    gamma_n * sum |x_i w_i|,   gamma_n = (1 + u)^n - 1 <= n u / (1 - n u)

of the exact answer (Higham, Accuracy and Stability of Numerical Algorithms, 2002, section 3.1:
n roundings touch each product).  That is the worst case.  If the roundings are independent with
mean zero, the error stays with probability 1 - p within the smaller

    (exp(lambda sqrt(n) u + n u^2 / (1 - u)) - 1) * sum |x_i w_i|,  p = 2 exp(-lambda^2 (1-u)^2 / 2)

(Higham and Mary, A new approach to probabilistic rounding error analysis, SIAM J. Sci. Comput.
41, 2019, theorem 2.4).  ``terms`` is n and ``magnitude`` is sum |x_i w_i|, for every element.

The sums are spelled tap by tap, not by ``compat.layers``, so that the two are witnesses of each
other.  All images are NHWC and all filters HWIO.
"""

import math

import numpy as np

from .arrays import SMALLEST_NORMAL, UNIT_ROUNDOFF

_HALF = ("float16", "bfloat16")


class Reference:
    """The exact answer of one output, and what its rounding bounds are made of.

    ``value``: float64.  ``magnitude``: the sum of the absolute products of each element, float64,
    0 where the answer is a selection and must be exact.  ``terms``: the number of roundings that
    touch a product.  ``dtype``: the dtype of the output where it is not that of the first input.
    """

    def __init__(self, value, magnitude=0.0, terms=0, dtype=None):
        self.value = np.asarray(value, dtype=np.float64)
        self.magnitude = np.broadcast_to(np.asarray(magnitude, dtype=np.float64), self.value.shape)
        self.terms = np.broadcast_to(np.asarray(terms, dtype=np.float64), self.value.shape)
        self.dtype = dtype

    def worst(self, dtype):
        """The allowance that no order of summation exceeds, elementwise, for results of that dtype."""
        u = UNIT_ROUNDOFF[dtype]
        with np.errstate(over="ignore"):
            gamma = np.expm1(self.terms * math.log1p(u))
        return gamma * self.magnitude + self._common(dtype)

    def expected(self, dtype, probability=1e-9):
        """The allowance that holds for all elements together but with that probability."""
        u = UNIT_ROUNDOFF[dtype]
        count = max(self.value.size, 1)
        lam = math.sqrt(2 * math.log(2 * count / probability)) / (1 - u)
        gamma = np.expm1(lam * np.sqrt(self.terms) * u + self.terms * u * u / (1 - u))
        return np.minimum(
            gamma * self.magnitude + self._drift(dtype) + self._common(dtype), self.worst(dtype)
        )

    def typical(self, dtype):
        """The standard deviation to expect at most: sqrt(n) independent roundings of size u."""
        noise = np.sqrt(self.terms) * UNIT_ROUNDOFF[dtype] * self.magnitude
        return noise + self._drift(dtype) + self._common(dtype)

    def _drift(self, dtype):
        """Where products of one sign and alike add up, their roundings are alike too, and add up.

        A constant image under a constant filter errs at every addition in the same direction, by up
        to u times the sum so far, which stays below |y|.  Where signs are mixed this is as much as noise.
        """
        return self.terms * UNIT_ROUNDOFF[dtype] * self._size()

    def _common(self, dtype):
        """What every order has: the output's rounding, underflow, and the reference's own rounding.

        A kernel that flushes denormals loses up to the smallest normal number at each step.  A
        selection (no terms) is exact but for the rounding of a half precision's input to itself.
        """
        rounds = self.terms > 0
        own = np.expm1((self.terms + 1) * math.log1p(UNIT_ROUNDOFF["float64"])) * self.magnitude
        output = UNIT_ROUNDOFF[dtype] * self._size() if dtype in _HALF else 0.0
        return rounds * (output + self.terms * SMALLEST_NORMAL[dtype]) + own

    def _size(self):
        """|y|, and 0 where that is no number: there is nothing to allow."""
        return np.where(np.isfinite(self.value), np.abs(self.value), 0.0)


def _exact(array):
    """As float64.  (np.float64(array) of NumPy 1.16 drops the axes of a single number.)"""
    return np.asarray(array, dtype=np.float64)


def _pair(value):
    return tuple(value) if isinstance(value, (tuple, list)) else (value, value)


def same_padding(size, kernel, stride=1, dilation=1):
    """TensorFlow's SAME for one axis: ``(before, after)``; the odd one goes after.

    Source: https://www.tensorflow.org/api_docs/python/tf/nn#notes_on_padding_2
    """
    total = max((-(-size // stride) - 1) * stride + (kernel - 1) * dilation + 1 - size, 0)
    return total // 2, total - total // 2


def _pads(shape, kernel, strides, padding, dilations):
    """``((top, bottom), (left, right))`` of a named or explicit padding."""
    if padding == "SAME":
        return tuple(
            same_padding(*sizes) for sizes in zip(shape[1:3], kernel, _pair(strides), _pair(dilations))
        )
    if padding == "FULL":
        return tuple(((k - 1) * d, (k - 1) * d) for k, d in zip(kernel, _pair(dilations)))
    return ((0, 0), (0, 0)) if padding == "VALID" else tuple(tuple(pair) for pair in padding)


class _Taps:
    """The geometry of a sliding window: for every tap, the slice of the padded image it meets."""

    def __init__(self, shape, kernel, strides, padding, dilations):
        self.kernel, self.strides, self.dilations = tuple(kernel), _pair(strides), _pair(dilations)
        self.pads = _pads(shape, self.kernel, strides, padding, dilations)
        self.shape = tuple(shape)
        self.padded = tuple(n + sum(pad) for n, pad in zip(shape[1:3], self.pads))
        reach = [(k - 1) * d + 1 for k, d in zip(self.kernel, self.dilations)]
        self.out = tuple(max((n - r) // s + 1, 0) for n, r, s in zip(self.padded, reach, self.strides))

    def pad(self, x, fill=0.0):
        return np.pad(x, ((0, 0),) + self.pads + ((0, 0),), mode="constant", constant_values=fill)

    def crop(self, padded):
        (top, _), (left, _) = self.pads
        return padded[:, top : top + self.shape[1], left : left + self.shape[2]]

    def __iter__(self):
        """``(tap, slices)``: image rows and columns that the tap (i, j) meets, one an output pixel."""
        for tap in np.ndindex(*self.kernel):
            starts = [t * d for t, d in zip(tap, self.dilations)]
            yield (
                tap,
                (slice(None),)
                + tuple(
                    slice(start, start + (n - 1) * s + 1, s) if n else slice(0, 0)
                    for start, n, s in zip(starts, self.out, self.strides)
                ),
            )


def _grouped(taps, x, w):
    """The sum over taps and channels, float64; groups = channels / w.shape[2]."""
    groups = x.shape[3] // w.shape[2]
    padded = taps.pad(x)
    y = np.zeros((x.shape[0],) + taps.out + (w.shape[3],))
    for group in range(groups):
        channels = slice(group * w.shape[2], (group + 1) * w.shape[2])
        width = w.shape[3] // groups
        filters = slice(group * width, (group + 1) * width)
        for tap, window in taps:
            y[..., filters] += padded[window][..., channels] @ w[tap][:, filters]
    return y


def conv2d(x, w, *, strides=1, padding="VALID", dilations=1):
    """Cross-correlation as ``tf.nn.conv2d``: x (n, h, w, c), filters (kh, kw, c / groups, m)."""
    x, w = _exact(x), _exact(w)
    taps = _Taps(x.shape, w.shape[:2], strides, padding, dilations)
    return Reference(_grouped(taps, x, w), _grouped(taps, abs(x), abs(w)), int(np.prod(w.shape[:3])))


def conv2d_bias(x, w, b, *, strides=1, padding="VALID", dilations=1):
    """``conv2d`` plus one number a filter: one more term in every sum."""
    plain = conv2d(x, w, strides=strides, padding=padding, dilations=dilations)
    b = _exact(b)
    return Reference(plain.value + b, plain.magnitude + abs(b), plain.terms + 1)


def depthwise_conv2d(x, w, *, strides=1, padding="VALID", dilations=1):
    """As ``tf.nn.depthwise_conv2d``: filters (kh, kw, c, m) -> channels c * m, one channel a sum."""
    kh, kw, channels, multiplier = w.shape
    grouped = np.reshape(w, (kh, kw, 1, channels * multiplier))
    return conv2d(x, grouped, strides=strides, padding=padding, dilations=dilations)


def _input_grad(taps, dy, w):
    dx = np.zeros((dy.shape[0],) + taps.padded + (w.shape[2],))
    for tap, window in taps:
        dx[window] += dy @ w[tap].T
    return taps.crop(dx)


def _filter_grad(taps, x, dy):
    padded, dw = taps.pad(x), np.zeros(taps.kernel + (x.shape[3], dy.shape[3]))
    for tap, window in taps:
        dw[tap] = np.tensordot(padded[window], dy, axes=([0, 1, 2], [0, 1, 2]))
    return dw


def conv2d_grad(x, w, dy, *, strides=1, padding="VALID", dilations=1):
    """The gradients of sum(conv2d(x, w) * dy) as ``dx`` and ``dw``."""
    x, w, dy = _exact(x), _exact(w), _exact(dy)
    taps = _Taps(x.shape, w.shape[:2], strides, padding, dilations)
    return {
        "dx": Reference(
            _input_grad(taps, dy, w),
            _input_grad(taps, abs(dy), abs(w)),
            int(np.prod(w.shape[:2])) * w.shape[3],
        ),
        "dw": Reference(
            _filter_grad(taps, x, dy), _filter_grad(taps, abs(x), abs(dy)), int(np.prod(dy.shape[:3]))
        ),
    }


def conv2d_transpose(x, w, *, output_shape, strides=1, padding="VALID"):
    """As ``tf.nn.conv2d_transpose``: the input gradient of a conv2d; filters (kh, kw, out, in)."""
    x, w = _exact(x), _exact(w)
    taps = _Taps(output_shape, w.shape[:2], strides, padding, 1)
    return Reference(
        _input_grad(taps, x, w), _input_grad(taps, abs(x), abs(w)), int(np.prod(w.shape[:2])) * w.shape[3]
    )


def max_pool2d(x, *, ksize, strides, padding="VALID"):
    """The largest of each window; the padding never wins. A selection: exact."""
    taps = _Taps(x.shape, _pair(ksize), strides, padding, 1)
    padded = taps.pad(_exact(x), fill=-np.inf)
    return Reference(np.max([padded[window] for _, window in taps], axis=0))


def avg_pool2d(x, *, ksize, strides, padding="VALID"):
    """The mean of the pixels of each window that lie inside the image, as TensorFlow has it."""
    x = _exact(x)
    taps = _Taps(x.shape, _pair(ksize), strides, padding, 1)

    def total(image):
        padded = taps.pad(image)
        return sum(padded[window] for _, window in taps)

    count = total(np.ones_like(x))
    return Reference(total(x) / count, total(abs(x)) / count, count + 1)


def max_pool2d_grad(x, dy, *, ksize, strides, padding="VALID"):
    """Where each window's maximum stands gets the window's ``dy``; the first of equals, row by row."""
    x, dy = _exact(x), _exact(dy)
    taps = _Taps(x.shape, _pair(ksize), strides, padding, 1)
    padded = taps.pad(x, fill=-np.inf)
    windows = np.stack([padded[window] for _, window in taps])
    winner = np.argmax(windows, axis=0)
    sums = []
    for amount in (dy, abs(dy)):
        dx = np.zeros_like(padded)
        for index, (_, window) in enumerate(taps):
            dx[window] += (winner == index) * amount
        sums.append(taps.crop(dx))
    return {"dx": Reference(sums[0], sums[1], int(np.prod(_pair(ksize))))}


def avg_pool2d_grad(x, dy, *, ksize, strides, padding="VALID"):
    """Every pixel inside the image gets its share of each window's ``dy``. Only x's shape matters."""
    dy = _exact(dy)
    taps = _Taps(x.shape, _pair(ksize), strides, padding, 1)
    inside = taps.pad(np.ones(x.shape))
    share = dy / sum(inside[window] for _, window in taps)
    sums = []
    for amount in (share, abs(share)):
        dx = np.zeros_like(inside)
        for _, window in taps:
            dx[window] += amount
        sums.append(taps.crop(dx))
    return {"dx": Reference(sums[0], sums[1], int(np.prod(_pair(ksize))) + 1)}


def conv1d(x, w, *, strides=1, padding="VALID"):
    """As ``tf.nn.conv1d``: x (n, width, c), filters (k, c, m)."""
    flat = conv2d(x[:, None], w[None], strides=(1, strides), padding=padding)
    return Reference(flat.value[:, 0], flat.magnitude[:, 0], flat.terms[:, 0])


def convolve(x, k, *, mode="full"):
    """``np.convolve``: the kernel is flipped. ``same`` keeps max(M, N) values, centred."""
    x, k = _exact(x), _exact(k)
    full = [np.convolve(a, b, "full") for a, b in ((x, k), (abs(x), abs(k)))]
    longer, shorter = max(len(x), len(k)), min(len(x), len(k))
    start, length = {
        "full": (0, longer + shorter - 1),
        "same": ((shorter - 1) // 2, longer),
        "valid": (shorter - 1, longer - shorter + 1),
    }[mode]
    value, magnitude = (sums[start : start + length] for sums in full)
    return Reference(value, magnitude, shorter)
