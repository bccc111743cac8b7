"""What the sums of an answer are made of: y_o = sum_i x_oi w_i, with weights w.

The bounds of ``bounds`` need no more than n and sum |x_oi w_i|.  The projection of a residual
(``compat.projection``) and what an implementation may claim (``claims``) need the products themselves.
"""

from typing import TYPE_CHECKING, Callable, Optional, Tuple

from ..arrays import Array

if TYPE_CHECKING:
    from .geometry import Taps


class Products:
    """``weights``: any shape, the last axis being that of the sums they belong to where there is one.

    ``projected(power, r)``: sum_o x_oi^power r_o for every weight, ``r`` of the answer's shape, in r's precision.
    ``squares()``: sum_i (x_oi w_i)^2 for every output.
    ``window``: of convolutions that slide by one pixel, ``(taps, x, w)`` in float64; else None.
    ``taken``: how many outputs a weight is a factor of, at most, or None where nobody counted.
    """

    def __init__(
        self,
        weights: Array,
        projected: Callable[[int, Array], Array],
        squares: Callable[[], Array],
        window: Optional[Tuple["Taps", Array, Array]] = None,
        taken: Optional[int] = None,
    ) -> None:
        self.weights = weights
        self.projected = projected
        self.squares = squares
        self.window = window
        self.taken = taken
