"""What goes wrong with activations, losses and recurrent layers: defaults, modes, reductions, gates."""

from typing import Any, Dict, Tuple

import numpy as np

from ... import reference
from ...reference.bounds import Reference, exact
from .hypothesis import Catalogue

CATALOGUE = Catalogue()
ACTIVATIONS = ("relu", "relu6", "sigmoid", "tanh", "softmax", "leaky_relu", "gelu", "hard_sigmoid")
#: Settings that an activation needs, in TensorFlow's and Keras's variants.
_VARIANTS: Tuple[Tuple[str, Dict[str, Any]], ...] = (
    ("relu", {}),
    ("relu6", {}),
    ("sigmoid", {}),
    ("tanh", {}),
    ("softmax", {}),
    ("leaky_relu", {"slope": 0.2}),
    ("leaky_relu", {"slope": 0.3}),
    ("hard_sigmoid", {"slope": 0.2}),
    ("hard_sigmoid", {"slope": 1 / 6}),
    ("gelu", {"approximate": False}),
)


@CATALOGUE.call(
    "activation skipped", "{rule} is not applied: activation={rule!r}, or tf.nn.{rule} after the layer"
)
def _(call):
    if call.rule in ACTIVATIONS:
        yield reference.rearranged(call["x"], lambda x: x), {"rule": call.rule}


@CATALOGUE.call(
    "another activation",
    "the activation is {wrong}, expected {right}: activation={right!r}, or tf.nn.{right}",
)
def _(call):
    for wrong, settings in _VARIANTS:
        if call.rule in ACTIVATIONS and wrong != call.rule:
            yield call.but(wrong, **settings), {"wrong": wrong, "right": call.rule}


@CATALOGUE.call(
    "another slope",
    "the slope is {wrong:g}, expected {right:g}: tf.nn.leaky_relu has 0.2, keras.layers.LeakyReLU 0.3; "
    "Keras 3's hard_sigmoid 1/6, Keras 2's 0.2; write {right:g}",
)
def _(call):
    if "slope" in call:
        for slope in (0.2, 0.3, 0.01, 0.1, 1 / 6, 0.25, 0.0):
            if np.float32(slope) != np.float32(call["slope"]):
                yield call.but(slope=slope), {"wrong": slope, "right": call["slope"]}


@CATALOGUE.call(
    "approximate gelu",
    "gelu is {wrong}, expected {right}: tf.nn.gelu and Keras have other defaults, write approximate= out",
)
def _(call):
    if call.rule == "gelu":
        words = ("exact (erf)", "approximate (tanh)")
        given = bool(call["approximate"])
        yield call.but(approximate=not given), {"wrong": words[not given], "right": words[given]}


@CATALOGUE.call("softmax along another axis", "softmax is taken along another axis: axis=-1")
def _(call):
    if call.rule == "softmax":
        x = exact(call["x"])
        for axis in range(x.ndim - 1):
            turned = call.but(x=np.moveaxis(x, axis, -1)).answer()
            yield turned.rearranged(lambda array, axis=axis: np.moveaxis(array, -1, axis))


# -- losses


@CATALOGUE.call(
    "logits for probabilities",
    "from_logits is {wrong}, expected {right}: {what} for {meant}; write from_logits={right}, or the "
    "function that takes {what}",
)
def _(call):
    if "from_logits" not in call:
        return
    given = bool(call["from_logits"])
    kinds = ("probabilities", "logits")
    words = {"wrong": not given, "right": given, "what": kinds[given], "meant": kinds[not given]}
    if not given:
        yield call.but(from_logits=True), words
        return
    # Keras divides by the sum and clips; the logarithm that is written by hand does neither.
    for divided, clipped in ((True, 1e-7), (False, 0.0), (True, 0.0), (False, 1e-7)):
        yield call.but(from_logits=False, divided=divided, clipped=clipped), words


