"""Weights from one layout into another: gates in another order, one kernel for two, a bias that was added elsewhere.

A recurrent kernel holds its gates side by side along the last axis.  tf.nn.rnn_cell multiplies the input beside the
state by one kernel (inputs + units, gates * units); Keras has a kernel (inputs, ...) and a recurrent_kernel
(units, ...).
"""

from typing import Dict, Mapping, Optional, Sequence

import numpy as np

from ..arrays import Array

Arrays = Dict[str, Array]


def lstm_of_cell(kernel: Array, bias: Optional[Array], forget: float) -> Arrays:
    """Keras's LSTM (i, f, c, o) of a BasicLSTMCell or LSTMCell (i, c, f, o), whose ``forget`` bias is added at run
    time and stands in Keras's bias.  kernel: (inputs + units, 4 units); bias: (4 units,) or None for zeros."""
    units = kernel.shape[1] // 4
    bias = np.zeros(4 * units, kernel.dtype) if bias is None else bias
    kernel, bias = (_gates(array, (0, 2, 1, 3)) for array in (kernel, bias))
    bias[units : 2 * units] += np.asarray(forget, bias.dtype)
    return {"kernel": kernel[:-units], "recurrent_kernel": kernel[-units:], "bias": bias}


def gru_of_cell(
    gates: Array,
    gates_bias: Optional[Array],
    candidate: Array,
    candidate_bias: Optional[Array],
    reset_after: bool,
) -> Arrays:
    """Keras's GRU (z, r, h) of a GRUCell: gates (inputs + units, 2 units) in the order r, z; candidate
    (inputs + units, units).  With ``reset_after``, which is another function, the bias of the state is zeros."""
    units = candidate.shape[1]
    kernel = np.concatenate([_gates(gates, (1, 0)), candidate], axis=1)
    biases = [
        np.zeros(units * n, kernel.dtype) if one is None else one
        for n, one in ((2, gates_bias), (1, candidate_bias))
    ]
    bias = np.concatenate([_gates(biases[0], (1, 0)), biases[1]])
    if reset_after:
        bias = np.stack([bias, np.zeros_like(bias)])
    return {"kernel": kernel[:-units], "recurrent_kernel": kernel[-units:], "bias": bias}


def cell_of_lstm(kernel: Array, recurrent: Array, bias: Optional[Array], forget: float) -> Arrays:
    """The way back: the one kernel of a BasicLSTMCell that adds ``forget`` at run time."""
    units = len(recurrent)
    both = np.concatenate([kernel, recurrent])
    bias = np.zeros(4 * units, kernel.dtype) if bias is None else np.array(bias)
    bias[units : 2 * units] -= np.asarray(forget, bias.dtype)
    return {"kernel": _gates(both, (0, 2, 1, 3)), "bias": _gates(bias, (0, 2, 1, 3))}


def lstm_of_cudnn(kernel: Array, recurrent: Array, bias: Array) -> Arrays:
    """Keras's LSTM of its CuDNNLSTM: the kernels stand transposed gate by gate, of two biases (8 units,) the sum
    counts.

    As keras.saving's ``_convert_rnn_weights`` has it (keras 2.15, saving/legacy/hdf5_format.py).
    """
    first, second = np.split(bias, 2)
    return {**_of_cudnn(kernel, recurrent, 4), "bias": first + second}


def gru_of_cudnn(kernel: Array, recurrent: Array, bias: Array) -> Arrays:
    """Keras's GRU with reset_after of its CuDNNGRU: both biases stay, (6 units,) as (2, 3 units)."""
    return {**_of_cudnn(kernel, recurrent, 3), "bias": bias.reshape(2, -1)}


def _of_cudnn(kernel: Array, recurrent: Array, gates: int) -> Arrays:
    return {
        "kernel": np.hstack([k.T.reshape(k.shape, order="F") for k in np.hsplit(kernel, gates)]),
        "recurrent_kernel": np.hstack([k.T for k in np.hsplit(recurrent, gates)]),
    }


def _gates(array: Array, order: Sequence[int]) -> Array:
    """The gates along the last axis in another order."""
    parts = np.split(array, len(order), axis=-1)
    return np.concatenate([parts[number] for number in order], axis=-1)


def fitting(shape: Sequence[int], flipped: bool, wanted: Sequence[int], wanted_flipped: bool) -> str:
    """How an array of one shape becomes one of another: "as it is", "transposed", "reshaped"; "" where it cannot.

    Reshaped is what has the same extents but for ones, or the same last axis and as many numbers: a filter that sees
    the whole image as the kernel of a dense layer.
    """
    flips = flipped != wanted_flipped
    mine = tuple(shape)[::-1] if flips else tuple(shape)
    if mine == tuple(wanted):
        return "transposed" if flips else "as it is"
    if flips:
        return ""
    inner, outer = ([d for d in s if d != 1] for s in (mine, wanted))
    same = inner == outer or (
        len(mine) > 1 and len(wanted) > 1 and mine[-1] == wanted[-1] and _count(mine) == _count(wanted)
    )
    return "reshaped" if same else ""


def fitted(array: Array, how: str, wanted: Sequence[int]) -> Array:
    """The array, ``how`` as ``fitting`` said."""
    return np.ascontiguousarray(array.T if how == "transposed" else array).reshape(tuple(wanted))


def _count(shape: Sequence[int]) -> int:
    return int(np.prod(np.array(shape, np.int64)))


def gru_resets_after(shapes: Mapping[str, Sequence[int]]) -> bool:
    """Whether a Keras GRU is one with reset_after: its bias has two rows."""
    return len(shapes.get("bias", ())) == 2
