"""Arrays by name that are read when they are asked for: of a graph there are more than memory holds."""

import functools
from typing import Callable, Container, Dict, Iterator, Mapping

from ..arrays import Array

Making = Callable[[], Array]


class Lazily(Mapping[str, Array]):
    """``making``: by name what makes the array."""

    def __init__(self, making: Mapping[str, Making]) -> None:
        self._making: Dict[str, Making] = dict(making)

    def __getitem__(self, name: str) -> Array:
        return self._making[name]()

    def __iter__(self) -> Iterator[str]:
        return iter(self._making)

    def __len__(self) -> int:
        return len(self._making)

    def __contains__(self, name: object) -> bool:
        return name in self._making  # Mapping's own would read the array

    def add(self, name: str, making: Making) -> None:
        self._making[name] = making

    def beside(self, other: "Lazily") -> "Lazily":
        return Lazily({**self._making, **other._making})

    def only(self, names: Container[str]) -> "Lazily":
        return Lazily({name: making for name, making in self._making.items() if name in names})

    def without(self, names: Container[str]) -> "Lazily":
        return Lazily({name: making for name, making in self._making.items() if name not in names})


def lazily(arrays: Mapping[str, Array]) -> Lazily:
    """The same of arrays that are there."""
    if isinstance(arrays, Lazily):
        return arrays
    return Lazily({name: functools.partial(_itself, array) for name, array in arrays.items()})


def _itself(array: Array) -> Array:
    return array
