"""``scipy``: the implementation gets SciPy with ``scipy.signal``, and arrays."""

from typing import Any, Callable, Dict, Optional

from ..versions import version_of
from .base import Dialect, Results, collect, load, only_plain_inputs


def _import():
    import scipy
    import scipy.signal

    return scipy


class SciPy(Dialect):
    name = "scipy"
    depends_on = ("scipy", "numpy")
    order = 2

    def missing(self) -> Optional[str]:
        return None if version_of("scipy") else "SciPy is not installed"

    def module(self) -> Any:
        return load(f"SciPy {version_of('scipy')}", _import)

    def compute(
        self, implementation: Callable[..., Any], inputs: Dict[str, Any], parameters: Dict[str, Any]
    ) -> Results:
        return collect(implementation(self.module(), *only_plain_inputs("SciPy", inputs), **parameters))
