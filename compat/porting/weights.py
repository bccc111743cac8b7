"""Weights written as the port loads them: by its own saving, loaded again before they appear under their name."""

import os
import shutil
import tempfile
from typing import Any, Dict

import numpy as np

from ..errors import CompatError, StoreError
from ..files import appearing, reason
from ..sources.program import point_of
from .sides import Port


def write_weights(port: Port, path: str) -> str:
    """Write all of the port's variables to ``path``; returns how they are loaded.

    Keras 3 takes ``*.weights.h5``, Keras 2 ``*.h5``; of a tf.Module an ``.npz`` by name, or else a checkpoint.
    Raises CompatError for a name that the port would not load, and where they cannot be written.
    """
    if os.path.isdir(path):
        raise CompatError(f"{path}: is a folder; --out names a file")
    if path.endswith(".npz"):
        return _write_npz(port, path)
    if port.is_keras:
        return _write_keras(port, path)
    return _write_checkpoint(port, path)


def _write_npz(port: Port, path: str) -> str:
    with appearing(path, "wb") as file:
        np.savez(file, **{name: variable.numpy() for name, variable in port.variables().items()})
    return f"arrays by the names of the variables: np.load('{path}')"


def _write_keras(port: Port, path: str) -> str:
    keras_3 = hasattr(port.made, "quantize")
    if keras_3 and not path.endswith(".weights.h5"):
        raise CompatError(
            f"{path}: Keras 3 loads weights from names that end in .weights.h5 (or --out X.npz)"
        )
    if not keras_3 and (not path.endswith(".h5") or path.endswith(".weights.h5")):
        raise CompatError(
            f"{path}: Keras 2 loads weights from names that end in .h5, and takes .weights.h5 for Keras 3's"
        )
    _through(port, path, os.path.basename(path), lambda to: port.made.save_weights(to), port_loads)
    return f"model.load_weights('{path}') loads it"


def port_loads(port: Port, path: str) -> None:
    port.made.load_weights(path)


def _write_checkpoint(port: Port, path: str) -> str:
    import tensorflow

    checkpoint = tensorflow.train.Checkpoint(module=port.made)
    _through(
        port,
        path,
        "weights",
        checkpoint.write,
        lambda _, there: checkpoint.read(there).assert_existing_objects_matched(),
    )
    return f"tf.train.Checkpoint(module=module).read('{path}') loads it"


def _through(port: Port, path: str, name: str, save: Any, load: Any) -> None:
    """Saved in a folder beside, loaded again and compared, then renamed into place."""
    folder = os.path.dirname(os.path.abspath(path))
    before = _values(port)
    there = ""
    try:
        os.makedirs(folder, exist_ok=True)
        there = tempfile.mkdtemp(prefix=".tmp-", dir=folder)
        try:
            save(os.path.join(there, name))
            load(port, os.path.join(there, name))
        except OSError:
            raise
        except Exception as error:
            raise CompatError(
                f"{path}: the port's weights cannot be saved and loaded: {point_of(error)}"
            ) from None
        changed = [one for one, value in _values(port).items() if value != before[one]]
        if changed:
            raise CompatError(f"{path}: {changed[0]} is another when it is loaded again")
        # A checkpoint's index last: without it there is none.
        for made in sorted(os.listdir(there), key=lambda one: one.endswith(".index")):
            os.replace(os.path.join(there, made), path + made[len(name) :])
    except OSError as error:
        raise StoreError(f"{path}: cannot be written ({reason(error)})") from None
    finally:
        if there:
            shutil.rmtree(there, ignore_errors=True)


def _values(port: Port) -> Dict[str, bytes]:
    return {name: variable.numpy().tobytes() for name, variable in port.variables().items()}
