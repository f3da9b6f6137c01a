"""Small tables about files: `filename,label` or `filename,value,...`, one file a line."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TypeAlias

import numpy as np

from edgecheck.errors import DatasetUnreadable
from edgecheck.samples.csv_text import not_a_number, real_numbers, small_table
from edgecheck.samples.names import column_numbers
from edgecheck.tensors import Array

FILENAME = "filename"

Row: TypeAlias = tuple[int, list[str]]
"""Line number and cells."""


@dataclass(frozen=True)
class FileLine:
    """What the table says about one file."""

    where: str
    """File and line, for messages."""
    cells: Sequence[str]
    """One for each of the columns."""


@dataclass(frozen=True)
class FileTable:
    """A table whose lines belong to files of the dataset."""

    name: str
    columns: tuple[str, ...]
    """All but the file names; empty names where there is no header line."""
    lines: Mapping[int, FileLine]
    """Number of the file in the dataset -> its line."""

    def values(self, names: Sequence[str] | None, count: int) -> Array:
        """Columns as numbers: float64 (count, k), NaN for empty cells and files without a line.

        Args:
            names: the columns, in this order; all of them if None.
            count: number of files of the dataset.

        Raises:
            DatasetUnreadable: an unknown column, or a cell that is not a number.
        """
        chosen = list(range(len(self.columns)))
        if names is not None:
            chosen = column_numbers(names, self.columns, self.name)
        found = np.full((count, len(chosen)), np.nan)
        for number, line in self.lines.items():
            cells = [line.cells[column] for column in chosen]
            try:
                found[number] = real_numbers(cells)
            except ValueError as error:
                raise not_a_number(line.where, cells[error.args[0]]) from None
        return found


def read_file_table(path: Path, ids: Sequence[str], *, are_stems: bool = False) -> FileTable:
    """Read a table and find the file that each line means.

    A file is named by its path relative to the dataset's folder, or by its name or its stem
    where these are unique. The header line is optional: without a column `filename` the first
    one names the file, and the first line is a header if only the second one names a file.

    Args:
        path: the .csv file, UTF-8.
        ids: all files of the dataset, with forward slashes.
        are_stems: ids are paths without suffix, so suffixes in the table do not count.

    Raises:
        DatasetUnreadable: with the line number: malformed, or a file that is unknown, ambiguous
            or repeated.
    """
    rows = small_table(path)
    first = next(rows, None)
    if first is None:
        return FileTable(path.name, ("",), {})
    second = next(rows, None)
    files = _Files(ids, are_stems)
    names = [cell.lower() for cell in first[1]]
    place = names.index(FILENAME) if FILENAME in names else 0
    has_header = FILENAME in names or _is_header(first[1], second, files)
    columns = [cell if has_header else "" for cell in first[1]]
    lines: dict[int, FileLine] = {}
    for number, cells in _below(first, second, rows, has_header=has_header):
        where = f"{path.name}, line {number}"
        _require_width(cells, len(columns), where)
        index = files.number(cells[place], where, has_header=has_header)
        if index in lines:
            raise DatasetUnreadable(
                f"{where}: {cells[place]!r} is listed already",
                hint=f"Keep one line a file; join several acceptable classes: {ids[index]},0|1",
            )
        lines[index] = FileLine(where, [*cells[:place], *cells[place + 1 :]])
    return FileTable(path.name, tuple(columns[:place] + columns[place + 1 :]), lines)


def _is_header(first: Sequence[str], second: Row | None, files: "_Files") -> bool:
    """Whether a first line names columns: it names no file, as the second does, and no number.

    What has a suffix is a file that is missing, and a number is its label.
    """
    if second is None or len(first) < 2 or PurePosixPath(first[0]).suffix:
        return False
    is_text = not any(cell.replace(".", "", 1).lstrip("+-").isdecimal() for cell in first[1:])
    return is_text and not files.find(first[0]) and len(files.find(second[1][0])) == 1


def _below(
    first: Row, second: Row | None, rows: Iterator[Row], *, has_header: bool
) -> Iterator[Row]:
    if not has_header:
        yield first
    if second is not None:
        yield second
    yield from rows


def _require_width(cells: Sequence[str], width: int, where: str) -> None:
    if len(cells) != width or width < 2:
        raise DatasetUnreadable(
            f"{where}: {len(cells)} cell(s), expected {max(width, 2)}: a filename and what it has",
            hint="Leave a cell empty where nothing is known, but keep the separator.",
        )


class _Files:
    """Finds the file that a line means."""

    def __init__(self, ids: Sequence[str], are_stems: bool) -> None:
        self._ids = ids
        self._are_stems = are_stems
        self._exact = {name: index for index, name in enumerate(ids)}
        self._short: dict[str, list[int]] = {}
        for index, name in enumerate(ids):
            for short in _short_names(PurePosixPath(name), are_stems):
                self._short.setdefault(short, []).append(index)

    def find(self, text: str) -> Sequence[int]:
        """All files that it may mean."""
        path = PurePosixPath(text.replace("\\", "/"))
        is_cut = self._are_stems and path.as_posix() not in self._exact and path.suffix
        name = (path.with_suffix("") if is_cut else path).as_posix()
        return [self._exact[name]] if name in self._exact else self._short.get(name, [])

    def number(self, text: str, where: str, *, has_header: bool) -> int:
        """The only file that it means."""
        hits = self.find(text)
        if len(hits) == 1:
            return hits[0]
        problem = f"names {len(hits)} files" if hits else "is not a file of the dataset"
        header = (
            "" if has_header else " If the first line is a header, write `filename,label` there."
        )
        raise DatasetUnreadable(
            f"{where}: {text[:200]!r} {problem}",
            hint=f"Give the path relative to the dataset's folder, such as {self._ids[0]!r}.{header}",
        )


def _short_names(path: PurePosixPath, is_stem: bool) -> set[str]:
    """By what else than its path a file may be called."""
    return {path.name} if is_stem else {path.name, path.stem, path.with_suffix("").as_posix()}
