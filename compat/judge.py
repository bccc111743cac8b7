"""Verdicts: what follows from a record and a reference, with the numbers it follows from.

``identical``   inside every bound, and the same bits as the golden
``agrees``      inside every bound: the difference is rounding
``suspicious``  some order of summation could do it, but rounding does not behave like that
``differs``     no rounding explains it

or why there is nothing to judge: the record's own ``unsupported``, ``error``, ``timeout`` or
``crashed``; ``stale`` where the case has changed since; ``unjudged`` without a reference; ``random`` where
the same inputs give other bits each time.
"""

import numpy as np

from .arrays import PART, SMALLEST_NORMAL, UNIT_ROUNDOFF, parts, round_to
from .projection import project
from .reference import Network
from .reference.claims import under
from .reference.measured import answers_against

PASSING = ("identical", "agrees")
JUDGED = ("identical", "agrees", "suspicious", "differs")
#: From best to worst, for ``compat diff``.
SEVERITY = {
    "identical": 0,
    "agrees": 0,
    "unjudged": 1,
    "stale": 1,
    "unsupported": 2,
    "random": 3,
    "suspicious": 3,
    "differs": 4,
    "error": 5,
    "timeout": 6,
    "crashed": 7,
}


class Verdict:
    """``word``, the numbers of each output, and the reason if the difference is known.

    ``outputs``: ``{output name: numbers}`` in the order of flow, see ``compare``.
    ``known``: the reason and address from known_differences.toml, or None.
    ``reference``: ``{output name: digest}`` of the float64 answers in the store.
    """

    def __init__(self, word, message="", outputs=None, known=None, reference=None):
        self.word = word
        self.message = message
        self.outputs = outputs or {}
        self.known = known
        self.reference = reference or {}

    @property
    def passes(self):
        """Nothing here needs a person: it agrees, is known, or cannot be spelled."""
        return self.word in PASSING or self.word == "unsupported" or self.known is not None

    def as_json(self):
        return dict(vars(self))


def judge(record, reference, read, golden=None):
    """The verdict on a record.

    ``record``: as ``compat.run`` writes it.  ``reference``: ``{output name: Reference}`` or None.
    ``read``: digest -> array.  ``golden``: ``{output name: digest}`` or None.
    """
    if record["status"] != "ok":
        return Verdict(record["status"], record["message"])
    if reference is None:
        return Verdict("unjudged", "the operation has no reference")
    if set(record["outputs"]) != set(reference):
        expected, found = ", ".join(sorted(reference)), ", ".join(sorted(record["outputs"]))
        return Verdict("differs", f"the outputs are {found}; expected {expected}")
    outputs, message, claim = {}, "", record.get("claim")
    # A claim is of single sums: what it makes of a chain of them is not known.
    if getattr(reference, "judged_whole", True) and not (claim and isinstance(reference, Network)):
        outputs = {
            name: compare(
                read(output["digest"]), output["dtype"], under(reference[name], claim), record["dtype"]
            )
            for name, output in record["outputs"].items()
        }
    if isinstance(reference, Network):
        message = _replay(record, reference, read, outputs)
    words = [numbers["word"] for numbers in outputs.values()]
    word = max(words, key=SEVERITY.__getitem__)
    if word != "agrees" and not message:
        name, numbers = next((n, o) for n, o in outputs.items() if o["word"] != "agrees")
        message = (f"{name}: " if len(outputs) > 1 else "") + numbers["message"]
    elif word == "agrees" and golden == {name: o["digest"] for name, o in record["outputs"].items()}:
        word = "identical"
    return Verdict(word, message, outputs)


def judge_against(record, read, base, read_base, here="this", there="what it is judged against"):
    """The verdict on a record against another of the same case; ``identical`` are the same bits.

    ``base`` is None where that is not known yet: a record that is random is judged without.
    ``here`` and ``there`` name the two in a message.
    """
    for one, name, by in ((record, here, "by measurement"), (base, there, "against it")):
        if one is not None and one.get("random"):
            return Verdict(
                "random",
                f"{name} is random: {one['random'][0]} has other bits when it is computed again on the "
                f"same inputs; nothing can be judged {by}",
            )
    if base is None:
        return None
    answers = answers_against(record, read, base, read_base)
    return judge(record, answers, read, {name: o["digest"] for name, o in base["outputs"].items()})


