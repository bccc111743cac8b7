"""The process that tries texts, as mend sees it: asked for one after the other, started again where it dies."""

import json
import os
import queue
import subprocess
import sys
import tempfile
import threading
from typing import Any, Dict, List, Optional

from ...errors import CompatError
from ...jsons import from_json
from ..findings import Findings

_HERE = os.path.dirname(os.path.abspath(__file__))
_ROOT = os.path.dirname(os.path.dirname(os.path.dirname(_HERE)))
#: Seconds for one answer: a port that was edited may hang.
_PATIENCE = 300.0


class Worker:
    """``Worker(folder)`` as a context; raises CompatError where the legacy side cannot be computed again."""

    def __init__(self, folder: str) -> None:
        self._folder = os.path.abspath(folder)
        self._process: Optional[subprocess.Popen] = None
        self._answers: queue.Queue[str] = queue.Queue()

    def __enter__(self) -> "Worker":
        self._start()
        return self

    def __exit__(self, *error: Any) -> None:
        self._stop()

    def _start(self) -> None:
        variables = dict(os.environ, PYTHONIOENCODING="utf-8")
        if os.path.isfile(
            os.path.join(_ROOT, "pyproject.toml")
        ):  # a checkout, that is on the path of this process
            variables["PYTHONPATH"] = os.pathsep.join(filter(None, [_ROOT, os.environ.get("PYTHONPATH")]))
        self._said = tempfile.TemporaryFile()  # noqa: SIM115 (as long as the process)
        self._process = subprocess.Popen(
            [sys.executable, "-m", "compat.porting.mending.trial", self._folder],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._said,
            env=variables,
        )
        self._answers = queue.Queue()
        threading.Thread(target=self._listen, args=(self._process, self._answers), daemon=True).start()
        first = self._answer()
        if first["state"] != "ready":
            self._stop()
            raise CompatError(str(first.get("said")))

    @staticmethod
    def _listen(process: subprocess.Popen, answers: "queue.Queue[str]") -> None:
        assert process.stdout is not None
        for line in process.stdout:
            answers.put(line.decode("utf-8"))
        answers.put("")

    def _answer(self) -> Dict[str, Any]:
        try:
            line = self._answers.get(timeout=_PATIENCE)
        except queue.Empty:
            return {"state": "failed", "said": f"did not end in {_PATIENCE:g} seconds", "dead": True}
        if not line:
            return {"state": "failed", "said": f"the process ended: {self._last_words()}", "dead": True}
        answer = json.loads(line)
        return answer if isinstance(answer, dict) else {"state": "failed", "said": "no answer"}

    def _last_words(self) -> str:
        self._said.seek(0)
        lines = [line.strip() for line in self._said.read().decode("utf-8", "replace").splitlines()]
        return next((line for line in reversed(lines) if line), "without a word")[:300]

    def _stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            for stream in (self._process.stdin, self._process.stdout):
                if stream is not None:
                    stream.close()
            self._said.close()
        self._process = None

    def _ask(self, **asked: Any) -> Dict[str, Any]:
        if self._process is None:
            self._start()
        assert self._process is not None and self._process.stdin is not None
        try:
            self._process.stdin.write((json.dumps(asked) + "\n").encode("utf-8"))
            self._process.stdin.flush()
        except OSError:
            pass
        answer = self._answer()
        if answer.get("dead"):
            self._stop()
        return answer

    def tried(self, path: str, text: str) -> Dict[str, Any]:
        """``state``: green, wrong, unjudged, refused or failed; ``said`` why; ``wrong``: how many places."""
        return self._ask(do="try", path=path, text=text)

    def signatures(self, path: str, text: str, names: List[str]) -> Dict[str, Dict[str, Any]]:
        """Of the names that the file calls by, the parameters and their defaults (Ellipsis: none)."""
        answer = self._ask(do="names", path=path, text=text, names=names)
        return {
            name: {one: value[0] if value else Ellipsis for one, value in parameters.items()}
            for name, parameters in answer.get("signatures", {}).items()
        }

    def looked(self, path: str, text: str) -> Findings:
        """What verify says of the text.  Raises CompatError where the port does not run with it."""
        answer = self._ask(do="look", path=path, text=text)
        if answer["state"] != "looked":
            raise CompatError(str(answer.get("said")))
        return from_json(Findings, answer["findings"], path)
