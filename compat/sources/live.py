"""A Keras model, a tf.Module or a function that is there, as a Program."""

import inspect
from typing import Any, Dict, List

from ..errors import CompatError
from ..record.dialects.tensorflow import import_tensorflow
from .functions import program_of
from .graphs import tensorflow_1
from .program import Program, Wish, point_of


def program_of_live(where: str, made: Any, wish: Wish, in_training: bool = False) -> Program:
    """The Program of a model or a function.  ``in_training``: as a Keras model is called by ``fit``.

    Raises CompatError for what is neither, or needs inputs to be one.
    """
    if not callable(made):
        what = "nothing" if made is None else f"a {type(made).__name__}"
        raise CompatError(
            f"{where}: returned {what}; expected tensors of a graph, an object that holds some, a Keras model, a "
            "tf.Module or a function"
        )
    tf = import_tensorflow()
    if not tf.executing_eagerly():
        return _built(where, made, wish)
    if hasattr(made, "layers") and hasattr(made, "get_weights"):
        return _keras(where, tf, made, wish, in_training)
    call = made if not hasattr(made, "variables") or hasattr(made, "get_concrete_function") else made.__call__
    specs = _signature(tf, call) or _specs(where, tf, names_of(call), wish)
    return program_of(where, tf, call, specs, "tf2.function", lambda: _by_path(made))


def _keras(where: str, tf: Any, model: Any, wish: Wish, in_training: bool) -> Program:
    dialect = "keras3" if hasattr(model, "quantize") else "keras2"
    inputs = _inputs(model)
    if inputs:
        names = [str(name) for name in _input_names(model, inputs)]
        specs = {
            name: tf.TensorSpec(list(tensor.shape), _dtype(tf, tensor), name=name.replace(":", "_"))
            for name, tensor in zip(names, inputs)
        }
    else:
        specs = _specs(where, tf, names_of(getattr(model, "call", model)), wish)
    # What is subclassed may take several, each an argument of its own.
    apart = not inputs and len(names_of(getattr(model, "call", model))) > 1

    def call(*tensors: Any) -> Any:
        given = tensors[0] if len(tensors) == 1 else list(tensors)
        if inputs and isinstance(getattr(model, "input", None), dict):
            given = dict(zip(model.input, tensors))
        result = model(*tensors, training=in_training) if apart else model(given, training=in_training)
        names = getattr(model, "output_names", None)
        if isinstance(result, (list, tuple)) and names and len(names) == len(result):
            return dict(zip(names, result))
        return {names[0]: result} if names and len(names) == 1 and hasattr(result, "shape") else result

    return program_of(where, tf, call, specs, dialect, lambda: _by_path(model))


def _by_path(made: Any) -> Dict[str, Any]:
    """The variables by the names that a person knows: Keras's paths, the attributes of a tf.Module."""
    variables = getattr(made, "variables", None) or []
    if variables and all(hasattr(variable, "path") for variable in variables):  # Keras 3
        return {variable.path: variable.value for variable in variables}
    if hasattr(made, "layers") or not hasattr(made, "_flatten"):
        return {
            str(variable.name).partition(":")[0]: variable
            for variable in variables
            if hasattr(variable, "name")
        }
    pairs = made._flatten(
        predicate=lambda one: hasattr(one, "handle") and hasattr(one, "assign"), with_path=True
    )
    return {"/".join(map(str, path)): variable for path, variable in pairs}


def _inputs(model: Any) -> List[Any]:
    try:
        return list(model.inputs or [])
    except (AttributeError, ValueError):
        return []


def _input_names(model: Any, inputs: List[Any]) -> List[Any]:
    names = getattr(model, "input_names", None)
    if names and len(names) == len(inputs):
        return list(names)
    return [getattr(tensor, "name", None) or f"input_{number}" for number, tensor in enumerate(inputs)]


def _dtype(tf: Any, tensor: Any) -> Any:
    return tf.as_dtype(tensor.dtype)


def names_of(call: Any) -> List[str]:
    """The arguments that a call has to be given."""
    try:
        parameters = inspect.signature(getattr(call, "python_function", call)).parameters.values()
    except (TypeError, ValueError):
        return []
    return [
        p.name
        for p in parameters
        if p.default is p.empty
        and p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)
        and p.name != "self"
    ]


def _signature(tf: Any, call: Any) -> Dict[str, Any]:
    """Of a tf.function its ``input_signature`` by the names of its arguments."""
    signature = getattr(call, "input_signature", None) or getattr(call, "_input_signature", None)
    if not signature:
        return {}
    names = names_of(call)
    return {names[n] if n < len(names) else f"input_{n}": spec for n, spec in enumerate(signature)}


def _specs(where: str, tf: Any, names: List[str], wish: Wish) -> Dict[str, Any]:
    """From the arrays that were given: the function says nothing of what it takes."""
    if wish.arrays is None:
        wanted = ", ".join(f"`{name}`" for name in names) or "its arguments"
        raise CompatError(f"{where}: says nothing of its inputs: feed {wanted}: --inputs x.npz")
    missing = [name for name in names if name not in wish.arrays]
    given = list(wish.arrays)
    if len(missing) == len(names) == len(given):
        names, missing = given, []
    if missing:
        raise CompatError(f"{where}: feed `{missing[0]}`: put it in {wish.inputs_path}")
    return {
        name: tf.TensorSpec(wish.arrays[name].shape, wish.arrays[name].dtype, name=name)
        for name in names or given
    }


def _built(where: str, build: Any, wish: Wish) -> Program:
    """A function that builds a graph of the tensors that it gets, as TensorFlow 1's do."""
    from .code import program_of_built

    tf = tensorflow_1()
    specs = _specs(where, tf, names_of(getattr(build, "call", build)), wish)
    graph = tf.Graph()
    with graph.as_default():
        tensors = {name: tf.placeholder(spec.dtype, spec.shape, name=name) for name, spec in specs.items()}
        try:
            made = build(*tensors.values())
        except Exception as error:
            raise CompatError(f"{where}: cannot be run as a graph: {point_of(error)}") from None
    return program_of_built(where, tf, graph if made is None else made)
