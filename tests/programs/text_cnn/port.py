"""The text CNN as a subclassed Keras 3 model."""

import math

import keras
from keras import layers, ops

WORDS, SIZE, FILTERS, CLASSES, L2 = 40, 8, 6, 3, 0.1


class TextCNN(keras.Model):
    def __init__(self):
        super().__init__()
        self.embedding = layers.Embedding(WORDS, SIZE)
        self.convs = [
            layers.Conv1D(FILTERS, size, padding="valid", activation="relu", use_bias=True)
            for size in (3, 4, 5)
        ]
        self.pool = layers.GlobalMaxPooling1D()
        self.dropout = layers.Dropout(0.5)
        self.scores = layers.Dense(CLASSES)
        # tf.nn.l2_loss is half the sum of the squares
        self.penalty = keras.regularizers.L2(0.1 / 2)

    def call(self, input_x, input_y, training=False):
        h = self.embedding(input_x) * math.sqrt(SIZE)
        h = ops.concatenate([self.pool(conv(h)) for conv in self.convs], axis=-1)
        h = self.dropout(h, training=training)
        scores = self.scores(h)
        losses = keras.losses.categorical_crossentropy(input_y, scores, from_logits=True)
        l2 = self.penalty(self.scores.kernel) + self.penalty(self.scores.bias)
        return {"scores": scores, "loss": ops.mean(losses) + l2}


def model():
    return TextCNN()
