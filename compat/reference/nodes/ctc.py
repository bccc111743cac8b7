"""Connectionist temporal classification, with the blank where each op has it."""

from typing import List, Optional

import numpy as np

from ... import reference
from ..bounds import exact
from ..carried import Carried
from .flows import is_exact, whole
from .registry import Flow, NodeCall, NoRule, rule_of

#: The class that is the blank: the last, or the first.
_BLANK = {"CTCLoss": -1, "CTCLossV2": 0}


@rule_of(*_BLANK)
def _(call: NodeCall, logits: Flow, indices: Flow, values: Flow, lengths: Flow) -> List[Optional[Flow]]:
    """The losses; the gradient is not told.  Labels are sparse, (text, place) and the symbol.

    The loss moves with a frame's logits by no more than twice the largest of their errors: its derivative is a
    softmax less a distribution.
    """
    plain = not call.get("preprocess_collapse_repeated", False) and call.get("ctc_merge_repeated", True)
    if not plain:
        raise NoRule(f"{call.op} that treats repeated symbols otherwise")
    texts, places = np.asarray(whole(indices)).reshape(-1, 2).T
    times = np.asarray(whole(lengths))
    sizes = np.bincount(texts, minlength=len(times))
    labels = np.zeros((len(times), max(1, int(np.max(sizes, initial=0)))), np.int64)
    labels[texts, places] = np.asarray(whole(values))
    answer = reference.ctc_loss(exact(logits), labels, sizes, times, blank_index=_BLANK[call.op])
    if not is_exact(logits):
        off = lambda dtype: 2 * logits.worst(dtype).max(axis=-1).sum(axis=0)  # type: ignore[union-attr]
        answer.carried = Carried(off, off, np.zeros(answer.value.shape), 0.0)
    return [answer, None]
