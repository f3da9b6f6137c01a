"""Where reports go: `FORMAT` to stdout, `FORMAT:PATH` to a file."""

import os
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from edgecheck.errors import ReportUnwritable, UsageError
from edgecheck.findings import Report
from edgecheck.report import json_format, text_format

FORMATS: Final[dict[str, Callable[[Report], str]]] = {
    "text": text_format.render,
    "json": json_format.render,
}


@dataclass(frozen=True)
class Destination:
    """One requested report."""

    format: str
    path: Path | None
    """None is stdout."""


def parse_destinations(requests: Sequence[str]) -> tuple[Destination, ...]:
    """The destinations of `--output` values.

    Raises:
        UsageError: an unknown format, an empty path, or two reports for the same place.
    """
    found = tuple(_parse(request) for request in requests)
    places = [destination.path for destination in found]
    doubled = [place for place in places if places.count(place) > 1]
    if doubled:
        place = "stdout" if doubled[0] is None else str(doubled[0])
        raise UsageError(
            f"two reports were asked for at {place}",
            hint="give all but one a path of its own: --output json:report.json",
        )
    return found


def write(destination: Destination, report: Report) -> None:
    """Write a report file: complete under its name, or not at all.

    Raises:
        ReportUnwritable: the folder is missing, full or protected.
    """
    if destination.path is None:
        raise ValueError("stdout is written by the command line")
    text = FORMATS[destination.format](report)
    try:
        _replace(destination.path, text)
    except OSError as error:
        raise ReportUnwritable(
            f"cannot write the report {destination.path}: {error.strerror or error}",
            hint="give a path in a folder that exists and that you may write to",
        ) from None


def _parse(request: str) -> Destination:
    name, colon, path = request.partition(":")
    if name not in FORMATS:
        raise UsageError(
            f"unknown report format '{name}', expected one of {', '.join(FORMATS)}",
            hint="as in --output json:report.json",
        )
    if colon and not path:
        raise UsageError(f"--output {request}: the path is empty", hint=f"as in {name}:report.txt")
    return Destination(name, Path(path) if colon else None)


def _replace(path: Path, text: str) -> None:
    """Write beside `path` first, then rename, so that no reader ever sees half a report."""
    if path.exists() and not path.is_file():
        path.write_text(text, encoding="utf-8")  # a device such as /dev/null, or a folder's error
        return
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        if os.name == "posix":
            mask = os.umask(0)
            os.umask(mask)
            Path(temporary).chmod(0o666 & ~mask)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
