"""How a child process of edgecheck is started: with this one's import path, and a scratch folder."""

import os
import queue
import subprocess
import sys
import threading
from pathlib import Path


def child_command(module: str) -> list[str]:
    """The command that runs `main` of a module in a new interpreter."""
    code = (
        f"import sys; sys.path[:] = sys.argv[1].split(chr(0x1f)); from {module} import main; main()"
    )
    return [sys.executable, "-c", code, "\x1f".join(entry or "." for entry in sys.path)]


def child_environment(folder: Path | str) -> dict[str, str]:
    """The environment of a child whose temporary files end with `folder`, killed or not.

    Keras runs on TensorFlow there, whatever the user's own choice is.
    """
    quiet = {"TF_CPP_MIN_LOG_LEVEL": "1"}
    return {**quiet, **os.environ, "KERAS_BACKEND": "tensorflow", "TMPDIR": str(folder)}


def lines_of(process: subprocess.Popen[str]) -> queue.Queue[str]:
    """The lines that a child writes to stdout, as they come; an empty one ends them."""
    lines: queue.Queue[str] = queue.Queue()

    def listen() -> None:
        assert process.stdout is not None  # noqa: S101
        with process.stdout:
            for line in process.stdout:
                lines.put(line)
        lines.put("")

    threading.Thread(target=listen, daemon=True).start()
    return lines
