"""Functions run in a process of their own: TensorFlow and a tflite runtime never meet in one.

A child takes calls one after the other and lives as long as this process, so that an import is paid
for once. A call names a function, as `faults.conversion:_write`; its arguments and its answer are
JSON. When the function raises, so does the call; when the child dies, the next call gets a new one.
"""

import contextlib
import functools
import importlib
import json
import os
import subprocess
import sys
import tempfile
import threading
import traceback
from pathlib import Path
from typing import IO, Literal

from faults.case import Untyped

SCRIPTS = Path(__file__).resolve().parent.parent
_NOISE = 2000
_SECONDS = 300.0
"""A call that takes longer hangs."""


class ChildFailed(RuntimeError):
    """A function raised in the child, or the child died."""


class Child:
    """A process that runs named functions."""

    def __init__(self, purpose: str) -> None:
        """Start nothing yet.

        Args:
            purpose: for messages.
        """
        self._purpose = purpose
        self._process: subprocess.Popen[str] | None = None
        self._noise: IO[bytes] | None = None

    def call(self, function: str, **arguments: Untyped) -> Untyped:
        """Run `module:function` there.

        Args:
            function: in a module of scripts/.
            arguments: by name; what JSON can say, and paths.

        Raises:
            ChildFailed: with the traceback, or with what the child said last.
        """
        if self._process is None:
            self._process = self._start()
        line = self._ask(self._process, json.dumps([function, arguments], default=str))
        if not line:
            words = self._last_words()
            self.close()
            raise ChildFailed(f"{self._purpose} died over {function}: {words}")
        answer = json.loads(line)
        if "error" in answer:
            raise ChildFailed(f"{function}: {answer['error']}")
        return answer["value"]

    def close(self) -> None:
        """End the process; another call starts another one."""
        if self._process is None or self._noise is None:
            return
        self._noise.close()
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            assert stream is not None
            with contextlib.suppress(BrokenPipeError):
                stream.close()
        self._process = None

    @staticmethod
    def _ask(process: "subprocess.Popen[str]", request: str) -> str:
        """One line of answer; empty where the child died or had to be killed."""
        assert process.stdin is not None
        assert process.stdout is not None
        guard = threading.Timer(_SECONDS, process.kill)
        guard.start()
        try:
            process.stdin.write(request + "\n")
            process.stdin.flush()
            return process.stdout.readline()
        except BrokenPipeError:
            return ""
        finally:
            guard.cancel()

    def _start(self) -> "subprocess.Popen[str]":
        self._noise = tempfile.TemporaryFile()  # noqa: SIM115  (closed with the process)
        path = os.pathsep.join([str(SCRIPTS), *filter(None, sys.path)])
        quiet = {"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1"}
        repeatable = {
            "TF_ENABLE_ONEDNN_OPTS": "0",
            "TF_NUM_INTRAOP_THREADS": "1",
            "TF_NUM_INTEROP_THREADS": "1",
            "KERAS_BACKEND": "tensorflow",
        }
        return subprocess.Popen(
            [sys.executable, "-m", "faults.child"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._noise,
            text=True,
            env={**os.environ, **quiet, **repeatable, "PYTHONPATH": path},
        )

    def _last_words(self) -> str:
        assert self._noise is not None
        size = self._noise.seek(0, os.SEEK_END)
        self._noise.seek(max(0, size - _NOISE))
        return self._noise.read().decode("utf-8", "replace").strip()


@functools.cache
def _child(purpose: Literal["TensorFlow", "LiteRT"]) -> Child:
    return Child(purpose)


def tensorflow() -> Child:
    """The child for functions that import TensorFlow."""
    return _child("TensorFlow")


def litert() -> Child:
    """The child for functions that run .tflite files."""
    return _child("LiteRT")


def _serve() -> None:
    """Answer each request of stdin on what was stdout; prints go to stderr."""
    with os.fdopen(os.dup(1), "w") as answers:
        os.dup2(2, 1)
        for line in sys.stdin:
            answers.write(json.dumps(_answer(json.loads(line))) + "\n")
            answers.flush()
    os._exit(0)  # TensorFlow's threads may outlive the work


def _answer(request: tuple[str, dict[str, Untyped]]) -> dict[str, Untyped]:
    function, arguments = request
    module, _, name = function.partition(":")
    try:
        return {"value": getattr(importlib.import_module(module), name)(**arguments)}
    except Exception:  # noqa: BLE001  (whatever it is, the caller is told)
        return {"error": traceback.format_exc()}


if __name__ == "__main__":
    _serve()
