"""Texts judged as if they stood in the port's file: ``python -m compat.porting.mending.trial FOLDER``.

A process of its own, that lives as long as mend does: a port may hang, crash, or turn eager execution off.  It reads
a JSON object a line, ``{"do": "try" | "look", "path": file, "text": text}``, and answers each by one line.
"""

import contextlib
import json
import os
import sys
from typing import Any, Callable, Dict, Iterator, List, NamedTuple, Optional, Tuple

from ...arrays import digest
from ...errors import CompatError
from ...jsons import as_json
from ...record.parent import end_with_parent
from ...sources import code
from ...sources.inputs import read_npz
from ...sources.program import point_of
from .. import findings
from ..comparing import Compared, NotCarried, compared, judged_sides, on_inputs
from ..findings import Findings
from ..mapping import Map, read_map
from ..results import findings_of, findings_of_refused
from ..sides import Port, Recorded, legacy_side, of_run
from ..verifying import Judged, explained
from .edited import forget_modules, reading_instead
from .fresh import on, several
from .signatures import signatures
from .unseen import Training, in_training

#: Seeds that nothing else of compat draws with.
FIRST_SEED = 14_000
_SECONDS = 8.0


class Legacy(NamedTuple):
    """``own``: on the inputs that verify had; ``like``, ``larger``: on others (``several``)."""

    own: Recorded
    like: List[Recorded]
    larger: List[Recorded]


class Trial:
    def __init__(self, folder: str) -> None:
        self._found = findings.read(folder)
        command = self._found.command
        os.chdir(command.folder)
        self._told = read_map(command.map) if command.map else Map({}, [])
        self._legacy = _legacy(self._found, os.path.join(folder, findings.INPUTS))
        self._before = set(sys.modules)
        self._training: List[Optional[Training]] = []
        self._why_not = ""

    def answer(self, asked: Dict[str, Any]) -> Dict[str, Any]:
        answer = self._answer(asked)
        lost = self._lost(answer.pop("training")) if answer["state"] == "green" else ""
        if not lost and self._training == [None] and answer["state"] == "green":
            answer["unseen"] = self._why_not
        return {"state": "failed", "said": lost} if lost else answer

    def _answer(self, asked: Dict[str, Any]) -> Dict[str, Any]:
        with self._anew(), reading_instead(asked["path"], asked["text"]):
            try:
                if asked["do"] == "names":
                    return {"state": "named", "signatures": self._signatures(asked["path"], asked["names"])}
                if asked["do"] == "look":
                    return {"state": "looked", "findings": as_json(self._look())}
                return self._try()
            except NotCarried as error:
                return {"state": "refused", "said": str(error), "wrong": len(error.plan.refused)}
            except CompatError as error:
                return {"state": "failed", "said": str(error)}
            except Exception as error:  # an edit may make anything of a port
                return {"state": "failed", "said": f"{type(error).__name__}: {error}"[:300]}

    @contextlib.contextmanager
    def _anew(self) -> Iterator[None]:
        """Layers are counted from the first one on, and a person's modules imported again."""
        forget_modules(self._before)
        path = list(sys.path)
        keras = getattr(sys.modules.get("tensorflow"), "keras", None)
        with contextlib.suppress(Exception):
            if keras is not None:
                keras.backend.clear_session()
        try:
            yield
        finally:
            sys.path[:] = path

    def _lost(self, after: Optional[Training]) -> str:
        """What the port, as the file still is, does in training and the text does not, or ""."""
        if not self._training:
            with self._anew():
                self._training.append(self._in_training(lambda: Port(self._found.command.port)))
        (before,) = self._training
        if before is None:
            return ""
        return after.lost(before) if after is not None else "it cannot be called in training any more"

    def _in_training(self, made: Callable[[], Optional[Port]]) -> Optional[Training]:
        """None where it cannot be called so."""
        try:
            port = made()
            return in_training(port, self._legacy.own) if port is not None else None
        except Exception as error:  # a port is anybody's code
            self._why_not = point_of(error)
            return None

    def _judged(self, port: Compared) -> Iterator[Tuple[Judged, bool]]:
        """On one kind of inputs after the other, the first ``port``'s; the flag: on larger ones."""
        command, legacy, live = self._found.command, self._legacy, port.origins.port
        assert live is not None
        yield judged_sides(legacy.like[0], port, command.pairs), False
        for one in [*legacy.like[1:], legacy.own, *legacy.larger]:
            again = on_inputs(live, one, self._told, port.weights)
            yield judged_sides(one, again, command.pairs), one in legacy.larger

    def _try(self) -> Dict[str, Any]:
        command, first = self._found.command, self._legacy.like[0]
        port = compared(command.port, first, self._told, command.carried, lambda text: None)
        for one, larger in self._judged(port):
            lost = set(self._found.outputs) - set(one.outputs.pairs)
            if lost:
                return {
                    "state": "failed",
                    "said": f"the output {', '.join(sorted(lost))} pairs with nothing now",
                }
            # Of larger numbers a bound may allow more than it tells.
            if one.holds or (larger and one.found and not one.wrong):
                continue
            return _not_green(one)
        return {"state": "green", "wrong": 0, "training": self._in_training(lambda: port.origins.port)}

    def _signatures(self, path: str, names: List[str]) -> Dict[str, Dict[str, Any]]:
        """The parameters of what the file's own names stand for, looked up and not called."""
        file, function = code.split(self._found.command.port) or ("", "")
        code.loaded(file, function, [])
        modules = [
            module
            for module in list(sys.modules.values())
            if os.path.realpath(getattr(module, "__file__", None) or "") == os.path.realpath(path)
        ]
        return signatures(modules[-1], names) if modules else {}

    def _look(self) -> Findings:
        command, legacy = self._found.command, self._legacy.own
        try:
            port = compared(command.port, legacy, self._told, command.carried, lambda text: None)
        except NotCarried as error:
            return findings_of_refused(command, legacy, error)
        one = judged_sides(legacy, port, command.pairs)
        said = list(explained(one, {}, _SECONDS))
        return findings_of(command, "", legacy, one, said, port.weights, port.origins)


