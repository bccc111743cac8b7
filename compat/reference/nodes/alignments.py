"""Connectionist temporal classification as one op: the loss and its gradient, and the best path.

Graves, Supervised sequence labelling with recurrent neural networks, 2012, section 7.3; in the logarithm, as
TensorFlow's ``ctc_loss_calculator.h`` has it.  Logits are (frames, texts, classes).
"""

from typing import Any, List, NamedTuple, Optional, Tuple

import numpy as np

from ... import reference
from ...arrays import Array
from .. import tracked as steps
from ..bounds import Reference
from ..tracked import CALL, Precision, Tracked, follows, joined
from .flows import is_exact, tracked, value_of, whole
from .registry import Flow, NodeCall, NoRule, rule_of

#: expf and log1pf are called of float64 as well.
_U_OF_CALLS = 2.0**-24


class _Text(NamedTuple):
    """``states``: the symbols with blanks around them.  ``stays``, ``skips``: whether a path may stay in a state, or
    come to it over the one before.
    """

    states: Array
    stays: Array
    skips: Array


def _text(call: NodeCall, symbols: Array, blank: int) -> _Text:
    if call.get("preprocess_collapse_repeated"):
        symbols = symbols[np.append(True, symbols[1:] != symbols[:-1])]
    if not len(symbols) or (symbols == blank).any() or symbols.min() < 0:
        raise NoRule("a text that is empty or has blanks")
    merge = call.get("ctc_merge_repeated", True)
    states = np.full(2 * len(symbols) + 1, blank)
    states[1::2] = symbols
    before = np.append([-1, -1], states[:-2])
    skips = (states != blank) & (before >= 0) & ~(merge & (states == before))
    return _Text(states, merge | (states == blank), skips)


# -- numbers of which some are the logarithm of 0


def _some(value: Array, error: Any) -> Array:
    """The error where there is a number; of the logarithm of 0 there is none."""
    return np.where(np.isfinite(value), np.where(np.isfinite(value), error, 0.0), 0.0)


def _plus(x: Tracked, y: Tracked) -> Tracked:
    value = x.value + y.value

    def error(p: Precision, a: Array, b: Array) -> Array:
        return _some(value, a + b + p.u * (abs(value) + a + b))

    return follows(value, error, x, y)


def _sum(terms: List[Tracked]) -> Tracked:
    """log sum exp, pair after pair: a + log1p(exp(b - a)) of the larger one a.

    The derivatives of the sum add up to 1, so that what is inherited is at most the largest error of a term.  A pair
    rounds b - a, which exp makes u / e of at most, calls exp of what is at most 1 and log1p, at most log 2, and adds.
    """
    values = np.stack([term.value for term in terms])
    most = values.max(axis=0)
    there, top = np.isfinite(values), np.where(np.isfinite(most), most, 0.0)
    with np.errstate(divide="ignore"):
        value = np.log(np.sum(np.exp(values - top), axis=0)) + top
    largest = np.maximum(
        np.where(there, abs(np.where(there, values, 0)), 0).max(axis=0),
        abs(np.where(there.any(axis=0), value, 0)),
    )
    pairs = np.maximum(there.sum(axis=0) - 1, 0)

    def error(p: Precision, *errors: Array) -> Array:
        inherited = np.where(there, np.stack(errors), 0).max(axis=0)
        one = 2 * CALL * max(p.u, _U_OF_CALLS) + p.u * (1 + largest + inherited)
        return _some(value, inherited + pairs * one)

    return follows(value, error, *terms)


def _shifted(x: Tracked, by: int, allowed: Any = True) -> Tracked:
    """The states ``by`` further on, where that is allowed: what comes from outside is the logarithm of 0."""
    count = x.value.size

    def move(array: Array, fill: float) -> Array:
        result = np.full(count, fill)
        here = slice(max(by, 0), count + min(by, 0))
        result[here] = array[max(-by, 0) : count - max(by, 0)]
        return np.where(allowed, result, fill)

    return follows(move(x.value, -np.inf), lambda p, e: move(e, 0.0), x)


def _forwards(text: _Text, logs: Tracked) -> List[Tracked]:
    """Of every frame the sums over all paths up to its states."""
    begins = np.where(np.arange(text.states.size) < 2, 0.0, -np.inf)
    found = [_plus(logs[0], Tracked(begins))]
    for frame in range(1, len(logs.value)):
        last = found[-1]
        sources = [_shifted(last, 0, text.stays), _shifted(last, 1), _shifted(last, 2, text.skips)]
        found.append(_plus(_sum(sources), logs[frame]))
    return found


def _backwards(text: _Text, logs: Tracked) -> List[Tracked]:
    """Of every frame the sums over all paths from its states on, without these."""
    count = text.states.size
    skipped = np.append(text.skips[2:], [False, False])
    found = [Tracked(np.where(np.arange(count) >= count - 2, 0.0, -np.inf))]
    for frame in reversed(range(1, len(logs.value))):
        after = _plus(found[0], logs[frame])
        sources = [_shifted(after, 0, text.stays), _shifted(after, -1), _shifted(after, -2, skipped)]
        found.insert(0, _sum(sources))
    return found


