"""What may not have been done: the answer is a function of what was computed.

The other way round from ``answers``: there something was done to the right answer.  A step that loses
information, as relu does, cannot be undone; what was computed can be taken through it.
"""

import math
from typing import Callable, Dict, Tuple

import numpy as np

from ...arrays import Array
from ...reference.tracked import erf, track
from .hypothesis import Catalogue

CATALOGUE = Catalogue()


def _sigmoid(x):
    return 0.5 + 0.5 * np.tanh(x / 2)


def _softmax(x):
    powers = np.exp(x - x.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


def _log_softmax(x):
    shifted = x - x.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))


def _softplus(x):
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


def _normal(x):
    """The distribution function of the normal distribution."""
    return 0.5 + 0.5 * erf(track(x / math.sqrt(2))).value


def _tanh_gelu(x):
    return x / 2 * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))


def _selu(x):  # Klambauer et al. 2017, appendix A1
    return 1.0507009873554805 * np.where(x > 0, x, 1.6732632423543772 * np.expm1(np.minimum(x, 0)))


#: name -> (what to write, the function); of equal results the first is said.
_ACTIVATIONS: Dict[str, Tuple[str, Callable[[Array], Array]]] = {
    "relu": ("activation='relu', or tf.nn.relu", lambda x: np.maximum(x, 0)),
    "relu6": ("tf.nn.relu6", lambda x: np.clip(x, 0, 6)),
    "sigmoid": ("activation='sigmoid', or tf.nn.sigmoid: these are logits", _sigmoid),
    "tanh": ("activation='tanh', or tf.nn.tanh", np.tanh),
    "softmax": ("activation='softmax', or tf.nn.softmax: these are logits", _softmax),
    "log_softmax": ("tf.nn.log_softmax", _log_softmax),
    "leaky relu of slope 0.2": ("tf.nn.leaky_relu(x, 0.2)", lambda x: np.where(x < 0, 0.2 * x, x)),
    "leaky relu of slope 0.3": ("tf.nn.leaky_relu(x, 0.3)", lambda x: np.where(x < 0, 0.3 * x, x)),
    "leaky relu of slope 0.01": ("tf.nn.leaky_relu(x, 0.01)", lambda x: np.where(x < 0, 0.01 * x, x)),
    "elu": ("activation='elu', or tf.nn.elu", lambda x: np.where(x > 0, x, np.expm1(np.minimum(x, 0)))),
    "selu": ("activation='selu', or tf.nn.selu", _selu),
    "gelu": ("tf.nn.gelu(x, approximate=False)", lambda x: x * _normal(x)),
    "gelu, approximate": ("tf.nn.gelu(x, approximate=True)", _tanh_gelu),
    "softplus": ("tf.nn.softplus", _softplus),
    "softsign": ("tf.nn.softsign", lambda x: x / (1 + np.abs(x))),
    "swish": ("tf.nn.swish", lambda x: x * _sigmoid(x)),
    "hard_sigmoid of slope 0.2": ("np.clip(0.2 * x + 0.5, 0, 1)", lambda x: np.clip(0.2 * x + 0.5, 0, 1)),
    "hard_sigmoid of slope 1/6": ("tf.nn.relu6(x + 3) / 6", lambda x: np.clip(x / 6 + 0.5, 0, 1)),
    "exp": ("tf.exp: these are logarithms", np.exp),
    "log": ("tf.math.log", np.log),
    "sqrt": ("tf.sqrt", np.sqrt),
    "square": ("tf.square", np.square),
    "abs": ("tf.abs", np.abs),
}


@CATALOGUE.result(
    "activation missing", "{name} of what was computed is the answer: it is not applied; add {edit}"
)
def _(result: Array):
    for name, (edit, function) in _ACTIVATIONS.items():
        yield function(result), {"name": name, "edit": edit}


@CATALOGUE.result(
    "not clipped",
    "clipped to {low:g}..{high:g} what was computed is the answer: tf.clip_by_value(y, {low:g}, {high:g})",
)
def _(result: Array):
    for low, high in ((0, 1), (-1, 1), (0, 255), (1e-7, 1 - 1e-7)):
        yield np.clip(result, low, high), {"low": low, "high": high}


@CATALOGUE.result(
    "not cut to whole numbers", "{name} of what was computed is the answer: it is not done; write {edit}"
)
def _(result: Array):
    for name, edit, function in (
        ("the nearest whole number", "tf.round", np.rint),
        ("the whole number below", "tf.floor", np.floor),
        ("the whole part", "tf.floor of the size, or a cast to int and back", np.trunc),
    ):
        yield function(result), {"name": name, "edit": edit}


@CATALOGUE.result(
    "not normalised", "{what} what was computed is the answer: divide each row by its {by} ({edit})"
)
def _(result: Array):
    if result.ndim:
        sizes = {
            "sum": ("tf.reduce_sum(y, -1, keepdims=True)", result.sum(axis=-1, keepdims=True)),
            "length": ("tf.nn.l2_normalize(y, -1)", np.sqrt((result**2).sum(axis=-1, keepdims=True))),
        }
        for by, (edit, size) in sizes.items():
            if np.ptp(size) > 1e-2 * np.abs(size).max():  # else that is a factor, and no step
                yield result / size, {"what": f"over the {by} of each row", "by": by, "edit": edit}


@CATALOGUE.result(
    "not reduced", "the {of} over axis {axis} of what was computed is the answer: tf.reduce_{of}(y, {axis})"
)
def _(result: Array):
    pairs = [(1, 2), (2, 3)] if result.ndim == 4 else []
    for axis in [*range(result.ndim), *pairs]:
        for of, function in (("mean", np.mean), ("sum", np.sum), ("max", np.max), ("min", np.min)):
            yield function(result, axis=axis), {"of": of, "axis": axis}


@CATALOGUE.result(
    "argmax missing",
    "the place of the largest along axis {axis} of what was computed is the answer: tf.argmax(y, {axis})",
)
def _(result: Array):
    for axis in range(result.ndim):
        yield np.argmax(result, axis=axis), {"axis": axis}
