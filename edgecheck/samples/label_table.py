"""Labels of image files from a CSV: `filename,label`, one file a line."""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np

from edgecheck.errors import DatasetUnreadable
from edgecheck.samples.chunk import UNLABELLED
from edgecheck.samples.class_names import ClassNames
from edgecheck.samples.files import read_text
from edgecheck.tensors import Array

SEPARATOR = "|"
"""Between several acceptable classes of one file."""

FIELDS = ("filename", "label")


@dataclass(frozen=True)
class _Line:
    where: str
    filename: str
    label: str


def read_label_table(path: Path, ids: Sequence[str], class_names: Sequence[str]) -> Array:
    """The acceptable classes of each file.

    A file is named by its path relative to the image folder, or by its name or its stem where
    these are unique. Files that no line names, or whose label is empty, are unlabelled. The
    header line is optional; other columns are allowed only with it.

    Args:
        path: the CSV file, UTF-8.
        ids: all files of the dataset, relative to its folder, with forward slashes.
        class_names: what labels may be besides class numbers; empty if unknown.

    Returns:
        int64 (len(ids), k), padded with `UNLABELLED`.

    Raises:
        DatasetUnreadable: with the line number: malformed, a file that is unknown, ambiguous or
            repeated, or a label that is no class.
    """
    files = _Files(ids)
    classes = ClassNames(class_names)
    found: dict[int, tuple[int, ...]] = {}
    for line in _lines(path):
        index = files.number(line)
        if index in found:
            raise DatasetUnreadable(
                f"{line.where}: {line.filename!r} has a label already",
                hint=f"Join several acceptable classes with {SEPARATOR!r}: {ids[index]},0|1",
            )
        texts = line.label.split(SEPARATOR) if line.label else []
        found[index] = tuple(classes.number(text.strip(), line.where) for text in texts)
    return _padded(found, len(ids))


class _Files:
    """Finds the file that a line means."""

    def __init__(self, ids: Sequence[str]) -> None:
        self._ids = ids
        self._exact = {name: index for index, name in enumerate(ids)}
        self._short: dict[str, list[int]] = {}
        for index, name in enumerate(ids):
            for short in {PurePosixPath(name).name, PurePosixPath(name).stem}:
                self._short.setdefault(short, []).append(index)

    def number(self, line: _Line) -> int:
        name = PurePosixPath(line.filename.replace("\\", "/")).as_posix()
        if name in self._exact:
            return self._exact[name]
        hits = self._short.get(name, [])
        if len(hits) == 1:
            return hits[0]
        problem = f"names {len(hits)} files" if hits else "is not a file of the dataset"
        raise DatasetUnreadable(
            f"{line.where}: {line.filename!r} {problem}",
            hint=f"Give the path relative to the image folder, such as {self._ids[0]!r}.",
        )


def _lines(path: Path) -> Iterator[_Line]:
    """The lines below the header; blank ones are passed over."""
    reader = csv.reader(io.StringIO(read_text(path), newline=""), strict=True)
    columns: tuple[int, int] | None = None
    try:
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            if columns is None:
                columns, is_header = _columns(cells, path.name)
                if is_header:
                    continue
            yield _line(cells, columns, f"{path.name}, line {reader.line_num}")
    except csv.Error as error:
        raise DatasetUnreadable(
            f"{path.name}, line {reader.line_num}: {error}",
            hint='Put a cell that holds a comma or a quote in quotes, and double its quotes: "a""b".',
        ) from error


def _columns(cells: Sequence[str], file: str) -> tuple[tuple[int, int], bool]:
    """Where filename and label are, and whether the first line said so."""
    names = [cell.strip().lower() for cell in cells]
    if all(field in names for field in FIELDS):
        return (names.index(FIELDS[0]), names.index(FIELDS[1])), True
    if len(cells) != 2:
        raise DatasetUnreadable(
            f"{file} needs two columns, or a header line with {' and '.join(FIELDS)}; "
            f"the first line has {len(cells)} cells: {','.join(cells)[:80]!r}",
            hint="Write `filename,label` on the first line.",
        )
    return (0, 1), False


def _line(cells: Sequence[str], columns: tuple[int, int], where: str) -> _Line:
    if len(cells) <= max(columns):
        raise DatasetUnreadable(
            f"{where}: {len(cells)} cell(s), expected a filename and a label",
            hint="Leave the label empty for an unlabelled file, but keep the comma.",
        )
    return _Line(where, cells[columns[0]].strip(), cells[columns[1]].strip())


def _padded(found: Mapping[int, tuple[int, ...]], count: int) -> Array:
    width = max((len(classes) for classes in found.values()), default=0)
    labels = np.full((count, max(width, 1)), UNLABELLED, np.int64)
    for index, classes in found.items():
        labels[index, : len(classes)] = classes
    return labels
