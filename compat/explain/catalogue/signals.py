"""What goes wrong with one-dimensional signals: the meanings of "same"."""

from ...reference.bounds import exact
from .hypothesis import Catalogue

CATALOGUE = Catalogue()


def _meanings(n, k):
    """(whose, first value of the full convolution, number of values), for a signal of n and a kernel of k."""
    longer, shorter = max(n, k), min(n, k)
    return (
        ("NumPy's 'same'", (shorter - 1) // 2, longer),
        ("SciPy's 'same'", (k - 1) // 2, n),
        ("TensorFlow's SAME", k // 2, n),
        ("'valid'", shorter - 1, longer - shorter + 1),
        ("'full'", 0, n + k - 1),
    )


@CATALOGUE.call(
    "another meaning of same",
    "the mode is {wrong}, {count} values from value {start} of the full convolution on, expected {right}, "
    "{expected_count} from value {expected_start} on: pad by hand, {before} before and {after} after, "
    "and take 'valid'",
)
def _(call):
    if call.rule != "convolve":
        return
    n, k = len(exact(call["x"])), len(exact(call["k"]))
    full = call.but(mode="full").answer()
    whose = {"same": "NumPy's 'same'", "valid": "'valid'", "full": "'full'"}[call["mode"]]
    right = next(meaning for meaning in _meanings(n, k) if meaning[0] == whose)
    for meaning in _meanings(n, k):
        if meaning[1:] == right[1:]:
            continue
        wrong, start, count = meaning
        words = {
            "wrong": wrong,
            "count": count,
            "start": start,
            "right": whose,
            "expected_count": right[2],
            "expected_start": right[1],
            # A valid convolution of the signal with that many zeros has just these values.
            "before": k - 1 - right[1],
            "after": right[1] + right[2] - n,
        }
        yield full.rearranged(lambda array, start=start, count=count: array[start : start + count]), words
