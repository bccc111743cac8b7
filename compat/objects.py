"""The arrays of a store, each in a file named by its digest."""

import functools
import io
import os
import tempfile
from typing import IO, Any, Dict, List, Optional, Tuple

import numpy as np

from .arrays import bytes_of, digest
from .errors import CompatError, StoreError
from .files import appearing, is_regular, open_regular, reason

#: What a header of a plain array takes at most; NumPy's own limit.
_LONGEST_HEADER = 10000
#: Bytes of one computation that are kept in memory: a network's tensors may be many times what it has at one time.
_IN_MEMORY = 1 << 26
#: Bytes of an array that is kept after it was read, and how many are kept.
_SMALL, _MOST_RECENT = 1 << 18, 64
#: How many arrays are lent: more than a sample has.
_MOST_LENT = 256
_READ_HEADER = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}


class Objects:
    """The arrays of a store, each under its digest."""

    def __init__(self, folder: str) -> None:
        self.folder = folder
        self._found: Dict[str, Tuple[Tuple[int, ...], str]] = {}

    def path(self, name: str) -> str:
        if len(name) != 64 or set(name) - set("0123456789abcdef"):
            raise CompatError(f"{self.folder}: {name[:80]!r} is no digest of an array; record it again")
        return os.path.join(self.folder, f"{name}.npy")

    def add(self, array: Any) -> str:
        """Keep an array; returns its digest.  A damaged file is replaced.

        Raises ValueError for an array of Python objects.
        """
        name = digest(array)
        if name not in self or self.trouble(name):
            plain = np.ascontiguousarray(array).reshape(np.shape(array))
            header = np.lib.format.header_data_from_array_1_0(plain)
            with appearing(self.path(name), "wb") as file:
                np.lib.format.write_array_header_1_0(file, header)
                file.write(bytes_of(plain))  # not NumPy's own writing, which does not say why it cannot
            self._found[name] = plain.shape, plain.dtype.name
        return name

    def __contains__(self, name: str) -> bool:
        return is_regular(self.path(name))

    def read(self, name: str) -> np.ndarray:
        """The array of that digest, checked against it."""
        path = self.path(name)
        if not os.path.lexists(path):
            raise CompatError(f"{path}: is missing: record it again")
        with open_regular(path) as file:
            try:
                array = _plain(file)
            except Exception:  # NumPy parses the header: ValueError, SyntaxError, EOFError, MemoryError ...
                raise CompatError(
                    f"{path}: is no plain array (truncated, or pickled); delete it and run again"
                ) from None
        if digest(array) != name:
            raise CompatError(f"{path}: its contents do not match its name; delete it and run again")
        self._found[name] = array.shape, array.dtype.name
        return array

    def recent(self, name: str) -> Optional[np.ndarray]:
        """The array, where it is in memory, be it of the store or lent."""
        return None

    def lend(self, array: Any) -> str:
        """Keep an array that is quickly made again where that takes no file; returns its digest, or nothing."""
        return ""

    def trouble(
        self, name: str, shape: Optional[List[int]] = None, dtype: Optional[str] = None
    ) -> Optional[str]:
        """Why there is no such array: missing, damaged, or not of that shape and dtype; None where all is well.

        Each array is read for it once.
        """
        try:
            if name not in self._found:
                self.read(name)
        except CompatError as error:
            return str(error)
        its_shape, its_dtype = self._found[name]
        if shape is not None and list(its_shape) != shape:
            return f"the record says that the shape is {tuple(shape)}; its array has {its_shape}: record it again"
        if dtype is not None and not _may_be_kept_as(dtype, its_dtype):
            return f"the record says that the dtype is {dtype}; its array has {its_dtype}: record it again"
        return None


class Recent(Objects):
    """The arrays of a store, those read last kept in memory: who judges and who draws ask for the same ones.

    They cannot be written to.
    """

    def __init__(self, folder: str) -> None:
        super().__init__(folder)
        self._recent: Dict[str, np.ndarray] = {}
        self._lent: Dict[str, np.ndarray] = {}

    def recent(self, name: str) -> Optional[np.ndarray]:
        return self._lent.get(name, self._recent.get(name))

    def read(self, name: str) -> np.ndarray:
        array = self._recent.get(name)  # not what is lent: it may be no array of the store
        if array is None:
            array = super().read(name)
            array.flags.writeable = False
            if array.nbytes <= _SMALL:
                _keep(self._recent, name, array, _MOST_RECENT)
        return array

    def lend(self, array: Any) -> str:
        if np.asarray(array).nbytes > _SMALL:
            return self.add(array)
        name = digest(array)
        lent = np.array(array, order="C")
        lent.flags.writeable = False
        _keep(self._lent, name, lent, _MOST_LENT)
        return name


