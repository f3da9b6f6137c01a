"""Questions about a trained model, answered by a child process: TensorFlow never runs in this one."""

import json
import os
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

from edgecheck.errors import RuntimeMissing, UnusableError
from edgecheck.runtime.backends import TRAINED, is_installed
from edgecheck.runtime.child import child_command, child_environment
from edgecheck.runtime.session import START_SECONDS
from edgecheck.runtime.trained.formats import TrainedFormat, require_present

_WORDS = 600


def ask(
    task: str, path: Path, form: TrainedFormat, options: Mapping[str, Any], timeout: float
) -> Any:  # noqa: ANN401  (any JSON)
    """The answer to one question about a trained model.

    Args:
        task: named as in `tasks.TASKS`.
        path: of the model.
        form: its format.
        options: further arguments of the task.
        timeout: seconds for it, on top of what the libraries take to start.

    Raises:
        InputMissing: there is nothing at the path.
        RuntimeMissing: what runs the format is not installed.
        UnusableError: the model would run code, cannot be read, or kills or blocks the process.
    """
    require_present(path)
    if not is_installed(TRAINED[form]):
        raise _missing(path, form, TRAINED[form].package)
    request = {"task": task, "path": str(path), "form": form, "options": dict(options)}
    answer = _answered(request, path, timeout)
    if "missing" in answer:
        raise _missing(path, form, answer["missing"])
    if "refused" in answer:
        raise UnusableError(
            f"{path.name} is not loaded, since that would run code: {answer['refused']}",
            hint="give a model without it, or, if you trust the file, allow it with --allow-code",
        )
    if "unusable" in answer:
        raise UnusableError(
            f"{path.name} cannot be used: {answer['unusable']}",
            hint=f"check that {TRAINED[form].package} loads it, and save or export it anew",
        )
    return answer["result"]


def _missing(path: Path, form: TrainedFormat, package: str) -> RuntimeMissing:
    return RuntimeMissing(
        f"{path.name} needs {package}, which is not installed", hint=f"run: {TRAINED[form].install}"
    )


def _answered(request: Mapping[str, Any], path: Path, timeout: float) -> dict[str, Any]:
    """What the child wrote; an error where it died or took too long."""
    with (
        tempfile.TemporaryDirectory(prefix="edgecheck-") as folder,
        tempfile.TemporaryFile() as noise,
    ):
        try:
            done = subprocess.run(
                child_command("edgecheck.runtime.trained.tasks"),
                input=json.dumps(request).encode(),
                stdout=subprocess.PIPE,
                stderr=noise,
                timeout=timeout + START_SECONDS,
                check=False,
                env=child_environment(folder),
            )
        except subprocess.TimeoutExpired:
            raise UnusableError(
                f"{path.name} was not loaded within {timeout + START_SECONDS:g} s",
                hint="allow it longer with --timeout",
            ) from None
        if done.returncode or not done.stdout:
            raise UnusableError(
                f"the process that loaded {path.name} died (status {done.returncode}): "
                f"{_last_words(noise)}",
                hint="check that the model fits into memory",
            )
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def _last_words(noise: IO[bytes]) -> str:
    noise.seek(max(0, noise.seek(0, os.SEEK_END) - _WORDS))
    return noise.read().decode("utf-8", "replace").strip()
