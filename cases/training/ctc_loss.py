"""CTC: the loss of a text whose alignment with the frames nobody knows.

The trap: which class is the blank.  It is the last one of TensorFlow 1's tf.nn.ctc_loss, and the first one of
TensorFlow 2's and of PyTorch's where nothing is said.
"""

from compat import fixtures, operation, reference

_FRAMES, _TEXTS, _CLASSES = 6, 2, 5
_LOGITS = fixtures.normal("ctc_logits_6x2x5", (_FRAMES, _TEXTS, _CLASSES), seed=371)
#: The first has a symbol twice in a row; 1 and 2 are symbols wherever the blank is.
_LABELS = fixtures.values("ctc_labels", [[1, 2, 2], [3, 1, 0]], "int32")
_OF_LABELS = fixtures.values("ctc_label_length", [3, 2], "int32")
_OF_LOGITS = fixtures.values("ctc_logit_length", [6, 4], "int32")
_INPUTS = {"logits": _LOGITS, "labels": _LABELS, "label_length": _OF_LABELS, "logit_length": _OF_LOGITS}


def _in_numpy(np, logits, labels, label_length, logit_length, blank):
    """Forwards in the logarithm, in the precision that comes in."""
    shifted = logits - logits.max(axis=-1, keepdims=True)
    logarithms = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    losses = []
    for n, (text, length, frames) in enumerate(zip(labels, label_length, logit_length)):
        states = [blank]
        for symbol in text[:length]:
            states += [symbol, blank]
        reached = np.full(len(states), -np.inf, logits.dtype)
        reached[:2] = logarithms[0, n, states[:2]]
        for frame in range(1, frames):
            before = reached.copy()
            for place in range(1, len(states)):
                reached[place] = np.logaddexp(before[place], before[place - 1])
                if place > 1 and states[place] not in (blank, states[place - 2]):
                    reached[place] = np.logaddexp(reached[place], before[place - 2])
            reached += logarithms[frame, n, states]
        losses.append(-np.logaddexp(reached[-1], reached[-2]))
    return np.array(losses, logits.dtype)


def _sparse(tf, labels, label_length):
    """The labels as TensorFlow 1's loss wants them."""
    import numpy as np

    texts, places = (np.array(v) for v in zip(*[(0, 0), (0, 1), (0, 2), (1, 0), (1, 1)]))
    indices = np.stack([texts, places], axis=1).astype(np.int64)
    return tf.SparseTensor(indices, tf.gather_nd(labels, indices), [_TEXTS, 3])


ctc_loss_v1 = operation(
    "ctc_loss_v1",
    reference=lambda *inputs: reference.ctc_loss(*inputs, blank_index=-1),
    doc="tf.nn.ctc_loss of TensorFlow 1, labels sparse: the blank is class 4 of 5.",
)


@ctc_loss_v1.on("numpy")
def _(np, *inputs):
    return _in_numpy(np, *inputs, blank=_CLASSES - 1)


@ctc_loss_v1.on("tf1.session")
def _(tf, logits, labels, label_length, logit_length):
    return tf.nn.ctc_loss(_sparse(tf, labels, label_length), logits, logit_length)


@ctc_loss_v1.on("tf2.eager", "tf2.function")
def _(tf, logits, labels, label_length, logit_length):
    return tf.nn.ctc_loss(labels, logits, label_length, logit_length, blank_index=-1)


ctc_loss_v1.sample("blank-last", **_INPUTS)

ctc_loss_v2 = operation(
    "ctc_loss_v2",
    reference=lambda *inputs: reference.ctc_loss(*inputs, blank_index=0),
    doc="tf.nn.ctc_loss of TensorFlow 2, labels dense: nothing is said, and the blank is class 0.",
)


@ctc_loss_v2.on("numpy")
def _(np, *inputs):
    return _in_numpy(np, *inputs, blank=0)


@ctc_loss_v2.on("tf1.session")
def _(tf, logits, labels, label_length, logit_length):
    return tf.nn.ctc_loss_v2(labels, logits, label_length, logit_length, blank_index=0)


@ctc_loss_v2.on("tf2.eager", "tf2.function")
def _(tf, logits, labels, label_length, logit_length):
    return tf.nn.ctc_loss(labels, logits, label_length, logit_length, blank_index=0)


ctc_loss_v2.sample("blank-first", **_INPUTS)

ctc_loss_default = operation(
    "ctc_loss_default",
    reference=lambda *inputs: reference.ctc_loss(*inputs, blank_index=-1),
    doc="TensorFlow 1's loss ported and the blank not written: another class is the blank, and another loss.",
)

ctc_loss_default.on("numpy")(ctc_loss_v1.implementations["numpy"])
ctc_loss_default.on("tf1.session")(ctc_loss_v1.implementations["tf1.session"])


@ctc_loss_default.on("tf2.eager", "tf2.function")
def _(tf, logits, labels, label_length, logit_length):
    return tf.nn.ctc_loss(labels, logits, label_length, logit_length)


ctc_loss_default.sample("not-written", **_INPUTS)
