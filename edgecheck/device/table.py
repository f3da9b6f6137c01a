"""Dumps in a .csv file: one sample a line, the values of one tensor."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np

from edgecheck.device.logged import DumpedTensor
from edgecheck.errors import DumpUnreadable
from edgecheck.samples.csv_text import not_a_number, real_numbers, small_table
from edgecheck.tensors import Array

_ID: Final = "id"
_ELEMENT: Final = re.compile(r"(.+)\[([0-9]{1,9})\]")
_NUMBERS: Final = "Log values of the tensor only, with commas between them; a column `id` first may name the samples."
_WHOLE: Final = re.compile(r"\s*[+-]?[0-9]{1,18}\s*")


def open_table(path: Path) -> DumpedTensor:
    """The tensor of a table, named by its header `name[0],name[1],...`; else without a name.

    Whole numbers without a decimal point are integers, codes of a quantized tensor. Without a
    header, the values are in the order of the tensor.

    Raises:
        DumpUnreadable: no lines, lines of different lengths, or columns of several tensors.
        DatasetUnreadable: not text, broken quoting, or a cell that is no number.
    """
    lines = list(small_table(path))
    if not lines:
        raise DumpUnreadable(f"{path.name} is empty", hint="Write one sample a line.")
    header = lines[0][1]
    if all(map(_is_number, header)):
        header = [""] * len(header)
    else:
        lines = lines[1:]
    if not lines:
        raise DumpUnreadable(f"{path.name} has a header only", hint="Write one sample a line.")
    has_ids = header[0].strip().lower() == _ID
    name, order = _columns(path.name, header[has_ids:])
    for number, cells in lines:
        if len(cells) != len(header):
            raise DumpUnreadable(
                f"{path.name}, line {number}: {len(cells)} cells, the first line has {len(header)}",
                hint="Write every value of the tensor in every line.",
            )
    ids = tuple(cells[0] for _, cells in lines) if has_ids else None
    values = _values(path.name, lines, first=int(has_ids))[:, order]
    return DumpedTensor(name, values.dtype.name, values.shape, ids, lambda count: values[:count])


def _columns(file: str, header: Sequence[str]) -> tuple[str, list[int]]:
    """The name of the tensor, empty if unknown, and the columns in the order of its elements."""
    if not header:
        raise DumpUnreadable(f"{file} has no values beside ids", hint="Add a column a value.")
    matches = [_ELEMENT.fullmatch(column.strip()) for column in header]
    named = [match for match in matches if match is not None]
    if len(named) < len(header):
        return "", list(range(len(header)))
    names = {match[1] for match in named}
    if len(names) > 1:
        raise DumpUnreadable(
            f"{file} holds columns of several tensors: {', '.join(sorted(names)[:5])}",
            hint="Write a .csv for each tensor, or an .npz for all.",
        )
    elements = [int(match[2]) for match in named]
    if sorted(elements) != list(range(len(header))):
        raise DumpUnreadable(
            f"{file}: the columns must be {named[0][1]}[0] to {named[0][1]}[{len(header) - 1}]",
            hint="Write every element of the tensor once, flattened.",
        )
    return names.pop(), [elements.index(number) for number in range(len(header))]


def _values(file: str, lines: Sequence[tuple[int, Sequence[str]]], *, first: int) -> Array:
    found = []
    for number, cells in lines:
        try:
            found.append(real_numbers(cells[first:]))
        except ValueError as error:
            column = first + error.args[0]
            where = f"{file}, line {number}, column {column + 1}"
            told = not_a_number(where, cells[column]).message
            raise DumpUnreadable(told, hint=_NUMBERS) from None
    real = np.asarray(found, np.float64)
    is_whole = all(_WHOLE.fullmatch(cell) for _, cells in lines for cell in cells[first:])
    return real.astype(np.int64) if is_whole else real


def _is_number(cell: str) -> bool:
    try:
        return bool(cell.strip()) and bool(real_numbers([cell]))
    except ValueError:
        return False
