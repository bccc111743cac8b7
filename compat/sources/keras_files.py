"""Keras's files: HDF5 and .keras, checked before Keras reads them."""

from typing import Any, Callable

from ..errors import CompatError
from ..record.dialects import DIALECTS
from ..record.dialects.tensorflow import import_tensorflow
from ..record.versions import tensorflow_version, version_of
from .archives import check_archive
from .hdf5 import check_hdf5
from .kinds import Source
from .program import Program, Wish, point_of
from .quiet import quietly

_KERAS_3 = (2, 16)


def read(source: Source, wish: Wish) -> Program:
    """The Program of a whole model in a file."""
    check = check_hdf5 if source.kind == "hdf5" else check_archive
    written = check(source.path, wish.trust)
    dialect = _dialect(source, written)
    with quietly():
        keras = DIALECTS[dialect].module()
    from .code import program_of_model

    return program_of_model(source.path, _loaded(source, keras, written, wish.trust), wish)


def _dialect(source: Source, written: str) -> str:
    """``keras2`` or ``keras3``, by the Keras that wrote the file.  Raises CompatError where it is not here."""
    here = tensorflow_version() or ()
    missing = DIALECTS["keras2"].missing() if here < _KERAS_3 else None
    if not here:
        raise CompatError(DIALECTS["tf1.session"].missing() or "TensorFlow is not installed")
    if missing:
        raise CompatError(missing)
    of_keras_3 = written.startswith("3")
    if source.kind == "keras" and here < (2, 12):
        name = "tf2.21" if of_keras_3 else "tf2.15"
        raise CompatError(
            f"{source.path}: TensorFlow {version_of('tensorflow')} is older than the format .keras: "
            f"compat trace --env {name} ..."
        )
    if of_keras_3 and here < _KERAS_3:
        raise CompatError(
            f"{source.path}: was written by Keras {written}, and this is Keras 2: compat trace --env tf2.21 ..."
        )
    if of_keras_3 or here < _KERAS_3:
        return "keras3" if of_keras_3 else "keras2"
    if DIALECTS["keras2"].missing():
        name = "tf1.15" if written.startswith(("2.0", "2.1.", "2.2")) else "tf2.15"
        raise CompatError(
            f"{source.path}: was written by Keras {written or '2'}, which Keras 3 does not read: pip install tf_keras, "
            f"or compat trace --env {name} ..."
        )
    return "keras2"


def _loaded(source: Source, keras: Any, written: str, trust: bool) -> Any:
    load: Callable[..., Any] = keras.models.load_model
    safe = {"safe_mode": not trust} if "safe_mode" in _parameters(load) else {}
    import_tensorflow()
    try:
        return load(source.path, compile=False, **safe)
    except Exception as error:
        said = point_of(error)
        hint = ""
        if "Unknown layer" in said or "custom object" in said or "Could not locate class" in said:
            hint = "; it needs code of yours: trace a function that builds it, FILE.py:FUNCTION"
        elif not hint and written:
            hint = f"; it was written by Keras {written}: compat trace --env {_env_of(written)} ..."
        raise CompatError(f"{source.path}: {keras.__name__} cannot read it: {said}{hint}") from None


def _parameters(function: Callable[..., Any]) -> Any:
    import inspect

    return inspect.signature(function).parameters


def _env_of(written: str) -> str:
    """The environment whose Keras is nearest to the one that wrote a file."""
    if written.startswith("3"):
        return "tf2.21"
    minor = int("0" + "".join(c for c in written.split(".")[1][:2] if c.isdigit())) if "." in written else 0
    if "tf" in written or minor <= 2:
        return "tf1.15"
    return "tf2.6" if minor <= 6 else "tf2.9" if minor <= 9 else "tf2.11" if minor <= 11 else "tf2.15"
