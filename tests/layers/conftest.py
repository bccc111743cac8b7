"""The layers' tests need NumPy and, most of them, Hypothesis; those against TensorFlow need that too."""

import contextlib

import pytest

from compat.layers import convolution, depthwise, pooling

try:
    import hypothesis  # noqa: F401
except ImportError:
    collect_ignore = [
        "test_columns.py",
        "test_convolution.py",
        "test_pooling.py",
        "test_against_tensorflow.py",
    ]


@pytest.fixture(scope="session")
def tile_sizes():
    """``with tile_sizes(bytes, pixels):`` makes the fast path cut its work into tiles of that size."""

    @contextlib.contextmanager
    def setting(size, pixels):
        names = [
            (convolution, "TILE_BYTES", size),
            (convolution, "TILE_PIXELS", pixels),
            (depthwise, "TILE_BYTES", size),
            (pooling, "BAND_BYTES", size),
        ]
        before = [(module, name, getattr(module, name)) for module, name, _ in names]
        for module, name, value in names:
            setattr(module, name, value)
        try:
            yield
        finally:
            for module, name, value in before:
                setattr(module, name, value)

    return setting
