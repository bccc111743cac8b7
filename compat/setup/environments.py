"""Two environments: frameworks and packages, oneDNN, threads, processor, flags, the interpreter."""

import re
from typing import Iterator, Optional, Set

from ..record.versions import release
from ..records import Environment
from .lines import MAY_MATTER, NOT, ROUNDING, Line

_ONEDNN = "TF_ENABLE_ONEDNN_OPTS"
#: The first TensorFlow of the packages on PyPI that has oneDNN's kernels, and the first that may take them unasked.
_HAS_ONEDNN, _TAKES_ONEDNN = (2, 5), (2, 9)
_READ_FILES = ("h5py", "protobuf")
_OF_NUMPY = ("numpy", "scipy")
#: Flags by the beginning of their names: what they do to numbers.
_FLAGS = (
    (r"\w*THREADS\Z", ROUNDING, "sums are split over threads otherwise"),
    (r"TF_(CUDNN_)?DETERMINISTIC", ROUNDING, "kernels that keep to one order of sums"),
    (r"(TF_)?XLA_", ROUNDING, "other kernels, fused"),
    (
        r"TF_(ENABLE|DISABLE)_|ONEDNN_|DNNL_|MKL_|OPENBLAS_|NPY_|OMP_|CUDA_|TF_CUDNN_",
        ROUNDING,
        "other kernels",
    ),
    (r"TF_USE_LEGACY_KERAS", MAY_MATTER, "tf.keras is Keras 2 with it, and Keras 3 without"),
    (r"KERAS_", MAY_MATTER, "Keras computes with another framework, or has other defaults"),
)


def differing(a: Environment, b: Environment, dialects: Set[str], graphs: bool) -> Iterator[Line]:
    """What differs of two environments.

    ``dialects``: those with a result in either run.  ``graphs``: whether their graphs are compared as well.
    """
    yield from _packages(a, b, dialects, graphs)
    if _onednn(a) != _onednn(b):
        what = f"oneDNN: {_onednn(a)} in a, {_onednn(b)} in b"
        yield Line(ROUNDING, what, "other kernels", f"{_ONEDNN} says which")
    if a.threads != b.threads:
        yield Line(ROUNDING, f"threads {a.threads} -> {b.threads}", "sums are split over threads")
    yield from _processors(a, b)
    yield from _flags(a, b)
    if a.system != b.system:
        yield Line(ROUNDING, f"system {_or_none(a.system)} -> {_or_none(b.system)}", "another build")
    one, other = (f"{e.implementation or 'Python'} {e.python or '(not recorded)'}" for e in (a, b))
    if one != other:
        yield Line(NOT, f"interpreter {one} -> {other}", "the frameworks compute")


def alike(a: Environment, b: Environment) -> str:
    """``tensorflow 2.21.0, threads 1``: what is the same in both; or nothing."""
    found = [f"{name} {v}" for name, v in sorted(a.versions.items()) if b.versions.get(name) == v]
    found += [f"threads {a.threads}"] if a.threads == b.threads else []
    found += [f"oneDNN {_onednn(a)}"] if _onednn(a) == _onednn(b) and a.tensorflow else []
    found += [f"Python {a.python}"] if a.python and a.python == b.python else []
    found += [f"{name}={v}" for name, v in sorted(a.settings.items()) if b.settings.get(name) == v]
    found += ["processor"] if a.processor == b.processor else []
    return ", ".join(found)


def _packages(a: Environment, b: Environment, dialects: Set[str], graphs: bool) -> Iterator[Line]:
    for name in sorted({*a.versions, *b.versions}):
        old, new = a.versions.get(name), b.versions.get(name)
        if old == new:
            continue
        what = f"{name} {_or_none(old)} -> {_or_none(new)}"
        if name == "tensorflow" and old and new:
            yield Line(ROUNDING, what, "other kernels", 'compat verify\'s line "kernels" says')
        elif name == "tensorflow":
            yield Line(
                MAY_MATTER, what, "what one of them computed was computed by something else in the other"
            )
        elif name in ("keras", "tf_keras"):
            yield _keras(what, f"keras{'2' if name == 'tf_keras' else '3'}" in dialects, graphs)
        elif name in _OF_NUMPY:
            computes = bool(dialects & set(_OF_NUMPY))
            why = (
                "the dialects numpy and scipy compute with it"
                if computes
                else "no dialect here computes with it"
            )
            yield Line(ROUNDING if computes else NOT, what, why)
        elif name in _READ_FILES:
            yield Line(NOT, what, "reads files")
        else:
            yield Line(NOT if name == "pytest" else MAY_MATTER, what)


def _keras(what: str, computes: bool, graphs: bool) -> Line:
    if not computes:
        return Line(NOT, what, "no dialect here computes with it")
    if graphs:
        return Line(ROUNDING, what, "other spellings", "its defaults are compared as the graphs hold them")
    return Line(MAY_MATTER, what, "layers have other defaults: epsilon, momentum, initialisers")


def _onednn(environment: Environment) -> str:
    """Whether its kernels are taken, as far as that is recorded."""
    version = release(environment.tensorflow or "0")
    if version < _HAS_ONEDNN:
        return "not in it"
    said = environment.settings.get(_ONEDNN)
    if said is not None:
        return "off" if said.strip().lower() in ("0", "false") else "on"
    return "left to TensorFlow and the processor" if version >= _TAKES_ONEDNN else "off"


def _processors(a: Environment, b: Environment) -> Iterator[Line]:
    one, other = a.processor, b.processor
    if one == other:
        return
    flags = [
        f"{', '.join(sorted(set(mine) - set(theirs)))} in {name} alone"
        for mine, theirs, name in ((one.flags, other.flags, "a"), (other.flags, one.flags, "b"))
        if set(mine) - set(theirs)
    ]
    model = f"{_or_none(one.model)} -> {_or_none(other.model)}" if one.model != other.model else one.model
    what = f"processor {model}" + (f", {'; '.join(flags)}" if flags else "")
    yield Line(ROUNDING, what, "it chooses between kernels")


def _flags(a: Environment, b: Environment) -> Iterator[Line]:
    for name in sorted({*a.settings, *b.settings} - {_ONEDNN}):
        old, new = a.settings.get(name), b.settings.get(name)
        if old != new:
            said = (f"{name}={value}" if value is not None else f"{name} not set" for value in (old, new))
            what = "flag " + " in a, ".join(said) + " in b"
            weighs, why = next(((w, y) for p, w, y in _FLAGS if re.match(p, name)), (MAY_MATTER, ""))
            yield Line(weighs, what, why)


def _or_none(text: Optional[str]) -> str:
    return text or "none"
