"""Numbers that are drawn on one side only: a dropout that is on."""

from typing import Optional

from ...arrays import Array
from ...judge.graphs import Place
from ..wiring import at
from .ways import way

_DRAWS = ("Random", "StatelessRandom", "Multinomial", "StatelessMultinomial", "TruncatedNormal")


def draws(op: str) -> bool:
    """Whether an op of that name draws random numbers."""
    return op.startswith(_DRAWS) and "Key" not in op


@way
def _drawn_in_the_port_alone(place: Place, result: Array, dtype: str) -> Optional[str]:
    if place.spelled is None or any(node.op.startswith(_DRAWS) for node in place.followed.nodes):
        return None
    for node in place.spelled.nodes:
        if draws(node.op):
            return (
                f"the port draws random numbers ({node.op}{at(node)}) where the legacy graph draws none, or keeps "
                "everything: a dropout is on; call it with training=False, rate 0"
            )
    return None
