"""What was judged before, kept beside the user's other caches: a verdict is made once for the same bits.

Never in the store: a store may come from anywhere, and what it says of itself is not believed.  Every entry is found
by a digest of all that it follows from, so that nothing here can be out of date.
"""

import contextlib
import dataclasses
import hashlib
import json
import os
from typing import Any, Dict, Optional, Tuple

import numpy as np

from ..caches import folder
from ..case.files import Case, changed_files
from ..case.operation import Sample
from ..documents import read_json, write_json
from ..errors import CompatError
from ..jsons import as_json, from_json
from ..record.code import digest_of
from ..record.noticed import Noticed, noticing
from ..records import Verdict

#: Seconds: what takes less is found out again as quickly as it is read.
WORTH_KEEPING = 0.003
#: Of what is written already, this part more is much.
_MUCH = 0.25
#: The parts of compat that a verdict follows from.
_JUDGING = ("arrays.py", "case", "graph", "judge", "jsons.py", "layers", "records.py", "reference")


def key(*parts: Any) -> str:
    """A digest of JSON values, of the judge, and of NumPy's version."""
    text = json.dumps([digest_of(*_JUDGING), np.__version__, *parts], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


class Notes:
    """What is known of one sample: the digests of its ``answers`` and ``allowances``, and verdicts by the bits they
    are of.

    ``files``: those of the case that the reference is made of, the ones it imported late included.  ``seconds``: what
    it took to find out what is new.
    """

    def __init__(self, name: str, case_path: str) -> None:
        self._path = os.path.join(folder(), name[:2], f"{name}.json")
        self.files: Dict[str, str] = {}
        self.answers: Optional[Dict[str, str]] = None
        self.allowances: Dict[str, str] = {}
        self.seconds = 0.0
        self._verdicts: Dict[str, Any] = {}
        self._made: Dict[str, Verdict] = {}
        self._new = False
        with contextlib.suppress(CompatError, TypeError, KeyError, ValueError):
            content = read_json(self._path)
            if not changed_files(case_path, dict(content["files"])):
                self.files, self.answers = dict(content["files"]), dict(content["answers"])
                self.allowances = dict(content["allowances"])
                self._verdicts = dict(content["verdicts"])

    def verdict(self, bits: str) -> Optional[Verdict]:
        if bits not in self._verdicts:
            return None
        try:
            return from_json(Verdict, self._verdicts[bits], self._path)
        except CompatError:
            return None

    def note(self, bits: str, verdict: Verdict) -> None:
        self._made[bits] = dataclasses.replace(verdict)  # as it is now
        self._new = True

    def note_answers(self, answers: Dict[str, str]) -> None:
        self._new |= self.answers != answers
        self.answers = answers

    def note_allowance(self, what: str, digest: str) -> None:
        self._new |= self.allowances.get(what) != digest
        self.allowances[what] = digest

    def save(self) -> None:
        """Keep what is new and took its time; a cache that cannot be written costs time, and nothing else."""
        if self._new and self.answers is not None and self.seconds > WORTH_KEEPING:
            with contextlib.suppress(CompatError):
                self._verdicts.update((bits, as_json(verdict)) for bits, verdict in self._made.items())
                known = {"answers": self.answers, "allowances": self.allowances, "verdicts": self._verdicts}
                write_json(self._path, {"files": self.files, **known})
            self._new = False


class CaseDigests:
    """The case digest and the first input's dtype of the samples of one case file: no fixture is made to know them.

    Nothing is remembered where a file or an environment variable that a fixture was made of is another now.
    """

    def __init__(self, files: Dict[str, str]) -> None:
        self._path = os.path.join(folder(), "cases", key(files) + ".json")
        self._known: Dict[str, Tuple[str, str]] = {}
        self._noticed = Noticed()
        self._new = 0
        with contextlib.suppress(CompatError, TypeError, ValueError, KeyError, AttributeError):
            content = read_json(self._path)
            noticed = from_json(Noticed, content["noticed"], self._path)
            if noticed.still_true():
                self._noticed = noticed
                self._known = {
                    str(name): (str(one), str(two)) for name, (one, two) in content["known"].items()
                }

    def of(self, case: Case, sample: Sample) -> Tuple[str, str]:
        if sample.id in self._known:
            return self._known[sample.id]
        unseen = any(fixture.made for fixture in sample.inputs.values())  # made before anybody looked
        first = next(iter(sample.inputs.values()), None)
        with noticing(self._noticed), case.at_work():
            found = sample.case_digest(), first.dtype if first else "float64"
        if not unseen:
            self._known[sample.id] = found
            self._new += 1
        return found

    def save(self) -> None:
        """All anew, so only where there is much that is new: it is asked for again and again."""
        if self._new > _MUCH * (len(self._known) - self._new):
            with contextlib.suppress(CompatError):
                write_json(self._path, {"noticed": as_json(self._noticed), "known": self._known})
            self._new = 0
