"""Case files: found by path, loaded with what they import, and asked for their operations."""

import contextlib
import hashlib
import os
import sys
import traceback
import types
from typing import TYPE_CHECKING, Any, Callable, Dict, Iterator, List, Optional, Sequence

from ..arrays import sha256_of_text
from ..errors import CompatError
from ..files import is_regular, read_bytes
from ..records import Description
from .imports import CASE_NAME, Imports

if TYPE_CHECKING:
    from .operation import Sample


class Case:
    """A loaded case file: ``path``, and ``operations`` in the order of their definition."""

    def __init__(self, path: str) -> None:
        self.path = path
        source = read_bytes(path)
        from .operation import Operation  # late: what is recorded and unchanged is not even loaded

        self._source = sha256_of_text(source)
        self._imports = Imports(path)
        with self.at_work():
            namespace = vars(_load(path, source))
        self.operations: List[Operation] = list(
            {id(v): v for v in namespace.values() if isinstance(v, Operation)}.values()
        )
        self._by_id: Dict[str, Sample] = {}

    def at_work(self) -> "contextlib.AbstractContextManager[None]":
        """While code of the case runs: it may import its neighbours."""
        return self._imports.active()

    def files(self) -> Dict[str, str]:
        """The SHA-256 of the case file and of what it has imported by now, by path from the case's folder."""
        files = {os.path.basename(self.path): self._source}
        for path, digest in sorted(self._imports.files.items()):
            files[os.path.relpath(path, self._imports.folder).replace(os.sep, "/")] = digest
        return files

    def paths(self) -> List[str]:
        """The case file and what it has imported by now."""
        return [os.path.realpath(self.path), *self._imports.files]

    def names(self) -> List[str]:
        """Those of the operations."""
        return [operation.name for operation in self.operations]

    def samples(self) -> List["Sample"]:
        return [sample for operation in self.operations for sample in operation.samples.values()]

    def sample(self, sample_id: str) -> Optional["Sample"]:
        """The sample of that id; None where there is none."""
        if not self._by_id:
            self._by_id = {sample.id: sample for sample in self.samples()}
        return self._by_id.get(sample_id)

    def describe(self, sample: "Sample") -> Description:
        """What is kept of a sample, so that it is known without its case file."""
        with self.at_work():
            return sample.describe(self.path)


def changed_files(case_path: str, files: Dict[str, str]) -> List[str]:
    """Those of a record's files that are other now; one that lay beside the case and is gone counts."""
    folder = os.path.dirname(os.path.abspath(case_path))
    changed = []
    for number, (name, digest) in enumerate(files.items()):
        path = case_path if number == 0 else os.path.join(folder, *name.split("/"))
        if is_regular(path):
            if sha256_of_text(read_bytes(path)) != digest:
                changed.append(name)
        elif not name.startswith("../") and not os.path.isabs(name):
            changed.append(name)
    return changed


def _load(path: str, source: bytes) -> types.ModuleType:
    if not path.endswith(".py"):
        raise CompatError(f"{path}: is no Python file (.py)")
    # Not the import machinery: its bytecode cache takes a file changed within a second for the old one.
    name = CASE_NAME + hashlib.sha256(os.fsencode(os.path.abspath(path))).hexdigest()[:16]
    module = types.ModuleType(name)
    module.__file__ = path
    sys.modules[name] = (
        module  # while the case is at work: where dataclasses look for what a class of it means
    )
    try:
        exec(compile(source, path, "exec"), vars(module))
    except CompatError as error:
        raise CompatError(f"{path}: {error}") from None
    except SyntaxError as error:
        place = path if error.filename in (None, path) else error.filename
        raise CompatError(f"{place}, line {error.lineno}: {error.msg}") from None
    except (Exception, SystemExit) as error:
        frames = traceback.extract_tb(error.__traceback__)
        lines = [frame.lineno for frame in frames if os.path.abspath(frame.filename) == os.path.abspath(path)]
        place = f"{path}, line {lines[-1]}" if lines else path
        said = (str(error).strip() or "without a message").splitlines()[0]
        raise CompatError(f"{place}: {type(error).__name__}: {said}") from None
    return module


def is_case_name(name: str) -> bool:
    """Whether a file of that name, met in a folder, may be a case: neither private nor pytest's own."""
    return name.endswith(".py") and not name.startswith(("_", "test_", "conftest"))


def paths_below(folder: str) -> List[str]:
    """The files in a folder that may be cases."""
    return sorted(
        os.path.join(inner, name)
        for inner, _, names in os.walk(folder)
        for name in names
        if is_case_name(name) and not _hidden(inner, folder)
    )


def find(paths: Sequence[str]) -> List[Case]:
    """The case files at the paths: files as they are named, folders with all ``.py`` below them.

    A file found in a folder without an operation is no case (a helper); one that is named must be.
    """
    return find_as(Case, paths)


def find_as(load: Callable[[str], Any], paths: Sequence[str]) -> List[Any]:
    """The same, each as what ``load`` makes of its path: with ``path``, ``names()`` and ``samples()`` of a Case."""
    cases: List[Any] = []
    for path in paths:
        if os.path.isdir(path):
            cases.extend(case for case in map(load, paths_below(path)) if case.names())
        elif os.path.exists(path):
            case = load(path)
            if not case.names():
                raise CompatError(f"{path}: defines no operation at its top level")
            if not case.samples():
                raise CompatError(f"{path}: its operations have no sample")
            cases.append(case)
        else:
            raise CompatError(f"{path}: there is no such case file or folder")
    if not cases:
        raise CompatError(f"{', '.join(paths)}: no case files here")
    cases = list({os.path.realpath(case.path): case for case in reversed(cases)}.values())[::-1]
    _check_names(cases)
    return cases


def _hidden(folder: str, root: str) -> bool:
    return any(
        part.startswith((".", "__")) for part in os.path.relpath(folder, root).split(os.sep) if part != "."
    )


def _check_names(cases: Sequence[Any]) -> None:
    first: Dict[str, str] = {}
    for case in cases:
        for name in case.names():
            if name in first:
                raise CompatError(f"{case.path}: operation {name!r} is already defined in {first[name]}")
            first[name] = case.path


def select(cases: Sequence[Any], names: Sequence[str]) -> Dict[str, Any]:
    """The samples with these ids, or all. Raises CompatError for an id that does not exist."""
    samples = {sample.id: sample for case in cases for sample in case.samples()}
    for name in names:
        if name not in samples:
            near = [known for known in samples if known.split("[")[0] == name.split("[")[0]]
            hint = f"; {name.split('[')[0]} has {', '.join(near[:8])}" if near else "; compat list shows them"
            raise CompatError(f"no sample {name!r}{hint}")
    return {name: samples[name] for name in names} if names else samples


def beside(case_path: str, name: str) -> Iterator[str]:
    """The places where a file may lie that speaks for a case: its folder, then the ones above."""
    folder: Optional[str] = os.path.dirname(os.path.abspath(case_path))
    while folder:
        yield os.path.join(folder, name)
        parent = os.path.dirname(folder)
        folder = parent if parent != folder else None
