"""The answers: References as they come, and References of arrays by what made them."""

from typing import Any, Callable, Dict, Mapping, NamedTuple, Optional

import numpy as np

from ..arrays import PART, PRECISIONS, UNIT_ROUNDOFF
from ..case.fixtures import Fixture
from ..errors import CompatError
from ..judge.compare import compare
from ..record.repeats import measure
from ..records import PASSING
from ..reference.bounds import Reference
from ..reference.measured import Evidence, Measured
from ..reference.rounded import rounded_once, summed
from .given import SINGLE, Given, arrays
from .graphs import answers_of_graph

#: A scale may itself be rounded: what is smaller than this share of the sum is no sum of absolute products.
_OF_A_SUM = 0.9


class Making(NamedTuple):
    """What made an array, as ``assert_agrees`` takes it."""

    terms: Any = None
    scale: Any = None
    function: Optional[Callable[..., Any]] = None
    inputs: Any = None

    def check(self) -> None:
        """Raises CompatError for what does not go together."""
        if self.function is not None:
            if self.terms is not None or self.scale is not None:
                raise CompatError("function= says what rounding may do: leave out terms= and scale=")
            if not callable(self.function) or self.inputs is None:
                raise CompatError("function= is what made the array, and inputs= what it was called with")
        elif self.inputs is not None:
            raise CompatError("inputs= without function=: what made the array of them?")
        if self.scale is not None and self.terms is None:
            raise CompatError("scale= without terms=: say how many products are summed as well")

    @property
    def said(self) -> bool:
        return any(one is not None for one in self)

    def of(self, name: str) -> "Making":
        """What is said of one array, where terms or scale are dicts by name."""
        return self._replace(terms=_of(self.terms, name, "terms"), scale=_of(self.scale, name, "scale"))


def references(
    expected: Mapping[str, Given], dtypes: Mapping[str, str], making: Making
) -> Dict[str, Reference]:
    """{name: Reference} of arrays.  ``dtypes``: those that the results should have, by name.

    Raises CompatError for a making that does not fit the arrays.
    """
    if making.function is not None:
        return _reference_of(making.function, making.inputs, expected, dtypes)
    return {
        name: _by_arithmetic(name, given, dtypes[name], making.of(name)) for name, given in expected.items()
    }


def _by_arithmetic(name, given, dtype, making):
    if not _rounds(dtype):
        return Measured(given.array, dtype)  # exactly
    if making.terms is None:
        return rounded_once(given.array, dtype, given.dtype if _rounds(given.dtype) else dtype)
    terms = _numbers(making.terms, "terms", name, given.array)
    scale = None if making.scale is None else _numbers(making.scale, "scale", name, given.array)
    if scale is not None:
        _check_scale(scale, given.array, name)
    own = given.dtype if _rounds(given.dtype) else "float64"
    return summed(given.array, terms, scale, dtype, own)


def _rounds(dtype):
    return dtype in PRECISIONS or dtype in PART


def _of(value, name, what):
    if not isinstance(value, dict):
        return value
    if name not in value:
        raise CompatError(f"{what}= says nothing of {name}")
    return value[name]


def _numbers(value, what, name, array):
    """As float64, of the array's shape or what becomes that; none of them negative, infinite or NaN."""
    try:
        numbers = np.asarray(value, np.float64)
        np.broadcast_to(numbers, array.shape)
    except (TypeError, ValueError):
        raise CompatError(
            f"{what}= of {name}: expected a number, or one for each element, of shape {array.shape}"
        ) from None
    finite = np.isfinite(numbers)
    if not (finite | ~np.isfinite(array)).all():  # of what is no number the sum is none either
        raise CompatError(f"{what}= of {name} is not finite")
    numbers = np.where(finite, numbers, 0.0)
    if (numbers < 0).any():
        raise CompatError(f"{what}= of {name} is negative")
    return numbers


def _check_scale(scale, array, name):
    """Raises CompatError for what no sum of absolute products can be: a tolerance, for one."""
    size = np.abs(array).astype(np.float64)
    with np.errstate(invalid="ignore"):
        small = np.isfinite(size) & (scale < _OF_A_SUM * size)
    if small.any():
        where = ", ".join(map(str, np.unravel_index(int(np.argmax(small)), small.shape)))
        raise CompatError(
            f"scale= of {name} is smaller than |expected| at [{where}]: it is the sum of the absolute products of "
            "each element, np.abs(x) @ np.abs(w) for x @ w, and no tolerance"
        )


