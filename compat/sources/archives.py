"""The archives that Keras saves models in (.keras), checked."""

import io
import os
import zipfile
from typing import List

from ..errors import CompatError
from .configs import LARGEST, check_config, parsed
from .hdf5 import check_contents

#: How many times larger than the archive its files may be, and what is always fine.
_LARGEST_RATIO, _FINE = 20, 1 << 26


def check_archive(path: str, trust: bool) -> str:
    """The version of the Keras that wrote a model.

    Raises CompatError for what is no model, unpacks to more than it can hold, or would run code.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            _check_sizes(path, archive.infolist())
            names = archive.namelist()
            if "config.json" not in names:
                what = (
                    "a file of PyTorch" if any(name.endswith("data.pkl") for name in names) else "an archive"
                )
                raise CompatError(f"{path}: is {what} without config.json, and no model of Keras")
            check_config(path, parsed(path, archive.read("config.json")), trust)
            _check_weights(path, archive)
            told = parsed(path, archive.read("metadata.json")) if "metadata.json" in names else {}
            return str(told.get("keras_version", "")) if isinstance(told, dict) else ""
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError, ValueError) as error:
        said = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise CompatError(f"{path}: is no archive as Keras saves models, or damaged ({said})") from None


def _check_sizes(path: str, infos: List[zipfile.ZipInfo]) -> None:
    size = os.path.getsize(path)
    total, packed = sum(info.file_size for info in infos), sum(info.compress_size for info in infos)
    if packed > size or (total > _FINE and total > _LARGEST_RATIO * size):
        raise CompatError(f"{path}: unpacks to {total / 1e9:.1f} GB from {size / 1e6:.1f} MB: it is not read")
    for info in infos:
        parts = info.filename.replace("\\", "/").split("/")
        if (
            info.filename.startswith("/")
            or ".." in parts
            or (info.external_attr >> 16) & 0o170000 == 0o120000
        ):
            raise CompatError(f"{path}: `{info.filename}` leads out of the archive")
    names = [info.filename for info in infos]
    if len(set(names)) < len(names):
        raise CompatError(f"{path}: two files of the archive have one name")
    if any(info.file_size > LARGEST for info in infos if info.filename.endswith(".json")):
        raise CompatError(f"{path}: its description of the model is no JSON")


def _check_weights(path: str, archive: zipfile.ZipFile) -> None:
    if "model.weights.h5" not in archive.namelist():
        return
    try:
        import h5py
    except ImportError:
        raise CompatError(
            "h5py is not installed: pip install h5py, or compat trace --env tf2.21 ..."
        ) from None
    data = archive.read("model.weights.h5")
    with h5py.File(io.BytesIO(data), "r") as file:
        check_contents(f"{path}: model.weights.h5", file, len(data))
