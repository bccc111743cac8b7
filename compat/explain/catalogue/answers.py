"""What goes wrong after the right answer was there: activations, scales, layouts, roundings, uint8."""

import numpy as np

from ... import reference
from ...reference.bounds import Reference
from .hypothesis import Catalogue
from .images import wrapped

CATALOGUE = Catalogue()


def _selection(change, least=1):
    """A hypothesis function: the answer's elements in other places, ``change`` of every array of it."""

    def function(answer):
        if answer.value.ndim >= least:
            moved = answer.rearranged(change)
            if moved.value.shape == answer.value.shape:
                yield moved

    return function


def _exactly(change):
    """A hypothesis function: ``change`` of the values, which loses nothing that rounding could bring back."""

    def function(answer):
        given = answer.rearranged(np.asarray)  # with what was measured of it, where that is all that is known
        magnitude = np.where(np.isfinite(given.value), given.magnitude, 0)
        yield Reference(change(given.value), magnitude, given.terms + 1, carried=given.carried)

    return function


for name, sentence, function in (
    (
        "relu on top",
        "relu is applied to the answer: leave the activation out (activation=None)",
        reference.relu,
    ),
    ("sigmoid on top", "sigmoid is applied to the answer: leave it out, these are logits", reference.sigmoid),
    ("tanh on top", "tanh is applied to the answer: leave the activation out", reference.tanh),
    ("softmax on top", "softmax is applied to the answer: leave it out, these are logits", reference.softmax),
    (
        "relu6 on top",
        "relu6 is applied to the answer: relu has no upper end",
        reference.relu6,
    ),
):

    def _activated(answer, function=function):
        if answer.value.ndim:
            yield function(answer)

    CATALOGUE.answer(name, sentence)(_activated)

for name, sentence, factor in (
    ("negated", "the answer has the other sign: change it", -1.0),
    ("doubled", "the answer is twice as large: halve it", 2.0),
    ("halved", "the answer is half as large: double it", 0.5),
    ("times 255", "the answer is 255 times too large: divide it, or the input, by 255", 255.0),
    ("over 255", "the answer is 255 times too small: it, or the input, is divided by 255", 1 / 255),
):

    def _scaled(answer, factor=factor):
        yield reference.scaled(answer, factor)

    CATALOGUE.answer(name, sentence)(_scaled)


@CATALOGUE.answer(
    "mean for sum", "the answer is divided by {count}, a number of elements: the sum is wanted, not the mean"
)
def _(answer):
    for count in sorted(set(answer.value.shape) - {0, 1}):
        yield reference.scaled(answer, 1 / count), {"count": count}


@CATALOGUE.answer(
    "sum for mean",
    "the answer is multiplied by {count}, a number of elements: the mean is wanted, not the sum",
)
def _(answer):
    for count in sorted(set(answer.value.shape) - {0, 1}):
        yield reference.scaled(answer, float(count)), {"count": count}


def _reformatted(answer):
    if answer.value.ndim == 4:
        n, h, w, c = answer.value.shape
        for move in (
            lambda a: a.transpose(0, 3, 1, 2).reshape(a.shape),
            lambda a: a.reshape(n, c, h, w).transpose(0, 2, 3, 1),
            lambda a: a.transpose(0, 3, 1, 2),
        ):
            yield answer.rearranged(move)


CATALOGUE.answer(
    "answer in the other data format", "the answer is NCHW where NHWC is wanted: y.transpose(0, 2, 3, 1)"
)(_reformatted)
CATALOGUE.answer("answer transposed", "the answer's height and width are swapped: swap them back")(
    _selection(lambda a: a.swapaxes(1, 2), 4)
)
CATALOGUE.answer("answer in reverse", "the answer comes in reverse: turn it around")(
    _selection(lambda a: a[::-1] if a.ndim < 3 else a[:, ::-1])
)
CATALOGUE.answer("answer mirrored", "the answer's columns come in reverse: turn them around")(
    _selection(lambda a: a[:, :, ::-1], 4)
)
CATALOGUE.answer(
    "channels in reverse", "the answer's channels come in reverse: turn them around, y[..., ::-1]"
)(_selection(lambda a: a[..., ::-1]))


@CATALOGUE.answer(
    "answer rolled", "the answer lies {by} further along axis {axis}, around the end: np.roll it back"
)
def _(answer):
    for axis in range(answer.value.ndim):
        for by in (1, -1):
            if answer.value.shape[axis] > 1:
                yield (
                    answer.rearranged(lambda a, by=by, axis=axis: np.roll(a, by, axis)),
                    {"by": by, "axis": axis},
                )


@CATALOGUE.answer(
    "wrapped in uint8", "the answer went through astype(uint8) and wrapped: clip it first, np.clip(y, 0, 255)"
)
def _(answer):
    if len(wrapped(answer.value)):
        yield from _exactly(wrapped)(answer)


CATALOGUE.answer("clipped to 0..255", "the answer is clipped to 0..255: keep it as it is")(
    _exactly(lambda v: np.clip(v, 0, 255))
)
CATALOGUE.answer("clipped to 0..1", "the answer is clipped to 0..1: keep it as it is")(
    _exactly(lambda v: np.clip(v, 0, 1))
)
CATALOGUE.answer("cut to whole numbers", "the answer is cut to whole numbers: keep it floating")(
    _exactly(np.trunc)
)
CATALOGUE.answer(
    "zero", "the answer is 0 everywhere: nothing flows here (a stopped gradient, a missing read)"
)(_exactly(lambda v: 0 * v))


@CATALOGUE.answer(
    "empty",
    "the answer is empty, of shape {shape}: the kernel failed without a word; give it another dtype or "
    "shape, or switch oneDNN on (TF_ENABLE_ONEDNN_OPTS=1)",
)
def _(answer):
    if answer.value.size:
        yield Reference(np.zeros((0,)), dtype="float32"), {"shape": (0,)}
