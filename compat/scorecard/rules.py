"""The rules by which other projects say that two results are the same, as their sources write them.

``found`` is the result under test, ``expected`` what it is held against.  Kept as they are: which of the two scales a
relative tolerance, what becomes of NaN and of another shape, and what a rule does not look at.  What raises in the
original is refused here.  Defaults for float32.
"""

import itertools
from typing import Callable, NamedTuple

import numpy as np

from ..arrays import Array

_GITHUB = "https://github.com/"


class Rule(NamedTuple):
    """``accepts(found, expected)``; ``limit``: its tolerances in words; ``address``: where its source is."""

    name: str
    limit: str
    address: str
    accepts: Callable[[Array, Array], bool]


def _close(a: Array, b: Array, rtol: float, atol: float) -> bool:
    """``numpy.testing.assert_allclose``: b scales ``rtol``, NaN is like NaN, one number is like many of it."""
    if a.shape != b.shape and a.shape and b.shape:
        return False
    return bool(np.allclose(a, b, rtol=rtol, atol=atol, equal_nan=True))


def _numpy(found: Array, expected: Array) -> bool:
    return _close(found, expected, 1e-7, 0)


def _torch(found: Array, expected: Array) -> bool:
    return found.shape == expected.shape and bool(np.allclose(found, expected, rtol=1.3e-6, atol=1e-5))


def _polygraphy(found: Array, expected: Array) -> bool:
    """An element is refused where it breaks both tolerances: they are not added.  NaN is refused, also beside NaN."""
    if found.shape != expected.shape:
        return False
    off = np.abs(found - expected)
    relative = off / np.abs(np.where(expected == 0, np.float32(2.0**-52), expected))
    return not np.any(~(off <= 1e-5) & ~(relative <= 1e-5))


def _tensorflow(found: Array, expected: Array) -> bool:
    """Its order is (expected, actual): the result under test scales the relative tolerance."""
    return found.shape == expected.shape and _close(expected, found, 1e-6, 1e-6)


def _onnx(found: Array, expected: Array) -> bool:
    return (
        found.dtype == expected.dtype
        and found.shape == expected.shape
        and _close(found, expected, 1e-3, 1e-7)
    )


def _tf2onnx(found: Array, expected: Array) -> bool:
    return (
        found.dtype == expected.dtype
        and found.shape == expected.shape
        and _close(expected, found, 1e-7, 1e-5)
    )


def _onnx2tf(found: Array, expected: Array) -> bool:
    """One permutation of the axes has to match.  Vectors, and what no permutation fits, are skipped: no alarm."""
    if expected.ndim <= 1:
        return True
    fitting = [
        found.transpose(axes)
        for axes in itertools.permutations(range(found.ndim))
        if found.transpose(axes).shape == expected.shape
    ]
    if any(np.allclose(expected, one, rtol=0.0, atol=1e-4, equal_nan=True) for one in fitting):
        return True
    return all(np.isnan(np.max(np.abs(expected - one))) for one in fitting)


def _keras(found: Array, expected: Array) -> bool:
    return _close(found, expected, 1e-7, 1e-3)


def _hugging_face(found: Array, expected: Array) -> bool:
    """A difference that is NaN is not larger than the limit."""
    return not np.max(np.abs(expected - found)) > 5e-5


def _padiff(found: Array, expected: Array) -> bool:
    return _close(expected.mean(), found.mean(), 1e-7, 0)


def _msprobe(found: Array, expected: Array) -> bool:
    """Cosine, then the largest error, then how many are off by more than a thousandth, and by a ten thousandth.

    A cosine that is NaN does not refuse.
    """
    if found.shape != expected.shape or not found.size:
        return False
    largest = [float(np.max(np.abs(one))) for one in (found, expected)]
    silent = [one <= np.finfo(np.float64).eps for one in largest]
    if found.size > 1 and not all(silent):
        if any(silent):
            return False
        a, b = (one.reshape(-1) / np.float64(most) for one, most in zip((found, expected), largest))
        if float(np.dot(a, b)) / float(np.linalg.norm(a) * np.linalg.norm(b)) <= 0.99:
            return False
    off = np.abs(found - expected)
    if off.max() < 1e-3:
        return True
    relative = off / (np.abs(expected) + np.finfo(expected.dtype).eps)
    return all(np.mean(relative < limit) > 1 - limit for limit in (1e-3, 1e-4))


