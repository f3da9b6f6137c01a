"""What a conversion starts from."""

from pathlib import Path
from typing import Final

from edgecheck.conversion.request import SourceFormat
from edgecheck.errors import InputMissing, UsageError
from edgecheck.runtime.trained.formats import format_of
from edgecheck.tflite.contract import quantization_scheme
from edgecheck.tflite.reader import load_model

_HINT: Final = (
    "give a .keras or .h5 file, a SavedModel folder, an .onnx file or a float .tflite file"
)


def source_format(path: Path) -> SourceFormat:
    """The format of a source that exists.

    Raises:
        UsageError: it is nothing that is converted, or quantized already.
        InputMissing: there is nothing.
        ModelFileInvalid: a .tflite file that is none.
    """
    found = format_of(path)
    if not path.exists():
        raise InputMissing(f"{path} does not exist", hint=_HINT)
    if found is not None:
        return found
    if path.suffix.lower() != ".tflite":
        raise UsageError(f"{path.name} is no trained model", hint=_HINT)
    scheme = quantization_scheme(load_model(path)[1])
    if scheme != "none":
        raise UsageError(
            f"{path.name} is quantized already ({scheme})",
            hint="convert from the trained model, or its float .tflite; `edgecheck repair` chooses "
            "new ranges for a quantized file",
        )
    return "tflite"
