"""LSTM and GRU: the last output of a sequence (n, steps, inputs), or all of them, from a state of zeros.

Weights as Keras has them: kernel (inputs, gates * units), recurrent (units, gates * units), bias.
Gates are in Keras's order: of the LSTM i, f, c, o; of the GRU z, r, h.  (TF1's LSTM cell has i, j, f, o, with
j for c, and one kernel for inputs and state together.)

``mask`` (n, steps): true where a step counts; where it does not the state stays as it is.  What comes out there is
``masked``: "repeated", the output before, as Keras has it, or "zeros", as ``tf.nn.dynamic_rnn`` past a sequence's
length.  ``sequences``: all outputs (n, steps, units), not only the last step's.  ``backwards``: from the last step
to the first; its last output is that of the first step, and of sequences the outputs are in the order of the steps.
"""

from typing import Any, Callable, Optional, Tuple

import numpy as np

from ..arrays import Array
from .bounds import Reference, exact
from .calls import rule
from .tracked import Tracked, constant, joined, sigmoid, tanh, track


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


def _chosen(mask: Array, new: Tracked, old: Tracked) -> Tracked:
    """``new`` where the mask (n,) is true, else ``old``."""
    return joined(lambda both: np.where(mask[:, None], both[0], both[1]), [new, old])


#: One step of a cell: (input, state) -> (output, new state); a state is a tuple of Tracked (n, units).
Cell = Callable[[Tracked, Tuple[Tracked, ...]], Tuple[Tracked, Tuple[Tracked, ...]]]


def _outputs(
    cell: Cell,
    x: Array,
    state: Tuple[Tracked, ...],
    mask: Optional[Array] = None,
    masked: str = "repeated",
    backwards: bool = False,
    sequences: bool = False,
) -> Tracked:
    """What a cell gives along the steps; see the module."""
    x, zeros = exact(x), track(np.zeros_like(state[0].value))
    kept = np.ones(x.shape[:2], bool) if mask is None else np.asarray(mask).astype(bool)
    output, outputs = zeros, []
    order = range(x.shape[1])
    for step in reversed(order) if backwards else order:
        now, new = cell(track(x[:, step]), state)
        if kept[:, step].all():
            output, state = now, new
        else:
            output = _chosen(kept[:, step], now, zeros if masked == "zeros" else output)
            state = tuple(_chosen(kept[:, step], a, b) for a, b in zip(new, state))
        outputs.append(output)
    if not sequences:
        return output
    return joined(lambda parts: np.stack(parts, axis=1), outputs[::-1] if backwards else outputs)


def _lstm_cell(kernel, recurrent, bias, gate="sigmoid", forget_bias=0.0, peepholes=None, zoneout=(0.0, 0.0)):
    """See ``lstm``."""
    kernel, recurrent, bias = exact(kernel), exact(recurrent), exact(bias)
    units, gate = len(recurrent), _GATES[gate]
    forget = np.repeat([0.0, forget_bias, 0.0, 0.0], units)
    to_i, to_f, to_o = (None,) * 3 if peepholes is None else exact(peepholes)

    def seen(sums, c, weights):
        return sums if weights is None else sums + c * weights

    def zoned(rate, old, new):
        rate = constant(rate)
        return new if not rate.value else rate * old + (1 - rate) * new

    def cell(x, state):
        c, h = state
        sums = _sums((x, kernel), (h, recurrent), (None, bias), (None, forget))
        i, f, g, o = (sums[..., k * units : (k + 1) * units] for k in range(4))
        new = gate(seen(f, c, to_f)) * c + gate(seen(i, c, to_i)) * tanh(g)
        output = gate(seen(o, new, to_o)) * tanh(new)
        c, h = zoned(zoneout[0], c, new), zoned(zoneout[1], h, output)
        return h, (c, h)

    return cell


def _nothing(x, recurrent, states):
    return tuple(track(np.zeros((len(x), len(recurrent)))) for _ in range(states))


