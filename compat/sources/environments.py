"""``compat trace --env NAME``: the same command in an environment of tox, which is made where it is missing.

The environments are those of compat's own tox.ini: that of the checkout, or, where compat was installed, the copy that
came with it.  Then the environments are kept in the user's cache, and compat installs itself into them as it is here.
"""

import configparser
import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from typing import Any, Dict, List, NamedTuple, Optional, Tuple

import platformdirs

from ..errors import CompatError
from ..files import read_bytes
from .repacking import wheel_of

_HERE = os.path.dirname(os.path.abspath(__file__))
_ROOT = os.path.dirname(os.path.dirname(_HERE))


#: The lines in which tox, uv and pip say why.
_TELLING = re.compile(
    r"could not find python|interpreter|error|ERROR|\u00d7|\u2570|No solution|because", re.IGNORECASE
)


class Place(NamedTuple):
    """``ini``: the tox.ini.  ``work``: where the environments are.  ``installed``: whether compat is no checkout."""

    ini: str
    work: str
    installed: bool


def trace_there(arguments: Any) -> int:
    """Run ``compat trace`` with the arguments in their environment; returns its exit status."""
    if not arguments.env:
        raise CompatError(
            "--with-requirements goes with --env: name the environment that the packages are for"
        )
    place = found()
    _check_name(place.ini, arguments.env)
    own: List[str] = []
    if arguments.with_requirements:
        path = os.path.abspath(arguments.with_requirements)
        # An environment of its own: those of the matrix stay what they are.
        digest = hashlib.sha256(read_bytes(path)).hexdigest()[:12]
        place = place._replace(work=os.path.join(place.work, f"with-{digest}"))
        own = ["-x", f"testenv.deps+=-r{path}"]
    tox = [*_tox(), "--colored", "no", "-c", place.ini, "--workdir", place.work]
    make = ["run", "-e", arguments.env, "--notest", "--skip-missing-interpreters", "false", *own]
    if place.installed:
        make += ["--installpkg", wheel_of("compat", os.path.join(place.work, "packages"))]
    print(f"the environment {arguments.env}, in {place.work}", flush=True)
    _output(_with(tox, make), arguments.env)
    told = _output(
        _with(tox, ["config", "-e", arguments.env, "-k", "env_python", "set_env", *own]), arguments.env
    )
    python, settings = _described(told, arguments.env)
    command = [python, "-m", "compat", "trace", *_arguments(arguments)]
    return subprocess.run(command, check=False, env=dict(_variables(), **settings)).returncode


def _with(tox: List[str], command: List[str]) -> List[str]:
    """tox takes its options after the name of its command."""
    first = 3 if tox[1] == "-m" else 1
    return [*tox[:first], command[0], *tox[first:], *command[1:]]


def _described(text: str, name: str) -> Tuple[str, Dict[str, str]]:
    """(the interpreter, the variables that are set) of what ``tox config`` says."""
    parser = configparser.ConfigParser(interpolation=None, delimiters=("=",), strict=False)
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    try:
        parser.read_string(text)
        section = parser[f"testenv:{name}"]
        pairs = [line.partition("=") for line in section["set_env"].split("\n") if line.strip()]
        return section["env_python"].strip(), {key.strip(): value for key, _, value in pairs}
    except (configparser.Error, KeyError) as error:
        raise CompatError(
            f"what tox says of the environment {name} is not understood ({error}): upgrade tox"
        ) from None


def found() -> Place:
    """Where the environments are described, and where they are."""
    ini = os.path.join(_ROOT, "tox.ini")
    if os.path.isfile(ini) and os.path.isfile(os.path.join(_ROOT, "pyproject.toml")):
        return Place(ini, os.path.join(_ROOT, ".tox"), False)
    ini = os.path.join(_HERE, "tox", "tox.ini")
    if not os.path.isfile(ini):
        raise CompatError(
            "this compat came without its tox.ini: install it from its wheel, or work in a checkout"
        )
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
    kept = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "PYTHONHOME")}
    return dict(kept, NO_COLOR="1")


def _output(command: List[str], name: str) -> str:
    """What tox says.  Raises CompatError where it cannot do it, with the line of it that says why."""
    try:
        done = subprocess.run(
            command,
            check=False,
            env=_variables(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
        )
    except OSError as error:
        raise CompatError(f"tox cannot be started ({error.strerror}): pip install tox tox-uv") from None
    if done.returncode == 0:
        return done.stdout
    said = [line.strip() for line in done.stdout.splitlines() if _TELLING.search(line)]
    why = said[-1] if said else f"tox ended with status {done.returncode}"
    hint = "; uv python install X.Y brings a Python" if "interpreter" in why else ""
    raise CompatError(f"the environment {name} cannot be made: {why}{hint}")


def _arguments(arguments: Any) -> List[str]:
    """The same without what names the environment."""
    given = [arguments.source, "--out", arguments.out]
    for option, value in (("--inputs", arguments.inputs), ("--outputs", arguments.outputs)):
        given += [option, value] if value else []
    for folder in arguments.path:
        given += ["--path", folder]
    given += ["--train-op", arguments.train_op] if arguments.train_op else []
    given += ["--training"] if arguments.training else []
    return given + (["--trust"] if arguments.trust else [])
