"""Formats of trained models: told apart by name, and how their files are identified."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, TypeAlias

from edgecheck.errors import InputMissing, UnusableError, UsageError

TrainedFormat: TypeAlias = Literal["keras", "saved-model", "onnx"]

_FORMATS: dict[str, TrainedFormat] = {
    ".keras": "keras",
    ".h5": "keras",
    ".hdf5": "keras",
    ".onnx": "onnx",
}
_UNSAFE = {
    ".pb": "a bare graph",
    ".pt": "a PyTorch file, which is a pickle",
    ".pth": "a PyTorch file, which is a pickle",
    ".pkl": "a pickle, which runs code when it is read",
    ".pickle": "a pickle, which runs code when it is read",
    ".joblib": "a pickle, which runs code when it is read",
    ".ckpt": "a checkpoint, which holds weights without their graph",
}
_BLOCK_BYTES = 1 << 20


def format_of(path: Path) -> TrainedFormat | None:
    """The format of a trained model, by its name or as a SavedModel folder; None for anything else.

    Raises:
        UsageError: a format that is never read (PyTorch, pickles, bare graphs).
    """
    try:
        if (path / "saved_model.pb").exists():
            return "saved-model"
        suffix = path.suffix.lower()
    except (OSError, ValueError):  # a name that no file can have
        return None
    if suffix in _UNSAFE:
        hint = "export it to ONNX (.onnx) or to a SavedModel folder"
        if path.name == "saved_model.pb":
            hint = "give the folder that it lies in, which is the SavedModel"
        raise UsageError(f"{path.name} is {_UNSAFE[suffix]}", hint=hint)
    return _FORMATS.get(suffix)


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


def require_present(path: Path) -> None:
    """Refuse a path that nothing lies at, and a folder or special file where a file belongs.

    Raises:
        InputMissing: there is nothing.
        UnusableError: it is no regular file, nor a SavedModel folder.
    """
    if not path.exists():
        raise InputMissing(f"{path} does not exist", hint="check the path")
    if not path.is_file() and not (path / "saved_model.pb").is_file():
        raise UnusableError(f"{path} is not a regular file", hint="give the model file itself")


def fingerprint(path: Path) -> tuple[str, int]:
    """(sha256, size in bytes) of a file, or of the sorted files of a folder with their names.

    Raises:
        UnusableError: a file cannot be read, or is no regular file.
    """
    digest, size = hashlib.sha256(), 0
    try:
        if path.is_file():
            return _file_digest(path).hexdigest(), path.stat().st_size
        for file in _files(path):
            name = file.relative_to(path).as_posix()
            digest.update(f"{name}\0{_file_digest(file).hexdigest()}\n".encode(errors="replace"))
            size += file.stat().st_size
    except OSError as error:
        raise UnusableError(f"cannot read {path}: {error}", hint="check the file") from None
    return digest.hexdigest(), size


def _files(folder: Path) -> Iterator[Path]:
    """The regular files of a folder at any depth, in the order of their names."""
    yield from sorted(path for path in folder.rglob("*") if path.is_file())


def _file_digest(path: Path) -> "hashlib._Hash":
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK_BYTES):
            digest.update(block)
    return digest
