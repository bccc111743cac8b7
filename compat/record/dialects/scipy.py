"""``scipy``: the implementation gets SciPy with ``scipy.signal``, and arrays."""

from ..versions import version_of
from .base import Dialect, collect, load, only_plain_inputs


def _import():
    import scipy
    import scipy.signal

    return scipy


class SciPy(Dialect):
    name = "scipy"
    depends_on = ("scipy", "numpy")
    order = 2

    def missing(self):
        return None if version_of("scipy") else "SciPy is not installed"

    def module(self):
        return load(f"SciPy {version_of('scipy')}", _import)

    def compute(self, implementation, inputs, parameters):
        return collect(implementation(self.module(), *only_plain_inputs("SciPy", inputs), **parameters))
