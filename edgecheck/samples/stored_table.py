"""A .csv file of any length, read record by record in one pass.

Records are found with numpy (a newline ends one if the quotes before it are even), and only
those that are asked for are taken apart.
"""

import csv
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from edgecheck.errors import DatasetUnreadable
from edgecheck.samples.csv_text import QUOTING, separator_of
from edgecheck.tensors import Array

BLOCK_BYTES = 1 << 18

MAX_RECORD_BYTES = 16 << 20
"""A longer record is no sample: most likely a quote was opened and never closed."""

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class Records:
    """Consecutive chosen records: their first lines in the file (from 1), and their cells."""

    lines: Sequence[int]
    cells: Sequence[Sequence[str]]


@dataclass(frozen=True)
class StoredTable:
    """A table with a header record. Every later record that is not blank is a sample."""

    path: Path
    separator: str
    columns: tuple[str, ...]
    count: int
    """Number of samples."""

    def read(self, numbers: Sequence[int], size: int) -> Iterator[Records]:
        """The samples of these ascending numbers, `size` at a time.

        Raises:
            DatasetUnreadable: with the line: not UTF-8, broken quoting, or not as many cells as
                the header has.
        """
        lines: list[int] = []
        texts: list[str] = []
        seen = 0
        for more_lines, more_texts in self._chosen(numbers):
            lines, texts, seen = lines + more_lines, texts + more_texts, seen + len(more_texts)
            whole = len(texts) - len(texts) % size
            for start in range(0, whole, size):
                yield self._records(lines[start : start + size], texts[start : start + size])
            lines, texts = lines[whole:], texts[whole:]
        if texts:
            yield self._records(lines, texts)
        if seen < len(numbers):
            raise DatasetUnreadable(
                f"{self.path.name} became shorter while it was read",
                hint="Try again when nobody writes to it.",
            )

    def _chosen(self, numbers: Sequence[int]) -> Iterator[tuple[list[int], list[str]]]:
        """Lines and texts of the chosen records, block by block."""
        first = -1  # the header
        for block in _blocks(self.path):
            begin = bisect_left(numbers, max(first, 0))
            end = bisect_left(numbers, first + len(block.lines))
            if end > begin:
                picked = np.asarray(numbers[begin:end], np.int64) - first
                yield block.lines[picked].tolist(), _texts(self.path, block, picked)
            if end == len(numbers):
                return
            first += len(block.lines)

    def _records(self, lines: Sequence[int], texts: Sequence[str]) -> Records:
        try:
            cells = list(csv.reader(texts, delimiter=self.separator, strict=True))
        except csv.Error:
            cells = []
        if len(cells) != len(texts):
            raise _broken_quoting(self.path, self.separator, lines, texts)
        width = len(self.columns)
        if set(map(len, cells)) != {width}:
            line, found = next(
                (line, len(row))
                for line, row in zip(lines, cells, strict=True)
                if len(row) != width
            )
            raise DatasetUnreadable(
                f"{self.path.name}, line {line}: {found} cell(s), the header has {width} columns",
                hint="Leave a cell empty where nothing is known, but keep the separator.",
            )
        return Records(lines, cells)


def open_table(path: Path) -> StoredTable:
    """Read the header and count the records.

    Raises:
        DatasetUnreadable: not a table with column names, or without samples.
    """
    columns: tuple[str, ...] | None = None
    separator, count = ",", -1
    for block in _blocks(path):
        if columns is None:
            header = _texts(path, block, np.zeros(1, np.int64))[0]
            separator = separator_of(header)
            columns = _columns(path, header, separator, int(block.lines[0]))
        count += len(block.lines)
    if columns is None or count < 1:
        raise DatasetUnreadable(
            f"{path.name} holds no samples",
            hint="The first line must name the columns, every further line is a sample.",
        )
    return StoredTable(path, separator, columns, count)


