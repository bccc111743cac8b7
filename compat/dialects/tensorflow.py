"""What the TensorFlow dialects share: finding it, importing it quietly, feeding and fetching."""

import functools
import os

import numpy as np

from ..arrays import plain
from ..environment import tensorflow_text, tensorflow_version, threads
from .base import load, named


def missing_tensorflow(first=None):
    """Why there is no TensorFlow of at least version ``first`` (a tuple) here, or None."""
    version = tensorflow_version()
    if version is None:
        return "TensorFlow is not installed"
    if first and version < first:
        return "needs TensorFlow {}; this is {}".format(
            ".".join(map(str, first)), ".".join(map(str, version))
        )
    return None


def _import():
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    import logging
    import warnings

    logging.getLogger("tensorflow").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import tensorflow
    if tensorflow_version() >= (2,):  # in TensorFlow 1 a session's configuration says it
        tensorflow.config.threading.set_intra_op_parallelism_threads(threads())
        tensorflow.config.threading.set_inter_op_parallelism_threads(1)
    return tensorflow


@functools.lru_cache(maxsize=None)
def import_tensorflow():
    """TensorFlow, with the number of threads that the run records."""
    return load(f"TensorFlow {tensorflow_text()}", _import)


def as_tensor(tf, fixture):
    """An eager tensor of the fixture, bfloat16 included."""
    tensor = tf.constant(fixture.array)
    return tf.cast(tensor, tf.bfloat16) if fixture.dtype == "bfloat16" else tensor


def from_tensors(result):
    """``{name: (array, dtype name)}`` from eager tensors (or arrays)."""
    return {
        name: plain(value.numpy() if hasattr(value, "numpy") else np.asarray(value))
        for name, value in named(result).items()
    }
