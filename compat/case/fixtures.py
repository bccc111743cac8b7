"""The shared inputs: the same bytes in every environment, each known by its SHA-256.

They are made of integers and ``np.random.RandomState``, whose streams NumPy froze; sines come
from decimal arithmetic, because those of NumPy differ in the last bit between builds.
"""

import decimal
import os
from typing import Any, Callable, Optional, Sequence, Tuple

import numpy as np

from ..arrays import Array, digest, round_to
from ..errors import CompatError

Shape = Sequence[int]

_DATA = os.path.join(os.path.dirname(__file__), "data")


class Fixture:
    """A named input. The array is made when it is first needed, and read-only."""

    def __init__(self, name: str, make: Callable[[], Array], dtype: Optional[str] = None) -> None:
        self.name = name
        self._make = make
        self._dtype = dtype
        self._array: Optional[Array] = None
        self._digest: Optional[str] = None

    def __repr__(self) -> str:
        return f"<fixture {self.name}>"

    @property
    def array(self) -> Array:
        """The array; that of a bfloat16 fixture is float32 with values that bfloat16 holds."""
        if self._array is None:
            try:
                made = np.ascontiguousarray(self._make())
                # Its own bytes: what an implementation does to one fixture must not reach another.
                array = made if made.base is None and made.flags.writeable else made.copy()
            except Exception as error:
                said = (str(error).strip() or type(error).__name__).splitlines()[0]
                raise CompatError(f"fixture {self.name} cannot be made: {said}") from None
            if array.dtype.hasobject:
                raise CompatError(f"fixture {self.name} holds Python objects; expected numbers")
            array.setflags(write=False)
            self._array = array
        return self._array

    @property
    def dtype(self) -> str:
        """The name of the dtype in which the implementations get it: ``float32``, ``bfloat16`` ..."""
        return self._dtype or self.array.dtype.name

    @property
    def digest(self) -> str:
        """SHA-256 of the array."""
        if self._digest is None:
            self._digest = digest(self.array)
        return self._digest

    @property
    def made(self) -> bool:
        return self._array is not None

    def take(self, array: Array, digest: str) -> None:
        """Use an array that was made before, instead of making it; ``digest``: its SHA-256."""
        self._array, self._digest = array, digest

    def forget(self) -> None:
        """Free the memory of the array: it is made again when it is needed."""
        self._array = None

    def was_changed(self) -> bool:
        """Whether somebody wrote into the array; it is made anew then, for those who come after."""
        if self._array is None or self._digest is None or digest(self._array) == self._digest:
            return False
        self._array = None
        return True

    def astype(self, dtype: str) -> "Fixture":
        """The same fixture rounded to another dtype, by name."""
        if dtype == self.dtype:
            return self
        return Fixture(f"{self.name}.{dtype}", lambda: round_to(self.array, dtype), dtype)

    def crop(self, top: int, left: int, size: int) -> "Fixture":
        """The square of ``size`` pixels whose corner is at (top, left) of the first two axes."""
        name = f"{self.name}.{top}_{left}_{size}"
        return Fixture(name, lambda: self.array[top : top + size, left : left + size], self._dtype)

    def reshape(self, *shape: int) -> "Fixture":
        """The same bytes in another shape."""
        name = "{}.{}".format(self.name, "x".join(map(str, shape)))
        return Fixture(name, lambda: self.array.reshape(shape), self._dtype)


def values(name: str, numbers: Any, dtype: str = "float32") -> Fixture:
    """The numbers as they are written in the case."""
    return Fixture(name, lambda: np.array(numbers, dtype=dtype))


def uniform(name: str, shape: Shape, seed: int, low: float = 0.0, high: float = 1.0) -> Fixture:
    """Uniform noise in [low, high), float32."""
    return Fixture(name, lambda: np.random.RandomState(seed).uniform(low, high, shape).astype(np.float32))


def normal(name: str, shape: Shape, seed: int, scale: float = 1.0) -> Fixture:
    """Noise with mean 0 and about that standard deviation, float32.

    A sum of twelve uniform numbers less six: no logarithm, whose last bit depends on the build.
    """
    return Fixture(
        name,
        lambda: (
            (np.random.RandomState(seed).uniform(size=(12,) + tuple(shape)).sum(axis=0) - 6) * scale
        ).astype(np.float32),
    )


def integers(name: str, shape: Shape, seed: int, low: int, high: int, dtype: str = "float32") -> Fixture:
    """Whole numbers in [low, high)."""
    return Fixture(name, lambda: np.random.RandomState(seed).randint(low, high, shape).astype(dtype))


#: Centres (x, y) of the drawn "+", image by image.
PLUS_CENTRES = (((3, 3), (7, 7)), ((2, 3), (5, 5)))


