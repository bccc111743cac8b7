"""The layers' tests need NumPy and, most of them, Hypothesis; those against TensorFlow need that too."""

import collections
import contextlib

import pytest

from compat.layers import correlation, depthwise, planes, pooling, products, strips

try:
    import hypothesis  # noqa: F401
except ImportError:
    collect_ignore = [
        "test_columns.py",
        "test_convolution.py",
        "test_differences.py",
        "test_pooling.py",
        "test_strips.py",
        "test_against_tensorflow.py",
        "test_tensorflow_faults.py",
    ]


@pytest.fixture(scope="session")
def tile_sizes():
    """``with tile_sizes(bytes, pixels, width):`` makes the fast path cut its work into tiles of that size."""

    @contextlib.contextmanager
    def setting(size, pixels, width=48):
        names = [
            (correlation, "TILE_BYTES", size),
            (correlation, "TILE_PIXELS", pixels),
            (depthwise, "TILE_BYTES", size),
            (planes, "TILE_BYTES", size),
            (planes, "LEAST_WIDTH", width),
            (products, "SMALL_KERNELS", True),
            (products, "SMALL_PRODUCT", 2 * size),
            (strips, "TILE_BYTES", size),
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


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_call(item):
    """Notes how many configurations a test compared with TensorFlow (agreement.py), each counted once."""
    yield
    function = getattr(item, "function", None)
    if hasattr(function, "configurations"):
        kind = "convolution" if "conv" in item.name else "other layers"
        kind = "refusals" if "refuse" in item.name else kind
        item.user_properties.append((function.against, (kind, len(function.configurations))))


def pytest_terminal_summary(terminalreporter):
    """All of these tests in one line: "9,012 configurations against TensorFlow 1.15.5: 2,870 of ..."."""
    counts = collections.defaultdict(collections.Counter)
    for outcome in ("passed", "failed"):
        for report in terminalreporter.getreports(outcome):
            for name, value in report.user_properties:
                if name.startswith("TensorFlow "):
                    counts[name][value[0]] += value[1]
    for name, kinds in counts.items():
        parts = ", ".join(f"{kinds[kind]:,} of {kind}" for kind in sorted(kinds))
        terminalreporter.write_line(f"{sum(kinds.values()):,} configurations against {name}: {parts}")
