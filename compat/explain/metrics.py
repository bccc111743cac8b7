"""Metrics that are means of comparisons, taken for one another: known by the numbers that both give."""

from typing import Dict, Iterator, Mapping, Optional, Tuple

import numpy as np

from ..arrays import UNIT_ROUNDOFF, Array

#: How few comparisons say too little: one in so many is right by accident.
_FEWEST = 8

_WORDS = {
    "Accuracy": "keras.metrics.Accuracy: it compares probabilities with labels, and they are equal nowhere or "
    "by accident",
    "BinaryAccuracy": "keras.metrics.BinaryAccuracy: a probability beyond 0.5 counts as 1",
    "BinaryAccuracy of logits": "keras.metrics.BinaryAccuracy(threshold=0): a logit beyond 0 counts as 1",
    "CategoricalAccuracy": "keras.metrics.CategoricalAccuracy: the largest of each row, of both",
    "SparseCategoricalAccuracy": "keras.metrics.SparseCategoricalAccuracy: the largest of each row against a label",
    "Precision": "keras.metrics.Precision: of those beyond 0.5 the share that is 1",
    "Recall": "keras.metrics.Recall: of those that are 1 the share beyond 0.5",
}


def metric(
    result: Array, expected: Array, known: Mapping[str, Array], dtype: str = "float32"
) -> Optional[str]:
    """The sentence of a metric that was taken for another one of the same predictions and labels, or None.

    ``known``: {name: array}, among which the predictions and the labels are looked for.
    """
    if np.size(result) != 1 or np.size(expected) != 1:
        return None
    found, wanted = float(np.ravel(result)[0]), float(np.ravel(expected)[0])
    close = 4 * max(UNIT_ROUNDOFF.get(dtype, 0.0), UNIT_ROUNDOFF["float32"])
    for predictions, labels in _pairs(known):
        shares = _shares(predictions, labels)
        fits = {
            number: [
                name for name, share in shares.items() if abs(share - number) <= close * max(share, 1e-300)
            ]
            for number in (found, wanted)
        }
        if fits[found] and fits[wanted] and found != wanted:
            wrong, right = fits[found][0], fits[wanted][0]
            return f"the metric is {wrong}, expected {right}: {_said(wrong)}; write {_WORDS[right]}"
    return None


def _said(name):
    return {
        "Accuracy": "it compares probabilities with labels for equality",
    }.get(name, _WORDS[name].split(": ", 1)[1])


def _pairs(known) -> Iterator[Tuple[Array, Array]]:
    arrays = [np.asarray(array) for array in known.values()]
    arrays = [array for array in arrays if array.dtype.kind in "fiub" and array.size >= _FEWEST]
    for p in arrays:
        for t in arrays:
            rows = p.ndim == 2 and t.shape in (p.shape[:1], p.shape[:1] + (1,))
            if (
                p is not t
                and np.array_equal(np.trunc(t), t)
                and (p.shape == t.shape or p.size == t.size or rows)
            ):
                yield p, t


def _shares(p, t) -> Dict[str, float]:
    """{metric: its number}, in the order in which one is likely meant."""
    shares: Dict[str, float] = {}
    if p.size == t.size:
        flat, truth = p.ravel(), t.ravel()
        two = np.isin(truth, (0, 1)).all()
        if two:
            shares["BinaryAccuracy"] = float(np.mean((flat > 0.5) == truth))
        if p.ndim == 2 and p.shape == t.shape and p.shape[1] > 1:
            shares["CategoricalAccuracy"] = float(np.mean(p.argmax(-1) == t.argmax(-1)))
        shares["Accuracy"] = float(np.mean(flat == truth))
        if two:
            taken, hits = flat > 0.5, float(((flat > 0.5) & (truth == 1)).sum())
            shares["BinaryAccuracy of logits"] = float(np.mean((flat > 0) == truth))
            shares["Precision"] = hits / max(1, int(taken.sum()))
            shares["Recall"] = hits / max(1, int(truth.sum()))
    else:
        shares["SparseCategoricalAccuracy"] = float(np.mean(p.argmax(-1) == t.ravel()))
        shares["Accuracy"] = float(np.mean(p == t.reshape(-1, 1)))
    return shares


def share_of_a_count(result: Array, expected: Array) -> Optional[str]:
    """That 0 or 1 stands where a share is expected: what a metric gives, and not a stopped gradient."""
    if np.size(result) != 1 or np.size(expected) != 1:
        return None
    found, wanted = float(np.ravel(result)[0]), float(np.ravel(expected)[0])
    if found not in (0.0, 1.0) or not 0 < wanted < 1:
        return None
    for count in range(2, 1025):
        if abs(wanted * count - round(wanted * count)) <= 1e-6 * wanted * count / 2:
            return (
                f"{found:g} where {round(wanted * count)}/{count} is expected, a share as metrics give it: does it "
                "compare probabilities, or logits, with labels? (BinaryAccuracy, CategoricalAccuracy, not Accuracy)"
            )
    return None
