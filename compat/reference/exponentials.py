"""Sums of exponentials of numbers that are not exact: log-sum-exp and softmax, for running error analysis.

``tracked.softmax`` and ``tracked.log_softmax`` are for exact logits.  Composed of their operations the greatest
number, taken off and put on again, would carry its error twice, and a recurrence would double it every step.
"""

import math
from typing import Optional

import numpy as np

from ..arrays import Array
from .logsums import log_sum_off
from .tracked import Tracked, follows


def log_sum_exp(x: Tracked) -> Tracked:
    """log(sum exp(x)) along the last axis, of k numbers at once or two by two.

    Inherited: by ``logsums.log_sum_off``, at most max |x' - x|.

    Rounded, two by two, max + log(1 + exp(-|difference|)) k - 1 times.  Each time the difference d rounds by
    u |d|, which weighs exp(-|d|) / (1 + exp(-|d|)), less than u / 2; the exponential, the sum of at most 2 and
    the logarithm of at most log 2 by a call, an addition and a call: 2 ``call`` + 2 roundings of 1 cover them.
    The last addition rounds by u times its result; that of a partial sum, exp(-g) of the whole, weighs
    exp(-g) (|lse| + g) <= |lse| + 1.  At once, the differences weigh sum p |d| <= log k <= k - 1 (the entropy
    log sum exp d + sum p |d| is at most log k), the rest less.
    """
    greatest = x.value.max(axis=-1, keepdims=True)
    value = np.log(np.exp(x.value - greatest).sum(axis=-1)) + greatest[..., 0]
    pairs = x.value.shape[-1] - 1

    def error(p, e):
        inherited = np.maximum(*log_sum_off(x.value, e))[..., 0]
        return inherited + p.gamma(pairs) * (abs(value) + inherited + 1) + p.gamma(pairs * (2 * p.call + 2))

    return follows(value, error, x)


def softmax_of(x: Tracked, kept: Optional[Array] = None) -> Tracked:
    """exp(x) / sum exp(x) along the last axis, over what is ``kept`` (booleans of that shape); the rest is 0.

    Numbers off by e_i change y_i by a factor of exp(e_i + what the sum is off by) at most (``logsums``).  What is
    computed rounds, in shares of y_i: the difference d_i from the greatest by u |d_i|, its exponential, the sum of
    k terms (whose own differences weigh log k, see ``log_sum_exp``) by k - 1 and a call, the reciprocal (two) and
    the product.
    """
    kept = np.ones(x.value.shape, bool) if kept is None else np.broadcast_to(kept, x.value.shape)
    greatest = np.where(kept, x.value, -np.inf).max(axis=-1, keepdims=True)
    with np.errstate(invalid="ignore"):
        below = np.where(kept, greatest - x.value, 0.0)
    powers = np.where(kept, np.exp(-below), 0.0)
    value = powers / powers.sum(axis=-1, keepdims=True)
    count = x.value.shape[-1]

    def error(p, e):
        e = np.where(kept, e, 0.0)
        both = e + np.maximum(*log_sum_off(np.where(kept, x.value, -np.inf), e))
        rounded = p.gamma(below + both + math.log(count) + 2 * p.call + count + 2)
        flushed = np.minimum(3 * p.tiny, value) * count
        return np.where(kept, value * (np.exp(both) * (1 + rounded) - 1) + flushed, 0.0)

    return follows(value, error, x)
