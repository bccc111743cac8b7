"""``tf2.xla``: what is spelled for ``tf2.function``, compiled by XLA."""

from typing import Any, Callable, Dict, Optional

from ...errors import Unsupported
from .base import Results
from .function import Function
from .tensorflow import missing_tensorflow

#: How XLA's message begins.
_UNSUPPORTED = "Detected unsupported operations when trying to compile graph"


class Xla(Function):
    name = "tf2.xla"
    depends_on = ("tensorflow",)
    order = 8
    spelled_as = "tf2.function"
    by_default = False
    settings = {"jit_compile": True}

    def compute(
        self, implementation: Callable[..., Any], inputs: Dict[str, Any], parameters: Dict[str, Any]
    ) -> Results:
        try:
            return super().compute(implementation, inputs, parameters)
        except Exception as error:
            if _UNSUPPORTED not in str(error):
                raise
            said = str(error).partition(_UNSUPPORTED)[2].strip(" :.").splitlines()
            raise Unsupported(f"XLA does not compile it: {said[-1].strip() if said else ''}"[:200]) from None

    def missing(self) -> Optional[str]:
        return missing_tensorflow((2, 5))  # before it is called experimental_compile
