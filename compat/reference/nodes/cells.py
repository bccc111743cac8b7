"""Cells of recurrent networks that are one op each, and their gradients; along all steps of a sequence as well.

As TensorFlow's ``lstm_ops.h`` and ``gru_ops.h`` spell them.  x (n, inputs), states (n, units), w (inputs + units,
gates * units); sequences have their steps first, (steps, n, ...).
"""

from typing import Any, List, NamedTuple, Tuple

import numpy as np

from ..tracked import Tracked, constant, joined, sigmoid, tanh
from .flows import numbers, tracked
from .registry import Flow, NodeCall, rule_of


class _Gates(NamedTuple):
    """What a step of the LSTM gives: input gate, state, forget gate, output gate, its input and output, h."""

    i: Tracked
    cs: Tracked
    f: Tracked
    o: Tracked
    ci: Tracked
    co: Tracked
    h: Tracked


def _beside(*parts: Tracked) -> Tracked:
    return joined(lambda arrays: np.concatenate(arrays, axis=1), parts)


def _columns(x: Tracked, count: int) -> List[Tracked]:
    width = x.value.shape[1] // count
    return [x[:, k * width : (k + 1) * width] for k in range(count)]


class _Lstm:
    """``peepholes``: the weights with which the gates see the state, of i, f and o; the order of gates is that of w."""

    def __init__(self, call: NodeCall, w: Flow, peepholes: Tuple[Flow, ...], b: Flow) -> None:
        self._call = call
        self._w, self._b = tracked(w), tracked(b)
        self._peepholes = [tracked(peephole) for peephole in peepholes] if call.get("use_peephole") else []
        # ICFO, but for BlockLSTMV2 IFCO.
        self._order = (0, 2, 1, 3) if call.op.endswith("V2") else (0, 1, 2, 3)

    def step(self, x: Tracked, cs: Tracked, h: Tracked) -> _Gates:
        call, gates = self._call, _columns(_beside(x, h) @ self._w + self._b, 4)
        i, ci, f, o = (gates[place] for place in self._order)
        f = f + constant(float(call.get("forget_bias") or 0))
        if self._peepholes:
            i, f = i + cs * self._peepholes[0], f + cs * self._peepholes[1]
        i, ci, f = sigmoid(i), tanh(ci), sigmoid(f)
        cs, most = i * ci + f * cs, float(call.get("cell_clip") or 0)
        if most > 0:  # to the number as the precision holds it
            cs = cs.clip(-most, most).off_by(lambda p: constant(most).error(p.dtype))
        o = sigmoid(o + cs * self._peepholes[2] if self._peepholes else o)
        co = tanh(cs)
        return _Gates(i, cs, f, o, ci, co, o * co)

    def back(
        self, cs_before: Tracked, gates: _Gates, cs_grad: Tracked, h_grad: Tracked
    ) -> Tuple[Tracked, Tracked, List[Tracked]]:
        """(gradient of the state before, those of the gates in the order of w, those of the peepholes' products)."""
        i, cs, f, o, ci, co, _ = gates
        do = o * (1 - o) * h_grad * co
        dcs = (1 - co * co) * h_grad * o + cs_grad
        if self._peepholes:
            dcs = dcs + do * self._peepholes[2]
        dci, df = (1 - ci * ci) * dcs * i, f * (1 - f) * dcs * cs_before
        di = i * (1 - i) * dcs * ci
        before, seen = dcs * f, [di * cs_before, df * cs_before, do * cs]
        if self._peepholes:
            before = before + di * self._peepholes[0] + df * self._peepholes[1]
        made = (di, dci, df, do)
        return before, _beside(*(made[place] for place in self._order)), seen

    def input_grads(self, gates: Tracked, inputs: int) -> Tuple[Tracked, Tracked]:
        """(of x, of h) from those of the gates."""
        both = gates @ self._w.transpose(1, 0)
        return both[:, :inputs], both[:, inputs:]

    @property
    def peeps(self) -> bool:
        return bool(self._peepholes)


@rule_of("LSTMBlockCell")
def _(
    call: NodeCall, x: Flow, cs: Flow, h: Flow, w: Flow, wci: Flow, wcf: Flow, wco: Flow, b: Flow
) -> List[Flow]:
    gates = _Lstm(call, w, (wci, wcf, wco), b).step(tracked(x), tracked(cs), tracked(h))
    return [gate.reference() for gate in gates]


@rule_of("LSTMBlockCellGrad")
def _(call: NodeCall, *inputs: Flow) -> List[Any]:
    """Of the state before, of the gates, and of the peepholes, which are 0 where there are none."""
    x, cs, h, w, wci, wcf, wco, b, *rest = inputs
    i, now, f, o, ci, co, cs_grad, h_grad = (tracked(one) for one in rest)
    lstm = _Lstm(call, w, (wci, wcf, wco), b)
    before, gates, seen = lstm.back(tracked(cs), _Gates(i, now, f, o, ci, co, co), cs_grad, h_grad)
    return [before.reference(), gates.reference(), *_of_peepholes(lstm, [seen])]


