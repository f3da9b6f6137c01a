"""A loaded model in a worker process, seen from the parent.

    session = WorkerSession(job, ...)
    session.attach(feeds_exchange)
    session.submit(page, rows)      # returns at once
    ...                             # the parent preprocesses meanwhile
    session.collect()               # the outputs of that page
    session.close()

A native crash, a hang or a refusal of the runtime raises a Fault; it never takes edgecheck down.
"""

import contextlib
import json
import os
import queue
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from edgecheck.errors import CrashFault, LoadFault, TimeoutFault
from edgecheck.runtime.child import child_command, child_environment, lines_of
from edgecheck.runtime.exchange import Exchange, Layout
from edgecheck.runtime.job import Job
from edgecheck.runtime.worker import LATENCY, OUTPUT, PROGRESS
from edgecheck.tensors import Array, Outputs

_WORDS_BYTES = 4000
_DEATH_SECONDS = 5.0
START_SECONDS = 120.0
"""For the process to start and import its runtime: no fault of the model, so not on its clock."""


@dataclass(frozen=True)
class Results:
    """What one page of rows gave; views that the next submit of the page overwrites."""

    outputs: Outputs
    """float32 (n, ...) by output name, batch axis of the model included."""
    latencies: Array
    """float64 (n,), seconds."""


class Session(Protocol):
    """One loaded model that runs pages of an exchange."""

    output_shapes: Mapping[str, tuple[int, ...]]

    def attach(self, feeds: Exchange) -> None:
        """Read feeds from this exchange from now on."""

    def submit(self, page: int, rows: int) -> None:
        """Start running the first `rows` rows of a page."""

    def collect(self) -> Results:
        """Wait for the submitted page. Raises a Fault when the model misbehaves."""

    def unload(self) -> None:
        """Free the model. Raises a Fault when that kills the process."""

    def close(self) -> None:
        """End the process."""


