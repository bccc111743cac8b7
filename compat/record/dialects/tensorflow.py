"""What the TensorFlow dialects share: finding it, importing it quietly, feeding and fetching."""

import contextlib
import functools
import os
from typing import Any, Dict, Iterator, List, Optional, Tuple

import numpy as np

from ..versions import tensorflow_version, threads, version_of
from .base import Results, collect, load, named


def missing_tensorflow(first: Optional[Tuple[int, ...]] = None) -> Optional[str]:
    """Why there is no TensorFlow of at least version ``first`` (a tuple) here, or None."""
    version = tensorflow_version()
    if version is None:
        return "TensorFlow is not installed"
    if first and version < first:
        return "needs TensorFlow {}; this is {}".format(
            ".".join(map(str, first)), ".".join(map(str, version))
        )
    return None


def _import() -> Any:
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    import logging
    import warnings

    logging.getLogger("tensorflow").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import tensorflow
    if (tensorflow_version() or ()) >= (2,):  # in TensorFlow 1 a session's configuration says it
        try:
            tensorflow.config.threading.set_intra_op_parallelism_threads(threads())
            tensorflow.config.threading.set_inter_op_parallelism_threads(1)
        except RuntimeError:  # it has computed already
            if not _AS_IT_IS:
                raise
    return tensorflow


#: Holds something where the threads are those of the process, and no run records them.
_AS_IT_IS: List[bool] = []


def take_as_it_is() -> None:
    """From now on a TensorFlow that has computed in this process before is taken with the threads that it has."""
    _AS_IT_IS[:] = [True]


@functools.lru_cache(maxsize=None)
def import_tensorflow() -> Any:
    """TensorFlow, with the number of threads that the run records."""
    return load(f"TensorFlow {version_of('tensorflow')}", _import)


def as_tensor(tf: Any, fixture: Any) -> Any:
    """An eager tensor of the fixture, bfloat16 included."""
    tensor = tf.constant(fixture.array)
    return tf.cast(tensor, tf.bfloat16) if fixture.dtype == "bfloat16" else tensor


def parts(outputs: Dict[str, Any]) -> Dict[str, Any]:
    """Sparse and ragged tensors as the tensors that they are made of, named; the others as they are."""
    tensors: Dict[str, Any] = {}
    for name, value in outputs.items():
        for part in ("indices", "values", "dense_shape"):
            if hasattr(value, "dense_shape"):
                tensors[f"{name}.{part}"] = getattr(value, part)
        if hasattr(value, "nested_row_splits"):
            tensors[f"{name}.values"] = value.flat_values
            for number, splits in enumerate(value.nested_row_splits):
                tensors[f"{name}.row_splits_{number}"] = splits
        elif not hasattr(value, "dense_shape"):
            tensors[name] = value
    return tensors


def fetched(run: Any, outputs: Dict[str, Any]) -> Results:
    """The results of a graph's outputs, by ``run`` of a session; what is an array already stays."""
    tensors, of_graph = parts(outputs), symbolic(outputs)
    arrays = dict(zip(of_graph, run(list(of_graph.values())))) if of_graph else {}
    return collect({name: arrays.get(name, value) for name, value in tensors.items()})


def symbolic(outputs: Dict[str, Any]) -> Dict[str, Any]:
    """Those of the outputs that are a graph's tensors, by name; of a sparse one its parts, of a variable its value."""
    return {
        name: value.value() if hasattr(value, "initializer") else value
        for name, value in parts(outputs).items()
        if hasattr(value, "graph") or hasattr(value, "initializer")
    }


@contextlib.contextmanager
def frames(tf: Any) -> Iterator[None]:
    """Within, loops and branches are built as TensorFlow 1 builds them, whose ops can be seen; not as functions."""
    if not getattr(tf, "control_flow_v2_enabled", lambda: False)():
        yield
        return
    tf.disable_control_flow_v2()
    try:
        yield
    finally:
        tf.enable_control_flow_v2()


def from_tensors(result: Any) -> Results:
    """``{name: (array, dtype name)}`` from eager tensors (or arrays)."""
    tensors = parts(named(result))
    return collect(
        {name: value.numpy() if hasattr(value, "numpy") else _array(value) for name, value in tensors.items()}
    )


def _array(value: Any) -> Any:
    return value if isinstance(value, np.ma.MaskedArray) else np.asarray(value)


def initializers(tf: Any) -> List[Any]:
    """What a graph's variables, those of tf.metrics as well, and its tables have to run first."""
    found = []
    if tf.global_variables():
        found.append(tf.global_variables_initializer())
    if tf.local_variables():
        found.append(tf.local_variables_initializer())
    if tf.get_collection(tf.GraphKeys.TABLE_INITIALIZERS):
        found.append(tf.tables_initializer())
    return found
