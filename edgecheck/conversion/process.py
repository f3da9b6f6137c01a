"""Conversions in a child process: its noise, its hangs and its death stay there."""

import contextlib
import json
import os
import queue
import signal
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edgecheck.conversion.complaints import translated
from edgecheck.conversion.request import ConversionRequest
from edgecheck.errors import ConversionFailed, EdgecheckError, RuntimeMissing, UnusableError
from edgecheck.runtime.child import child_command, child_environment, lines_of
from edgecheck.tflite.names import printable

_NOISE_BYTES = 8000
_SHOWN = 400
_DEATH_SECONDS = 5.0


class ConverterLost(UnusableError):
    """The converter died or hung over one request; another one may go well."""


@dataclass(frozen=True)
class Converted:
    """A conversion that went well."""

    path: Path
    tool: str
    """What converted, with its version."""


class Converter:
    """A child that converts one request after the other, and loads a source once.

    It starts with the first request, and anew after a death.
    """

    def __init__(self, folder: Path) -> None:
        """Start nothing yet.

        Args:
            folder: private to this run; temporary files of the child go there.
        """
        self._folder = folder
        self._child: _Child | None = None

    def convert(self, request: ConversionRequest, timeout: float) -> Converted:
        """Convert; the file lies at `request.out` afterwards.

        Args:
            request: what to convert, and how.
            timeout: seconds that it may take.

        Raises:
            ConversionFailed: the source cannot be converted as asked.
            RuntimeMissing: the converter is not installed.
            UnusableError: it would run code, or cannot be loaded.
            ConverterLost: it took too long, or died.
        """
        if self._child is None:
            self._child = _Child(self._folder)
        child = self._child
        try:
            answer = child.answer(request.to_json(), timeout)
        except queue.Empty:
            self.close()
            raise ConverterLost(
                f"the conversion of {request.source.name} gave no answer within {timeout:g} s",
                hint="allow more seconds with --timeout, or calibrate on fewer samples",
            ) from None
        noise = child.noise()
        if answer is None:
            code = child.status()
            self.close()
            raise _death(code, noise)
        if "tool" not in answer:
            raise _error(answer, request, noise)
        return Converted(request.out, answer["tool"])

    def close(self) -> None:
        """End the child, if there is one."""
        if self._child is not None:
            self._child.close()
            self._child = None


def convert_in_child(request: ConversionRequest, timeout: float) -> Converted:
    """Convert once, in a child of its own; as `Converter.convert`."""
    with (
        tempfile.TemporaryDirectory(prefix="edgecheck-") as folder,
        contextlib.closing(Converter(Path(folder))) as converter,
    ):
        return converter.convert(request, timeout)


class _Child:
    """The process, and the lines that it answers."""

    def __init__(self, folder: Path) -> None:
        self._stderr = tempfile.TemporaryFile()  # noqa: SIM115  (closed in close)
        self._told = 0
        self._process = subprocess.Popen(
            child_command("edgecheck.conversion.worker"),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._stderr,
            text=True,
            encoding="utf-8",
            env={
                **child_environment(folder),
                "CUDA_VISIBLE_DEVICES": "-1",
                "TF_CPP_MIN_LOG_LEVEL": "2",
            },
        )
        self._answers = lines_of(self._process)

    def answer(self, request: str, timeout: float) -> dict[str, str] | None:
        """The answer to a request of one line; None where the process ended without one.

        Raises:
            queue.Empty: the time is over.
        """
        assert self._process.stdin is not None  # noqa: S101
        self._told = self._stderr.seek(0, os.SEEK_END)
        with contextlib.suppress(OSError):  # it is gone: the end of its answers says so
            self._process.stdin.write(request + "\n")
            self._process.stdin.flush()
        try:
            found: dict[str, str] = json.loads(self._answers.get(timeout=timeout))
        except ValueError:
            return None
        return found

    def noise(self) -> str:
        """The last that it printed over the last request."""
        size = self._stderr.seek(0, os.SEEK_END)
        self._stderr.seek(max(self._told, size - _NOISE_BYTES))
        return self._stderr.read().decode("utf-8", "replace").strip()

    def status(self) -> int:
        """Its exit status; negative for a signal."""
        try:
            return self._process.wait(timeout=_DEATH_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait()

    def close(self) -> None:
        """End it at once: it holds nothing that is worth a goodbye."""
        self._process.kill()
        self._process.wait()
        if self._process.stdin is not None:
            with contextlib.suppress(OSError):
                self._process.stdin.close()
        self._stderr.close()


def _death(code: int, noise: str) -> ConverterLost:
    """The error of a child that ended without an answer."""
    cause = f"exit status {code}"
    if code < 0:
        with contextlib.suppress(ValueError):
            cause = signal.Signals(-code).name
    words = noise.splitlines()[-1] if noise else ""
    hint = "convert on a machine with more memory, or calibrate on fewer samples"
    if code != -signal.SIGKILL.value:
        hint = f"its last words: {words}" if words else "run it again with -v"
    return ConverterLost(f"the converter died ({cause})", hint=hint)


def _error(answer: Mapping[str, Any], request: ConversionRequest, noise: str) -> EdgecheckError:
    """What an answer without a file means."""
    if "missing" in answer:
        package = answer["missing"]
        return RuntimeMissing(
            f"converting {request.source.name} needs the package {package}",
            hint=f"pip install {package}",
        )
    if "code" in answer:
        return UnusableError(
            f"{request.source.name} is not loaded: {answer['code']}",
            hint="if you trust the file, give --allow-code",
        )
    if "unusable" in answer:
        return UnusableError(
            f"{request.source.name} cannot be loaded: {printable(answer['unusable'])[:_SHOWN]}",
            hint="check that it can be loaded where it was trained, and save or export it anew",
        )
    if "reason" in answer:
        return ConversionFailed(answer["reason"], hint=answer["hint"], words=noise)
    reason, hint = translated(answer["words"], request.scheme)
    return ConversionFailed(reason, hint=hint, words=f"{noise}\n{answer['words']}".strip())
