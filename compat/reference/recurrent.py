"""LSTM and GRU: the last output of a sequence (n, steps, inputs), from a state of zeros.

Weights as Keras has them: kernel (inputs, gates * units), recurrent (units, gates * units), bias.
Gates are in Keras's order: of the LSTM i, f, c, o; of the GRU z, r, h.  (TF1's LSTM cell has i, j, f, o, with
j for c, and one kernel for inputs and state together.)
"""

import numpy as np

from ..arrays import Array
from .bounds import Reference, exact
from .calls import rule
from .tracked import constant, joined, sigmoid, tanh, track


def _hard(slope, beside=0.0):
    """Keras's hard sigmoid clip(slope x + 0.5, 0, 1).

    ``beside``: of numbers that are larger by so many slopes, as relu6(x + 3) / 6 rounds |x| + 3.
    """

    def gate(x):
        inside = x * constant(slope) + 0.5
        if beside:
            inside = inside.off_by(lambda p: p.u * slope * (abs(x.value) + beside))
        return inside.clip(0, 1)

    return gate


#: "hard_sigmoid" has Keras 2's slope of 0.2, "hard_sigmoid_sixth" Keras 3's.
_GATES = {"sigmoid": sigmoid, "hard_sigmoid": _hard(0.2), "hard_sigmoid_sixth": _hard(1 / 6, beside=3)}


def _sums(*pairs):
    """x @ w of all pairs, together: one sum for each unit, in any order. Of a bias x is None."""
    rows = max(len(x.value) for x, _ in pairs if x is not None)
    left = [track(np.ones((rows, 1))) if x is None else x for x, _ in pairs]
    right = [w[None] if x is None else w for x, w in pairs]
    return joined(lambda parts: np.concatenate(parts, axis=1), left) @ np.concatenate(right)


@rule
def lstm(
    x: Array,
    kernel: Array,
    recurrent: Array,
    bias: Array,
    *,
    gate: str = "sigmoid",
    forget_bias: float = 0.0,
) -> Reference:
    """c' = f c + i tanh(g), h' = o tanh(c'); ``gate`` is the function of i, f and o.

    ``forget_bias`` is added to f's sum in the cell (TF1: 1.0), beside the bias (Keras: ones in the bias).
    """
    kernel, recurrent, bias = exact(kernel), exact(recurrent), exact(bias)
    units = len(recurrent)
    forget = np.repeat([0.0, forget_bias, 0.0, 0.0], units)
    gate = _GATES[gate]
    h = c = track(np.zeros((len(x), units)))
    for step in range(x.shape[1]):
        sums = _sums((track(exact(x[:, step])), kernel), (h, recurrent), (None, bias), (None, forget))
        i, f, g, o = (sums[..., k * units : (k + 1) * units] for k in range(4))
        c = gate(f) * c + gate(i) * tanh(g)
        h = gate(o) * tanh(c)
    return h.reference()


@rule
def gru(
    x: Array,
    kernel: Array,
    recurrent: Array,
    bias: Array,
    *,
    gate: str = "sigmoid",
    reset_after: bool = False,
) -> Reference:
    """h' = z h + (1 - z) tanh(...); the reset gate r works on h, or on its product (``reset_after``).

    bias: (3 units,), with reset_after (2, 3 units): for the inputs and for the state.
    """
    kernel, recurrent, bias = exact(kernel), exact(recurrent), exact(bias)
    gate = _GATES[gate]
    inner, outer = bias if reset_after else (bias, np.zeros_like(bias))
    units = len(recurrent)
    of_z, of_r, of_h = (slice(k * units, (k + 1) * units) for k in range(3))
    h = track(np.zeros((len(x), units)))
    for step in range(x.shape[1]):
        now = track(exact(x[:, step]))
        z, r = (
            gate(_sums((now, kernel[:, k]), (h, recurrent[:, k]), (None, inner[k]), (None, outer[k])))
            for k in (of_z, of_r)
        )
        of_input, last = [(now, kernel[:, of_h]), (None, inner[of_h])], recurrent[:, of_h]
        if reset_after:
            candidate = _sums(*of_input) + r * _sums((h, last), (None, outer[of_h]))
        else:
            candidate = _sums(*of_input, (r * h, last))
        h = z * h + (1 - z) * tanh(candidate)
    return h.reference()
