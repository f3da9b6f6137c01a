"""Files that a spec names: that they are there, and the small text files among them."""

from pathlib import Path

from edgecheck.errors import DatasetUnreadable

MAX_TEXT_BYTES = 64 << 20


def joined(base: Path, path: str) -> Path:
    """`path` below `base`, or itself if absolute.

    Raises:
        DatasetUnreadable: no system could have such a path.
    """
    if "\0" in path:
        raise DatasetUnreadable(f"{path!r} is not a path", hint="Remove the NUL character.")
    return base / path


def existing(path: Path) -> Path:
    """`path` itself, if it is a regular file (a pipe or a device could block or never end).

    Raises:
        DatasetUnreadable: it is not.
    """
    try:
        is_file = path.is_file()
    except OSError as error:
        raise DatasetUnreadable(
            f"{path.as_posix()} cannot be read: {error.strerror}", hint="Check its permissions."
        ) from error
    if not is_file:
        found = "is not a regular file" if path.exists() else "does not exist"
        raise DatasetUnreadable(
            f"{path.as_posix()} {found}", hint="Paths are relative to the spec file."
        )
    return path


def read_text(path: Path) -> str:
    """A whole file of UTF-8 text, without its byte order mark.

    Raises:
        DatasetUnreadable: missing, larger than `MAX_TEXT_BYTES`, or not UTF-8 (with the line).
    """
    existing(path)
    try:
        with path.open("rb") as file:
            data = file.read(MAX_TEXT_BYTES + 1)
    except OSError as error:
        raise DatasetUnreadable(
            f"{path.name} cannot be read: {error.strerror}", hint="Check its permissions."
        ) from error
    if len(data) > MAX_TEXT_BYTES:
        raise DatasetUnreadable(
            f"{path.name} is larger than {MAX_TEXT_BYTES} bytes",
            hint="No list of labels is that long; split the dataset.",
        )
    if b"\0" in data:
        raise _not_text(path, data, data.index(b"\0"), "NUL byte")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _not_text(path, data, error.start, error.reason) from error


def _not_text(path: Path, data: bytes, position: int, reason: str) -> DatasetUnreadable:
    line = data.count(b"\n", 0, position) + 1
    return DatasetUnreadable(
        f"{path.name}, line {line}: not UTF-8 text ({reason})",
        hint="Save the file as UTF-8 text.",
    )