# -- by the function that made them


def _reference_of(function, inputs, expected, dtypes):
    """{name: Reference} of arrays that ``function`` made of ``inputs``: by its graph, else measured."""
    arguments = _Arguments(inputs)
    arguments.check(dtypes)

    def compute(fixtures):
        with np.errstate(all="ignore"):
            made = arrays(arguments.call(function, fixtures), "what function= gives")
        return {name: (given.array, given.dtype) for name, given in made.items()}

    results = compute(arguments.fixtures)
    if set(results) != set(expected):
        made, wanted = ", ".join(sorted(results)), ", ".join(sorted(expected))
        raise CompatError(f"function= gives {made}; expected is {wanted}")
    measured = measure(compute, arguments.fixtures, results)
    if measured.random:
        raise CompatError(
            f"function= is random: {measured.random[0]} has other bits when it is computed again on the same "
            "inputs; nothing can be judged by that: seed it"
        )
    found = {}
    for name, given in expected.items():
        result, dtype = results[name]
        own = given.taken_in(dtype)
        evidence = Evidence(result, measured.arrays[name]) if name in measured.arrays else None
        numbers = compare(own.array, own.dtype, Measured(result, dtype, evidence), dtype)
        if numbers.word not in PASSING:
            raise CompatError(
                f"function= does not make {_called(name)} of inputs=: expected is other than what it gives, "
                f"{numbers.message}"
            )
        found[name] = Measured(own.array, dtypes[name], evidence)
    made = {name: array for name, (array, _) in results.items()}
    return {
        **found,
        **answers_of_graph(lambda given: arguments.put(function, given), arguments.fixtures, made, found),
    }


def _called(name):
    return "expected" if name == SINGLE else name


class _Arguments:
    """The arguments of a function, of which the arrays are fixtures by name; the others stay what they are."""

    def __init__(self, inputs: Any) -> None:
        if isinstance(inputs, dict):
            self._positional, self._named = [], dict(inputs)
        else:
            self._positional = list(inputs) if isinstance(inputs, (list, tuple)) else [inputs]
            self._named = {}
        self.fixtures: Dict[str, Fixture] = {}
        for name, value in self._all():
            if _holds_numbers(value):
                self.fixtures[name] = _fixture(name, value)

    def _all(self):
        return [(str(n), value) for n, value in enumerate(self._positional)] + list(self._named.items())

    def check(self, dtypes: Mapping[str, str]) -> None:
        """Raises CompatError for inputs in another precision than the results: they would move too far, or too
        little, to say what a rounding of the results' precision does."""
        for result in dtypes.values():
            for name, fixture in self.fixtures.items():
                moves = fixture.dtype in UNIT_ROUNDOFF and _rounds(result)
                if moves and _precision(fixture.dtype) != _precision(result):
                    raise CompatError(
                        f"the input {name} is {fixture.dtype} and the result {result}: give it to function= in "
                        f"{_precision(result)}, so that it can be moved by one rounding of that"
                    )

    def call(self, function: Callable[..., Any], fixtures: Mapping[str, Fixture]) -> Any:
        """With copies: what the function does to its arguments is its own affair."""
        return self.put(
            function, {name: _like(fixtures[name].array, v) for name, v in self._all() if name in fixtures}
        )

    def put(self, function: Callable[..., Any], others: Mapping[str, Any]) -> Any:
        """With others in the place of the arrays."""
        given = {name: others.get(name, value) for name, value in self._all()}
        positional = [given[str(n)] for n in range(len(self._positional))]
        return function(*positional, **{name: given[name] for name in self._named})


def _holds_numbers(value):
    if isinstance(value, np.ma.MaskedArray) or not hasattr(value, "__array__"):
        return False
    dtype = np.asarray(value).dtype
    return dtype.kind in "biufc" or dtype.name == "bfloat16"


def _fixture(name, value):
    (given,) = arrays(np.asarray(value), f"the input {name}").values()
    return Fixture(name, lambda: given.array.copy(), given.dtype)


def _like(array, value):
    """A copy of the array with the shape and the dtype of the value, a bfloat16 that NumPy was taught included."""
    before = np.asarray(value)
    return array.astype(before.dtype).reshape(before.shape)


def _precision(dtype):
    return PART.get(dtype, dtype)