def _keep(arrays: Dict[str, np.ndarray], name: str, array: np.ndarray, most: int) -> None:
    arrays[name] = array
    if len(arrays) > most:
        del arrays[next(iter(arrays))]


class Memory:
    """Arrays of a computation that is judged at once: in memory, and beyond ``_IN_MEMORY`` bytes in a file that has no
    name, so that it is gone with the process, however that ends."""

    def __init__(self) -> None:
        self._arrays: Dict[str, np.ndarray] = {}
        self._bytes = 0
        self._beyond: Optional[_Nameless] = None

    def add(self, array: Any) -> str:
        """Keep an array; returns its digest.  Raises StoreError where there is no room."""
        name, array = digest(array), np.asarray(array)
        if name in self._arrays or (self._beyond is not None and name in self._beyond):
            return name
        if self._bytes + array.nbytes > _IN_MEMORY:
            if self._beyond is None:
                self._beyond = _Nameless()
            self._beyond.add(name, array)
            return name
        self._arrays[name] = np.array(array)
        self._bytes += array.nbytes
        return name

    def read(self, name: str) -> np.ndarray:
        if name in self._arrays or self._beyond is None:
            return self._arrays[name]
        return self._beyond.read(name)


class _Nameless:
    """Arrays one behind the other in a temporary file that no folder names."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile(prefix="compat-")  # noqa: SIM115 (as long as the arrays)
        self._places: Dict[str, Tuple[int, np.dtype, Tuple[int, ...]]] = {}
        self._end = 0

    def __contains__(self, name: str) -> bool:
        return name in self._places

    def add(self, name: str, array: np.ndarray) -> None:
        try:
            self._file.seek(self._end)
            self._file.write(np.ascontiguousarray(array).reshape(-1).view(np.uint8) if array.size else b"")
            self._file.flush()
        except OSError as error:
            raise StoreError(
                f"{tempfile.gettempdir()}: cannot keep what is computed ({reason(error)}); TMPDIR names another folder"
            ) from None
        self._places[name] = self._end, array.dtype, array.shape
        self._end += array.nbytes

    def read(self, name: str) -> np.ndarray:
        start, dtype, shape = self._places[name]
        array = np.empty(shape, dtype)
        if array.size:
            self._file.seek(start)
            self._file.readinto(array.reshape(-1).view(np.uint8))
        return array


def _may_be_kept_as(dtype: str, kept: str) -> bool:
    """bfloat16 is kept as float32, texts as bytes of one width."""
    if dtype == "bfloat16":
        return kept == "float32"
    return dtype == kept or (dtype == "string" and kept.startswith("bytes"))


def _plain(file: IO[bytes]) -> np.ndarray:
    """The array in a file.

    Raises ValueError where its header does not speak of just the bytes that follow: nothing is made room for.
    """
    version = np.lib.format.read_magic(file)
    length = file.read(2 if version == (1, 0) else 4)
    if int.from_bytes(length, "little") > _LONGEST_HEADER:
        raise ValueError("no header is as long")
    header = file.read(int.from_bytes(length, "little"))
    shape, by_columns, dtype = _parsed(version, length + header)
    size = dtype.itemsize
    for extent in shape:
        if type(extent) is not int or extent < 0:
            raise ValueError("no shape")
        size *= extent
    if dtype.hasobject or dtype.kind not in "biufcSUmM":
        raise ValueError("no numbers")
    if file.tell() + size != os.fstat(file.fileno()).st_size:
        raise ValueError("truncated, or more than the array")
    array = np.empty(shape, dtype, order="F" if by_columns else "C")
    if size and file.readinto(array.ravel(order="K").view(np.uint8)) != size:  # type: ignore[attr-defined]
        raise ValueError("truncated")
    return array


@functools.lru_cache(maxsize=4096)
def _parsed(version: Tuple[int, int], header: bytes) -> Tuple[Tuple[int, ...], bool, np.dtype]:
    """What a header says; NumPy takes longer to parse one than to read a small array."""
    return _READ_HEADER[version](io.BytesIO(header))
