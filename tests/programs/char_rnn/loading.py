"""The character RNN with weights of its own: those of the checkpoint, brought into Keras's layout by hand."""

import os

import numpy as np
from keras import Sequential, layers
from port import SIZE, WORDS, CharRNN

CHECKPOINT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "checkpoint.npz")


def lstm_weights(arrays, scope):
    """BasicLSTMCell has one kernel, gates i, j, f, o; Keras i, f, c, o, and the forget bias inside the bias."""
    kernel, bias = (arrays[scope + "/basic_lstm_cell/" + part] for part in ("kernel", "bias"))
    i, j, f, o = np.split(kernel, 4, axis=1)
    bi, bj, bf, bo = np.split(bias, 4)
    kernel = np.concatenate([i, f, j, o], axis=1)
    bias = np.concatenate([bi, bf + 1.0, bj, bo])
    return [kernel[:SIZE], kernel[SIZE:], bias]


def gru_weights(arrays, scope):
    """GRUCell has gates r, u and a candidate apart; Keras z, r, h."""
    gates, candidate = (arrays[scope + "/gru_cell/" + part + "/kernel"] for part in ("gates", "candidate"))
    r, u = np.split(gates, 2, axis=1)
    br, bu = np.split(arrays[scope + "/gru_cell/gates/bias"], 2)
    bh = arrays[scope + "/gru_cell/candidate/bias"]
    kernel = np.concatenate([u, r, candidate], axis=1)
    return [kernel[:SIZE], kernel[SIZE:], np.concatenate([bu, br, bh])]


def lstm():
    model = CharRNN()
    with np.load(CHECKPOINT) as arrays:
        model(np.zeros((4, 6), np.int32), np.zeros((2, 2, 4, SIZE), np.float32))
        model.embedding.set_weights([arrays["rnnlm/embedding"]])
        for layer, cell in ((model.first, "cell_0"), (model.second, "cell_1")):
            layer.set_weights(lstm_weights(arrays, "rnnlm/rnn/multi_rnn_cell/" + cell))
        model.softmax.set_weights([arrays["rnnlm/softmax_w"], arrays["rnnlm/softmax_b"]])
    return model


def gru():
    model = Sequential(
        [
            layers.Input((6,), batch_size=4, dtype="int32", name="input_data"),
            layers.Embedding(WORDS, SIZE),
            layers.GRU(SIZE, return_sequences=True, reset_after=False),
            layers.GRU(SIZE, return_sequences=True, reset_after=False),
            layers.Dense(WORDS, activation="softmax"),
        ]
    )
    with np.load(CHECKPOINT) as arrays:
        weights = [arrays["rnnlm/embedding"]]
        for cell in ("cell_0", "cell_1"):
            weights += gru_weights(arrays, "rnnlm/rnn/multi_rnn_cell/" + cell)
        model.set_weights([*weights, arrays["rnnlm/softmax_w"], arrays["rnnlm/softmax_b"]])
    return model
