"""Losses of Keras, each of a row: what the functions without from_logits or a reduction give."""

from typing import Any, Callable

import numpy as np

from ...reference import tracked as steps
from ...reference.nodes.activations import _softplus
from ...reference.nodes.flows import tracked
from ...reference.nodes.registry import Flow
from ...reference.tracked import Tracked, constant
from ..entries import SINGLE, Ask, Shape, Wanted, entry, nowhere, rows

#: What Keras adds, or cuts to, so that nothing is divided by 0.
_LEAST = 1e-7


def _loss(
    name: str,
    of: Callable[[Tracked, Tracked], Tracked],
    text: str,
    keras3: str = "",
    flavour: str = "normal",
    total: bool = False,
) -> None:
    """``of``: of labels and predictions, whose mean over the row it is, or ``total``."""

    def answered(ask: Ask, x: Flow, y: Flow) -> Flow:
        each = of(tracked(y), tracked(x))
        return (each.sum(-1) if total else each.mean(-1)).reference()

    def form(pick: Any, shape: Shape) -> Any:
        return {}, [Wanted(shape, flavour)]

    call = "keras.losses.{name}(tf.convert_to_tensor({{y}}), {{x}})"
    entry(
        f"{name}_loss",
        answered,
        keras2=call.format(name=text),
        keras3=call.format(name=keras3 or text),
        first=lambda pick: (
            rows(pick)[0],
            pick.flavour(*((flavour,) if flavour != "normal" else ("normal", "halves", "integers"))),
        ),
        takes=nowhere,
        form=form,
        dtypes=SINGLE,
    )


def _clipped(x: Tracked) -> Tracked:
    return x.clip(_LEAST, 1.0).off_by(lambda p: p.u * _LEAST)


def _divergence(y: Tracked, x: Tracked) -> Tracked:
    y, x = _clipped(y), _clipped(x)
    return y * steps.log(y / x)


def _log_cosh(y: Tracked, x: Tracked) -> Tracked:
    far = x - y
    return far + _softplus(far * -2.0) - steps.log(constant(2.0))


def _hinged(y: Tracked, x: Tracked) -> Tracked:
    return (1.0 - y * x).clip(0, np.inf)


def _logarithm(x: Tracked) -> Tracked:
    return steps.log(x + 1.0)


def _squared(x: Tracked) -> Tracked:
    return x * x


def _direction(x: Tracked) -> Tracked:
    return x * steps.rsqrt((x * x).sum(-1, True).clip(1e-12, np.inf))


_loss("absolute_error", lambda y, x: abs(x - y), "mean_absolute_error")
_loss("squared_error", lambda y, x: _squared(x - y), "mean_squared_error")
_loss(
    "absolute_percentage_error",
    lambda y, x: abs((y - x) / abs(y)) * 100.0,
    "mean_absolute_percentage_error",
    flavour="positive",
)
_loss(
    "squared_logarithmic_error",
    lambda y, x: _squared(_logarithm(x) - _logarithm(y)),
    "mean_squared_logarithmic_error",
    flavour="positive",
)
_loss("kl_divergence", _divergence, "kullback_leibler_divergence", "kl_divergence", "image", True)
_loss(
    "poisson",
    lambda y, x: x - y * steps.log(x + constant(_LEAST)),
    "poisson",
    flavour="positive",
)
_loss("log_cosh", _log_cosh, "logcosh", "log_cosh")
_loss("hinge", _hinged, "hinge")
_loss("squared_hinge", lambda y, x: _squared(_hinged(y, x)), "squared_hinge")
_loss(
    "cosine_similarity",
    lambda y, x: -(_direction(y) * _direction(x)),
    "cosine_similarity",
    total=True,
)
