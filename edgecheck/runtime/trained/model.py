"""What a loaded trained model can do, whatever its format; for child processes only."""

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from edgecheck.runtime.trained.description import Description
from edgecheck.runtime.trained.formats import TrainedFormat
from edgecheck.tensors import Array


class TrainedModel(Protocol):
    """A trained model in inference mode."""

    description: Description

    def run(self, feeds: Mapping[str, Array]) -> Mapping[str, Array]:
        """One run: input name -> array in, output name -> array out, batch axis included."""

    def forget(self) -> None:
        """Take back what earlier runs left in its variables."""


def open_model(
    path: Path, form: TrainedFormat, *, signature: str | None, allow_code: bool
) -> TrainedModel:
    """Load a trained model.

    Args:
        path: of the file, or the folder of a SavedModel.
        form: its format.
        signature: of a SavedModel; None for the default one.
        allow_code: run code that the file brings along.

    Raises:
        CodeRefused: it would run code.
        ImportError: what runs it is not installed.
        ValueError: it cannot be used; the libraries raise others, too.
    """
    if form == "keras":
        from edgecheck.runtime.trained.keras_model import KerasModel

        return KerasModel(path, allow_code=allow_code)
    if form == "saved-model":
        from edgecheck.runtime.trained.saved_model import SignatureModel

        return SignatureModel(path, signature=signature, allow_code=allow_code)
    from edgecheck.runtime.trained.onnx_file import OnnxModel

    return OnnxModel(path, allow_code=allow_code)
