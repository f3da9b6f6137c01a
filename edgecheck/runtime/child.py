"""How a child process of edgecheck is started, how it answers, and that it ends with its parent.

It has this one's import path, and a scratch folder.
"""

import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, TextIO

_SECONDS_BETWEEN_LOOKS: Final = 1.0


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


@contextmanager
def answers() -> Iterator[TextIO]:
    """In a child: what was stdout, for answers alone; the process ends with the block.

    Whatever else is printed goes to stderr. The child leaves when its parent is gone, too.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, args=(os.getppid(),), daemon=True).start()
    private = os.dup(1)
    os.dup2(2, 1)
    with os.fdopen(private, "w", encoding="utf-8") as stream:
        yield stream
    sys.stderr.flush()
    # To take a runtime down in order takes seconds, and its threads may crash on the way.
    os._exit(0)


def _end_with_parent(parent: int) -> None:
    """Leave when the parent is gone: a hanging model would never read the end of its requests."""
    while os.getppid() == parent:
        time.sleep(_SECONDS_BETWEEN_LOOKS)
    os._exit(1)