def _of_peepholes(lstm: _Lstm, seen: List[List[Tracked]]) -> List[Flow]:
    """The sums over the steps and what runs side by side."""
    found: List[Flow] = []
    for parts in zip(*seen):
        total = joined(np.concatenate, parts).sum(axis=0)
        found.append(total.reference() if lstm.peeps else (total * 0.0).reference())
    return found


def _steps(x: Tracked) -> List[Tracked]:
    return [x[step] for step in range(x.value.shape[0])]


@rule_of("BlockLSTM", "BlockLSTMV2")
def _(call: NodeCall, length: Flow, x: Flow, cs: Flow, h: Flow, w: Flow, *rest: Flow) -> List[Any]:
    """Beyond the length state and output are 0; what the gates are there, nobody wrote."""
    wci, wcf, wco, b = rest
    lstm, along = _Lstm(call, w, (wci, wcf, wco), b), _steps(tracked(x))
    steps: List[_Gates] = []
    for one in along[: numbers(length)[0]]:
        before = (steps[-1].cs, steps[-1].h) if steps else (tracked(cs), tracked(h))
        steps.append(lstm.step(one, *before))
    zeros, missing = tracked(np.zeros(np.shape(steps[0].h.value))), len(along) - len(steps)
    found: List[Any] = []
    for name, gate in zip(_Gates._fields, zip(*steps)):
        whole = joined(np.stack, [*gate, *[zeros] * missing]).reference()
        found.append(whole if name in ("cs", "h") or not missing else None)
    return found


@rule_of("BlockLSTMGrad", "BlockLSTMGradV2")
def _(call: NodeCall, length: Flow, *inputs: Flow) -> List[Any]:
    """From the last step to the first; what both the steps after it and the output hand back is added up."""
    x, cs_first, h_first, w, wci, wcf, wco, b, *rest = inputs
    xs, along = _steps(tracked(x)), [_steps(tracked(one)) for one in rest]
    lstm, count = _Lstm(call, w, (wci, wcf, wco), b), numbers(length)[0]
    cs_grads, h_grads = along[-2:]
    steps = [_Gates(*gates) for gates in zip(*along[:7])]
    cs_before, h_before = (
        tracked(np.zeros(tracked(cs_first).value.shape)),
        tracked(np.zeros(tracked(h_first).value.shape)),
    )
    x_grads: List[Tracked] = []
    of_gates, seen, states = [], [], []
    for step in reversed(range(count)):
        before, h = (steps[step - 1].cs, steps[step - 1].h) if step else (tracked(cs_first), tracked(h_first))
        cs_grad, h_grad = cs_grads[step] + cs_before, h_grads[step] + h_before
        cs_before, gates, products = lstm.back(before, steps[step], cs_grad, h_grad)
        x_grad, h_before = lstm.input_grads(gates, xs[step].value.shape[1])
        x_grads.insert(0, x_grad)
        of_gates.append(gates)
        seen.append(products)
        states.append(_beside(xs[step], h))
    zeros = tracked(np.zeros_like(xs[0].value))
    together = joined(np.concatenate, of_gates)
    w_grad = joined(np.concatenate, states).transpose(1, 0) @ together
    return [
        joined(np.stack, [*x_grads, *[zeros] * (len(xs) - count)]).reference(),
        cs_before.reference(),
        h_before.reference(),
        w_grad.reference(),
        *_of_peepholes(lstm, seen),
        together.sum(axis=0).reference(),
    ]


@rule_of("GRUBlockCell")
def _(call: NodeCall, x: Flow, h: Flow, w_ru: Flow, w_c: Flow, b_ru: Flow, b_c: Flow) -> List[Flow]:
    """Reset and update gate, what may come, and h."""
    inputs, before = tracked(x), tracked(h)
    r, u = _columns(_beside(inputs, before) @ tracked(w_ru) + tracked(b_ru), 2)
    r, u = sigmoid(r), sigmoid(u)
    c = tanh(_beside(inputs, before * r) @ tracked(w_c) + tracked(b_c))
    return [one.reference() for one in (r, u, c, u * (before - c) + c)]


@rule_of("GRUBlockCellGrad")
def _(call: NodeCall, *inputs: Flow) -> List[Flow]:
    """Of x and of h before, and of what goes into c, and into r and u."""
    x, h, w_ru, w_c, _, _, r, u, c, d_h = (tracked(one) for one in inputs)
    width = x.value.shape[1]
    d_c = (d_h * (1 - u)) * (1 - c * c)
    d_u = d_h * (h - c) * u * (1 - u)
    second = d_c @ w_c.transpose(1, 0)
    d_hr = second[:, width:]
    d_ru = _beside((d_hr * h * r) * (1 - r), d_u)
    first = d_ru @ w_ru.transpose(1, 0)
    d_h_before = first[:, width:] + d_hr * r + d_h * u
    return [one.reference() for one in ((first + second)[:, :width], d_h_before, d_c, d_ru)]
