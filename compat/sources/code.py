"""``FILE.py:FUNCTION``: a person's own code, called without arguments.

It may build a graph and return its tensors, its model object, its graph, or nothing; or return a Keras model, a
tf.Module or a function of the inputs.  The code is run as it is: its own imports, placeholders, sessions.
"""

import importlib.util
import os
import re
import sys
import traceback
from typing import Any, Callable, Dict, List, Optional, Tuple

from ..errors import CompatError
from ..graph.capture.flow import with_all_before
from ..graph.capture.together import batches, variable_bytes
from ..graph.capture.unrolling import VARIABLES
from ..graph.capture.variables import readable
from ..record.dialects.tensorflow import frames, import_tensorflow, initializers
from ..record.versions import tensorflow_version, version_of
from .graphs import copied, giving, tensorflow_1
from .live import program_of_live
from .program import Program, Wish, point_of

#: What TensorFlow 2 says of code for TensorFlow 1.
_TF1_ONLY = re.compile(
    r"module 'tensorflow' has no attribute '(placeholder|get_variable|variable_scope|layers|contrib|Session|app|"
    r"truncated_normal|reset_default_graph|set_random_seed|global_variables_initializer|train|flags)'|"
    r"tensorflow\.contrib|tensorflow\.examples"
)
#: Ops with a state that is no stream of random numbers: variables, and tables.
_KEEPS = re.compile(
    r"Variable|VarHandleOp|Assign|.*Table|ReadVariableOp|IsVariableInitialized|VarIsInitialized"
)


def read(path: str, function: str, wish: Wish) -> Program:
    """The Program of what the function makes.  Raises CompatError where it fails, with its own line."""
    where = f"{path}:{function}"
    tf = tensorflow_1()
    made = called(path, function, wish.path)
    live = _Live(tf, made)
    if live.is_graph:
        return _of_graph(where, tf, live)
    return program_of_live(where, made, wish)


def called(path: str, function: str, folders: List[str]) -> Any:
    """What ``FILE.py:FUNCTION`` returns, called in a graph where it builds one."""
    call = loaded(path, function, folders)
    tensorflow = import_tensorflow()
    try:
        with frames(tensorflow_1()):
            if not tensorflow.executing_eagerly():
                return call()
        try:
            return call()
        except (RuntimeError, ValueError) as error:
            if "eager" not in str(error):
                raise
        with frames(tensorflow_1()), tensorflow_1().Graph().as_default() as graph:
            made = call()
            return graph if made is None else made
    except CompatError:
        raise
    except (Exception, SystemExit) as error:
        raise CompatError(_failed(path, function, error)) from None


