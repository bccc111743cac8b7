"""What kind of file a source is: by what is in it, before any framework is asked."""

import os
import re
from typing import List, NamedTuple, Optional

from ..errors import CompatError
from ..files import folder_names, is_regular, open_regular
from . import code

_HDF5, _ZIP = b"\x89HDF\r\n\x1a\n", b"PK\x03\x04"
_SHARD = re.compile(r"(.+)\.data-(\d{5})-of-(\d{5})\Z")
_PATH_IN_CHECKPOINT = re.compile(rb'^model_checkpoint_path:\s*"((?:[^"\\]|\\.)*)"', re.MULTILINE)
_EXPECTED = (
    "expected a Saver checkpoint with its .meta, a frozen .pb, a SavedModel's folder, a Keras .h5 or .keras, or "
    "FILE.py:FUNCTION"
)


class Source(NamedTuple):
    """``kind``: code, checkpoint, graph, saved_model, hdf5 or keras.  ``path``: of a checkpoint its prefix."""

    kind: str
    path: str
    function: str = ""

    @property
    def files(self) -> List[str]:
        """The files that are read."""
        if self.kind == "checkpoint":
            return [
                path
                for path in (f"{self.path}.meta", f"{self.path}.index", *shards(self.path))
                if os.path.lexists(path)
            ]
        if self.kind == "saved_model":
            return [
                os.path.join(folder, name)
                for folder, _, names in sorted(os.walk(self.path))
                for name in sorted(names)
                if not name.startswith(".")
            ]
        return [self.path]


def source(text: str, trust: bool = False) -> Source:
    """The Source of an argument of the command line.  Raises CompatError for what is none, or leads elsewhere."""
    found = _source(text)
    if not trust and found.kind != "code":
        for path in (found.path, *found.files):
            _check_link(path)
    if found.kind == "checkpoint":
        check_shards(found.path)
    return found


def _source(text: str) -> Source:
    of_code = code.split(text)
    if of_code:
        return Source("code", *of_code)
    if text.endswith(".py"):
        raise CompatError(f"{text}: which function? compat trace {text}:FUNCTION")
    if os.path.isdir(text):
        return _folder(text)
    prefix = _prefix(text)
    if prefix:
        return Source("checkpoint", prefix)
    if not os.path.lexists(text):
        raise CompatError(f"{text}: there is no such file; {_EXPECTED}")
    with open_regular(text) as file:
        head = file.read(64)
    return _file(text, head)


def _folder(path: str) -> Source:
    names = folder_names(path)
    if "saved_model.pb" in names:
        return Source("saved_model", path)
    if "checkpoint" in names:
        return Source("checkpoint", _latest(path))
    if "saved_model.pbtxt" in names:
        raise CompatError(f"{path}: holds saved_model.pbtxt, a text: save it as saved_model.pb")
    prefixes = sorted({name[:-6] for name in names if name.endswith(".index")})
    if len(prefixes) == 1:
        return Source("checkpoint", os.path.join(path, prefixes[0]))
    if prefixes:
        raise CompatError(
            f"{path}: holds {len(prefixes)} checkpoints: name one, {os.path.join(path, prefixes[-1])}"
        )
    raise CompatError(f"{path}: is a folder without saved_model.pb or checkpoint; {_EXPECTED}")


def _latest(folder: str) -> str:
    """The prefix that the file ``checkpoint`` names, in its folder: where it was written does not count."""
    path = os.path.join(folder, "checkpoint")
    with open_regular(path) as file:
        found = _PATH_IN_CHECKPOINT.search(file.read(1 << 16))
    if not found:
        raise CompatError(f"{path}: names no checkpoint (model_checkpoint_path)")
    named = found.group(1).decode("utf-8", "replace").replace("\\\\", "/").replace("\\", "/")
    prefix = os.path.join(folder, os.path.basename(named))
    if not _prefix(prefix):
        raise CompatError(f"{path}: names {os.path.basename(named)}, which is not in {folder}")
    return prefix


def _prefix(text: str) -> Optional[str]:
    """The prefix of a checkpoint: the argument, or that of the file of it that was named."""
    if is_regular(f"{text}.index") or is_regular(f"{text}.meta"):
        return text
    for ending in (".meta", ".index"):
        if text.endswith(ending) and os.path.lexists(text):
            return text[: -len(ending)]
    shard = _SHARD.match(text)
    if shard and os.path.lexists(text):
        return shard.group(1)
    return shards(text) and text or None


def shards(prefix: str) -> List[str]:
    """The files of values of a checkpoint that are there."""
    folder, base = os.path.split(prefix)
    try:
        names = sorted(os.listdir(folder or os.curdir))
    except (OSError, ValueError):
        return []
    found = [name for name in names if _SHARD.match(name) and _SHARD.match(name).group(1) == base]  # type: ignore[union-attr]
    return [os.path.join(folder, name) for name in found]


def check_shards(prefix: str) -> None:
    """Raises CompatError where a file of the checkpoint is missing."""
    if not is_regular(f"{prefix}.meta"):
        raise CompatError(
            f"{prefix}.meta: is not there, and the values alone are no graph: copy it beside them, or write a function "
            "that builds the graph and restores them: FILE.py:FUNCTION"
        )
    if is_regular(prefix):
        return  # the format before .index and .data
    if not is_regular(f"{prefix}.index"):
        raise CompatError(f"{prefix}.index: is not there")
    found = [os.path.basename(path) for path in shards(prefix)]
    count = int(_SHARD.match(found[0]).group(3)) if found else 1  # type: ignore[union-attr]
    base = os.path.basename(prefix)
    for number in range(min(count, 100000)):
        name = f"{base}.data-{number:05}-of-{count:05}"
        if name not in found:
            raise CompatError(
                f"{os.path.join(os.path.dirname(prefix), name)}: a part of the checkpoint is missing"
            )


def _check_link(path: str) -> None:
    """Raises CompatError for a link: what is read is what was named."""
    if os.path.islink(path.rstrip("/")):
        raise CompatError(
            f"{path}: is a link to {os.readlink(path.rstrip('/'))}: name the file itself, or --trust"
        )


def _file(path: str, head: bytes) -> Source:
    if not head:
        raise CompatError(f"{path}: is empty")
    if head.startswith(_HDF5):
        return Source("hdf5", path)
    if head.startswith(_ZIP):
        if path.endswith(".npz"):
            raise CompatError(f"{path}: holds arrays: --inputs takes them; {_EXPECTED}")
        return Source("keras", path)
    if (
        head[:1] == b"\x80"
        and head[1:2] in (b"\x02", b"\x03", b"\x04", b"\x05")
        or path.endswith((".pkl", ".pickle"))
    ):
        raise CompatError(f"{path}: is a pickle, which runs code when it is read: it is not read")
    if head.startswith(b"\x93NUMPY"):
        raise CompatError(f"{path}: is an array; {_EXPECTED}")
    if os.path.basename(path) == "saved_model.pb":
        return Source("saved_model", os.path.dirname(path) or os.curdir)
    if path.endswith((".h5", ".hdf5")):
        raise CompatError(f"{path}: is no HDF5 file (or truncated)")
    if path.endswith(".keras"):
        raise CompatError(f"{path}: is no archive as Keras saves models (or truncated)")
    return Source("graph", path)