class WorkerSession:
    """The session in a child process."""

    def __init__(self, job: Job, folder: Path, timeout: float) -> None:
        """Start the process and load the model.

        Args:
            job: what to load, backend chosen.
            folder: for exchange files; private to this run.
            timeout: seconds that loading, or one run of one row, may take.

        Raises:
            LoadFault, CrashFault, TimeoutFault: the runtime's verdict on the file.
        """
        self._folder = folder
        self._timeout = timeout
        self._results: Exchange | None = None
        self._pending: tuple[int, int] | None = None
        self._is_busy = False
        self._stderr = tempfile.TemporaryFile()  # noqa: SIM115  (closed in close)
        self._process = subprocess.Popen(
            child_command("edgecheck.runtime.worker"),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._stderr,
            text=True,
            encoding="utf-8",
            env=child_environment(folder),
        )
        self._answers = lines_of(self._process)
        try:
            self._ask({"do": "import", "backend": job.backend})
            self._wait("load", max(timeout, START_SECONDS))
            self.load(job)
        except BaseException:
            self.close()
            raise

    def load(self, job: Job) -> None:
        """Load a model in the place of the one before; `attach` comes next.

        Args:
            job: what to load, on the backend that the process has.

        Raises:
            LoadFault: the runtime refused it; the next one can be loaded.
            CrashFault, TimeoutFault: the end of the process.
        """
        self._results = None
        self._ask({"do": "load", "job": job.to_json()})
        answer = self._wait("load", self._timeout)
        self.output_shapes: Mapping[str, tuple[int, ...]] = {
            name: tuple(shape) for name, shape in answer["outputs"].items()
        }

    def attach(self, feeds: Exchange) -> None:
        """Read feeds from this exchange from now on; results get one of the same depth."""
        arrays: dict[str, tuple[str, tuple[int, ...]]] = {
            OUTPUT + name: ("float32", shape) for name, shape in self.output_shapes.items()
        }
        arrays |= {LATENCY: ("float64", ()), PROGRESS: ("int64", ())}
        layout = Layout(feeds.layout.rows, feeds.layout.pages, arrays)
        self._results = Exchange.create(self._folder, layout)
        self._ask({"do": "attach", "feeds": _where(feeds), "results": _where(self._results)})
        self._wait("load", self._timeout)

    @property
    def results(self) -> Exchange:
        """Where the outputs of the attached feeds arrive: another session can take them as feeds.

        Its arrays are named `OUTPUT` + the output's name.
        """
        if self._results is None:
            raise RuntimeError("results before attach")
        return self._results

    def submit(self, page: int, rows: int) -> None:
        """Start running the first `rows` rows of a page."""
        if self._results is None:
            raise RuntimeError("submit before attach")
        self._pending = (page, rows)
        self._results.pages[page][PROGRESS][0] = 0
        self._ask({"do": "run", "page": page, "rows": rows})

    def collect(self) -> Results:
        """Wait for the submitted page. Raises a Fault when the model misbehaves."""
        if self._pending is None or self._results is None:
            raise RuntimeError("collect before submit")
        page, rows = self._pending
        try:
            self._wait("run", self._timeout)
        finally:
            self._pending = None
        arrays = self._results.pages[page]
        outputs = {name: arrays[OUTPUT + name][:rows] for name in self.output_shapes}
        return Results(outputs, arrays[LATENCY][:rows])

    def rehearse(self) -> None:
        """Run once on zeros.

        Raises:
            LoadFault: the model refuses zeros, which need not mean anything.
            CrashFault, TimeoutFault: it does not survive them.
        """
        self._ask({"do": "rehearse"})
        self._wait("run", self._timeout)

    def unload(self) -> None:
        """Free the model, and see whether the process survives it.

        A model that wrote beyond its memory often runs to the end and dies only here.

        Raises:
            CrashFault: it did not survive.
        """
        self._ask({"do": "unload"})
        self._wait("run", self._timeout)

    def close(self) -> None:
        """End the process, gently unless it is busy."""
        if self._process.stdin and not self._process.stdin.closed:
            with contextlib.suppress(OSError):  # it died with a request unread
                self._process.stdin.close()
        try:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(timeout=0 if self._is_busy else _DEATH_SECONDS)
        finally:
            self._process.kill()
            self._process.wait()
            self._stderr.close()

    def _ask(self, request: Mapping[str, Any]) -> None:
        assert self._process.stdin is not None  # noqa: S101
        self._is_busy = True
        with contextlib.suppress(OSError):  # the process is gone: _wait finds out how it died
            self._process.stdin.write(json.dumps(request) + "\n")
            self._process.stdin.flush()

    def _wait(self, phase: str, seconds: float) -> dict[str, Any]:
        """The next answer; the clock starts anew whenever a row is finished."""
        deadline, seen = time.monotonic() + seconds, -1
        while True:
            with contextlib.suppress(queue.Empty):
                return self._parsed(self._answers.get(timeout=min(0.5, seconds)), phase)
            row = self._finished_rows()
            if row != seen:
                deadline, seen = time.monotonic() + seconds, row
            if time.monotonic() > deadline:
                self._process.kill()
                raise TimeoutFault(seconds, phase=phase, row=self._row(phase))

    def _parsed(self, line: str, phase: str) -> dict[str, Any]:
        """An answer; an empty line means that the process is gone."""
        self._is_busy = False
        if not line:
            raise CrashFault(self._death(), self._words(), phase=phase, row=self._row(phase))
        answer: dict[str, Any] = json.loads(line)
        if "fault" in answer:
            raise LoadFault(answer["fault"], phase=phase, row=self._row(phase))
        return answer

    def _finished_rows(self) -> int:
        if self._results is None or self._pending is None:
            return 0
        return int(self._results.pages[self._pending[0]][PROGRESS][0])

    def _row(self, phase: str) -> int | None:
        return self._finished_rows() if phase == "run" else None

    def _death(self) -> str:
        try:
            code = self._process.wait(timeout=_DEATH_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return "its channel closed while it lived on"
        if code >= 0:
            return f"exit status {code}"
        try:
            return f"signal {-code} ({signal.Signals(-code).name})"
        except ValueError:
            return f"signal {-code}"

    def _words(self) -> str:
        """The last that the process wrote to stderr."""
        size = self._stderr.seek(0, os.SEEK_END)
        self._stderr.seek(max(0, size - _WORDS_BYTES))
        return self._stderr.read().decode("utf-8", "replace").strip()


def _where(exchange: Exchange) -> dict[str, Any]:
    return {"path": str(exchange.path), "layout": exchange.layout.to_dict()}


def empty_feeds(inputs: Mapping[str, tuple[int, ...]], rows: int, folder: Path) -> Exchange:
    """An exchange for feeds: two pages, so that one is filled while the other runs.

    Args:
        inputs: feed name -> shape of one row, without batch.
        rows: rows of a page.
        folder: where the file goes.
    """
    layout = Layout(rows, 2, {name: ("float32", shape) for name, shape in inputs.items()})
    return Exchange.create(folder, layout)


def run_rows(session: Session, exchange: Exchange, feeds: Mapping[str, Array]) -> Results:
    """Run a few rows now, through page 0 of an attached exchange; copies of the results.

    Raises:
        Fault: the model misbehaved.
        ValueError: more rows than a page holds.
    """
    rows = len(next(iter(feeds.values())))
    if rows > exchange.layout.rows:
        raise ValueError(f"{rows} rows do not fit a page of {exchange.layout.rows}")
    for name, values in feeds.items():
        exchange.pages[0][name][:rows] = values
    session.submit(0, rows)
    found = session.collect()
    return Results(
        {name: array.copy() for name, array in found.outputs.items()}, np.copy(found.latencies)
    )