def loaded(path: str, function: str, folders: List[str]) -> Callable[[], Any]:
    """The function of the file, imported with its own folder and ``folders`` on ``sys.path``."""
    tensorflow_1()
    if not os.path.isfile(path):
        raise CompatError(f"{path}: there is no such file")
    own = os.path.dirname(os.path.abspath(path))
    for folder in reversed([own, *map(os.path.abspath, folders)]):
        if folder not in sys.path:
            sys.path.insert(0, folder)
    sys.argv = [path]  # tf.app.flags reads it
    name = os.path.splitext(os.path.basename(path))[0]
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise CompatError(f"{path}: is no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        sys.modules.pop(name, None)
        raise CompatError(_failed(path, "", error)) from None
    found = getattr(module, function, None)
    if not callable(found):
        others = [n for n, v in vars(module).items() if callable(v) and getattr(v, "__module__", "") == name]
        known = f"; there are {', '.join(others[:8])}" if others else ""
        raise CompatError(f"{path}: has no function {function}{known}")
    return found


def _failed(path: str, function: str, error: BaseException) -> str:
    """One line: where in the person's code, what, and what helps."""
    said = f"{type(error).__name__}: {point_of(error)}"
    frames_of = [f for f in traceback.extract_tb(error.__traceback__) if "site-packages" not in f.filename]
    own = [
        f
        for f in frames_of
        if f"{os.sep}compat{os.sep}sources" not in f.filename and not f.filename.startswith("<")
    ]
    place = f"{own[-1].filename}:{own[-1].lineno}" if own else path
    if isinstance(error, SyntaxError):
        place = f"{error.filename}:{error.lineno}"
    hint = ""
    version = version_of("tensorflow")
    if _TF1_ONLY.search(str(error)) and (tensorflow_version() or ()) >= (2,):
        hint = f"; it is code for TensorFlow 1, and this is {version}: compat trace --env tf1.15 ..."
    elif isinstance(error, ImportError):
        hint = "; --path DIR puts a folder on sys.path, --env NAME --with-requirements FILE installs packages"
    elif isinstance(error, TypeError) and "required positional argument" in str(error):
        hint = f"; {function or 'it'} is called without arguments: name a function that needs none"
    return f"{place}: {said}{hint}"


class _Live:
    """What a function returned, where that is a graph: ``outputs`` by name, ``named`` the attributes that are tensors,
    ``session`` one that it made, or None; ``training`` ops by name."""

    def __init__(self, tf: Any, made: Any) -> None:
        self._tf = tf
        self.outputs: Dict[str, Any] = {}
        self.inputs: Dict[str, Any] = {}
        self.named: Dict[str, Any] = {}
        self.training: Dict[str, str] = {}
        self.session: Any = None
        self.graph: Any = None
        self._look(made)

    @property
    def is_graph(self) -> bool:
        return self.graph is not None

    def _look(self, made: Any) -> None:
        tf = self._tf
        if is_keras(made) and not tf.executing_eagerly():
            if getattr(made, "outputs", None):  # a subclassed one has none before it is called
                self._keras(made)
            return
        if made is None:
            default = tf.get_default_graph()
            self.graph = default if default.get_operations() else None
        elif isinstance(made, tf.Graph):
            self.graph = made
        elif self._is_tensor(made):
            self._take("", made)
        elif isinstance(made, tf.Operation):
            self._run(made.name, made)
        elif isinstance(made, (dict, list, tuple)):
            self._items(made)
        elif hasattr(made, "__dict__") and not is_keras(made) and not isinstance(made, type):
            self._attributes(made)
        if self.session is None and self.graph is not None:
            default_session = tf.get_default_session()
            if default_session is not None and default_session.graph is self.graph:
                self.session = default_session
        if self.graph is not None:  # what apply_gradients has made
            for one in self.graph.get_collection("train_op"):
                self.training.setdefault(one.name.partition(":")[0], one.name.partition(":")[0])

    def _is_tensor(self, value: Any) -> bool:
        return (
            isinstance(value, self._tf.Tensor)
            and hasattr(value, "graph")
            and not hasattr(value, "numpy")
            or (isinstance(value, self._tf.Variable) and not self._tf.executing_eagerly())
        )

    def _take(self, name: str, value: Any) -> None:
        tensor = value.value() if hasattr(value, "initializer") else value
        self.graph = tensor.graph
        if not tensor.op.type.startswith("Placeholder"):
            self.outputs[name or tensor.op.name] = tensor

    def _run(self, name: str, op: Any) -> None:
        """An op that is run, and has no value."""
        self.graph = op.graph
        self.training[name or op.name] = op.name

    def _items(self, made: Any) -> None:
        """Tensors, sessions, graphs and objects that hold some, in a dict, a list or a tuple."""
        fields = getattr(made, "_fields", None)
        keyed = isinstance(made, dict) or fields is not None
        pairs = list(made.items() if isinstance(made, dict) else zip(fields or [""] * len(made), made))
        for name, value in pairs:
            if self._is_tensor(value):
                self._take(str(name) if keyed else "", value)
            elif isinstance(value, self._tf.Operation):
                self._run(str(name) if keyed else "", value)
            elif isinstance(value, (self._tf.Session, self._tf.InteractiveSession)):
                self.session, self.graph = value, value.graph
            elif isinstance(value, (list, tuple, dict)):
                self._items(value)
        for _, value in pairs:  # a model beside the session that it was trained in
            if self.outputs or self._is_framework(value):
                continue
            if hasattr(value, "__dict__") and not isinstance(value, type):
                self._attributes(value)

    def _is_framework(self, value: Any) -> bool:
        tf = self._tf
        return isinstance(value, (tf.Session, tf.InteractiveSession, tf.Graph)) or hasattr(value, "op")

    def _attributes(self, made: Any) -> None:
        """An object as legacy code makes them, that holds the tensors of its graph."""
        for name, value in vars(made).items():
            if self._is_tensor(value):
                self.graph = value.graph
                self.named[name] = value.value() if hasattr(value, "initializer") else value
            elif isinstance(value, self._tf.Operation):
                self._run(name, value)
            elif isinstance(value, (self._tf.Session, self._tf.InteractiveSession)):
                self.session, self.graph = value, value.graph
            elif isinstance(value, self._tf.Graph) and self.graph is None:
                self.graph = value

    def _keras(self, model: Any) -> None:
        """In TensorFlow 1 a Keras model is a part of a graph, and its variables live in Keras's session."""
        self.graph = model.outputs[0].graph
        names = getattr(model, "output_names", None) or [tensor.op.name for tensor in model.outputs]
        self.outputs = dict(zip(names, model.outputs))
        self.inputs = dict(zip(getattr(model, "input_names", ()), model.inputs))
        self.session = import_tensorflow().keras.backend.get_session()


def is_keras(made: Any) -> bool:
    return all(hasattr(made, name) for name in ("layers", "get_weights", "trainable_weights"))


def _of_graph(where: str, tf: Any, live: _Live) -> Program:
    names = [
        op.name
        for op in live.graph.get_operations()
        if op.type in VARIABLES and op.type != "TemporaryVariable"
    ]
    values = _of_session(tf, live.session, names) if live.session is not None else {}
    note = f"{len(names)} variables as the program's own session has them" if values else ""
    first = _initializers(tf, live.graph) if names and not values else []
    program = copied(live.graph, live.outputs, live.named, where)
    if first:
        values, note = _initial(where, tf, program.graph, first, names)
    program.restore = giving(tf, program.graph, values)
    program.inputs = {name: program.graph.get_tensor_by_name(t.name) for name, t in live.inputs.items()}
    program.notes += [note] if note else []
    program.training = live.training
    return program


def _of_session(tf: Any, session: Any, names: List[str]) -> Dict[str, Any]:
    """The values of all variables; or of none, where one has none."""
    found = _read(tf, session, _readable(tf, session.graph, names), ready_only=True)
    return found if len(found) == len(names) else {}


def _initializers(tf: Any, graph: Any) -> List[str]:
    """The ops, made where they are missing, that give the variables their first values."""
    if graph.finalized:
        graph._unsafe_unfinalize()
    with graph.as_default():
        return [op.name for op in initializers(tf)]


def _initial(
    where: str, tf: Any, graph: Any, first: List[str], names: List[str]
) -> Tuple[Dict[str, Any], str]:
    """The values of the variables by the op's name, and what is to be said of them."""
    ops = [graph.get_operation_by_name(name) for name in first]
    readable = _readable(tf, graph, names)
    values = _initialised(where, tf, ops, readable)
    again = _initialised(where, tf, ops, readable) if _may_be_drawn(ops) else values
    random = [name for name in names if values[name].tobytes() != again[name].tobytes()]
    note = f"{len(names)} variables from their initialisers"
    if random:
        note += f"; random weights, others each time: {_some(random)} (no seed)"
    return values, note


def _may_be_drawn(ops: List[Any]) -> bool:
    """Whether something may be another each time that these run: what has a state and no seed."""
    kinds: Dict[str, bool] = {}
    for op in with_all_before(ops):
        if op.type not in kinds:
            definition = op.op_def
            kinds[op.type] = definition.is_stateful or definition.name == "PyFuncStateless"
        has_state = kinds[op.type] and not _KEEPS.match(op.type)
        if has_state and not any(op.node_def.attr[name].i for name in ("seed", "seed2")):
            return True
    return False


def _some(names: List[str]) -> str:
    shown = ", ".join(f"`{name}`" for name in names[:3])
    return f"{shown} and {len(names) - 3} more" if len(names) > 3 else shown


def _initialised(where: str, tf: Any, ops: List[Any], readable: List[Tuple[Any, Any]]) -> Dict[str, Any]:
    config = tf.ConfigProto()
    config.graph_options.rewrite_options.disable_meta_optimizer = True  # takes longer than to run it once
    with tf.Session(graph=ops[0].graph, config=config) as session:
        try:
            for op in ops:
                session.run(op)
            return _read(tf, session, readable)
        except Exception as error:
            raise CompatError(f"{where}: its variables cannot be initialised: {point_of(error)}") from None


def _readable(tf: Any, graph: Any, names: List[str]) -> List[Tuple[Any, Any]]:
    """Of each variable its op, and a tensor of what it has."""
    ops = [graph.get_operation_by_name(name) for name in names]
    return list(zip(ops, readable(tf, graph, ops)))


def _read(
    tf: Any, session: Any, variables: List[Tuple[Any, Any]], ready_only: bool = False
) -> Dict[str, Any]:
    """The values of variables by the op's name; ``ready_only``: without those that have none."""
    found: Dict[str, Any] = {}
    waiting = list(batches((pair, variable_bytes(pair[0])) for pair in variables))
    while waiting:
        some = waiting.pop()
        try:
            arrays = session.run([value for _, value in some])
        except tf.errors.FailedPreconditionError:
            if not ready_only:
                raise
            half = len(some) // 2
            waiting += [some[:half], some[half:]] if half else []
            continue
        found.update((op.name, array) for (op, _), array in zip(some, arrays))
    return found


def split(source: str) -> Optional[Tuple[str, str]]:
    """(FILE.py, FUNCTION) of a source of that form, or None."""
    path, colon, function = source.rpartition(":")
    return (path, function) if colon and path.endswith(".py") and function.isidentifier() else None


def program_of_built(where: str, tf: Any, made: Any) -> Program:
    """The Program of a graph that a function built of its tensors."""
    live = _Live(tf, made)
    if not live.is_graph:
        raise CompatError(f"{where}: returned no tensors of its graph")
    return _of_graph(where, tf, live)


def program_of_model(where: str, model: Any, wish: Wish) -> Program:
    """The Program of a Keras model that was loaded."""
    live = _Live(tensorflow_1(), model)
    if live.is_graph:
        program = _of_graph(where, tensorflow_1(), live)
        program.notes, program.dialect = [], "keras2"
        return program
    return program_of_live(where, model, wish)
