"""Connectionist temporal classification: how probable a text is, summed over all its alignments with the frames.

Graves, Fernandez, Gomez and Schmidhuber, Connectionist temporal classification, 2006, section 4.1.
"""

from typing import List, Optional, Sequence, Tuple

import numpy as np

from ..arrays import Array
from . import tracked
from .bounds import Reference, exact
from .calls import rule
from .exponentials import log_sum_exp
from .tracked import Tracked, either, joined, track


@rule
def ctc_loss(
    logits: Array,
    labels: Array,
    label_length: Optional[Array] = None,
    logit_length: Optional[Array] = None,
    *,
    blank_index: int = -1,
) -> Reference:
    """-log of the probability of ``labels``, one a text; infinite where no alignment fits the frames.

    logits (frames, texts, classes); labels (texts, most symbols), whole numbers; the lengths (texts,), by default
    all.  ``blank_index``: -1, the last class, is that of TensorFlow 1's ``tf.nn.ctc_loss``; 0 the default of
    TensorFlow 2's and of PyTorch's.  Between two equal symbols there has to be a blank.

    In the logarithm, three ways: forwards; backwards, as TensorFlow's kernel sums; forwards with what every frame
    has in all states taken off, as ``ctc_loss_dense`` has it.  The bound allows for them all.
    """
    logits, labels = exact(logits), np.asarray(labels).astype(int)
    frames, texts, classes = logits.shape
    sizes = np.full(texts, labels.shape[1]) if label_length is None else np.asarray(label_length).astype(int)
    times = np.full(texts, frames) if logit_length is None else np.asarray(logit_length).astype(int)
    logarithms = either(tracked.log_softmax(logits), tracked.log(tracked.softmax(logits)))
    losses = [
        _loss(logarithms[: times[n], n], labels[n, : sizes[n]], blank_index % classes) for n in range(texts)
    ]
    return joined(np.stack, losses).reference()


def _loss(logarithms: Tracked, symbols: Array, blank: int) -> Tracked:
    """Of one text: logarithms (frames, classes) of the probabilities."""
    states = [blank] + [state for symbol in symbols for state in (int(symbol), blank)]
    forwards = _summed(logarithms, states, blank)
    if forwards is None:
        return track(np.inf)
    backwards = _summed(logarithms[::-1], states[::-1], blank)
    levelled = _summed(logarithms, states, blank, levelled=True)
    assert backwards is not None and levelled is not None  # the same alignments
    return -either(forwards, backwards, levelled)


def _summed(
    logarithms: Tracked, states: Sequence[int], blank: int, levelled: bool = False
) -> Optional[Tracked]:
    """The logarithm of the sum over all paths; None: there is none.

    A path begins in one of the first two states, ends in one of the last two, and from frame to frame stays,
    goes on by one, or by two over a blank that two different symbols enclose.  ``levelled``: what all states of
    a frame sum to is taken off them and summed beside.
    """
    reached: List[Optional[Tracked]] = [
        logarithms[0, state] if place < 2 else None for place, state in enumerate(states)
    ]
    beside = track(0.0)
    for frame in range(1, logarithms.value.shape[0]):
        if levelled:
            reached, beside = _level(reached, beside)
        reached = [
            None if before is None else before + logarithms[frame, state]
            for before, state in zip(
                [_lse(_sources(reached, states, place, blank)) for place in range(len(states))], states
            )
        ]
    total = _lse(reached[-2:])
    return None if total is None else total + beside


def _sources(reached, states, place, blank):
    """The states that lead to a place."""
    skips = place > 1 and states[place] not in (blank, states[place - 2])
    return reached[max(place - (2 if skips else 1), 0) : place + 1]


def _lse(numbers: Sequence[Optional[Tracked]]) -> Optional[Tracked]:
    """log_sum_exp of those that are there."""
    there = [number for number in numbers if number is not None]
    return log_sum_exp(joined(np.stack, there)) if there else None


def _level(reached: Sequence[Optional[Tracked]], beside: Tracked) -> Tuple[List[Optional[Tracked]], Tracked]:
    """Whatever was computed for the level is taken off here and added there: its own error cancels."""
    computed = _lse(reached)
    assert computed is not None
    level = computed.value
    return [None if one is None else one - level for one in reached], beside + level
