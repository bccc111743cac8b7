"""Rules of what several nodes are together (``compat.graph.idioms``): the calls that hypotheses speak of."""

import numpy as np

from ..chain import batch_norm, dense
from ..convolution import conv2d_bias
from .flows import whole
from .registry import Flow, NodeCall, NoRule, rule_of


@rule_of("compat.batch_norm")
def _(call: NodeCall, x: Flow, mean: Flow, variance: Flow, beta: Flow, gamma: Flow, epsilon: Flow) -> Flow:
    given = [whole(flow) for flow in (mean, variance, beta, gamma)]
    return batch_norm(x, *given, epsilon=float(np.asarray(whole(epsilon))))


@rule_of("compat.dense")
def _(call: NodeCall, x: Flow, w: Flow, b: Flow) -> Flow:
    return dense(x, whole(w), whole(b))


@rule_of("compat.conv2d_bias")
def _(call: NodeCall, x: Flow, w: Flow, b: Flow) -> Flow:
    if call.get("data_format", "NHWC") != "NHWC" or call.get("padding") == "EXPLICIT":
        raise NoRule("another data format")
    strides, dilations = (tuple(call.get(name, [1, 1, 1, 1])[1:3]) for name in ("strides", "dilations"))
    return conv2d_bias(
        x, whole(w), whole(b), strides=strides, padding=call.get("padding"), dilations=dilations
    )
