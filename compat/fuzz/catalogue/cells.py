"""Recurrent layers with the defaults that nobody writes."""

from typing import Any

from ... import reference
from ..entries import SINGLE, Shape, Wanted, entry, nowhere


def _cell(gates: int, rows_of_bias: int = 0) -> Any:
    def form(pick: Any, shape: Shape) -> Any:
        units = pick.size("units", 1, 2)
        bias = (rows_of_bias, gates * units) if rows_of_bias else (gates * units,)
        return {"units": units}, [
            Wanted((shape[-1], gates * units)),
            Wanted((units, gates * units)),
            Wanted(bias),
        ]

    return form


_WITH_WEIGHTS = """
layer.build({x}.shape)
layer.set_weights([{y}, {z}, {u}])
layer({x})
"""
_SEQUENCE: Any = lambda pick: (
    (pick.size("n", 1, 2), pick.size("t", 1, 3), pick.size("c", 1, 2)),
    pick.flavour("normal", "halves"),
)
entry(
    "lstm_layer",
    lambda ask, x, kernel, recurrent, bias: reference.lstm(x, kernel, recurrent, bias),
    keras="layer = keras.layers.LSTM({units})" + _WITH_WEIGHTS,
    first=_SEQUENCE,
    takes=nowhere,
    form=_cell(4),
    dtypes=SINGLE,
    cases=lambda p, dtype, traits: [("lstm_default", "not-written")],
)
entry(
    "gru_layer",
    lambda ask, x, kernel, recurrent, bias: reference.gru(
        x, kernel, recurrent, bias, gate="hard_sigmoid", reset_after=False
    ),
    keras="layer = keras.layers.GRU({units})" + _WITH_WEIGHTS,
    first=_SEQUENCE,
    takes=nowhere,
    form=_cell(3),
    dtypes=SINGLE,
    cases=lambda p, dtype, traits: [("gru_default", "weights-of-tf1")],
)
