"""A character RNN for TensorFlow 1: cells of tf.nn.rnn_cell, several layers, dynamic_rnn, a state that is fed."""

import numpy as np
import tensorflow as tf

rnn_cell = tf.nn.rnn_cell


class CharRNN:
    def __init__(self, model="lstm", vocab_size=20, rnn_size=8, num_layers=2, seq_length=6, batch_size=4):
        self.input_data = tf.placeholder(tf.int32, [batch_size, seq_length], name="input_data")
        self.targets = tf.placeholder(tf.int32, [batch_size, seq_length], name="targets")
        self.keep_prob = tf.placeholder_with_default(1.0, [], name="keep_prob")

        def cell():
            if model == "lstm":
                one = rnn_cell.BasicLSTMCell(rnn_size, forget_bias=1.0, state_is_tuple=True)
            else:
                one = rnn_cell.GRUCell(rnn_size)
            return rnn_cell.DropoutWrapper(one, output_keep_prob=self.keep_prob)

        stacked = rnn_cell.MultiRNNCell([cell() for _ in range(num_layers)], state_is_tuple=True)
        if model == "lstm":
            self.state = tf.placeholder(tf.float32, [num_layers, 2, batch_size, rnn_size], name="state")
            initial = tuple(
                rnn_cell.LSTMStateTuple(c, h) for c, h in (tf.unstack(one) for one in tf.unstack(self.state))
            )
        else:
            initial = stacked.zero_state(batch_size, tf.float32)

        with tf.variable_scope("rnnlm"):
            softmax_w = tf.get_variable("softmax_w", [rnn_size, vocab_size])
            softmax_b = tf.get_variable("softmax_b", [vocab_size])
            embedding = tf.get_variable("embedding", [vocab_size, rnn_size])
            inputs = tf.nn.embedding_lookup(embedding, self.input_data)
            outputs, self.final_state = tf.nn.dynamic_rnn(stacked, inputs, initial_state=initial)
            flat = tf.reshape(outputs, [-1, rnn_size])
            self.logits = tf.matmul(flat, softmax_w) + softmax_b
            self.probs = tf.nn.softmax(self.logits)
            loss = tf.contrib.legacy_seq2seq.sequence_loss_by_example(
                [self.logits],
                [tf.reshape(self.targets, [-1])],
                [tf.ones([batch_size * seq_length])],
            )
            self.cost = tf.reduce_sum(loss) / batch_size / seq_length
        self.lr = tf.Variable(0.02, trainable=False, name="lr")
        variables = tf.trainable_variables()
        gradients, _ = tf.clip_by_global_norm(tf.gradients(self.cost, variables), 5.0)
        self.train_op = tf.train.AdamOptimizer(self.lr).apply_gradients(zip(gradients, variables))


def train(model="lstm", steps=20):
    """The model and a session in which it was trained to say the next character of a sequence that counts."""
    tf.set_random_seed(5)
    rnn = CharRNN(model)
    session = tf.Session()
    session.run(tf.global_variables_initializer())
    draw = np.random.RandomState(0)
    for _ in range(steps):
        x = (draw.randint(0, 20, (4, 1)) + 3 * np.arange(6)) % 20
        feed = {rnn.input_data: x, rnn.targets: (x + 3) % 20, rnn.keep_prob: 0.8}
        if model == "lstm":
            feed[rnn.state] = np.zeros((2, 2, 4, 8))
        session.run(rnn.train_op, feed)
    return rnn, session


def lstm():
    rnn, session = train()
    return {"logits": rnn.logits, "probs": rnn.probs, "cost": rnn.cost, "session": session}


def gru():
    rnn, session = train("gru")
    return {"logits": rnn.logits, "probs": rnn.probs, "cost": rnn.cost, "session": session}