@rule
def lstm(
    x: Array,
    kernel: Array,
    recurrent: Array,
    bias: Array,
    mask: Optional[Array] = None,
    peepholes: Optional[Array] = None,
    *,
    gate: str = "sigmoid",
    forget_bias: float = 0.0,
    zoneout: Tuple[float, float] = (0.0, 0.0),
    masked: str = "repeated",
    backwards: bool = False,
    sequences: bool = False,
) -> Reference:
    """c' = f c + i tanh(g), h' = o tanh(c'); ``gate`` is the function of i, f and o.

    ``forget_bias`` is added to f's sum in the cell (TF1: 1.0), beside the bias (Keras: ones in the bias).
    ``peepholes`` (3, units): what the sums of i, f and o see of the cell, i and f of the one before, o of the new
    one (Gers, Schraudolph and Schmidhuber 2002; w_i_diag, w_f_diag and w_o_diag of TF1's LSTMCell).
    ``zoneout``: the shares of the old cell and of the old output that stay, when nothing is drawn (Krueger et al.,
    Zoneout, 2017).
    """
    cell = _lstm_cell(kernel, recurrent, bias, gate, forget_bias, peepholes, zoneout)
    return _outputs(cell, x, _nothing(x, recurrent, 2), mask, masked, backwards, sequences).reference()


def _gru_cell(kernel, recurrent, bias, gate="sigmoid", reset_after=False):
    """See ``gru``."""
    kernel, recurrent, bias = exact(kernel), exact(recurrent), exact(bias)
    gate = _GATES[gate]
    inner, outer = bias if reset_after else (bias, np.zeros_like(bias))
    units = len(recurrent)
    of_z, of_r, of_h = (slice(k * units, (k + 1) * units) for k in range(3))

    def cell(now, state):
        (h,) = state
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
        return h, (h,)

    return cell


@rule
def gru(
    x: Array,
    kernel: Array,
    recurrent: Array,
    bias: Array,
    mask: Optional[Array] = None,
    *,
    gate: str = "sigmoid",
    reset_after: bool = False,
    masked: str = "repeated",
    backwards: bool = False,
    sequences: bool = False,
) -> Reference:
    """h' = z h + (1 - z) tanh(...); the reset gate r works on h, or on its product (``reset_after``).

    bias: (3 units,), with reset_after (2, 3 units): for the inputs and for the state.
    """
    cell = _gru_cell(kernel, recurrent, bias, gate, reset_after)
    return _outputs(cell, x, _nothing(x, recurrent, 1), mask, masked, backwards, sequences).reference()


_MERGED = {
    "sum": lambda a, b: a + b,
    "mul": lambda a, b: a * b,
    "ave": lambda a, b: (a + b) * 0.5,
    "concat": lambda a, b: joined(lambda both: np.concatenate(both, axis=-1), [a, b]),
}


@rule
def bidirectional(
    x: Array,
    kernel: Array,
    recurrent: Array,
    bias: Array,
    kernel_back: Array,
    recurrent_back: Array,
    bias_back: Array,
    mask: Optional[Array] = None,
    *,
    cell: str = "lstm",
    merge: str = "concat",
    masked: str = "repeated",
    sequences: bool = False,
    **settings: Any,
) -> Reference:
    """One cell from the first step to the last, another from the last to the first, merged: concat, sum, mul, ave.

    ``cell`` is lstm or gru, ``settings`` are the cell's.  Not ``sequences``: the last output of either, of which the
    second has seen the whole sequence back to the first step, as Keras has it.  (The outputs of the last *step*,
    ``outputs[:, -1]`` of ``tf.nn.bidirectional_dynamic_rnn``, are others: there the second saw one step.)
    """
    make, states = {"lstm": (_lstm_cell, 2), "gru": (_gru_cell, 1)}[cell]
    forth = _outputs(
        make(kernel, recurrent, bias, **settings),
        x,
        _nothing(x, recurrent, states),
        mask,
        masked,
        False,
        sequences,
    )
    back = _outputs(
        make(kernel_back, recurrent_back, bias_back, **settings),
        x,
        _nothing(x, recurrent_back, states),
        mask,
        masked,
        True,
        sequences,
    )
    return _MERGED[merge](forth, back).reference()
