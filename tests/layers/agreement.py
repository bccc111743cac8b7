"""How the layers are compared with TensorFlow: in a session, up to rounding, and counted."""

import functools
import inspect
import os

import numpy as np
import tensorflow
from hypothesis import HealthCheck, given, note, settings

tf = tensorflow.compat.v1
VERSION = tuple(int(number) for number in tensorflow.__version__.split(".")[:2])

#: Whether this TensorFlow may use oneDNN: it is on by default since 2.9, and absent before 2.5.
ONE_DNN = VERSION >= (2, 5) and os.environ.get("TF_ENABLE_ONEDNN_OPTS", "1") != "0"

#: Where the bias gradient of one-pixel images in NCHW is wrong: shown in test_tensorflow_faults.py.
WRONG_BIAS_GRADIENT = (1, 14) <= VERSION <= (2, 6)

EXAMPLES = settings(
    max_examples=int(os.environ.get("COMPAT_EXAMPLES", "200")),
    deadline=None,
    suppress_health_check=list(HealthCheck),
)

#: How far apart, in units of the sum of magnitudes: some roundings of TensorFlow and some of ours.  Old
#: TensorFlow adds up float16 in float16, so that as many roundings as there are numbers come together.
SHARE = {"float16": 4e-3 if VERSION >= (2, 5) else 2e-2, "float32": 4e-6, "float64": 1e-14}


def on(strategy):
    """A test of the configurations of ``strategy``.

    It counts those it went through with (conftest.py tells how many), and prints what reproduces a failure.
    """

    def decorate(test):
        @EXAMPLES
        @given(strategy)
        @functools.wraps(test)
        def run(c):
            note(
                f"COMPAT_CONFIGURATION='{c}' pytest {os.path.relpath(inspect.getfile(test))}::{test.__name__}"
            )
            test(c)
            run.configurations.add(str(c))

        run.configurations = set()
        run.against = "TensorFlow {}{}".format(tensorflow.__version__, " with oneDNN" if ONE_DNN else "")
        return run

    return decorate


def session_run(graph_of, *arrays, known_shapes=True):
    """The values of ``graph_of(*tensors)`` in a graph and session of its own."""
    with tf.Graph().as_default():
        tensors = [
            tf.placeholder(array.dtype, array.shape if known_shapes else [None] * array.ndim)
            for array in arrays
        ]
        fetches = graph_of(*tensors)
        config = tf.ConfigProto(intra_op_parallelism_threads=1, inter_op_parallelism_threads=1)
        with tf.Session(config=config) as session:
            return session.run(fetches, dict(zip(tensors, arrays)))


def refuses(function, *arguments):
    """Whether the function raises one of the errors that TensorFlow and we have for wrong arguments."""
    try:
        function(*arguments)
    except (ValueError, TypeError, tf.errors.InvalidArgumentError, tf.errors.UnimplementedError):
        return True
    return False


def assert_close(ours, theirs, magnitudes):
    """Equal up to rounding, element by element, in units of what was added up (at least 1)."""
    assert ours.dtype == theirs.dtype and ours.shape == theirs.shape, (ours.shape, theirs.shape)
    allowance = SHARE[ours.dtype.name] * np.maximum(1, magnitudes)
    difference = np.abs(ours.astype(float) - theirs.astype(float))
    assert np.all(difference <= allowance), (difference / allowance).max()


def spread(w, dilations):
    """The filters with zeros between their taps, which need no dilation."""
    kh, kw, channels, outputs = w.shape
    (dh, dw) = dilations
    wide = np.zeros(((kh - 1) * dh + 1, (kw - 1) * dw + 1, channels, outputs), w.dtype)
    wide[::dh, ::dw] = w
    return wide


def formatted(tensor, data_format):
    """An NHWC tensor in that format."""
    return tensor if data_format == "NHWC" else tf.transpose(tensor, [0, 3, 1, 2])


def padding_of(c, data_format="NHWC"):
    """The configuration's padding as TensorFlow spells it."""
    if isinstance(c.padding, str):
        return c.padding
    images = list(map(list, c.padding))
    return [[0, 0], *images, [0, 0]] if data_format == "NHWC" else [[0, 0], [0, 0], *images]


def padded(tensor, pads):
    return tf.pad(tensor, [[0, 0], *map(list, pads), [0, 0]])
