"""What a trained model takes and gives, asked of a child process."""

from pathlib import Path

from edgecheck.errors import UnusableError
from edgecheck.runtime.trained.child import ask
from edgecheck.runtime.trained.description import Description
from edgecheck.runtime.trained.formats import TrainedFormat, format_of

LOAD_SECONDS = 60.0


def describe(
    path: Path,
    *,
    signature: str | None = None,
    allow_code: bool = False,
    timeout: float = LOAD_SECONDS,
) -> Description:
    """Inputs and outputs of a Keras, SavedModel or ONNX model.

    Args:
        path: of the file, or the folder of a SavedModel.
        signature: of a SavedModel; None for the default one.
        allow_code: run code that the file brings along.
        timeout: seconds that loading may take.

    Raises:
        InputMissing: there is nothing at the path.
        RuntimeMissing: what runs the format is not installed.
        UnusableError: it would run code, or cannot be loaded.
        UsageError: a format that is never read.
    """
    options = {"signature": signature, "allow_code": allow_code}
    return Description.from_dict(ask("describe", path, require_format(path), options, timeout))


def require_format(path: Path) -> TrainedFormat:
    """The format of a trained model.

    Raises:
        UnusableError: it is none.
        UsageError: a format that is never read.
    """
    form = format_of(path)
    if form is None:
        raise UnusableError(
            f"{path.name} is no trained model that edgecheck knows",
            hint="give a .keras, .h5 or .onnx file, or the folder of a SavedModel",
        )
    return form