class Judge:
    """``judge`` for many records of one sample: results of the same bits are judged once.

    The cost is that of the distinct results, whatever the number of dialects and environments.
    """

    def __init__(self, reference, read, golden=None):
        self._arguments = (reference, read, golden)
        self._verdicts = {}

    def __call__(self, record):
        """A Verdict of its own for every record; the numbers are shared and not to be changed."""
        if record["status"] != "ok":
            return judge(record, *self._arguments)
        outputs = record["outputs"]
        key = (
            record["dtype"],
            record.get("claim"),
            *[(name, outputs[name]["digest"], outputs[name]["dtype"]) for name in outputs],
        )
        verdict = self._verdicts.get(key)
        if verdict is None:
            verdict = self._verdicts[key] = judge(record, *self._arguments)
        return Verdict(verdict.word, verdict.message, verdict.outputs)


def _replay(record, network, read, outputs):
    """Judge every step of a network alone, on the recorded input of that step; returns the message.

    ``outputs``: the judgements of the whole, or empty.  ``own`` among their numbers is that of the step,
    where its input was recorded whole.  Where every step is right by itself the whole is the right
    computation: a difference of the whole can then be no more than suspicious, roundings that add up as
    they rarely do.
    """

    def recorded(name):
        return read(record["outputs"][name]["digest"])

    right = True
    for name, output in record["outputs"].items():
        answer = network.replay(name, recorded)
        if answer is None:
            right = False
            if name not in outputs:
                outputs[name] = dict(_SHAPELESS, own=_SHAPELESS)
            continue
        answer = under(answer, record.get("claim"))
        own = compare(recorded(name), output["dtype"], answer, record["dtype"])
        outputs.setdefault(name, dict(own))["own"] = own
        right &= own["word"] == "agrees"
        if right and outputs[name]["word"] == "differs":
            outputs[name]["word"] = "suspicious"
        elif SEVERITY[own["word"]] > SEVERITY[outputs[name]["word"]]:
            outputs[name].update(word=own["word"], message=own["message"])
    wrong = [name for name in outputs if _own_word(outputs[name]) != "agrees"]
    if not wrong:
        return ""
    first = wrong[0]
    rest = [name for name in list(outputs)[list(outputs).index(first) + 1 :] if "own" in outputs[name]]
    also = f"; wrong by themselves as well: {', '.join(wrong[1:])}" if wrong[1:] else ""
    if rest and not also:
        also = "; the steps after it agree when replayed on its output"
    return f"first differs at {first}: {outputs[first]['own']['message']}{also}"


_SHAPELESS = {"word": "differs", "message": "what it follows from has another shape than expected"}


def _own_word(numbers):
    return numbers.get("own", {"word": "agrees"})["word"]


def compare(result, dtype, reference, input_dtype):
    """One output against its reference: a dict of JSON values with ``word``, ``message`` and numbers.

    ``result``: the array, bfloat16 widened to float32; ``dtype``: the name of its dtype;
    ``input_dtype``: what the output's dtype should be unless the reference says otherwise.
    Shape and dtype come before values.
    """
    expected_dtype = reference.dtype or _kind_of(reference.value, input_dtype)
    if result.shape != reference.value.shape:
        return _mismatch(f"the shape is {result.shape}; expected {reference.value.shape}")
    if dtype != expected_dtype:
        return _mismatch(f"the dtype is {dtype}; expected {expected_dtype}")
    if result.dtype.kind not in "biufc":
        return _compare_texts(result, reference.value)
    if result.dtype.kind == "c":
        return _in_parts(compare(parts(result), PART[dtype], reference.parts(), PART[dtype]))
    unequal = reference.unequal(result)
    result = result.astype(np.float64)
    # A number too large for the dtype is infinite in a correct implementation.
    value = reference.value
    if dtype in UNIT_ROUNDOFF:
        rounded = round_to(value, dtype).astype(np.float64)
        value = np.where(np.isinf(rounded), rounded, value)
    counts = {
        "nan": [int(np.isnan(result).sum()), int(np.isnan(value).sum())],
        "inf": [int(np.isinf(result).sum()), int(np.isinf(value).sum())],
    }
    finite = np.isfinite(value)
    if (
        not np.array_equal(np.isnan(result), np.isnan(value))
        or not np.array_equal(result[np.isinf(result)], value[np.isinf(result)])
        or not np.array_equal(np.isinf(result), np.isinf(value))
    ):
        message = "{0[0]} NaN and {1[0]} infinite values; expected {0[1]} and {1[1]} at their places"
        return dict(_mismatch(message.format(counts["nan"], counts["inf"])), **counts)
    with np.errstate(all="ignore"):  # an error may be too large to square
        return dict(_measure(result, value, finite, dtype, reference, unequal), **counts)