@CATALOGUE.call(
    "no gradient into the labels",
    "the gradient in the labels is {wrong}, expected {right}: softmax_cross_entropy_with_logits of "
    "TensorFlow 1 has none, its _v2 and TensorFlow 2's have; {edit}",
)
def _(call):
    if "labels_constant" in call:
        given = bool(call["labels_constant"])
        words = ("-log_softmax(logits)", "0")
        edits = ("call the _v2", "write tf.stop_gradient(labels)")
        yield (
            call.but(labels_constant=not given),
            {"wrong": words[not given], "right": words[given], "edit": edits[given]},
        )


@CATALOGUE.call(
    "probabilities as logits",
    "the probabilities are softmaxed again: from_logits=False, or leave the model's last softmax out",
)
def _(call):
    if call.rule in ("crossentropy", "softmax_cross_entropy"):
        first = "probabilities" if "probabilities" in call else "logits"
        numbers = exact(call[first])
        powers = np.exp(numbers - numbers.max(axis=-1, keepdims=True))
        yield call.but(**{first: powers / powers.sum(axis=-1, keepdims=True)})


@CATALOGUE.call(
    "another reduction",
    "the loss is reduced by {wrong}, expected {right}: tf.losses has sum_by_nonzero_weights, Keras "
    "sum_over_batch_size; write reduction= and divide by hand where there is no twin",
)
def _(call):
    if "reduction" in call:
        for wrong in ("none", "sum", "sum_by_nonzero_weights", "sum_over_batch_size", "mean"):
            if wrong != call["reduction"]:
                yield call.but(reduction=wrong), {"wrong": wrong, "right": call["reduction"]}


@CATALOGUE.call("another delta", "delta is {wrong:g}, expected {right:g}: write delta={right:g}")
def _(call):
    if "delta" in call:
        for delta in (1.0, 0.5, 1.345):
            if delta != call["delta"]:
                yield call.but(delta=delta), {"wrong": delta, "right": call["delta"]}


# -- recurrent layers


@CATALOGUE.call(
    "hard sigmoid gates",
    "the gates are {wrong}, expected {right}: recurrent_activation became sigmoid with TensorFlow 2, and "
    "hard_sigmoid's slope 1/6 with Keras 3; write it out",
)
def _(call):
    if "gate" in call:
        names = {
            "sigmoid": "sigmoid",
            "hard_sigmoid": "hard_sigmoid of slope 0.2",
            "hard_sigmoid_sixth": "hard_sigmoid of slope 1/6",
        }
        for wrong in names:
            if wrong != call["gate"]:
                yield call.but(gate=wrong), {"wrong": names[wrong], "right": names[call["gate"]]}


@CATALOGUE.call(
    "forget bias",
    "{wrong:g} is added to the forget gate, expected {right:g}: TensorFlow 1's cells add 1 that is not "
    "among the weights, Keras has it among the biases",
)
def _(call):
    if "forget_bias" in call:
        for bias in (0.0, 1.0):
            if bias != call["forget_bias"]:
                yield call.but(forget_bias=bias), {"wrong": bias, "right": call["forget_bias"]}


@CATALOGUE.call(
    "order of the gates",
    "the gates of the weights are in another order: TensorFlow 1's cells have i, c, f, o, Keras i, f, c, o "
    "(GRU: z, r, h); split and join the weights in the other order",
)
def _(call):
    if call.rule not in ("lstm", "gru"):
        return
    count = 4 if call.rule == "lstm" else 3
    orders = ([0, 2, 1, 3], [0, 1, 3, 2], [1, 0, 2, 3]) if count == 4 else ([1, 0, 2], [0, 2, 1])
    for order in orders:
        yield call.but(
            **{
                name: np.concatenate([np.split(exact(call[name]), count, axis=-1)[i] for i in order], axis=-1)
                for name in ("kernel", "recurrent", "bias")
            }
        )