def _draw_plus(shift=(0, 0)):
    images = np.random.RandomState(1).uniform(size=(2, 10, 10, 1)).astype(np.float32)
    for image, centres in zip(images, PLUS_CENTRES):
        for x, y in centres:
            image[y - 1 : y + 2, x] += 1
            image[y, x - 1 : x + 2] += 1
    return np.roll(images, shift, axis=(1, 2))


def plus_noise() -> Fixture:
    """Two 10x10x1 images of noise with two "+" each (SEED_CASES b2); the centre gets 2."""
    return Fixture("plus_noise", _draw_plus)


def plus_noise_shifted() -> Fixture:
    """``plus_noise`` moved one pixel down and right, around the edges."""
    return Fixture("plus_noise_shifted", lambda: _draw_plus((1, 1)))


def plus_filter() -> Fixture:
    """The 3x3x1x1 filter 0 1 0 / 1 1 1 / 0 1 0."""
    return Fixture(
        "plus_filter",
        lambda: np.array([[0, 1, 0], [1, 1, 1], [0, 1, 0]], dtype=np.float32).reshape(3, 3, 1, 1),
    )


def weights(name: str, shape: Shape, seed: int) -> Fixture:
    """Weights of a layer of rectifiers, float32: uniform in +-sqrt(6 / inputs), made row by row.

    Numbers of this size keep those of the network of one size from layer to layer (He, Zhang, Ren and Sun,
    Delving deep into rectifiers, 2015); the inputs of a filter or a unit are all dimensions but the last.
    """

    def make():
        limit = np.sqrt(6 / np.prod(shape[:-1], dtype=float))
        random, array = np.random.RandomState(seed), np.empty(shape, np.float32)
        for row in array:  # float64 of all would be twice as much again: VGG-16 has 100 million in one matrix
            row[...] = random.uniform(-limit, limit, row.shape)
        return array

    return Fixture(name, make)


def _data(file, array):
    with np.load(os.path.join(_DATA, file + ".npz"), allow_pickle=False) as archive:
        return archive[array]


def digits() -> Tuple[Fixture, Fixture]:
    """scikit-learn's digits: (1797x8x8x1 images of 0..16, 1797 labels), float32 and int32."""
    return (
        Fixture("digits", lambda: _data("digits", "images").astype(np.float32)[..., np.newaxis]),
        Fixture("digits_labels", lambda: _data("digits", "labels").astype(np.int32)),
    )


def mnist() -> Tuple[Fixture, Fixture]:
    """5,000 images of MNIST, sorted by label: (5000x28x28x1 of 0..255, 5000 labels), float32 and int32."""
    return (
        Fixture("mnist", lambda: _data("mnist_5000", "images").astype(np.float32)[..., np.newaxis]),
        Fixture("mnist_labels", lambda: _data("mnist_5000", "labels").astype(np.int32)),
    )


def _photograph():
    return _data("photograph", "image").astype(np.float32)


def photograph() -> Fixture:
    """A colour photograph, 440x440x3, whole numbers 0..255, float32; see compat/case/data/README.md."""
    return Fixture("photograph", _photograph)


def photograph_grey() -> Fixture:
    """The photograph in grey, 440x440: (299 R + 587 G + 114 B) / 1000 rounded down, float32."""

    def grey():
        weighted = _photograph().astype(np.int64) @ np.array([299, 587, 114])
        return (weighted // 1000).astype(np.float32)

    return Fixture("photograph_grey", grey)


def _series(x, first, start):
    """The alternating Taylor series of sine (first = x, start = 1) or cosine (1, 0), in decimals."""
    with decimal.localcontext() as context:
        context.prec = 60
        term = total = first
        index = start
        while abs(term) > decimal.Decimal(10) ** -40:
            term = -term * x * x / ((index + 1) * (index + 2))
            index += 2
            total += term
    return float(total)


def _tenths(low, high):
    return [decimal.Decimal(tenth) / 10 for tenth in range(low * 10, high * 10)]


def sine(low: int = -10, high: int = 10) -> Fixture:
    """sin(x) for x from low to high in steps of 0.1, correctly rounded to float64."""
    return Fixture(f"sine_{low}_{high}", lambda: np.array([_series(x, x, 1) for x in _tenths(low, high)]))


def cosine(low: int = -3, high: int = 3) -> Fixture:
    """cos(x) for x from low to high in steps of 0.1, correctly rounded to float64."""
    return Fixture(
        f"cosine_{low}_{high}",
        lambda: np.array([_series(x, decimal.Decimal(1), 0) for x in _tenths(low, high)]),
    )
