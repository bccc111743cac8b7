"""known_differences.toml: differences that are understood, each with its reason and address.

    [[difference]]
    operation = "conv2d_default_strides"
    samples = ["*"]                       # optional; names or patterns
    dialects = ["tf2.eager", "tf2.function"]
    tensorflow = ">=2.0"                  # optional; PEP 440
    settings = {TF_ENABLE_ONEDNN_OPTS = "0"}   # optional; of the environment
    verdict = "error"
    reason = "strides lost its default in TensorFlow 2"
    edit = "write strides=1"              # optional; what mends a port
    address = "https://..."

An entry that matches a sample which agrees is stale, and fails: the file never outlives the facts.  One whose reason
and address are both empty waits for somebody to write them, as ``compat fuzz`` leaves them, and excuses nothing.
"""

import dataclasses
import sys
from fnmatch import fnmatchcase
from typing import Any, Dict, Iterable, List, Optional

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import InvalidVersion

from ..case.files import beside
from ..errors import CompatError
from ..files import is_regular, read_bytes
from ..record.dialects import DIALECTS
from ..records import NOT_JUDGED, PASSING, SEVERITY, Environment, Known, Verdict

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

FILE_NAME = "known_differences.toml"
_REQUIRED = {"operation", "dialects", "verdict", "reason", "address"}
_OPTIONAL = {"samples", "tensorflow", "settings", "edit"}


def _is_text(value):
    return isinstance(value, str) and value != ""


def _are_texts(value):
    return isinstance(value, list) and all(map(_is_text, value))


_FORMS = dict.fromkeys(("operation", "verdict", "reason", "address", "edit"), (_is_text, "a text"))
_FORMS["samples"] = _FORMS["dialects"] = (_are_texts, "a list of texts")
_FORMS["tensorflow"] = (lambda value: isinstance(value, str), "a text")
_FORMS["settings"] = (
    lambda value: isinstance(value, dict) and all(isinstance(text, str) for text in value.values()),
    "a table of texts",
)


class KnownDifference:
    """One entry of the file; ``where`` tells it apart in messages."""

    def __init__(self, fields: Dict[str, Any], where: str) -> None:
        self.where = where
        missing, extra = _REQUIRED - set(fields), set(fields) - _REQUIRED - _OPTIONAL
        if missing or extra:
            what = (
                f"lacks {', '.join(sorted(missing))}"
                if missing
                else f"has unknown {', '.join(sorted(extra))}"
            )
            raise CompatError(f"{where} {what}")
        waits = fields["reason"] == fields["address"] == ""
        for name, value in fields.items():
            if waits and name in ("reason", "address"):
                continue
            fits, expected = _FORMS[name]
            if not fits(value):
                raise CompatError(f"{where}: {name}: expected {expected}, found {value!r}")
        self.operation = fields["operation"]
        self.samples = fields.get("samples", ["*"])
        self.dialects = fields["dialects"]
        self.verdict = fields["verdict"]
        self.reason = fields["reason"]
        self.address = fields["address"]
        self.edit = fields.get("edit", "")
        self.settings = fields.get("settings", {})
        try:
            self.tensorflow = SpecifierSet(fields.get("tensorflow", ""))
        except InvalidSpecifier as error:
            raise CompatError(f"{where}: tensorflow: {error}") from None
        unknown = [d for d in self.dialects if d not in DIALECTS]
        if unknown:
            raise CompatError(f"{where}: no dialect {unknown[0]!r}; there are {', '.join(DIALECTS)}")
        if self.verdict not in SEVERITY:
            raise CompatError(f"{where}: no verdict {self.verdict!r}; there are {', '.join(SEVERITY)}")
        if self.verdict in NOT_JUDGED:
            raise CompatError(
                f"{where}: verdict {self.verdict!r} cannot be explained away: mend what causes it"
            )
        if self.verdict in PASSING:
            raise CompatError(f"{where}: verdict {self.verdict!r} needs no explanation")

    def matches(self, operation: str, sample: str, dialect: str, environment: Environment) -> bool:
        """Whether it speaks of this sample (its name), in this dialect, as it was recorded in that Environment."""
        return (
            self.operation == operation
            and dialect in self.dialects
            and any(fnmatchcase(sample, pattern) for pattern in self.samples)
            and all(environment.settings.get(name) == value for name, value in self.settings.items())
            and (
                not str(self.tensorflow)
                or (environment.tensorflow is not None and self._speaks_of(environment.tensorflow))
            )
        )

    def is_demanded(self, environment: Environment) -> bool:
        """Whether it has to be seen there: what is known of Keras 3 on TensorFlow may be otherwise on JAX."""
        return (
            environment.settings.get("KERAS_BACKEND", "tensorflow") == "tensorflow"
            or "KERAS_BACKEND" in self.settings
        )

    def _speaks_of(self, version):
        try:
            return self.tensorflow.contains(version, prereleases=True)
        except InvalidVersion:  # whatever a record says that it is of
            return False


def read(path: str) -> List[KnownDifference]:
    """The entries of a file. Raises CompatError with the place of what is wrong."""
    try:
        document = tomllib.loads(read_bytes(path).decode("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise CompatError(f"{path}: {str(error).splitlines()[0]}") from None
    entries = document.pop("difference", [])
    if document or not isinstance(entries, list) or not all(isinstance(e, dict) for e in entries):
        raise CompatError(f"{path}: write [[difference]] tables and nothing else")
    return [KnownDifference(fields, f"{path}: difference {i + 1}") for i, fields in enumerate(entries)]


def path_beside(case_path: str) -> Optional[str]:
    """The path of the file that speaks for a case file: in its folder or the nearest one above; or None."""
    return next(filter(is_regular, beside(case_path, FILE_NAME)), None)


def marked(
    verdict: Verdict,
    operation: str,
    sample: str,
    dialect: str,
    environment: Environment,
    entries: Iterable[KnownDifference],
) -> Verdict:
    """The verdict as known where an entry says so; as a ``differs`` where the entry is stale."""
    found = verdict.word
    # What another dialect compiles or converts may differ as it does there, and need not.
    lent = DIALECTS[dialect].spelled_as if dialect in DIALECTS else None
    for entry in entries:
        if not entry.reason:  # it waits for one, and excuses nothing
            continue
        its_own = entry.matches(operation, sample, dialect, environment)
        if not its_own and not (lent and entry.matches(operation, sample, lent, environment)):
            continue
        if found == entry.verdict:
            known = Known(entry.reason, entry.address, entry.edit)
            verdict = dataclasses.replace(verdict, known=known)
        elif its_own and entry.is_demanded(environment) and found in PASSING:
            message = f"{entry.where} expects {entry.verdict}, but it agrees: mend the entry"
            verdict = dataclasses.replace(verdict, message=message, word="differs")
    return verdict
