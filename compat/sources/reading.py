"""Each kind of source, and what reads it."""

from ..errors import CompatError, StoreError
from .collecting import seldom_collected
from .kinds import Source
from .program import Program, Wish, point_of


def program_of(source: Source, wish: Wish) -> Program:
    """The Program of a source.  Raises CompatError for what cannot be read here, or would run what is not trusted."""
    try:
        with seldom_collected():
            return _read(source, wish)
    except (CompatError, StoreError):
        raise
    except MemoryError:
        raise CompatError(f"{source.path}: there is not enough memory for it") from None
    except Exception as error:  # a file may be broken in ways that only the framework meets
        raise CompatError(
            f"{source.path}: cannot be read: {type(error).__name__}: {point_of(error)}"
        ) from error


def _read(source: Source, wish: Wish) -> Program:
    if source.kind == "code":
        from . import code

        return code.read(source.path, source.function, wish)
    if source.kind in ("hdf5", "keras"):
        from . import keras_files

        return keras_files.read(source, wish)
    from . import frozen

    readers = {
        "checkpoint": frozen.read_checkpoint,
        "graph": frozen.read_graph,
        "saved_model": frozen.read_saved_model,
    }
    return readers[source.kind](source.path, wish)
