"""A result that is not what its own graph gives node by node: what TensorFlow's optimiser of graphs made of it."""

from typing import List

import numpy as np

from ..judge.graphs import Place
from .wiring import PASSING_ON

_FIND = {"ArgMax": np.argmax, "ArgMin": np.argmin}
#: What the optimiser takes for a function that rises, and leaves out before an argmax.
#: Source: IsElementWiseMonotonic in tensorflow/core/grappler/op_types.cc
_RISING = (
    "Asin", "Asinh", "Atan", "Atanh", "Ceil", "Elu", "Erf", "Exp", "Expm1", "Floor", "Log", "Log1p", "Relu", "Relu6",
    "Rint", "Selu", "Sigmoid", "Sign", "Sinh", "Softplus", "Softsign", "Sqrt", "Tanh",
)  # fmt: skip


def sentences(place: Place) -> List[str]:
    """What explains ``place.ran``, or nothing."""
    assert place.ran is not None
    for side in filter(None, (place.spelled, place.followed)):
        makers = side.trace.makers()
        found = makers[side.tensor]
        while found.op in (*PASSING_ON, "Cast") and found.inputs:
            found = makers[found.inputs[0]]
        if found.op not in _FIND:
            continue
        before = makers[found.inputs[0]]
        if before.op not in _RISING:
            continue
        x, axis = side.recorded(before.inputs[0]), int(side.recorded(found.inputs[1]))
        if np.array_equal(_FIND[found.op](x, axis=axis), place.ran):
            return [_SENTENCE.format(arg=found.op.lower(), f=before.op.lower())]
    return []


_SENTENCE = (
    "the optimiser of graphs takes {arg}({f}(x)) for {arg}(x), which is another place where {f} makes equals: "
    "compute {f}(x) in a graph of its own, or "
    "tf.config.optimizer.set_experimental_options({{'arithmetic_optimization': False}})"
)
