"""What all tables in text files have in common."""

import csv
import io
import math
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from edgecheck.errors import DatasetUnreadable
from edgecheck.samples.files import read_text

OTHER_SEPARATORS = ";\t"

_DECIMAL_COMMA = re.compile(r"\s*[+-]?[0-9]*,[0-9]+\s*")

_QUOTED = re.compile(r'"[^"]*"?')

QUOTING = 'Put a cell that holds the separator or a quote in quotes, and double its quotes: "a""b".'


def separator_of(header: str) -> str:
    """The comma, unless the first line has none outside quotes but semicolons or tabs."""
    bare = _QUOTED.sub("", header)
    other = max(OTHER_SEPARATORS, key=bare.count)
    return other if "," not in bare and other in bare else ","


def small_table(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Line number and cells of every line that is not blank; the whole text is held.

    Raises:
        DatasetUnreadable: as `read_text`, or the quoting is broken (with the line).
    """
    text = read_text(path)
    separator = separator_of(text.lstrip().partition("\n")[0])
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield reader.line_num, [cell.strip() for cell in cells]
    except csv.Error as error:
        raise DatasetUnreadable(
            f"{path.name}, line {reader.line_num}: {error}", hint=QUOTING
        ) from error


def real_numbers(cells: Sequence[str]) -> list[float]:
    """The numbers in cells of text; NaN for an empty one. `nan` and `inf` are numbers too.

    Raises:
        ValueError: one of them is not a number; its index is `args[0]`.
    """
    # float() also takes 1_000 and exotic digits, which no table means as numbers.
    joined = "".join(cells)
    if joined.isascii() and "_" not in joined:
        try:
            return list(map(float, cells))
        except ValueError:
            pass
    return [_real_number(cell, index) for index, cell in enumerate(cells)]


def not_a_number(where: str, cell: str) -> DatasetUnreadable:
    """The error for a cell that should hold a number."""
    return DatasetUnreadable(
        f"{where}: {cell[:60]!r} is not a number",
        hint="Write decimals with a point."
        if _DECIMAL_COMMA.fullmatch(cell)
        else "Encode it as a number, or list the columns to feed under `dataset: features`.",
    )


def _real_number(cell: str, index: int) -> float:
    text = cell.strip()
    if not text:
        return math.nan
    if "_" in text or not text.isascii():
        raise ValueError(index)
    try:
        return float(text)
    except ValueError:
        raise ValueError(index) from None
