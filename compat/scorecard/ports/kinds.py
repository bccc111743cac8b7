"""What a kind of fault that users make is: a legacy function, the right port of it, and the port with the fault.

``legacy(tf, *tensors)`` is TensorFlow 1 graph code, ``port(tf, *tensors, wrong=False)`` TensorFlow 2 or Keras.  Both
take their numbers from the inputs or from ``Draw``, so that they are the same on both sides.
"""

from typing import Any, Callable, Dict, List, NamedTuple, Tuple, TypeVar

import numpy as np

from ...arrays import Array


class Draw:
    """Sizes and numbers of one variant: the same seed gives the same ones."""

    def __init__(self, seed: int, batch: int, length: int, width: int) -> None:
        self.batch, self.length, self.width = batch, length, width
        self._state = np.random.RandomState(seed)

    def normal(self, *shape: int) -> Array:
        return self._state.normal(size=shape).astype(np.float32)

    def uniform(self, *shape: int, low: float = 0.0, high: float = 1.0) -> Array:
        return self._state.uniform(low, high, shape).astype(np.float32)

    def whole(self, high: int, *shape: int, low: int = 0) -> Array:
        return self._state.randint(low, high, shape).astype(np.int32)


#: Widths are multiples of 4, for groups and heads.
VARIANTS = (Draw, (11, 3, 5, 8)), (Draw, (12, 4, 7, 12)), (Draw, (13, 2, 9, 16))


class Port(NamedTuple):
    """``inputs``: arrays by name, in the order in which the functions take them."""

    legacy: Callable[..., Any]
    port: Callable[..., Any]
    inputs: Dict[str, Array]


class Kind(NamedTuple):
    """``words``: of these the first cause has to contain one.

    ``make``: a Draw -> Port; ``ports`` makes one for every variant.
    """

    name: str
    words: Tuple[str, ...]
    make: Callable[[Draw], Port]

    def ports(self) -> List[Port]:
        return [self.make(draw(*numbers)) for draw, numbers in VARIANTS]


KINDS: List[Kind] = []
F = TypeVar("F", bound=Callable[..., Any])


def kind(name: str, *words: str) -> Callable[[F], F]:
    """Decorates a function of a Draw that gives (legacy, port, inputs)."""

    def register(make: F) -> F:
        KINDS.append(Kind(name, words, lambda draw: Port(*make(draw))))
        return make

    return register


def given(**arrays: Array) -> Dict[str, Callable[..., Any]]:
    """Arguments of a Keras layer: ``kernel=w`` as its kernel_initializer, which gives these numbers in any Keras."""
    return {
        f"{name}_initializer": lambda shape, dtype=None, array=array, **others: array.reshape(
            [int(n) for n in shape]
        )
        for name, array in arrays.items()
    }