def _kind_of(value, input_dtype):
    """Complex where the answer is: of an input of real numbers as well."""
    if value.dtype.kind == "c" and input_dtype not in PART:
        return "complex128" if input_dtype == "float64" else "complex64"
    return input_dtype


def _in_parts(numbers):
    """What was measured of parts, told of complex numbers."""
    index = numbers.pop("worst_index", None)
    if index is not None:
        part = "imaginary" if index[-1] else "real"
        numbers.update(worst_index=index[:-1], part=part)
        before, after = (", ".join(map(str, i)) for i in (index, index[:-1]))
        message = numbers["message"].replace(f"at [{before}] ", f"{part} part at [{after}] ", 1)
        numbers["message"] = message.replace(" elements are off", " parts are off", 1)
    return numbers


def _compare_texts(result, value):
    """What is no number has to be the same."""
    unequal = np.asarray(result != value)
    if not unequal.any():
        return {"word": "agrees", "message": ""}
    first = np.unravel_index(int(np.argmax(unequal)), unequal.shape)
    where = ", ".join(map(str, first))
    return _mismatch(
        f"at [{where}] {result[first]!r}, expected {value[first]!r}; "
        f"{np.count_nonzero(unequal)} of {unequal.size} elements are others"
    )


def _mismatch(message):
    return {"word": "differs", "message": message}


def _share(error, allowance):
    """error / allowance, elementwise; 0 where there is no error, infinite where none is allowed or known."""
    with np.errstate(divide="ignore", invalid="ignore"):
        share = error / allowance
    return np.where(error == 0, 0.0, np.where(np.isnan(share), np.inf, share))


def _measure(result, value, finite, dtype, reference, unequal=None):
    if not finite.any():
        return {"word": "agrees", "message": "", "max_abs": 0.0, "share": 0.0, "share_expected": 0.0}
    precision = dtype if dtype in UNIT_ROUNDOFF else "float64"
    error = np.where(finite, np.abs(np.where(finite, result, 0) - np.where(finite, value, 0)), 0)
    if unequal is not None:  # whole numbers beyond what float64 tells apart
        error = np.where(unequal, np.maximum(error, 1), 0)
    share = _share(error, reference.worst(precision))
    share_expected = _share(error, reference.expected(precision))
    rms = float(np.sqrt(np.mean(_share(error, reference.typical(precision))[finite] ** 2)))
    # Few elements say little about their mean square: widen the band as 1 / sqrt(count) does.
    rms_limit = 1 + 4 / np.sqrt(finite.sum())
    worst = np.unravel_index(np.argmax(np.where(finite, share, -1.0)), error.shape)
    largest = float(np.abs(value[finite]).max())
    numbers = {
        "max_abs": float(error.max()),
        "max_rel": float(_share(error, np.abs(value))[finite].max()),
        "scaled": float(error.max() / largest) if largest else 0.0,
        "ulps": _ulps(error, value, finite, precision),
        "share": float(share.max()),
        "share_expected": float(share_expected.max()),
        "share_rms": rms / float(rms_limit),
        "worst_index": [int(i) for i in worst],
        "found": float(result[worst]),
        "expected": float(value[worst]),
        "unequal": int(np.count_nonzero(error)),
        "count": int(error.size),
    }
    numbers["share_outlier"] = _outlier(error, finite, precision, reference)
    nu = reference.longest * UNIT_ROUNDOFF[precision]
    word, limit = _conclude(numbers, nu, reference.convicts)
    word, limit = reference.reconsider(result, error, precision, word, limit)
    if word != "agrees":
        where = ", ".join(map(str, numbers["worst_index"]))
        message = (
            f"at [{where}] {numbers['found']:.9g}, expected {numbers['expected']:.9g}: {limit}; "
            f"{numbers['unequal']} of {numbers['count']} elements are off, "
            f"at most by {numbers['max_abs']:.3g}"
        )
        return dict(_jsonable(numbers), word=word, message=message)
    if nu <= _STAGNATION and finite.all() and reference.carried is None and reference.products is not None:
        few_u = reference.few * UNIT_ROUNDOFF[precision]
        found = project(result - value, value, reference.products, few_u)
        numbers["share_weight"] = found.share if found else 0.0
        if numbers["share_weight"] > 1:
            numbers["weight"] = {"index": list(found.index), "off": found.off, "value": found.weight}
            return dict(_jsonable(numbers), word="differs", message=found.sentence())
    return dict(_jsonable(numbers), word="agrees", message="")


