"""The weights that an answer is linear in: what a judge needs to find one that is wrong below the noise.

With y_o = sum_i x_oi w_i a weight that is off by d adds x_oi d to every output.  Single outputs hide that
in their rounding; the residual projected onto the weight, sum_o x_oi r_o, adds it up, see
``compat.projection``.
"""


class Weights:
    """``value``: the weights, any shape.  ``projected(power, r)``: sum_o x_oi^power r_o, of that shape.

    ``r`` has the shape of the answer; x_oi is what the weight i is multiplied by in the output o.
    """

    def __init__(self, value, projected):
        self.value = value
        self.projected = projected
