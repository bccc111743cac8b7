"""What is installed here, without importing it, and the number of threads."""

import functools
import os
import re
from typing import Optional, Tuple

from ..errors import CompatError

try:
    from importlib import metadata
except ImportError:  # Python 3.7
    import importlib_metadata as metadata  # type: ignore[no-redef]

#: The distributions that bring a module called ``tensorflow``.
_TENSORFLOW = (
    "tensorflow",
    "tensorflow-cpu",
    "tensorflow-gpu",
    "tensorflow-intel",
    "tensorflow-macos",
    "tf-nightly",
)


@functools.lru_cache(maxsize=None)
def version_of(distribution: str) -> Optional[str]:
    """The installed version of a distribution as text, or None; ``tensorflow`` under any of its names."""
    for name in _TENSORFLOW if distribution == "tensorflow" else (distribution,):
        try:
            return metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return None


def release(version: str) -> Tuple[int, ...]:
    """``"2.16.0rc1"`` -> ``(2, 16, 0)``."""
    return tuple(int(part) for part in re.findall(r"\d+", version)[:3])


def tensorflow_version() -> Optional[Tuple[int, ...]]:
    """The installed TensorFlow's version as a tuple, or None."""
    text = version_of("tensorflow")
    return release(text) if text else None


def threads() -> int:
    """Threads within one operation. One by default: sums split over threads have other bits."""
    text = os.environ.get("COMPAT_THREADS", "1")
    if not re.match(r"[1-9]\d{0,3}\Z", text):
        raise CompatError(f"COMPAT_THREADS={text}: expected a whole number of threads, at least 1")
    return int(text)
