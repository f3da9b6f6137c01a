"""A conversion in a child process: its noise, its hangs and its death stay there."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from edgecheck.conversion.complaints import translated
from edgecheck.conversion.request import ConversionRequest
from edgecheck.errors import ConversionFailed, EdgecheckError, RuntimeMissing, UnusableError
from edgecheck.tflite.names import printable

_CHILD = (
    "import sys; sys.path[:] = sys.argv[1].split(chr(0x1f)); "
    "from edgecheck.conversion.worker import main; main()"
)
_NOISE_BYTES = 8000
_SHOWN = 400


@dataclass(frozen=True)
class Converted:
    """A conversion that went well."""

    path: Path
    tool: str
    """What converted, with its version."""
    noise: str
    """The last that it printed."""


def convert_in_child(request: ConversionRequest, timeout: float) -> Converted:
    """Convert; the file lies at `request.out` afterwards.

    Args:
        request: what to convert, and how.
        timeout: seconds that it may take.

    Raises:
        ConversionFailed: the source cannot be converted as asked.
        RuntimeMissing: the converter is not installed.
        UnusableError: it would run code, took too long, or died.
    """
    with tempfile.TemporaryFile() as stderr:
        text, code = _run(request, timeout, stderr)
        noise = _tail(stderr)
    try:
        answer: dict[str, str] = json.loads(text)
    except ValueError:
        raise _death(code, noise) from None
    if "tool" not in answer:
        raise _error(answer, request, noise)
    return Converted(request.out, answer["tool"], noise)


def _run(request: ConversionRequest, timeout: float, stderr: IO[bytes]) -> tuple[str, int]:
    """What the child answered, and its exit status."""
    with subprocess.Popen(
        [sys.executable, "-c", _CHILD, "\x1f".join(entry or "." for entry in sys.path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=stderr,
        text=True,
        encoding="utf-8",
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "2", "CUDA_VISIBLE_DEVICES": "-1"},
    ) as process:
        try:
            text, _ = process.communicate(request.to_json(), timeout=timeout)
        except subprocess.TimeoutExpired:
            raise UnusableError(
                f"the conversion of {request.source.name} gave no answer within {timeout:g} s",
                hint="allow more seconds with --timeout, or calibrate on fewer samples",
            ) from None
        finally:
            process.kill()
    return text, process.returncode


def _tail(stderr: IO[bytes]) -> str:
    size = stderr.seek(0, os.SEEK_END)
    stderr.seek(max(0, size - _NOISE_BYTES))
    return stderr.read().decode("utf-8", "replace").strip()


def _death(code: int, noise: str) -> UnusableError:
    """The error of a child that ended without an answer."""
    cause = f"exit status {code}"
    if code < 0:
        with contextlib.suppress(ValueError):
            cause = signal.Signals(-code).name
    words = noise.splitlines()[-1] if noise else ""
    hint = "convert on a machine with more memory, or calibrate on fewer samples"
    if code != -signal.SIGKILL.value:
        hint = f"its last words: {words}" if words else "run it again with -v"
    return UnusableError(f"the converter died ({cause})", hint=hint)


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
