"""What this environment is: versions, processor, and the settings that move the last bits."""

import functools
import os
import platform
import re
import sys

try:
    from importlib import metadata
except ImportError:  # Python 3.7
    import importlib_metadata as metadata

#: A run is recorded with these: each of them can change the bits of a result.
_SETTINGS = re.compile(
    r"(TF_(ENABLE|DISABLE|XLA|NUM|DETERMINISTIC|USE|CUDNN)_|KERAS_|OMP_|MKL_|ONEDNN_|DNNL_|OPENBLAS_|NPY_|CUDA_)"
)
_TENSORFLOW = (
    "tensorflow",
    "tensorflow-cpu",
    "tensorflow-gpu",
    "tensorflow-intel",
    "tensorflow-macos",
    "tf-nightly",
)
_PROCESSOR_FLAGS = (
    "sse4_2",
    "avx",
    "avx2",
    "fma",
    "avx512f",
    "avx512_vnni",
    "avx512_bf16",
    "avx512_fp16",
    "amx_bf16",
)


@functools.lru_cache(maxsize=None)
def version_of(distribution):
    """The installed version of a distribution as text, or None. Imports nothing."""
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None


def release(version):
    """``"2.16.0rc1"`` -> ``(2, 16, 0)``."""
    return tuple(int(part) for part in re.findall(r"\d+", version)[:3])


def tensorflow_text():
    """The installed TensorFlow's version as text, or None."""
    return next(filter(None, map(version_of, _TENSORFLOW)), None)


def tensorflow_version():
    """The installed TensorFlow's version as a tuple, or None. Imports nothing."""
    text = tensorflow_text()
    return release(text) if text else None


def threads():
    """Threads within one operation. One by default: sums split over threads have other bits."""
    return int(os.environ.get("COMPAT_THREADS", "1"))


def processor():
    """The processor's name, and those of its instructions that move the last bits."""
    model, flags = platform.processor() or platform.machine(), []
    try:
        with open("/proc/cpuinfo") as lines:
            for line in lines:
                key, _, value = line.partition(":")
                if key.strip() == "model name":
                    model = value.strip()
                elif key.strip() == "flags":
                    flags = [flag for flag in _PROCESSOR_FLAGS if flag in value.split()]
                    break
    except OSError:
        pass
    return {"model": model, "machine": platform.machine(), "flags": flags}


def describe(name):
    """The environment of a run, as JSON values. ``name``: what the run is called on a page."""
    distributions = ("numpy", "scipy", "keras", "tf_keras", "h5py", "protobuf", "pytest")
    versions = {d: version_of(d) for d in distributions}
    versions["tensorflow"] = tensorflow_text()
    return {
        "name": name,
        "python": platform.python_version(),
        "implementation": platform.python_implementation(),
        "system": sys.platform,
        "versions": {key: value for key, value in sorted(versions.items()) if value},
        "processor": processor(),
        "settings": {key: os.environ[key] for key in sorted(os.environ) if _SETTINGS.match(key)},
        "threads": threads(),
    }
