"""Asks one runtime about small models; runs by itself, on Python 3.7 and later.

    python operator_probe.py QUESTIONS ANSWERS KIND

KIND is tflite-runtime, litert, tensorflow or tflm. QUESTIONS holds lines of JSON `[key, stage,
model in base64]`; `stage` is "construct" or "allocate". ANSWERS gets a line `[key, "?"]` before
each question is put and `[key, what the runtime said]` after it, "" where it said nothing: the
reader can tell from the last line whether the runtime died, and of what.
"""

from __future__ import annotations

import base64
import importlib
import json
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest import mock


def ask_lite(interpreter: Callable[..., Any]) -> Callable[[str, bytes], str]:
    """Construct, and if asked allocate; the exception's words."""

    def ask(stage: str, model: bytes) -> str:
        try:
            made = interpreter(model_content=model)
            if stage == "allocate":
                made.allocate_tensors()
        except (ValueError, RuntimeError) as error:
            return str(error) or type(error).__name__
        return ""

    return ask


def ask_tflm() -> Callable[[str, bytes], str]:
    """Construct TFLM's interpreter, which says on stderr why it will not."""
    # Its older wheels import a part of TensorFlow for its tools, which are not used here.
    for name in ("", ".python", ".python.util", ".python.platform"):
        sys.modules["tensorflow" + name] = mock.MagicMock()
    runtime = importlib.import_module("tflite_micro.python.tflite_micro.runtime")

    def ask(_stage: str, model: bytes) -> str:
        with tempfile.TemporaryFile() as said:
            kept = os.dup(2)
            os.dup2(said.fileno(), 2)
            try:
                runtime.Interpreter.from_bytes(model, arena_size=100_000)
                failed = ""
            except (ValueError, RuntimeError) as error:
                failed = str(error) or type(error).__name__
            finally:
                os.dup2(kept, 2)
                os.close(kept)
            said.seek(0)
            return (said.read().decode("utf-8", "replace") + failed) if failed else ""

    return ask


def asker(kind: str) -> Callable[[str, bytes], str]:
    """The function (stage, model) -> words for one kind of runtime."""
    if kind == "tflm":
        return ask_tflm()
    if kind == "tensorflow":
        return ask_lite(importlib.import_module("tensorflow").lite.Interpreter)
    package = {"tflite-runtime": "tflite_runtime", "litert": "ai_edge_litert"}[kind]
    return ask_lite(importlib.import_module(package + ".interpreter").Interpreter)


def main(questions: str, answers: str, kind: str) -> None:
    """Answer every question."""
    ask = asker(kind)
    with Path(questions).open() as asked, Path(answers).open("a") as told:
        for line in asked:
            key, stage, model = json.loads(line)
            told.write(json.dumps([key, "?"]) + "\n")
            told.flush()
            said = ask(stage, base64.b64decode(model))
            told.write(json.dumps([key, said]) + "\n")
            told.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
