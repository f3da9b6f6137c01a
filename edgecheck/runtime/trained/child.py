"""Questions about a trained model, answered by a child process: TensorFlow never runs in this one."""

from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from edgecheck.errors import CrashFault, LoadFault, RuntimeMissing, TimeoutFault, UnusableError
from edgecheck.runtime.backends import TRAINED, is_installed
from edgecheck.runtime.trained.formats import TrainedFormat, require_format, require_present
from edgecheck.runtime.worker_process import START_SECONDS, KeptProcess

_WORDS = 600


def ask(
    task: str,
    path: Path,
    options: Mapping[str, Any],
    timeout: float,
    kept: KeptProcess | None = None,
) -> Any:  # noqa: ANN401  (any JSON)
    """The answer to one question about a trained model.

    Args:
        task: named as in `tasks.TASKS`.
        path: of the model.
        options: further arguments of the task.
        timeout: seconds for it, on top of what the libraries take to start.
        kept: lends the process; None for one of its own.

    Raises:
        InputMissing: there is nothing at the path.
        RuntimeMissing: what runs the format is not installed.
        UsageError: a format that is never read.
        UnusableError: no trained model; it would run code, cannot be read, or kills or blocks the process.
    """
    form = require_format(path)
    require_present(path)
    if not is_installed(TRAINED[form]):
        raise _missing(path, form, TRAINED[form].package)
    request = {"task": task, "path": str(path), "form": form, "options": dict(options)}
    if kept is None:
        with closing(KeptProcess()) as own:
            answer = _answered(request, path, timeout, own)
    else:
        answer = _answered(request, path, timeout, kept)
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


def _answered(
    request: Mapping[str, Any], path: Path, timeout: float, kept: KeptProcess
) -> dict[str, Any]:
    """What the child answered; an error where it died or took too long."""
    process = kept.take()
    try:
        process.ask({"do": "ask", "request": dict(request)})
        return process.wait("load", timeout + START_SECONDS)
    except TimeoutFault:
        raise UnusableError(
            f"{path.name} was not loaded within {timeout + START_SECONDS:g} s",
            hint="allow it longer with --timeout",
        ) from None
    except (CrashFault, LoadFault) as fault:
        cause = fault.cause if isinstance(fault, CrashFault) else "refused"
        raise UnusableError(
            f"the process that loaded {path.name} died ({cause}): {fault.words[-_WORDS:]}",
            hint="check that the model fits into memory",
        ) from None
    finally:
        kept.give_back(process)