def _torch_tensorrt(found: Array, expected: Array) -> bool:
    a, b = (one.reshape(-1).astype(np.float32) for one in (found, expected))
    if a.shape != b.shape:
        return False
    if 0.0 in (a.sum(), b.sum()) and np.allclose(b, a, rtol=1e-4, atol=1e-4, equal_nan=True):
        return True
    lengths = [max(float(np.linalg.norm(one)), 1e-6) for one in (a, b)]
    return float(np.dot(a, b)) / (lengths[0] * lengths[1]) > 0.99


def _psnr(found: Array, expected: Array) -> bool:
    """The peak is that of the result under test; a ratio that is NaN is not less than the limit."""
    noise = np.sqrt(((expected - found) ** 2).sum() / found.size)
    return not 20 * np.log10((float(np.abs(found).max()) + 1e-5) / (float(noise) + 1e-10)) < 35


#: Tightest first, then those that look at one number of all elements.
RULES = (
    Rule(
        "numpy.testing.assert_allclose",
        "rtol 1e-7",
        _GITHUB + "numpy/numpy/blob/main/numpy/testing/_private/utils.py",
        _numpy,
    ),
    Rule(
        "TensorFlow, assertAllClose",
        "rtol 1e-6, atol 1e-6",
        _GITHUB + "tensorflow/tensorflow/blob/master/tensorflow/python/framework/test_util.py",
        _tensorflow,
    ),
    Rule(
        "torch.testing.assert_close",
        "rtol 1.3e-6, atol 1e-5",
        _GITHUB + "pytorch/pytorch/blob/main/torch/testing/_comparison.py",
        _torch,
    ),
    Rule(
        "tf2onnx, run_test_case",
        "rtol 1e-7, atol 1e-5",
        _GITHUB + "onnx/tensorflow-onnx/blob/main/tests/backend_test_base.py",
        _tf2onnx,
    ),
    Rule(
        "Polygraphy, CompareFunc.simple",
        "rtol 1e-5 or atol 1e-5",
        _GITHUB + "NVIDIA/TensorRT/blob/main/tools/Polygraphy/polygraphy/comparator/compare.py",
        _polygraphy,
    ),
    Rule(
        "Hugging Face, pt-to-tf",
        "largest error 5e-5",
        _GITHUB + "huggingface/transformers/blob/2831271768c2c4368531c73cd2e2740fac38cb69"
        "/src/transformers/commands/pt_to_tf.py",
        _hugging_face,
    ),
    Rule(
        "onnx2tf, -cotof",
        "atol 1e-4, any order of axes",
        _GITHUB + "PINTO0309/onnx2tf/blob/main/onnx2tf/utils/common_functions.py",
        _onnx2tf,
    ),
    Rule(
        "ONNX backend tests",
        "rtol 1e-3, atol 1e-7",
        _GITHUB + "onnx/onnx/blob/main/onnx/backend/test/runner/__init__.py",
        _onnx,
    ),
    Rule(
        "Keras, numerical_test",
        "atol 1e-3",
        _GITHUB + "keras-team/keras/blob/master/integration_tests/numerical_test.py",
        _keras,
    ),
    Rule(
        "msProbe, acc_check",
        "cosine .99, error 1e-3, thousandths",
        _GITHUB + "Ascend/msprobe/blob/2f02d6f16722696a50b3cbbfa13efe674d5326bc"
        "/python/msprobe/pytorch/api_accuracy_checker/compare/compare.py",
        _msprobe,
    ),
    Rule(
        "PaDiff, mean",
        "of the means, rtol 1e-7",
        _GITHUB + "PaddlePaddle/PaDiff/blob/ad54951c295236e1eed123f0f6a50e178d5a92dc/padiff/utils/utils.py",
        _padiff,
    ),
    Rule(
        "Torch-TensorRT, cosine",
        "above .99",
        _GITHUB + "pytorch/TensorRT/blob/main/py/torch_tensorrt/dynamo/utils.py",
        _torch_tensorrt,
    ),
    Rule(
        "Core ML Stable Diffusion, PSNR",
        "at least 35 dB",
        _GITHUB + "apple/ml-stable-diffusion/blob/main/python_coreml_stable_diffusion/torch2coreml.py",
        _psnr,
    ),
)


def accepted(rule: Rule, found: Array, expected: Array) -> bool:
    """Whether the rule takes a result for right; an error of the rule is a refusal."""
    with np.errstate(all="ignore"):
        try:
            return bool(rule.accepts(np.asarray(found), np.asarray(expected)))
        except (ValueError, TypeError, IndexError, FloatingPointError):
            return False