@CATALOGUE.call(
    "reset gate on the other side",
    "reset_after is {wrong}, expected {right}: it became True with TensorFlow 2, write it out",
)
def _(call):
    if "reset_after" in call:
        given = bool(call["reset_after"])
        bias = exact(call["bias"])
        other = bias.sum(axis=0) if given else np.stack([bias, np.zeros_like(bias)])
        yield call.but(reset_after=not given, bias=other), {"wrong": not given, "right": given}


# -- selections: extremes, comparisons, casts


@CATALOGUE.call(
    "NaN in a maximum",
    "a NaN is {wrong} by the reduction, expected {right}: TensorFlow's reduce_max and reduce_min skip it up "
    "to 2.1 and pass it on from 2.4; {edit}",
)
def _(call):
    if call.rule == "extreme":
        skipped = call["nan"] == "skipped"
        edits = (
            "test tf.math.is_nan, and write NaN where there is any",
            "write tf.where(tf.math.is_nan(x), {}inf, x) before it".format(
                "-" if call["of"] == "max" else ""
            ),
        )
        wrong = "passed on" if skipped else "skipped"
        yield call.but(nan=wrong), {"wrong": wrong, "right": call["nan"], "edit": edits[skipped]}


@CATALOGUE.call(
    "minimum for maximum", "the {wrong}imum is taken, expected the {right}imum: tf.reduce_{right}"
)
def _(call):
    if call.rule == "extreme":
        wrong = "min" if call["of"] == "max" else "max"
        yield call.but(of=wrong), {"wrong": wrong, "right": call["of"]}


@CATALOGUE.call(
    "the function before argmax left out",
    "the place is that of the {of}imum of x, expected of {after}(x), which makes equals: from TensorFlow 1.14 on the "
    "optimiser of graphs leaves out a function that rises; compute {after}(x) in a graph of its own, or eagerly",
)
def _(call):
    if call.rule == "arg_extreme" and "after" in call and call["after"]:
        yield call.but(after=None), {"of": call["of"], "after": call["after"]}


@CATALOGUE.call(
    "a column for a bias",
    "the column {shape} is added as a bias, along the last axis, expected to each row: Keras 3.7 and later take what "
    "is as long as x is wide for one (keras.ops.add); write tf.add(x, y), or x - (-y)",
)
def _(call):
    if call.rule == "added" and not call["as_bias"]:
        wide, column = np.shape(exact(call["x"]))[-1:], np.shape(exact(call["y"]))
        if column == (*wide, 1):
            yield call.but(as_bias=True), {"shape": column}


@CATALOGUE.call(
    "== of objects",
    "the sign == asks whether both tensors are one object (TensorFlow 1), expected element by element "
    "(TensorFlow 2): write tf.equal(x, y)",
)
def _(call):
    if call.rule == "equal" and call["by"] == "element":
        yield call.but(by="identity")


@CATALOGUE.call(
    "wrapped for clipped",
    "the cast wraps around beyond {low:g}..{high:g}, expected the nearer end: clip first, "
    "np.clip(x, {low:g}, {high:g}), or tf.saturate_cast",
)
def _(call):
    if call.rule == "saturated":
        low, high = call["low"], call["high"]
        whole = np.trunc(exact(call["x"]))
        yield (
            Reference((whole - low) % (high - low + 1) + low, dtype=call["dtype"]),
            {"low": low, "high": high},
        )


@CATALOGUE.call(
    "ties of a maximum",
    "of equal pixels {wrong}, expected {right}: tf.nn.max_pool gives the gradient to the first, reduce_max "
    "an equal share to each; pool with tf.nn.max_pool, or break the ties",
)
def _(call):
    if "ties" in call:
        words = {
            "first": "the first has the gradient",
            "share": "each has an equal share of the gradient",
            "all": "each has all of the gradient",
            "last": "the last has the gradient",
        }
        for ties in ("share", "all", "last", "first"):
            if ties != call["ties"]:
                yield call.but(ties=ties), {"wrong": words[ties], "right": words[call["ties"]]}