def _conclude(numbers, nu, convicts=True):
    """The word and what it follows from; ``nu``: the most roundings of one sum times the unit roundoff.

    Rounding errors are independent with mean zero only while nu is well below 1: a long sum in a
    half precision stagnates, and its errors have a direction.  There the mean square convicts nobody.
    In a chain of layers the longest sum counts, not all together: rounding begins anew in each.
    """
    independent = nu <= _STAGNATION and convicts
    if numbers["share"] > 1:
        return "differs", f"{_times(numbers['share'])} the rounding allowance"
    if numbers["share_rms"] > 1:
        what = f"root mean square {_times(numbers['share_rms'])} what rounding does"
        return "differs" if independent else "suspicious", what
    if independent and numbers["share_outlier"] > 1:
        what = f"{_times(numbers['share_outlier'])} as far out as rounding throws one element among its like"
        return "differs", what
    if numbers["share_expected"] > 1:
        return "suspicious", f"{_times(numbers['share_expected'])} what rounding is likely to do"
    return "agrees", ""


#: n u beyond which a sum in a low precision may stagnate.
_STAGNATION = 0.25
#: The rule on outliers wants a noise to stand out of: so many elements, nearly all of them off.
_FEWEST, _NEARLY_ALL = 32, 0.9
#: Sums that many times larger or smaller than the median are not its like.
_ALIKE = 8


def _outlier(error, finite, precision, reference):
    """How far the worst element stands out of the others, over the limit; 0 where nothing can be said.

    One kernel rounds all elements alike.  Scaled by what moves the rounding of a sum, its largest
    partial sums, u (sum |x_i w_i| + sqrt(n) |y|), the errors of a correct kernel are of one size: within
    sqrt(n), the most that the order of a sum can matter, and 24, which no tail of a noise reaches.
    """
    if not reference.alike:  # what a layer before it did to one input shows in a few outputs
        return 0.0
    u, size = UNIT_ROUNDOFF[precision], np.abs(reference.value)
    scale = u * (reference.magnitude + np.sqrt(reference.terms) * size)
    # Where underflow may weigh more than rounding, or few products dominate the sum, elements are not alike.
    summed = finite & (scale > reference.terms * SMALLEST_NORMAL[precision])
    if summed.any():
        middle = np.median(scale[summed])
        summed &= (scale >= middle / _ALIKE) & (scale <= middle * _ALIKE)
    if summed.sum() < _FEWEST or np.count_nonzero(error[summed]) < _NEARLY_ALL * summed.sum():
        return 0.0
    scaled = (error[summed] / scale[summed]).ravel()
    farthest = int(np.argmax(scaled))
    others = np.sqrt(np.mean(np.delete(scaled, farthest) ** 2))
    return float(scaled[farthest] / (others * max(24.0, float(np.sqrt(reference.terms.max())))))


def _times(share):
    return "beyond any multiple of" if np.isinf(share) else f"{share:.3g} times"


def _jsonable(numbers):
    """JSON has no infinity, the largest float64 stands for it; and what is no number is left out."""
    top = float(np.finfo(np.float64).max)
    return {
        key: max(-top, min(number, top)) if isinstance(number, float) else number
        for key, number in numbers.items()
        if number == number
    }


def _ulps(error, value, finite, precision):
    """The largest error in units in the last place of the expected value."""
    size = np.maximum(np.abs(np.where(finite, value, 0)), SMALLEST_NORMAL[precision])
    unit = 2.0 ** (np.floor(np.log2(size))) * 2 * UNIT_ROUNDOFF[precision]
    with np.errstate(over="ignore"):
        return float((error / unit)[finite].max())
