"""Files as the store needs them: read only where they are plain files, and appearing only when complete."""

import contextlib
import os
import stat
import uuid
from io import BufferedReader
from typing import IO, Any, Iterator, List, Optional

from .errors import CompatError, StoreError

#: No text that compat reads is larger: what is, is not what it seems.
LARGEST = 1 << 30
#: How the names of unfinished files begin.
TEMPORARY = ".tmp-"
_NO_WAIT = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


def open_regular(path: str) -> BufferedReader:
    """A plain file, for reading.  Raises CompatError for one that is none, without waiting: a FIFO would hang."""
    try:
        descriptor = os.open(path, os.O_RDONLY | _NO_WAIT)
    except (OSError, ValueError) as error:
        raise CompatError(f"{path}: cannot be read ({reason(error)})") from None
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise CompatError(f"{path}: is no plain file")
    return os.fdopen(descriptor, "rb")


def read_bytes(path: str) -> bytes:
    """The bytes of a plain file.  Raises CompatError where they cannot be had."""
    try:
        with open_regular(path) as file:
            if os.fstat(file.fileno()).st_size > LARGEST:
                raise CompatError(f"{path}: is larger than anything that belongs there")
            return file.read()
    except (OSError, MemoryError) as error:
        raise CompatError(f"{path}: cannot be read ({reason(error)})") from None


def open_own(path: str) -> IO[bytes]:
    """A plain file of ours to hold a lock on, made where it is missing.  Never somebody else's behind a link."""
    flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | _NO_WAIT
    try:
        descriptor = os.open(path, flags, 0o666)
    except (OSError, ValueError) as error:
        said = "it is a link" if os.path.islink(path) else reason(error)
        raise CompatError(f"{path}: cannot be written ({said})") from None
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise CompatError(f"{path}: is no plain file")
    return os.fdopen(descriptor, "rb+")


def folder_names(path: str) -> List[str]:
    """What is in a folder, sorted.  Raises CompatError where it cannot be read."""
    try:
        return sorted(os.listdir(path))
    except (OSError, ValueError) as error:
        raise CompatError(f"{path}: cannot be read ({reason(error)})") from None


def is_regular(path: str) -> bool:
    try:
        return stat.S_ISREG(os.stat(path).st_mode)
    except (OSError, ValueError):
        return False


def reason(error: Exception) -> str:
    """Why, in words: an OSError of a library may have no ``strerror``."""
    return getattr(error, "strerror", None) or str(error) or type(error).__name__


@contextlib.contextmanager
def appearing(path: str, mode: str) -> Iterator[IO[Any]]:
    """A file that appears under its name only when it is complete.  Raises StoreError where it cannot be written."""
    folder = os.path.dirname(path) or os.curdir
    temporary = os.path.join(folder, f"{TEMPORARY}{uuid.uuid4().hex}")
    encoding: Optional[str] = None if "b" in mode else "utf-8"
    try:
        os.makedirs(folder, exist_ok=True)
        with open(temporary, mode, encoding=encoding) as file:
            yield file
        os.replace(temporary, path)
    except BaseException as error:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        if isinstance(error, OSError):
            raise StoreError(f"{path}: cannot be written ({reason(error)})") from None
        raise
