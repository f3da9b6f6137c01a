"""What a worker process is asked about a trained model, once, behind `child.ask`.

{"task": "examine", "path": "m.keras", "form": "keras", "options": {...}}
-> {"result": ...} | {"refused": reason} | {"missing": package} | {"unusable": words}
"""

import traceback
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from edgecheck.runtime.trained.batch_norm import examine_norms
from edgecheck.runtime.trained.model import open_model
from edgecheck.runtime.trained.refusal import CodeRefused
from edgecheck.runtime.trained.renormalize import renormalize
from edgecheck.runtime.trained.weights import export_weights

_WORDS = 1000


def _examine(path: Path, form: Any, options: Mapping[str, Any]) -> dict[str, Any]:  # noqa: ANN401
    """What the model is; the arrays of its weights go to the file `out`."""
    known = {key: value for key, value in options.items() if key != "out"}
    model = open_model(path, form, **known)
    weights = export_weights(path, model, options["out"])
    return {"description": asdict(model.description), "weights": weights}


TASKS: Mapping[str, Callable[..., Any]] = {
    "examine": _examine,
    "batch-norm": examine_norms,
    "renormalize": renormalize,
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
