"""A package that stands in for ai_edge_litert in worker processes, and misbehaves on demand."""

from pathlib import Path

from edgecheck.runtime.job import Job, Slot

_TEMPLATE = """
import os, signal, sys, time
import numpy as np
{at_import}

class Interpreter:
    def __init__(self, model_path=None, num_threads=None):
        self.is_probe = model_path.endswith("probe.tflite")
        self.runs = 0
        if not (self.is_probe and {spares_probe}):
            self.load(model_path)

    def load(self, model_path):
{at_load}
        pass

    def allocate_tensors(self):
        pass

    def reset_all_variables(self):
        pass

    def get_output_details(self):
        return [{{"index": 1, "shape": [1, 2]}}]

    def set_tensor(self, index, values):
        self.values = values

    def invoke(self):
        self.runs += 1
        if not (self.is_probe and {spares_probe}):
            self.misbehave()

    def misbehave(self):
        value = float(self.values.flat[0])
{at_invoke}
        pass

    def get_tensor(self, index):
        return {answer}
"""


def write_fake(
    folder: Path,
    *,
    at_import: str = "",
    at_load: str = "",
    at_invoke: str = "",
    answer: str = "self.values * 2",
    spares_probe: bool = False,
) -> None:
    """Write `ai_edge_litert` into `folder`: an interpreter of a model that doubles x (1, 2).

    The snippets are Python; `value` is the first number of the row in `at_invoke`.
    """
    package = folder / "ai_edge_litert"
    package.mkdir()
    (package / "__init__.py").write_text("")
    text = _TEMPLATE.format(
        at_import=at_import,
        at_load=_indented(at_load),
        at_invoke=_indented(at_invoke),
        answer=answer,
        spares_probe=spares_probe,
    )
    (package / "interpreter.py").write_text(text)


def doubling_job(model: str = "model.tflite") -> Job:
    """The job for the fake: x (1, 2) -> y (1, 2)."""
    return Job(
        backend="litert",
        model=model,
        inputs=(Slot("x", "x", 0, "float32", (1, 2), False, None),),
        outputs=(Slot("y", "y", 1, "float32", (1, 2), False, None),),
        signature=None,
        resets_state=False,
    )


def _indented(code: str) -> str:
    return "\n".join(" " * 8 + line for line in code.splitlines())
