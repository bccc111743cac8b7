"""What a case file imports: its neighbours and other files of the user's, each as it stands now.

A record depends on them, so each is known by the SHA-256 of the very bytes that ran.  They are compiled from their
source every time: Python's bytecode cache takes a file changed within a second for the old one.  Two cases may
each have a ``model.py`` beside them: what a case imported is in ``sys.modules`` only while that case is at work.
"""

import contextlib
import importlib.abc
import importlib.machinery
import importlib.util
import os
import site
import sys
import sysconfig
from types import ModuleType
from typing import Any, Dict, Iterator, List, Optional, Set

from ..arrays import sha256_of_text

_COMPAT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
#: What the modules of case files are called, with a digest of their path behind it.
CASE_NAME = "compat_case_"
#: Never a neighbour, whatever it is called.
_FRAMEWORKS = {"compat", "numpy", "scipy", "tensorflow", "keras", "tf_keras"}


def _installed_folders() -> List[str]:
    paths = sysconfig.get_paths()
    folders = [paths[key] for key in ("stdlib", "platstdlib", "purelib", "platlib")]
    with contextlib.suppress(AttributeError):  # not in every virtual environment of Python 3.7
        folders += site.getsitepackages()
    folders += [site.getusersitepackages(), _COMPAT]
    return sorted({os.path.realpath(folder) + os.sep for folder in folders})


_INSTALLED = _installed_folders()


def is_installed(path: str) -> bool:
    """Whether a file belongs to Python, to an installed package, or to compat: its version speaks for it."""
    real = os.path.realpath(path)
    parts = real.split(os.sep)
    return (
        any(real.startswith(folder) for folder in _INSTALLED)
        or "site-packages" in parts
        or "dist-packages" in parts
    )


class Imports(importlib.abc.MetaPathFinder):
    """The files that one case imports, found beside it first; ``files``: their SHA-256 by absolute path."""

    def __init__(self, case_path: str) -> None:
        self.folder = os.path.dirname(os.path.abspath(case_path))
        self.files: Dict[str, str] = {}
        self._modules: Dict[str, ModuleType] = {}
        self._active = 0

    @contextlib.contextmanager
    def active(self) -> Iterator[None]:
        """While the case is loaded or computes: it may import its neighbours, also late."""
        self._active += 1
        if self._active > 1:
            try:
                yield
            finally:
                self._active -= 1
            return
        displaced = {name: sys.modules[name] for name in self._modules if name in sys.modules}
        before = list(sys.modules)
        sys.modules.update(self._modules)
        sys.meta_path.insert(0, self)
        try:
            yield
        finally:
            self._active -= 1
            sys.meta_path.remove(self)
            new = {name: sys.modules[name] for name in _since(before)}
            self._modules.update((name, module) for name, module in new.items() if _is_of_a_case(module))
            for name in self._modules:
                sys.modules.pop(name, None)
            sys.modules.update(displaced)

    def find_spec(
        self, name: str, path: Any = None, target: Any = None
    ) -> Optional[importlib.machinery.ModuleSpec]:
        """Python's own modules first, then the case's neighbours, then the rest of ``sys.path``."""
        spec = None
        if path is None and not is_standard(name) and name not in _FRAMEWORKS:
            spec = importlib.machinery.PathFinder.find_spec(name, [self.folder])
            if spec is not None and spec.origin is None and not _holds_python(spec):
                spec = None  # any folder of that name would do for a namespace
        spec = spec or importlib.machinery.PathFinder.find_spec(name, path)
        if (
            spec is None
            or spec.origin is None
            or not spec.origin.endswith(".py")
            or is_installed(spec.origin)
        ):
            return spec if spec is not None and spec.origin is None else None
        return importlib.util.spec_from_file_location(
            name,
            spec.origin,
            loader=_FromSource(name, spec.origin, self),
            submodule_search_locations=spec.submodule_search_locations,
        )

    def loaded(self, name: str, path: str, source: bytes) -> None:
        self.files[os.path.abspath(path)] = sha256_of_text(source)


class _FromSource(importlib.machinery.SourceFileLoader):
    """Compiles the source as it stands, and says which bytes those were."""

    def __init__(self, name: str, path: str, imports: Imports) -> None:
        super().__init__(name, path)
        self._imports = imports

    def get_code(self, fullname: str) -> Any:
        path = self.get_filename(fullname)
        source = self.get_data(path)
        self._imports.loaded(fullname, path, source)
        return compile(source, path, "exec", dont_inherit=True)


def _since(before: List[str]) -> List[str]:
    """The names of modules that are there now and were not before."""
    now = list(sys.modules)
    if now[: len(before)] == before:  # TensorFlow brings thousands, and what is new stands behind them
        return now[len(before) :]
    known = set(before)
    return [name for name in now if name not in known]


def _is_of_a_case(module: ModuleType) -> bool:
    """A case file, a file that was loaded for one, or a folder of such files."""
    if getattr(module, "__name__", "").startswith(CASE_NAME):
        return True
    spec = getattr(module, "__spec__", None)
    if isinstance(getattr(spec, "loader", None), _FromSource):
        return True
    folders = list(getattr(module, "__path__", []) or []) if getattr(module, "__file__", None) is None else []
    return bool(folders) and not any(map(is_installed, folders))


def is_standard(name: str) -> bool:
    """Whether Python itself has a module of that name."""
    if name in sys.builtin_module_names:
        return True
    if name not in _STANDARD:
        folders = [sysconfig.get_paths()[key] for key in ("stdlib", "platstdlib")]
        folders += [os.path.join(folder, "lib-dynload") for folder in folders]
        spec = importlib.machinery.PathFinder.find_spec(name, folders)
        _STANDARD[name] = spec is not None and spec.origin is not None
    return _STANDARD[name]


_STANDARD: Dict[str, bool] = {}


def _holds_python(spec: importlib.machinery.ModuleSpec) -> bool:
    folders: Set[str] = set(spec.submodule_search_locations or ())
    return any(name.endswith(".py") for folder in folders for name in os.listdir(folder))
