"""Initialisers: what many numbers that one has drawn are like."""

from typing import Dict

import numpy as np

from .bounds import Reference, Within
from .calls import rule

#: The standard deviation of a normal distribution that is cut off at two of its standard deviations.
CUT = 0.87962566103423978


def _uniform(reach):
    return reach / 3**0.5, reach, reach


def _cut_normal(deviation):
    """What comes has the deviation: the normal distribution that is cut off has a larger one."""
    return deviation, 2 * deviation / CUT, 2 * deviation / CUT


def _normal(deviation):
    """Of more than ten thousand, the largest is beyond 3 deviations and within 7 (all but 1e-7 of seeds)."""
    return deviation, 3 * deviation, 7 * deviation


#: name -> of (inputs, units): the standard deviation, and between what the largest magnitude lies.
DISTRIBUTIONS = {
    # Glorot and Bengio 2010; He and others 2015; LeCun and others 1998, as TensorFlow and Keras have them.
    "glorot_uniform": lambda inputs, units: _uniform((6 / (inputs + units)) ** 0.5),
    "glorot_normal": lambda inputs, units: _cut_normal((2 / (inputs + units)) ** 0.5),
    "he_uniform": lambda inputs, units: _uniform((6 / inputs) ** 0.5),
    "he_normal": lambda inputs, units: _cut_normal((2 / inputs) ** 0.5),
    "lecun_uniform": lambda inputs, units: _uniform((3 / inputs) ** 0.5),
    "lecun_normal": lambda inputs, units: _cut_normal((1 / inputs) ** 0.5),
    # PyTorch's for linear layers and convolutions: kaiming_uniform with a = sqrt(5).
    "PyTorch's": lambda inputs, units: _uniform((1 / inputs) ** 0.5),
    # Keras's "uniform" and "normal".
    "random_uniform 0.05": lambda inputs, units: _uniform(0.05),
    "random_normal 0.05": lambda inputs, units: _normal(0.05),
    "random_normal 0.1": lambda inputs, units: _normal(0.1),
    "random_normal 1": lambda inputs, units: _normal(1.0),
    # Not widened: what comes is narrower than what was asked for.
    "truncated_normal 0.05": lambda inputs, units: _cut_normal(0.05 * CUT),
    "truncated_normal 0.1": lambda inputs, units: _cut_normal(0.1 * CUT),
    "truncated_normal 1": lambda inputs, units: _cut_normal(CUT),
    "zeros": lambda inputs, units: (0.0, 0.0, 0.0),
}


@rule
def drawn(
    *, distribution: str, inputs: int, units: int, one_seed_repeats: bool = True
) -> Dict[str, Reference]:
    """A kernel (inputs, units): its mean, deviation, largest magnitude; whether one seed gives it twice."""
    deviation, least, most = DISTRIBUTIONS[distribution](inputs, units)
    # Standard errors: deviation / sqrt(n) of the mean, and less of the deviation where tails are light.
    five = 5 * deviation / (inputs * units) ** 0.5
    return {
        "mean": Within(-five, five),
        "deviation": Within(deviation - five, deviation + five),
        "largest": Within(0.99 * least, most),
        "one_seed_repeats": Reference(np.float64(one_seed_repeats)),
    }
