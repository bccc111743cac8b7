"""What every dialect is: whether it exists here, its module, and how to compute with it."""

from typing import Any, Callable, Container, Dict, List, Optional, Tuple, Type

import numpy as np

from ...arrays import plain
from ...errors import CompatError, Unsupported
from ...graph.nodes import Keep, Trace
from ...texts import check_name

#: What a computation gives: {output name: (array, name of its dtype)}.
Results = Dict[str, Tuple[np.ndarray, str]]

_CLASSES: List[Type["Dialect"]] = []


class Dialect:
    """The smallest adapter: arrays in, arrays out.

    A subclass registers itself.  It says its ``name``, the distributions that it ``depends_on`` (their versions are
    recorded), and its place in tables, ``order``.
    """

    name: str
    depends_on: Tuple[str, ...]
    order: float
    #: The dialect whose implementations it takes where an operation has none for it.
    spelled_as: Optional[str] = None
    #: Whether ``compat run`` computes it where nobody names dialects.
    by_default = True

    def __init_subclass__(cls, **settings: Any) -> None:
        super().__init_subclass__(**settings)
        for attribute in ("name", "depends_on", "order"):
            if attribute not in vars(cls):
                raise TypeError(f"{cls.__module__}: the dialect {cls.__name__} does not say its {attribute}")
        taken = [other for other in _CLASSES if other.name == cls.name or other.order == cls.order]
        if taken:
            raise TypeError(
                f"{cls.__module__}: {cls.__name__} has the name or the order of {taken[0].__name__}"
            )
        _CLASSES.append(cls)

    @property
    def process(self) -> str:
        """Dialects of different kinds of process cannot share one; ``compat run`` starts one for each."""
        return "graph"

    def spelling(self, spelled: Container[str]) -> str:
        """Under which name an operation that is spelled in these dialects is spelled for it."""
        return self.name if self.spelled_as is None or self.name in spelled else self.spelled_as

    def missing(self) -> Optional[str]:
        """Why this environment has no such dialect, or None. Does not import the framework."""
        return None

    def module(self) -> Any:
        """The module that an implementation gets as its first argument; imports the framework."""
        raise NotImplementedError

    def compute(
        self, implementation: Callable[..., Any], inputs: Dict[str, Any], parameters: Dict[str, Any]
    ) -> Results:
        """The results of an implementation for fixtures by name.

        Raises Unsupported where it cannot be spelled here, CompatError where the framework is
        broken, and whatever the framework raises.
        """
        raise NotImplementedError

    def trace(
        self,
        implementation: Callable[..., Any],
        inputs: Dict[str, Any],
        parameters: Dict[str, Any],
        keep: Keep,
    ) -> Trace:
        """Every tensor of the same computation, each kept by ``keep``.  Raises Unsupported where none can be seen."""
        raise Unsupported(f"{self.name} has no graph")


def registered() -> Dict[str, Dialect]:
    """One of each dialect that was defined, in the order of tables."""
    return {cls.name: cls() for cls in sorted(_CLASSES, key=lambda cls: cls.order)}


def load(what: str, importer: Callable[[], Any]) -> Any:
    """Import a framework, with one clear line where it is installed but does not import."""
    try:
        return importer()
    except Exception as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise CompatError(f"{what} is installed but does not import: {reason}") from error


def only_plain_inputs(dialect: str, inputs: Dict[str, Any]) -> List[np.ndarray]:
    """The arrays of the inputs; raises Unsupported for a dtype that NumPy lacks."""
    for name, fixture in inputs.items():
        if fixture.dtype == "bfloat16":
            raise Unsupported(f"{dialect} has no bfloat16 (input {name})")
    return [fixture.array for fixture in inputs.values()]


def named(result: Any) -> Dict[str, Any]:
    """What an implementation returned as tensors by name; a single one is called ``y``.

    Raises CompatError for what is no tensor: names that are no texts, nothing at all, None.
    """
    outputs = result if isinstance(result, dict) else {"y": result}
    if not outputs:
        raise CompatError("the implementation returned no tensor: an empty dict")
    for name, value in outputs.items():
        if not isinstance(name, str):
            raise CompatError(f"an output is called {name!r}: names are texts")
        try:
            check_name("an output called", name)
            name.encode("utf-8")
        except ValueError:
            raise CompatError(
                f"an output is called {ascii(name)}, which no file can hold: rename it"
            ) from None
        if value is None:
            raise CompatError(
                f"the output {name} is None. A gradient is None where nothing flows: the result does not depend on "
                "that variable. Leave it out, or ask for zeros: unconnected_gradients='zero'"
            )
    return outputs


def collect(result: Any) -> Results:
    """``{name: (array, dtype name)}`` from what an implementation returned as arrays or parts of them."""
    results: Results = {}
    for name, value in named(result).items():
        for part, array in _parts(name, value):
            if part in results:
                raise CompatError(f"two outputs are called {part}: rename one")
            results[part] = _kept(part, array)
    return results


def _parts(name: str, value: Any) -> List[Tuple[str, Any]]:
    """A masked array is its data and its mask; everything else is one array."""
    if isinstance(value, np.ma.MaskedArray):
        zero: Any = np.zeros((), value.dtype)[()]
        return [
            (f"{name}.data", value.filled(zero)),
            (f"{name}.mask", np.ma.getmaskarray(value)),
        ]
    return [(name, value)]


def _kept(name: str, value: Any) -> Tuple[np.ndarray, str]:
    """The array and the name of its dtype; texts as the fixed-width bytes of their UTF-8."""
    array, dtype = plain(value)
    if array.dtype.kind == "O":
        items = array.ravel().tolist()
        if not all(isinstance(item, (bytes, str)) for item in items):
            kinds = sorted({type(item).__name__ for item in items})
            raise CompatError(
                f"the output {name} holds Python objects ({', '.join(kinds)}): return tensors or arrays"
            )
        array, dtype = _texts(name, items).reshape(array.shape), "string"
    elif array.dtype.kind in "US":
        array, dtype = _texts(name, array.ravel().tolist()).reshape(array.shape), "string"
    elif array.dtype.kind not in "biufc":
        raise CompatError(f"the output {name} has dtype {dtype}: numbers, booleans and texts can be kept")
    return array, dtype


def _texts(name: str, items: List[Any]) -> np.ndarray:
    encoded = [item.encode("utf-8", "surrogatepass") if isinstance(item, str) else item for item in items]
    if any(text.endswith(b"\0") for text in encoded):
        raise CompatError(f"the output {name} has a text that ends in a zero byte, which NumPy's arrays drop")
    return np.array(encoded, dtype=np.bytes_) if encoded else np.zeros(0, "S1")
