"""HDF5 files as Keras writes them, checked: nothing leads out of the file, or unpacks to more than it can hold."""

import os
from typing import Any, List

from ..errors import CompatError
from .configs import check_config, parsed

#: How many times larger than the file all of its arrays may be, and what is always fine.
_LARGEST_RATIO, _FINE = 1000, 1 << 28


def check_hdf5(path: str, trust: bool) -> str:
    """The version of the Keras that wrote a model.

    Raises CompatError for what is no model, or would run code.
    """
    h5py = _h5py()
    try:
        file = h5py.File(path, "r")
    except (OSError, ValueError, RuntimeError) as error:
        said = str(error).splitlines()[0] if str(error) else "no HDF5"
        raise CompatError(f"{path}: cannot be read (truncated, or damaged: {said})") from None
    with file:
        try:
            check_contents(path, file, os.path.getsize(path))
            config = file.attrs.get("model_config")
            if config is None:
                raise CompatError(_weights_only(path, file))
            check_config(path, parsed(path, config), trust)
            version = file.attrs.get("keras_version", b"")
            return version.decode("utf-8", "replace") if isinstance(version, bytes) else str(version)
        except (KeyError, OSError, RuntimeError, ValueError) as error:
            raise CompatError(f"{path}: is damaged ({str(error).splitlines()[0]})") from None


def _h5py() -> Any:
    try:
        import h5py
    except ImportError:
        raise CompatError(
            "h5py is not installed: pip install h5py, or compat trace --env tf2.15 ..."
        ) from None
    return h5py


def _weights_only(path: str, file: Any) -> str:
    text = f"{path}: holds weights and no model: trace a function that builds it and loads them, FILE.py:FUNCTION"
    if path.endswith(".weights.h5") and "layer_names" in file.attrs:
        text += f"; Keras 3 takes the name .weights.h5 for its own format: rename it {path[:-11]}.h5"
    return text


def check_contents(path: str, file: Any, size: int) -> None:
    """Raises CompatError for links, values in other files, and arrays that the file cannot hold."""
    h5py = _h5py()
    total, waiting = 0, [file]
    while waiting:
        group = waiting.pop()
        names: List[str] = list(group)
        for name in names:
            link = group.get(name, getlink=True)
            if not isinstance(link, h5py.HardLink):
                raise CompatError(
                    f"{path}: `{group.name}/{name}` leads elsewhere: a link has no place in a model"
                )
            one = group[name]
            if isinstance(one, h5py.Group):
                waiting.append(one)
            elif getattr(one, "external", None):
                raise CompatError(f"{path}: `{one.name}` has its values in another file")
            else:
                total += one.size * one.dtype.itemsize
    if total > _FINE and total > _LARGEST_RATIO * size:
        raise CompatError(f"{path}: unpacks to {total / 1e9:.1f} GB from {size / 1e6:.1f} MB: it is not read")
