"""Case files: found by path, loaded, and asked for their operations."""

import hashlib
import os
import traceback
import types

from .errors import CompatError
from .operation import Operation


class Case:
    """A loaded case file: ``path``, ``operations`` in the order of their definition, ``code`` digest."""

    def __init__(self, path):
        self.path = path
        try:
            with open(path, "rb") as file:
                source = file.read()
        except OSError as error:
            raise CompatError(f"{path}: cannot be read ({error.strerror})") from None
        self.code = hashlib.sha256(source.replace(b"\r\n", b"\n")).hexdigest()
        namespace = vars(_load(path, source))
        self.operations = list({id(v): v for v in namespace.values() if isinstance(v, Operation)}.values())

    def samples(self):
        return [sample for operation in self.operations for sample in operation.samples.values()]


def _load(path, source):
    if not path.endswith(".py"):
        raise CompatError(f"{path}: is no Python file (.py)")
    # Not the import machinery: its bytecode cache takes a file changed within a second for the old one.
    module = types.ModuleType(
        "compat_case_" + hashlib.sha256(os.path.abspath(path).encode()).hexdigest()[:16]
    )
    module.__file__ = path
    try:
        exec(compile(source, path, "exec"), vars(module))
    except CompatError as error:
        raise CompatError(f"{path}: {error}") from None
    except SyntaxError as error:
        raise CompatError(f"{path}, line {error.lineno}: {error.msg}") from None
    except (Exception, SystemExit) as error:
        frames = traceback.extract_tb(error.__traceback__)
        lines = [frame.lineno for frame in frames if os.path.abspath(frame.filename) == os.path.abspath(path)]
        place = f"{path}, line {lines[-1]}" if lines else path
        said = (str(error).strip() or "without a message").splitlines()[0]
        raise CompatError(f"{place}: {type(error).__name__}: {said}") from None
    return module


def is_case_name(name):
    """Whether a file of that name, met in a folder, may be a case: neither private nor pytest's own."""
    return name.endswith(".py") and not name.startswith(("_", "test_", "conftest"))


def find(paths):
    """The case files at the paths: files as they are named, folders with all ``.py`` below them.

    A file found in a folder without an operation is no case (a helper); one that is named must be.
    """
    cases = []
    for path in paths:
        if os.path.isdir(path):
            inner = [
                os.path.join(folder, name)
                for folder, folders, names in os.walk(path)
                for name in names
                if is_case_name(name) and not _hidden(folder, path)
            ]
            cases.extend(case for case in map(Case, sorted(inner)) if case.operations)
        elif os.path.exists(path):
            case = Case(path)
            if not case.operations:
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


def _hidden(folder, root):
    return any(
        part.startswith((".", "__")) for part in os.path.relpath(folder, root).split(os.sep) if part != "."
    )


def _check_names(cases):
    first = {}
    for case in cases:
        for operation in case.operations:
            if operation.name in first:
                raise CompatError(
                    f"{case.path}: operation {operation.name!r} is already defined in {first[operation.name]}"
                )
            first[operation.name] = case.path


def select(cases, names):
    """The samples with these ids, or all. Raises CompatError for an id that does not exist."""
    samples = {sample.id: sample for case in cases for sample in case.samples()}
    for name in names:
        if name not in samples:
            near = [known for known in samples if known.split("[")[0] == name.split("[")[0]]
            hint = f"; {name.split('[')[0]} has {', '.join(near[:8])}" if near else "; compat list shows them"
            raise CompatError(f"no sample {name!r}{hint}")
    return {name: samples[name] for name in names} if names else samples
