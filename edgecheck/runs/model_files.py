"""What a run makes of model files, each once: the twin of the candidate, and the reference as read."""

from dataclasses import dataclass, field
from pathlib import Path

from edgecheck.checks.evidence import Evidence
from edgecheck.tflite.dequantize.twin import Twin, TwinImpossible, twin_of
from edgecheck.tflite.graph import Model
from edgecheck.tflite.reader import load_model


@dataclass
class ModelFiles:
    """Of one run, which has one candidate."""

    _twin: Twin | str | None = None
    _read: dict[Path, tuple[bytes, Model]] = field(default_factory=dict)
    converted: tuple[bytes, Model] | None = None
    """A trained reference as a float .tflite, where parity is lost and the chain has made one."""

    def twin(self, evidence: Evidence) -> Twin | str:
        """The twin of the candidate, or why there is none."""
        if self._twin is None:
            self._twin = _twin_or_reason(evidence)
        return self._twin

    def read(self, path: Path) -> tuple[bytes, Model]:
        """A .tflite file, as `load_model`.

        Raises:
            InputMissing, ModelFileInvalid: it cannot be read.
        """
        if path not in self._read:
            self._read[path] = load_model(path)
        return self._read[path]


def _twin_or_reason(evidence: Evidence) -> Twin | str:
    try:
        twin = twin_of(evidence.data, evidence.model)
    except TwinImpossible as error:
        return f"the model has no float twin: {error}"
    if twin.data is evidence.data:
        return "the model is not quantized, so it is its own twin"
    return twin
