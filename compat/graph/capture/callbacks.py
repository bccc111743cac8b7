"""Being called back for every op that TensorFlow runs eagerly, as each version lets one.

From TensorFlow 2.1 there are ``op_callbacks``, made for its own debugger.  Before that the context of eager execution
has callbacks, which the generated ops and ``execute.execute`` look for in two places.  Functions run eagerly as well
for that long, so that of a ``tf.function`` every op is told.
"""

import contextlib
from typing import Any, Callable, Iterator

#: As TensorFlow calls back: op type, inputs, attributes, outputs, and perhaps the name of the op and its graph.
Heard = Callable[..., None]


@contextlib.contextmanager
def every_op(tf: Any, heard: Heard) -> Iterator[None]:
    """Within, ``heard`` is called after every op that runs eagerly."""
    try:
        from tensorflow.python.framework.op_callbacks import add_op_callback, remove_op_callback
    except ImportError:
        told = _of_context(heard)
    else:
        told = _of_callbacks(add_op_callback, remove_op_callback, heard)
    with told, _functions_eagerly(tf):
        yield


@contextlib.contextmanager
def _of_callbacks(add: Any, remove: Any, heard: Heard) -> Iterator[None]:
    add(heard)
    try:
        yield
    finally:
        remove(heard)


@contextlib.contextmanager
def _of_context(heard: Heard) -> Iterator[None]:
    """As TensorFlow 1.14 to 2.0 do."""
    from tensorflow.python.eager import context, execute

    calls, before = context.context().post_execution_callbacks, execute.execute
    calls.append(heard)
    execute.execute = execute.execute_with_callbacks
    try:
        yield
    finally:
        execute.execute = before
        calls.remove(heard)


@contextlib.contextmanager
def _functions_eagerly(tf: Any) -> Iterator[None]:
    config = tf.config
    if hasattr(config, "run_functions_eagerly"):
        switch, before = config.run_functions_eagerly, config.functions_run_eagerly()
    else:
        switch, before = config.experimental_run_functions_eagerly, False
    switch(True)
    try:
        yield
    finally:
        switch(before)
