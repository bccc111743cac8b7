"""Keras's files: HDF5 and .keras, checked before Keras reads them."""

import contextlib
import functools
import sys
from importlib import import_module
from typing import Any, Callable, Dict, Iterator, Optional

from ..errors import CompatError
from ..record.dialects import DIALECTS
from ..record.dialects.tensorflow import frames, import_tensorflow
from ..record.versions import tensorflow_version, version_of
from .archives import check_archive
from .graphs import copied, giving, tensorflow_1
from .hdf5 import check_hdf5
from .kinds import Source
from .program import Program, Wish, point_of
from .quiet import quietly

_KERAS_3 = (2, 16)
#: How the Keras of TensorFlow 1, and of 2.0 and 2.1, which say the same, name themselves in their files.
_OF_TENSORFLOW_1 = ("2.0.", "2.1.", "2.2.")
#: Layers that TensorFlow 2 spells as functions with several kernels to choose from, and TensorFlow 1 as a loop.
_LOOPS = ("LSTM", "GRU", "LSTMCell", "GRUCell")


def read(source: Source, wish: Wish) -> Program:
    """The Program of a whole model in a file."""
    check = check_hdf5 if source.kind == "hdf5" else check_archive
    written = check(source.path, wish.trust)
    dialect = _dialect(source, written)
    with quietly():
        keras = DIALECTS[dialect].module()
    program = None
    if written.startswith(_OF_TENSORFLOW_1) and (tensorflow_version() or ()) >= (2,):
        program = _as_a_graph(source, keras, written, wish.trust)
    if program is None:
        from .code import program_of_model

        program = program_of_model(source.path, _loaded(source, keras, written, wish.trust), wish)
    program.lines.clear()  # of what is in a file no line of a person's made an op
    return program


def _as_a_graph(source: Source, keras: Any, written: str, trust: bool) -> Optional[Program]:
    """The Program of a model of TensorFlow 1 in TensorFlow 2, built as TensorFlow 1 does: the same ops of the same
    names, the loops of its cells among them.  None for one that has no graph before it is called.
    """
    tf = tensorflow_1()
    with frames(tf), tf.Graph().as_default() as graph, _every_step(keras):
        model = _loaded(source, keras, written, trust, _loops(tf))
        if not getattr(model, "outputs", None):
            return None
        with quietly():
            values = {one.op.name: value for one, value in zip(model.weights, model.get_weights())}
        program = copied(graph, dict(zip(model.output_names, model.outputs)), {}, source.path)
        program.restore = giving(tf, program.graph, values)
        given = zip(model.input_names, model.inputs)
        program.inputs = {name: program.graph.get_tensor_by_name(one.name) for name, one in given}
    program.dialect = "keras2"
    return program


@contextlib.contextmanager
def _every_step(keras: Any) -> Iterator[None]:
    """Within, a loop of Keras keeps what came of every step, as it did in TensorFlow 1, also where the last is wanted.

    Later ones write that over and over in one place, which an array of TensorFlow 1's loops refuses.
    """
    backend: Any = sys.modules[keras.backend.rnn.__module__]
    rnn = backend.rnn
    if "return_all_outputs" not in _parameters(rnn):
        yield
        return

    @functools.wraps(rnn)
    def every_step(*given: Any, **named: Any) -> Any:
        return rnn(*given, **dict(named, return_all_outputs=True))

    backend.rnn = every_step
    try:
        yield
    finally:
        backend.rnn = rnn


def _loops(tf: Any) -> Dict[str, Any]:
    """The layers of cells as TensorFlow 1 has them, by name."""
    later = (tensorflow_version() or ()) >= _KERAS_3
    layers = import_module("tf_keras.api._v1.keras.layers") if later else tf.keras.layers
    return {name: getattr(layers, name) for name in _LOOPS}


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


def _loaded(
    source: Source, keras: Any, written: str, trust: bool, known: Optional[Dict[str, Any]] = None
) -> Any:
    """The model.  ``known``: classes of layers that stand for those of that name."""
    load: Callable[..., Any] = keras.models.load_model
    safe = {"safe_mode": not trust} if "safe_mode" in _parameters(load) else {}
    import_tensorflow()
    try:
        with quietly():
            return load(source.path, custom_objects=known, compile=False, **safe)
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
