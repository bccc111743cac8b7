"""What this environment is: versions, processor, and the settings that move the last bits."""

import os
import platform
import re
import sys

from ..records import Environment, Processor
from .dialects import DIALECTS
from .versions import threads, version_of

#: A run is recorded with these: each of them can change the bits of a result.
_SETTINGS = re.compile(
    r"(TF_(ENABLE|DISABLE|XLA|NUM|DETERMINISTIC|USE|CUDNN)_|XLA_|KERAS_|JAX_|OMP_|MKL_|ONEDNN_|DNNL_|OPENBLAS_|NPY_|CUDA_)"
)
#: What is recorded beside the distributions that the dialects depend on.
_BESIDE = ("h5py", "protobuf", "pytest")
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


def processor() -> Processor:
    found = Processor(platform.processor() or platform.machine(), platform.machine())
    try:
        with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as lines:
            for line in lines:
                key, _, value = line.partition(":")
                if key.strip() == "model name":
                    found.model = value.strip()
                elif key.strip() == "flags":
                    found.flags = [flag for flag in _PROCESSOR_FLAGS if flag in value.split()]
                    break
    except OSError:
        pass
    return found


def _text(value: str) -> str:
    """An environment variable may hold bytes that are no text."""
    return value.encode("utf-8", "backslashreplace").decode("utf-8")


def describe(name: str) -> Environment:
    """The environment of a run. ``name``: what the run is called on a page."""
    distributions = {d for dialect in DIALECTS.values() for d in dialect.depends_on}
    versions = {d: version_of(d) for d in sorted(distributions.union(_BESIDE))}
    return Environment(
        name=_text(name),
        python=platform.python_version(),
        implementation=platform.python_implementation(),
        system=sys.platform,
        versions={key: value for key, value in versions.items() if value},
        processor=processor(),
        settings={key: _text(os.environ[key]) for key in sorted(os.environ) if _SETTINGS.match(key)},
        threads=threads(),
    )
