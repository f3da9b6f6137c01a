"""The child behind `child.ask`: reads one request, writes one answer, and is gone.

{"task": "describe", "path": "m.keras", "form": "keras", "options": {...}}
-> {"result": ...} | {"refused": reason} | {"missing": package} | {"unusable": words}
"""

import json
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from edgecheck.runtime.trained.batch_norm import examine_norms
from edgecheck.runtime.trained.model import open_model
from edgecheck.runtime.trained.refusal import CodeRefused
from edgecheck.runtime.trained.weights import export_weights
from edgecheck.runtime.worker import end_with_parent

_WORDS = 1000


def _describe(path: Path, form: Any, options: Mapping[str, Any]) -> dict[str, Any]:  # noqa: ANN401
    return asdict(open_model(path, form, **options).description)


def _examine(path: Path, form: Any, options: Mapping[str, Any]) -> dict[str, Any]:  # noqa: ANN401
    """As `_describe`, and with the weights, whose arrays go to the file `out`."""
    known = {key: value for key, value in options.items() if key != "out"}
    model = open_model(path, form, **known)
    weights = export_weights(path, model, options["out"])
    return {"description": asdict(model.description), "weights": weights}


TASKS: Mapping[str, Callable[..., Any]] = {
    "describe": _describe,
    "examine": _examine,
    "batch-norm": examine_norms,
}


def answer_to(request: Mapping[str, Any]) -> dict[str, Any]:
    """Carry out a request; whatever goes wrong is an answer, too."""
    try:
        task = TASKS[request["task"]]
        return {"result": task(Path(request["path"]), request["form"], request["options"])}
    except CodeRefused as refused:
        return {"refused": refused.reason}
    except ModuleNotFoundError as error:
        return {"missing": error.name or str(error)}
    except Exception as error:  # noqa: BLE001  (anything a library raises is its verdict)
        words = str(error) if type(error) is ValueError else _said(error)
        return {"unusable": " ".join(words.split())[:_WORDS]}


def _said(error: Exception) -> str:
    return "".join(traceback.format_exception_only(error))


def main() -> None:
    """Entry point: keep stdout for the answer, send the libraries' noise to stderr."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=end_with_parent, args=(os.getppid(),), daemon=True).start()
    private = os.dup(1)
    os.dup2(2, 1)
    request = json.loads(sys.stdin.buffer.read())
    with os.fdopen(private, "w", encoding="utf-8") as answers:
        json.dump(answer_to(request), answers)
    sys.stderr.flush()
    os._exit(0)  # to take TensorFlow down in order takes seconds
