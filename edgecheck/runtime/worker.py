"""The child process: loads one model and runs rows of an exchange, told so line by line.

Requests arrive as JSON lines on stdin, answers leave as JSON lines on what was stdout; whatever
the runtime itself prints goes to stderr. A native crash ends this process and nothing else.

    {"do": "import", "backend": "litert"}                   -> {}
    {"do": "load", "job": {...}}                            -> {"outputs": {name: shape}}
    {"do": "attach", "feeds": {...}, "results": {...}}      -> {}
    {"do": "run", "page": 0, "rows": 64}                    -> {}
    {"do": "rehearse"}                                      -> {}
    {"do": "ask", "request": {...}}                         -> as in `trained.tasks`
    {"do": "unload"}                                        -> {}
"""

import gc
import importlib
import json
import sys
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TextIO

from edgecheck.runtime.backends import BACKENDS, TRAINED
from edgecheck.runtime.child import answers
from edgecheck.runtime.exchange import Exchange, Layout
from edgecheck.runtime.interpreter import InterpreterSession
from edgecheck.runtime.job import Job
from edgecheck.runtime.trained.session import TrainedSession

PROGRESS, LATENCY, OUTPUT = "progress", "latency", "output:"
"""Arrays of a results exchange: two of our own, and the outputs behind a prefix of their own."""
_WORDS = 4000


class Worker:
    """State between requests: the loaded session and the attached exchanges."""

    def __init__(self) -> None:
        self._session: InterpreterSession | TrainedSession | None = None
        self._feeds: Exchange | None = None
        self._results: Exchange | None = None

    def answer(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Carry out one request."""
        match request["do"]:
            case "import":
                importlib.import_module((BACKENDS | TRAINED)[request["backend"]].module)
                return {}
            case "load":
                self._session = None  # two at once would need the memory of both
                self._session = _loaded(Job.from_json(request["job"]))
                return {"outputs": self._session.output_shapes}
            case "attach":
                self._feeds = _opened(request["feeds"])
                self._results = _opened(request["results"])
                return {}
            case "rehearse":
                if self._session is not None:
                    self._session.run_zeros()
                return {}
            case "ask":
                from edgecheck.runtime.trained.tasks import answer_to  # no runtime needs it

                return answer_to(request["request"])
            case "unload":
                self._session = self._feeds = self._results = None
                gc.collect()
                return {}
            case _:
                self._run(request["page"], request["rows"])
                return {}

    def _run(self, page: int, rows: int) -> None:
        if self._session is None or self._feeds is None or self._results is None:
            raise RuntimeError("run before load and attach")
        feeds = {name: array[:rows] for name, array in self._feeds.pages[page].items()}
        results = self._results.pages[page]
        progress = results[PROGRESS]
        progress[0] = 0
        outputs = {name: results[OUTPUT + name][:rows] for name in self._session.output_shapes}

        def done(count: int) -> None:
            progress[0] = count

        self._session.run(feeds, outputs, results[LATENCY][:rows], done)


def _loaded(job: Job) -> InterpreterSession | TrainedSession:
    return TrainedSession(job) if job.backend in TRAINED else InterpreterSession(job)


def _opened(where: Mapping[str, Any]) -> Exchange:
    return Exchange.open(Path(where["path"]), Layout.from_dict(where["layout"]))


def serve(requests: TextIO, stream: TextIO) -> None:
    """Answer requests until they end; an exception of the runtime becomes a fault answer."""
    worker = Worker()
    for line in requests:
        try:
            answer = worker.answer(json.loads(line))
        except Exception as error:  # noqa: BLE001  (anything a runtime raises is its verdict)
            answer = {"fault": "".join(traceback.format_exception_only(error)).strip()[:_WORDS]}
        stream.write(json.dumps(answer) + "\n")
        stream.flush()


def main() -> None:
    """Entry point of the child."""
    with answers() as stream:
        serve(sys.stdin, stream)
