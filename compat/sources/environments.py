"""``compat trace --env NAME``: the same command in an environment of tox, which is made where it is missing.

The environments are those of compat's own tox.ini: that of the checkout, or, where compat was installed, the copy that
came with it.  Then the environments are kept in the user's cache, and compat installs itself into them as it is here.
"""

import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from typing import Any, List, NamedTuple, Optional

import platformdirs

from ..errors import CompatError
from ..files import read_bytes
from .repacking import wheel_of

_HERE = os.path.dirname(os.path.abspath(__file__))
_ROOT = os.path.dirname(os.path.dirname(_HERE))


class Place(NamedTuple):
    """``ini``: the tox.ini.  ``work``: where the environments are.  ``installed``: whether compat is no checkout."""

    ini: str
    work: str
    installed: bool


def trace_there(arguments: Any) -> int:
    """Run ``compat trace`` with the arguments in their environment; returns its exit status."""
    if not arguments.env:
        raise CompatError("--with-requirements goes with --env: name the environment that the packages are for")
    place = found()
    _check_name(place.ini, arguments.env)
    own: List[str] = []
    if arguments.with_requirements:
        path = os.path.abspath(arguments.with_requirements)
        # An environment of its own: those of the matrix stay what they are.
        digest = hashlib.sha256(read_bytes(path)).hexdigest()[:12]
        place = place._replace(work=os.path.join(place.work, f"with-{digest}"))
        own = ["-x", f"testenv.deps+=-r{path}"]
    tox = [*_tox(), "-c", place.ini, "--workdir", place.work]
    make = ["run", "-e", arguments.env, "--notest", "-qq", *own]
    if place.installed:
        make += ["--installpkg", wheel_of("compat", os.path.join(place.work, "packages"))]
    _call([*tox[:1], *_insert(tox[1:], make)], arguments.env)
    there = ["exec", "-e", arguments.env, "-qq", *own, "-x", f"testenv.change_dir={os.getcwd()}"]
    command = [*tox[:1], *_insert(tox[1:], there), "--", "python", "-m", "compat", "trace", *_arguments(arguments)]
    return subprocess.run(command, check=False, env=_variables()).returncode


def _insert(options: List[str], command: List[str]) -> List[str]:
    """tox takes its options after the name of its command."""
    first = 2 if options[:1] == ["-m"] else 0
    return [*options[:first], command[0], *options[first:], *command[1:]]


def found() -> Place:
    """Where the environments are described, and where they are."""
    ini = os.path.join(_ROOT, "tox.ini")
    if os.path.isfile(ini) and os.path.isfile(os.path.join(_ROOT, "pyproject.toml")):
        return Place(ini, os.path.join(_ROOT, ".tox"), False)
    ini = os.path.join(_HERE, "tox", "tox.ini")
    if not os.path.isfile(ini):
        raise CompatError("this compat came without its tox.ini: install it from its wheel, or work in a checkout")
    cache = os.environ.get("COMPAT_CACHE") or platformdirs.user_cache_dir("compat")
    return Place(ini, os.path.join(os.path.abspath(cache), "tox"), True)


def _check_name(ini: str, name: str) -> None:
    text = read_bytes(ini).decode("utf-8")
    names = re.findall(r"^ *(tf[0-9.]+): tensorflow", text, re.MULTILINE)
    if name.partition("-")[0] not in names:
        raise CompatError(f"--env {name}: there is no such environment; there are {', '.join(names)}")


def _tox() -> List[str]:
    if importlib.util.find_spec("tox"):
        return [sys.executable, "-m", "tox"]
    path: Optional[str] = shutil.which("tox")
    if path is None:
        raise CompatError("--env needs tox, which makes the environments: pip install tox tox-uv")
    return [path]


def _variables() -> "dict[str, str]":
    """Without what makes Python look elsewhere: the environment has its own compat."""
    return {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "PYTHONHOME")}


def _call(command: List[str], name: str) -> None:
    """tox's own lines go to standard error: what is traced is on standard output."""
    try:
        status = subprocess.run(command, check=False, env=_variables(), stdout=sys.stderr.fileno()).returncode
    except OSError as error:
        raise CompatError(f"tox cannot be started ({error.strerror}): pip install tox tox-uv") from None
    if status:
        raise CompatError(f"the environment {name} cannot be made: tox says why above")


def _arguments(arguments: Any) -> List[str]:
    """The same without what names the environment."""
    given = [arguments.source, "--out", arguments.out]
    for option, value in (("--inputs", arguments.inputs), ("--outputs", arguments.outputs)):
        given += [option, value] if value else []
    for folder in arguments.path:
        given += ["--path", folder]
    return given + (["--trust"] if arguments.trust else [])
