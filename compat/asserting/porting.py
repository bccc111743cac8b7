"""The assertion on two live functions or models: the port computes what the legacy side computes."""

from typing import Any, Callable, Iterator

import numpy as np

from ..case.fixtures import Fixture
from ..errors import CompatError
from ..explain import causes_of_places
from ..judge.ports import judge_port, wrong_places
from ..objects import Memory
from ..record.live import by_name, recorded
from ..records import PASSING, Record, Verdict
from ..texts import printable
from .given import arrays

#: Seconds that the search for causes may take: a test waits for it.
_SECONDS = 4.0


def assert_same_port(legacy: Callable[..., Any], port: Callable[..., Any], inputs: Any) -> Verdict:
    """Fails unless ``port`` computes what ``legacy`` computes, up to rounding.  There is no tolerance.

    ``legacy``: a function that builds a TensorFlow 1 graph of its tensors (it is run in a session, its variables
    initialised), a ``tf.function``, or a Keras model; ``port``: a function that runs eagerly, a ``tf.function``, or a
    Keras model.  Both are called with the ``inputs``: an array, a list of arrays, or a dict of them by name, in its
    order.  They return a tensor, a list of tensors, or tensors by name; what both call by one name is one pair.

    Both are computed several times: what has other bits on the same inputs is random, and fails.  The graph of the
    legacy side is the specification: the port's tensors are judged by its nodes, in float64.

    Returns the Verdict.  Raises AssertionError for everything but ``identical`` and ``agrees``, with the places that
    are wrong and the causes that fit; CompatError for what cannot be computed, or gives other outputs.
    """
    __tracebackhide__ = True
    given = _fixtures(inputs, legacy)
    objects = Memory()
    base, record = recorded(legacy, given, True, objects), recorded(port, given, False, objects)
    if set(base.outputs) != set(record.outputs):
        mine, theirs = (", ".join(sorted(one.outputs)) for one in (base, record))
        raise CompatError(
            f"the legacy side gives {mine}; the port gives {theirs}: return tensors of the same names"
        )
    with np.errstate(all="ignore"):
        verdict = judge_port(record, objects.read, base, objects.read, "the port", "the legacy side")
    if verdict.word not in PASSING:
        raise AssertionError(printable("\n".join(_message(verdict, record, base, objects))))
    return verdict


def _fixtures(inputs: Any, legacy: Callable[..., Any]) -> "dict[str, Fixture]":
    found = {}
    for name, value in by_name(inputs, legacy).items():
        (given,) = arrays(value, f"the input {name}").values()
        found[name] = Fixture(name, lambda array=given.array: array.copy(), given.dtype)  # type: ignore[misc]
    return found


def _message(verdict: Verdict, record: Record, base: Record, objects: Memory) -> Iterator[str]:
    yield f"{verdict.word}: {verdict.message}"
    if record.random or base.random:
        return
    with np.errstate(all="ignore"):
        found = wrong_places(record, objects.read, base, objects.read)
        yield from causes_of_places(found, objects.read, {}, _SECONDS)
