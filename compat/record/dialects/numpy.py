"""``numpy``: the implementation gets NumPy itself, and arrays."""

from typing import Any, Callable, Dict

from .base import Dialect, Results, collect, only_plain_inputs


class NumPy(Dialect):
    name = "numpy"
    depends_on = ("numpy",)
    order = 1

    def module(self) -> Any:
        import numpy

        return numpy

    def compute(
        self, implementation: Callable[..., Any], inputs: Dict[str, Any], parameters: Dict[str, Any]
    ) -> Results:
        return collect(implementation(self.module(), *only_plain_inputs("NumPy", inputs), **parameters))
