"""Each kind of source, and what reads it."""

from .kinds import Source
from .program import Program, Wish


def program_of(source: Source, wish: Wish) -> Program:
    """The Program of a source.  Raises CompatError for what cannot be read here, or would run what is not trusted."""
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
