"""What the catalogue says of an operation: how it is drawn, spelled in every dialect, and answered in float64."""

import re
from typing import Any, Callable, Dict, List, NamedTuple, Optional, Sequence, Tuple

from ..reference.bounds import Reference
from ..reference.nodes import NodeCall, answer
from ..reference.nodes.registry import Flow, NoRule

Shape = Tuple[int, ...]
HALVES = ("float16",)
FLOATS = ("float32", "float32", "float32", "float64", "float16")
SINGLE = ("float32",)
WIDE = ("float32", "float32", "float64")
#: The names by which a spelling knows its inputs.
INPUTS = "xyzuvw"


class Wanted(NamedTuple):
    """An input beside the one that flows: its dtype where that is another one; ``high`` of whole numbers."""

    shape: Shape
    flavour: str = "normal"
    dtype: str = ""
    high: int = 0


class Ask(NamedTuple):
    """What an answer is asked of: the parameters, the dtypes that go in, the dtype that comes out."""

    parameters: Dict[str, Any]
    dtypes: Tuple[str, ...]
    out: str


class Entry(NamedTuple):
    """``spelled``: by dialect, or by family (``tf``, ``keras``), see ``spelling``.

    ``first``: the shape to begin with, and its flavour, of a Pick.  ``takes``: whether it goes on from such a shape
    and dtype.  ``form``: (parameters, inputs wanted beside it).  ``answer``: what must come, of an Ask and the inputs.
    ``out``: the dtype that comes out, of the parameters and the dtype that flows.  ``cases``: the names under which
    known_differences.toml speaks of it, (operation, sample), of parameters, dtype and traits of what goes in.
    ``direct``: whether nothing larger than the answer is made on the way to it.
    """

    name: str
    spelled: Dict[str, str]
    answer: Callable[..., Flow]
    first: Callable[[Any], Tuple[Shape, str]]
    takes: Callable[[Shape, str], bool]
    form: Callable[[Any, Shape], Tuple[Dict[str, Any], List[Wanted]]]
    dtypes: Sequence[str] = FLOATS
    out: Callable[[Dict[str, Any], str], str] = lambda parameters, dtype: dtype
    cases: Callable[[Dict[str, Any], str, Sequence[str]], List[Tuple[str, str]]] = lambda p, d, t: []
    direct: bool = False

    def spelling(self, dialect: str) -> Optional[str]:
        """The text for a dialect, of its own or its family's; of Keras's dialects TensorFlow 2's where it has none."""
        families = {
            "tf1.session": ("tf1", "tf"),
            "tf2.eager": ("tf2", "tf"),
            "tf2.function": ("tf2", "tf"),
            "keras2": ("keras2", "keras"),
            "keras3": ("keras3", "keras"),
        }
        return next((self.spelled[name] for name in families[dialect] if name in self.spelled), None)


ENTRIES: Dict[str, Entry] = {}


def anything(pick: Any) -> Tuple[Shape, str]:
    return pick.shape(1, 3), pick.flavour()


def image(pick: Any) -> Tuple[Shape, str]:
    shape = (pick.size("n", 1, 2), pick.size("h", 1, 6), pick.size("w", 1, 6), pick.size("c", 1, 3))
    return shape, pick.flavour()


def rows(pick: Any) -> Tuple[Shape, str]:
    return (pick.size("n", 1, 4), pick.size("k", 1, 5)), pick.flavour()


def of_rank(*ranks: int) -> Callable[[Shape, str], bool]:
    return lambda shape, dtype: len(shape) in ranks and all(shape)


def nowhere(shape: Shape, dtype: str) -> bool:
    """It begins a graph, and goes on from nothing."""
    return False


def nothing_else(pick: Any, shape: Shape) -> Tuple[Dict[str, Any], List[Wanted]]:
    return {}, []


def entry(name: str, answered: Callable[..., Flow], **fields: Any) -> None:
    """One more in the catalogue; spellings by keyword, whatever begins with ``tf`` or ``keras``."""
    spelled = {key: fields.pop(key) for key in list(fields) if key.startswith(("tf", "keras"))}
    settings: Dict[str, Any] = {"first": anything, "takes": of_rank(1, 2, 3, 4), "form": nothing_else}
    if name in ENTRIES:
        raise ValueError(f"two entries are called {name}")
    ENTRIES[name] = Entry(name, spelled, answered, **{**settings, **fields})


def by_node(op: str, *more: Callable[[Ask, Sequence[Flow]], Any], number: int = 0, **attributes: Any) -> Any:
    """Answered by the rule of a graph's op; ``more`` inputs and attributes follow from what is asked, or are given."""

    def answered(ask: Ask, *inputs: Flow) -> Flow:
        flows = [*inputs, *(make(ask, inputs) for make in more)]
        dtypes = ask.dtypes + ("int32",) * len(more)
        named = {key: value(ask) if callable(value) else value for key, value in attributes.items()}
        found = answer(NodeCall(op, named, dtypes, (ask.out,) * (number + 1)), flows)[number]
        assert found is not None
        return found

    return answered


def of_exact(answered: Callable[..., Flow], rounded: int = 0) -> Callable[..., Flow]:
    """A rule that carries no error on: it tells nothing where another than the first ``rounded`` inputs is off."""

    def checked(ask: Ask, *inputs: Flow) -> Flow:
        if any(isinstance(flow, Reference) for flow in inputs[rounded:]):
            raise NoRule("of what is rounded")
        return answered(ask, *inputs)

    return checked


def parameter(name: str, default: Any = None) -> Callable[[Ask], Any]:
    """As it is written, or the default."""

    def value(ask: Ask) -> Any:
        written = ask.parameters.get(name)
        return default if written is None else written

    return value


_OPTIONAL = re.compile(r"<([^<>]*\{(\w+)\}[^<>]*)>")


def text_of(
    template: str, names: Sequence[str], parameters: Dict[str, Any], dtype: str
) -> Tuple[List[str], str]:
    """(the lines before, the expression) of a spelling.

    ``{x}``, ``{y}`` ... are the inputs, ``{dtype}`` the dtype that flows, other names the parameters as Python writes
    them.  ``<, alpha={alpha}>`` is left out where alpha is None: nobody wrote it.
    """
    template = _OPTIONAL.sub(
        lambda found: found.group(1) if parameters.get(found.group(2)) is not None else "", template
    )
    written = {name: repr(value) for name, value in parameters.items()}
    written.update(zip(INPUTS, names))
    written["dtype"] = repr(dtype)
    lines = [line for line in template.format(**written).splitlines() if line.strip()]
    return lines[:-1], lines[-1]
