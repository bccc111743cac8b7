"""A drawn sample as plain data: what goes in, and the steps made of it; its digest names it."""

import dataclasses
import hashlib
import json
import zlib
from typing import Any, Dict, List, Optional, Tuple

import numpy as np

from ..arrays import Array, round_to

#: Where things are awkward: zeros of both signs, the ends of the range, what is no number.
EDGES = (0.0, -0.0, 1.0, -1.0, 0.5, -2.5, 1e-40, -1e-40, 1e-7, 60.0, -95.0, 3e4, 1e30, -3e38)
NOT_FINITE = (float("nan"), float("inf"), float("-inf"))
#: Ways to fill an array: see ``_fill``.
FLAVOURS = ("normal", "integers", "halves", "edges", "not finite", "positive", "small positive", "image")
#: Beyond these a square, or a sum of a few, may be infinite.
_LARGE = {"float16": 100.0, "float64": 1e100}
_TEXTS = {"nan": float("nan"), "inf": float("inf"), "-inf": float("-inf")}


@dataclasses.dataclass
class Given:
    """What goes in: an array made of a seed, or its numbers written out in ``values``, row by row.

    ``low``, ``high``: of whole numbers, which are drawn below ``high``.
    """

    name: str
    dtype: str
    shape: List[int]
    flavour: str = "normal"
    seed: int = 0
    high: int = 0
    values: Optional[List[Any]] = None

    def array(self) -> Array:
        """Of the dtype, bfloat16 as float32 numbers that it holds."""
        if self.values is not None:
            plain = [_TEXTS.get(value, value) if isinstance(value, str) else value for value in self.values]
            return _held(np.array(plain, np.float64).reshape(self.shape), self.dtype)
        return _held(_fill(self, np.random.RandomState(self.seed)), self.dtype)


@dataclasses.dataclass
class Step:
    """One operation of the catalogue on what has a name: inputs ``a``, ``b`` ... and steps ``s0``, ``s1`` ..."""

    operation: str
    inputs: List[str]
    parameters: Dict[str, Any] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass
class Drawn:
    """``whole``: graphs give their last step only, so that they may be rewritten; else every step is seen."""

    given: List[Given]
    steps: List[Step]
    whole: bool = False

    def to_json(self) -> Dict[str, Any]:
        return dataclasses.asdict(self)

    @property
    def digest(self) -> str:
        return hashlib.sha256(json.dumps(self.to_json(), sort_keys=True).encode()).hexdigest()[:16]

    def arrays(self) -> Dict[str, Array]:
        return {given.name: given.array() for given in self.given}

    def dtypes(self) -> Dict[str, str]:
        return {given.name: given.dtype for given in self.given}

    @property
    def numbers(self) -> int:
        """How many go in."""
        return sum(int(np.prod(given.shape)) for given in self.given)


def from_json(value: Dict[str, Any]) -> Drawn:
    return Drawn(
        [Given(**given) for given in value["given"]],
        [Step(**step) for step in value["steps"]],
        bool(value["whole"]),
    )


def name_of(step: int) -> str:
    return f"s{step}"


def written_out(name: str, dtype: str, array: Array) -> Given:
    """The array as an input whose numbers can be read."""
    flat = np.asarray(array).ravel()
    if flat.dtype.kind == "f":
        values: List[Any] = [float(v) if np.isfinite(v) else str(float(v)) for v in flat]
    else:
        values = [int(v) for v in flat]
    return Given(name, dtype, list(np.shape(array)), "written", values=values)


def traits(array: Array) -> Tuple[str, ...]:
    """What is unusual about its numbers."""
    array = np.asarray(array)
    if array.dtype.kind != "f":
        return ()
    size = np.abs(array[np.isfinite(array)])
    found = (
        ("nan", np.isnan(array).any()),
        ("infinite", np.isinf(array).any()),
        ("denormal", ((size > 0) & (size < np.finfo(array.dtype).tiny)).any()),
        ("large", (size > _LARGE.get(array.dtype.name, 1e15)).any()),
    )
    return tuple(name for name, holds in found if holds)


def seed_of(*parts: Any) -> int:
    """A seed that follows from these."""
    return zlib.crc32(" ".join(map(str, parts)).encode()) & 0x7FFFFFFF


def _held(numbers: Array, dtype: str) -> Array:
    if dtype == "bfloat16":
        finite = np.isfinite(numbers)
        rounded = round_to(np.where(finite, numbers, 0), dtype)
        return np.where(finite, rounded, numbers).astype(np.float32)
    with np.errstate(all="ignore"):
        return np.asarray(numbers).astype(dtype)


def _fill(given: Given, random: Any) -> Array:
    shape, flavour = tuple(given.shape), given.flavour
    if given.dtype == "bool":
        return random.randint(0, 2, shape)
    if given.high:
        return random.randint(0, given.high, shape)
    if given.dtype.startswith(("int", "uint")) or flavour == "integers":
        return random.randint(-4, 5, shape)
    if flavour == "halves":
        return random.randint(-9, 10, shape) / 2.0
    if flavour in ("edges", "not finite"):
        pool = np.array(EDGES + NOT_FINITE if flavour == "not finite" else EDGES)
        return pool[random.randint(0, len(pool), shape)]
    uniform = random.uniform(size=shape)
    if flavour == "positive":
        return uniform * 3 + 0.125
    if flavour == "small positive":
        return uniform * 1e-4 + 1e-6
    if flavour == "image":
        return uniform
    return (random.uniform(size=(4,) + shape).sum(axis=0) - 2) * 2
