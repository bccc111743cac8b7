"""``numpy``: the implementation gets NumPy itself, and arrays."""

from .base import Dialect, collect, only_plain_inputs


class NumPy(Dialect):
    name = "numpy"
    depends_on = ("numpy",)
    order = 1

    def module(self):
        import numpy

        return numpy

    def compute(self, implementation, inputs, parameters):
        return collect(implementation(self.module(), *only_plain_inputs("NumPy", inputs), **parameters))