def _of_text(text: _Text, x: Tracked) -> Tuple[Tracked, Tracked]:
    """(loss, its gradient) of the logits (frames, classes) of one text."""
    below = x - x.value.max(axis=-1, keepdims=True)
    powers = steps.exp(below)
    y = powers / powers.sum(-1, keepdims=True)
    logs = steps.log(y)[:, text.states]
    stack = lambda parts: joined(np.stack, parts)
    paths = _plus(stack(_forwards(text, logs)), stack(_backwards(text, logs)))
    count = text.states.size
    probability = _sum([paths[0, state] for state in range(count)])
    if not np.isfinite(probability.value):
        return -probability, y
    columns = [y[:, label] for label in range(x.value.shape[1])]
    for label in np.unique(text.states):
        through = _sum([paths[:, state] for state in np.flatnonzero(text.states == label)])
        columns[label] = columns[label] - _exp(_plus(through, -probability))
    return -probability, joined(lambda parts: np.stack(parts, axis=1), columns)


def _exp(x: Tracked) -> Tracked:
    value = np.exp(x.value)

    def error(p: Precision, e: Array) -> Array:
        inherited = np.where(np.isfinite(x.value), value * np.expm1(e), 0.0)
        return inherited + CALL * max(p.u, _U_OF_CALLS) * (value + inherited) + p.tiny * (value > 0)

    return follows(value, error, x)


#: The class that is the blank: the last, or the first.
_BLANK = {"CTCLoss": -1, "CTCLossV2": 0}


@rule_of(*_BLANK)
def _(call: NodeCall, logits: Flow, indices: Flow, symbols: Flow, lengths: Flow) -> List[Flow]:
    """A text without frames, or one that is longer than its frames and to be ignored, gives 0."""
    x, places = tracked(logits), np.asarray(whole(indices)).reshape(-1, 2)
    labels, times = np.asarray(whole(symbols)).astype(np.int64), np.asarray(whole(lengths)).astype(int)
    frames, _, classes = x.value.shape
    losses, gradients = [], []
    for number, length in enumerate(times):
        own = labels[places[:, 0] == number]
        text = _text(call, own, _BLANK[call.op] % classes)
        if length == 0 or (call.get("ignore_longer_outputs_than_inputs") and own.size > length):
            loss, gradient = Tracked(0.0), Tracked(np.zeros((0, classes)))
        else:
            loss, gradient = _of_text(text, x[:length, number])
        rest = Tracked(np.zeros((frames - len(gradient.value), classes)))
        losses.append(loss)
        gradients.append(joined(np.concatenate, [gradient, rest]))
    beside = joined(lambda parts: np.stack(parts, axis=1), gradients)
    called = _called(call, logits, places, labels, times)
    return [joined(np.stack, losses).reference() if called is None else called, beside.reference()]


def _called(call: NodeCall, logits: Flow, places: Array, labels: Array, times: Array) -> Optional[Reference]:
    """The losses as ``reference.ctc_loss`` has them, a call that hypotheses speak of; None of other texts, of logits
    that are off, and of float64, whose logarithms are those of float32.
    """
    sizes = np.bincount(places[:, 0], minlength=len(times))
    as_it_is = call.get("ctc_merge_repeated", True) and not call.get("preprocess_collapse_repeated")
    if isinstance(logits, Reference) or call.dtype == "float64" or not as_it_is:
        return None
    if (times == 0).any() or (sizes > times).any():
        return None
    padded = np.zeros((len(times), int(np.max(sizes, initial=0))), np.int64)
    padded[places[:, 0], places[:, 1]] = labels
    return reference.ctc_loss(logits, padded, sizes, times, blank_index=_BLANK[call.op])


@rule_of("CTCGreedyDecoder")
def _(call: NodeCall, logits: Flow, lengths: Flow) -> List[Any]:
    """Of every frame the first of the largest, without blanks, repetitions merged where asked for; and their sum,
    negative.
    """
    if not is_exact(logits):
        raise NoRule("a choice by numbers that are rounded")
    x, classes = tracked(logits), np.shape(value_of(logits))[2]
    blank = int(call.get("blank_index", -1)) % classes
    best, texts, sums = x.value.argmax(axis=2), [], []
    for number, length in enumerate(np.asarray(whole(lengths)).astype(int)):
        path = best[:length, number]
        kept = path != blank
        if call.get("merge_repeated"):
            kept[1:] &= path[1:] != path[:-1]
        texts.append(path[kept])
        frames = np.arange(length)
        sums.append(-x[frames, number, path].sum(keepdims=True))
    longest = max([len(text) for text in texts] or [0])
    places = [(number, place) for number, text in enumerate(texts) for place in range(len(text))]
    return [
        np.array(places, np.int64).reshape(-1, 2),
        np.concatenate(texts).astype(np.int64),
        np.array([len(texts), longest], np.int64),
        joined(np.stack, sums).reference(),
    ]