def _not_green(one: Judged) -> Dict[str, Any]:
    wrong = [place.pair.name for place in one.wrong]
    order = [place.pair.name for place in one.found]
    said = f"{wrong[0]} differs" if wrong else "; ".join(one.unjudged) or "nothing could be compared"
    return {
        "state": "wrong" if wrong else "unjudged",
        "said": said,
        "wrong": len(wrong),
        "names": wrong[:50],
        "first": order.index(wrong[0]) / len(order) if wrong else 1.0,
    }


def _legacy(found: Findings, inputs: str) -> Legacy:
    """Of the run that verify took, on the inputs that it had; a source is traced here as verify did."""
    command = found.command
    arrays = read_npz(inputs)
    try:
        own = of_run(command.legacy)
        if any(list(own.inputs[name][0].shape) != one.shape for name, one in found.inputs.items()):
            own = legacy_side(command.legacy, arrays, lambda text: None)  # as verify did
        elif any(digest(own.inputs[name][0]) != one.digest for name, one in found.inputs.items()):
            own = on(own, {name: (arrays[name], one.dtype) for name, one in found.inputs.items()})
    except (CompatError, KeyError):
        if command.source != command.legacy:
            raise CompatError(
                f"{command.legacy}: is no longer the run that verify took: verify again"
            ) from None
        own = legacy_side(command.legacy, arrays or None, lambda text: None)
    like, larger = several(own, FIRST_SEED)
    return Legacy(own, like, larger)


def main(folder: str) -> int:
    end_with_parent()
    # What a port prints is no answer.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    folder = os.path.abspath(folder)
    try:
        trial: Optional[Trial] = Trial(folder)
        _say(answers, {"state": "ready"})
    except CompatError as error:
        trial = None
        _say(answers, {"state": "failed", "said": str(error)})
    for line in sys.stdin if trial is not None else ():
        assert trial is not None
        _say(answers, trial.answer(json.loads(line)))
    return 0


def _say(answers: Any, value: Dict[str, Any]) -> None:
    answers.write(json.dumps(findings.finite(value)) + "\n")
    answers.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
