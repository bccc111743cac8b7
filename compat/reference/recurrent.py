"""LSTM and GRU: the last output of a sequence (n, steps, inputs), from a state of zeros.

Weights as Keras has them: kernel (inputs, gates * units), recurrent (units, gates * units), bias.
Gates are in Keras's order: of the LSTM i, f, c, o; of the GRU z, r, h.  (TF1's LSTM cell has i, j, f, o, with
j for c, and one kernel for inputs and state together.)
"""

import numpy as np

from .bounds import exact
from .tracked import Tracked, sigmoid, tanh, track


def _hard(slope, beside=0.0):
    """Keras's hard sigmoid clip(slope x + 0.5, 0, 1): four roundings.

    ``beside``: of numbers that are larger by so many slopes, as relu6(x + 3) / 6 rounds |x| + 3.
    """

    def gate(x):
        inside = x * Tracked(slope, slope) + 0.5
        more = slope * (abs(x.value) + beside) if beside else 0.0
        return Tracked(np.clip(inside.value, 0, 1), inside.error + more)

    return gate


#: "hard_sigmoid" has Keras 2's slope of 0.2, "hard_sigmoid_sixth" Keras 3's.
_GATES = {"sigmoid": sigmoid, "hard_sigmoid": _hard(0.2), "hard_sigmoid_sixth": _hard(1 / 6, beside=3)}


def _split(x, count):
    units = x.value.shape[-1] // count
    return [x[..., k * units : (k + 1) * units] for k in range(count)]


def lstm(x, kernel, recurrent, bias, *, gate="sigmoid", forget_bias=0.0):
    """c' = f c + i tanh(g), h' = o tanh(c'); ``gate`` is the function of i, f and o.

    ``forget_bias`` is added to f's sum in the cell (TF1: 1.0), beside the bias (Keras: ones in the bias).
    """
    kernel, recurrent, bias = exact(kernel), exact(recurrent), exact(bias)
    gate = _GATES[gate]
    h = c = track(np.zeros((len(x), len(recurrent))))
    for step in range(x.shape[1]):
        sums = track(exact(x[:, step])) @ kernel + h @ recurrent + bias
        # Inputs and state may be one product of concatenated rows: each sum is then as long as both.
        i, f, g, o = _split(Tracked(sums.value, sums.error + _longer(x[:, step], h, kernel, recurrent)), 4)
        c = gate(f + forget_bias) * c + gate(i) * tanh(g)
        h = gate(o) * tanh(c)
    return h.reference()


def gru(x, kernel, recurrent, bias, *, gate="sigmoid", reset_after=False):
    """h' = z h + (1 - z) tanh(...); the reset gate r works on h, or on its product (``reset_after``).

    bias: (3 units,), with reset_after (2, 3 units): for the inputs and for the state.
    """
    kernel, recurrent, bias = exact(kernel), exact(recurrent), exact(bias)
    gate = _GATES[gate]
    inner, outer = bias if reset_after else (bias, np.zeros_like(bias))
    units = len(recurrent)
    h = track(np.zeros((len(x), units)))
    for step in range(x.shape[1]):
        sums = track(exact(x[:, step])) @ kernel + inner
        sums = Tracked(sums.value, sums.error + _longer(x[:, step], h, kernel, recurrent))
        xz, xr, xh = _split(sums, 3)
        z, r = (
            gate(part + (h @ recurrent[:, k * units : (k + 1) * units] + outer[k * units : (k + 1) * units]))
            for k, part in enumerate((xz, xr))
        )
        last = recurrent[:, 2 * units :]
        through = r * (h @ last + outer[2 * units :]) if reset_after else (r * h) @ last
        h = z * h + (1 - z) * tanh(xh + through)
    return h.reference()


def _longer(x, h, kernel, recurrent):
    """What one sum over inputs and state together may round beyond two separate ones."""
    return len(recurrent) * (abs(exact(x)) @ abs(kernel)) + len(kernel) * (abs(h.value) @ abs(recurrent))
