"""Attention: each query takes the values by how its scores with the keys weigh."""

import math
from typing import Dict, Optional

import numpy as np

from ..arrays import Array
from .bounds import Reference, exact
from .calls import rule
from .exponentials import softmax_of
from .tracked import constant, track


@rule
def attention(
    query: Array,
    key: Array,
    value: Array,
    mask: Optional[Array] = None,
    *,
    scale: Optional[float] = None,
    causal: bool = False,
) -> Dict[str, Reference]:
    """``scores`` = scale query key^T, ``weights`` = softmax(scores), ``y`` = weights value.

    query (..., queries, d), key (..., keys, d), value (..., keys, e); mask (..., keys) or (..., queries, keys),
    true where a key counts; ``causal``: no query sees a key after itself.  ``scale``: 1 / sqrt(d) if not given
    (Vaswani et al., Attention is all you need, 2017, section 3.2.1); Keras's Attention has 1.

    Scores are those before the mask.  What is masked weighs exactly 0, whether it was set to minus infinity or
    moved by -1e9, whose exponential vanishes; each query has to see some key.
    """
    query, key, value = exact(query), exact(key), exact(value)
    scores = track(query) @ np.swapaxes(key, -1, -2)
    factor = constant(1 / math.sqrt(query.shape[-1]) if scale is None else scale)
    if scale is None:  # a root and a reciprocal, or a quotient by the root
        factor = factor.off_by(lambda p: p.gamma(p.call + 1) * factor.value)
    scores = scores * factor
    kept = np.ones(scores.value.shape, bool)
    if mask is not None:
        given = np.asarray(mask).astype(bool)
        kept &= given if given.ndim == kept.ndim else given[..., None, :]
    if causal:
        kept &= np.tril(np.ones(kept.shape[-2:], bool))
    if not kept.any(axis=-1).all():
        raise ValueError("a query sees no key: what it gives is not defined")
    weights = softmax_of(scores, kept)
    return {
        "scores": scores.reference(),
        "weights": weights.reference(),
        "y": (weights @ value).reference(),
    }
