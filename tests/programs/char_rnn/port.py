"""The character RNN as a subclassed Keras 3 model whose state is given, and as Sequential without one."""

import keras
from keras import layers, ops

WORDS, SIZE = 20, 8


class CharRNN(keras.Model):
    def __init__(self):
        super().__init__()
        self.embedding = layers.Embedding(WORDS, SIZE)
        self.first = layers.LSTM(SIZE, return_sequences=True)
        self.second = layers.LSTM(SIZE, return_sequences=True, dropout=0.0)
        self.dropout = layers.Dropout(0.2)
        self.softmax = layers.Dense(WORDS)

    def call(self, input_data, state, training=False):
        h = self.embedding(input_data)
        # TensorFlow 1's state is (c, h), Keras's (h, c)
        h = self.first(h, initial_state=[state[0, 1], state[0, 0]])
        h = self.dropout(h, training=training)
        h = self.second(h, initial_state=[state[1, 1], state[1, 0]])
        h = self.dropout(h, training=training)
        h = ops.reshape(h, (-1, SIZE))
        logits = self.softmax(h)
        return {"logits": logits, "probs": ops.softmax(logits, axis=-1)}


def lstm():
    return CharRNN()


def gru():
    return keras.Sequential(
        [
            keras.Input((6,), batch_size=4, dtype="int32", name="input_data"),
            layers.Embedding(WORDS, SIZE),
            layers.GRU(SIZE, return_sequences=True, reset_after=False),
            layers.Dropout(0.2),
            layers.GRU(SIZE, return_sequences=True, dropout=0.0, reset_after=False),
            layers.Dropout(0.2),
            layers.Dense(WORDS, activation="softmax", name="probs"),
            layers.Reshape((6, WORDS)),
        ]
    )