def _columns(path: Path, header: str, separator: str, line: int) -> tuple[str, ...]:
    try:
        cells = next(csv.reader([header], delimiter=separator, strict=True))
    except csv.Error as error:
        raise DatasetUnreadable(f"{path.name}, line {line}: {error}", hint=QUOTING) from None
    columns = tuple(cell.strip() for cell in cells)
    if all(map(_is_number, columns)):
        raise DatasetUnreadable(
            f"{path.name}, line {line}: found numbers, expected the names of the columns",
            hint="Add a header line such as a,b,label.",
        )
    for column in columns:
        if column and columns.count(column) > 1:
            raise DatasetUnreadable(
                f"{path.name}, line {line}: {columns.count(column)} columns are named {column!r}",
                hint="Give every column its own name.",
            )
    return columns


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


@dataclass(frozen=True)
class _Block:
    """Whole records, not taken apart yet; record i is data[starts[i]:ends[i]]."""

    data: bytes
    starts: Array
    ends: Array
    lines: Array


def _blocks(path: Path) -> Iterator[_Block]:
    """All records that are not blank, at least one at a time."""
    held, line, is_last = b"", 1, False
    try:
        with path.open("rb") as file:
            if file.read(len(_BYTE_ORDER_MARK)) != _BYTE_ORDER_MARK:
                file.seek(0)
            while not is_last:
                piece = file.read(BLOCK_BYTES)
                is_last = not piece
                data = held + (piece or b"\n")  # the last line may lack its end
                newlines, ends = _newlines(data)
                used = int(ends[-1]) + 1 if len(ends) else 0
                if len(ends):
                    yield from _block(data, newlines, ends, line)
                    line += int(np.searchsorted(newlines, used))
                held = data[used:]
                if len(held) > MAX_RECORD_BYTES or (is_last and held):
                    raise _open_quote(path, line)
    except OSError as error:
        raise DatasetUnreadable(
            f"{path.name} cannot be read: {error.strerror or error}",
            hint="Check the file and its permissions.",
        ) from error


def _newlines(data: bytes) -> tuple[Array, Array]:
    """Positions of all newlines, and of those that are not inside quotes."""
    codes = np.frombuffer(data, np.uint8)
    newlines = np.flatnonzero(codes == ord("\n"))
    if b'"' not in data:
        return newlines, newlines
    quotes = np.flatnonzero(codes == ord('"'))
    return newlines, newlines[np.searchsorted(quotes, newlines) % 2 == 0]


def _block(data: bytes, newlines: Array, ends: Array, line: int) -> Iterator[_Block]:
    starts = np.concatenate([[0], ends[:-1] + 1])
    is_return = np.frombuffer(data, np.uint8)[starts] == ord("\r")
    shown = np.flatnonzero(ends - starts > is_return)
    if len(shown):
        lines = line + np.searchsorted(newlines, starts)
        yield _Block(data, starts[shown], ends[shown], lines[shown])


def _texts(path: Path, block: _Block, picked: Array) -> list[str]:
    bounds = zip(block.starts[picked].tolist(), block.ends[picked].tolist(), strict=True)
    if block.data.isascii():
        text = block.data.decode("ascii")
        return [text[start:end] for start, end in bounds]
    found = []
    for index, (start, end) in enumerate(bounds):
        try:
            found.append(block.data[start:end].decode())
        except UnicodeDecodeError as error:
            line = block.lines[picked[index]]
            raise DatasetUnreadable(
                f"{path.name}, line {line}: not UTF-8 text ({error.reason})",
                hint="Save the file as UTF-8 text.",
            ) from error
    return found


def _broken_quoting(
    path: Path, separator: str, lines: Sequence[int], texts: Sequence[str]
) -> DatasetUnreadable:
    """The error for the first record that cannot be taken apart by itself."""
    for line, text in zip(lines, texts, strict=True):
        try:
            list(csv.reader([text], delimiter=separator, strict=True))
        except csv.Error as error:
            return DatasetUnreadable(f"{path.name}, line {line}: {error}", hint=QUOTING)
    return DatasetUnreadable(f"{path.name}, line {lines[0]}: broken quoting", hint=QUOTING)


def _open_quote(path: Path, line: int) -> DatasetUnreadable:
    return DatasetUnreadable(
        f"{path.name}, line {line}: a quote is never closed (or the record is longer than "
        f"{MAX_RECORD_BYTES} bytes)",
        hint=QUOTING,
    )
