"""Truth about files from a .csv: class labels, or true values."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from edgecheck.errors import DatasetUnreadable
from edgecheck.samples.chunk import UNLABELLED
from edgecheck.samples.class_names import ClassNames
from edgecheck.samples.file_table import FileTable, read_file_table
from edgecheck.samples.names import column_numbers
from edgecheck.tensors import Array

LABEL = "label"


def read_label_table(
    path: Path, ids: Sequence[str], class_names: Sequence[str], *, are_stems: bool = False
) -> Array:
    """The acceptable classes of each file.

    The classes are in the column `label`, or in the only one besides the file names. Files that
    no line names, or whose label is empty, are unlabelled.

    Args:
        path: a table as of `read_file_table`.
        ids: all files of the dataset.
        class_names: what labels may be besides class numbers; empty if unknown.
        are_stems: ids are paths without suffix.

    Returns:
        int64 (len(ids), k), padded with `UNLABELLED`.

    Raises:
        DatasetUnreadable: as `read_file_table`, or a label that is no class.
    """
    table = read_file_table(path, ids, are_stems=are_stems)
    return table_labels(table, _label_column(table), len(ids), class_names)


def read_value_table(path: Path, ids: Sequence[str], *, are_stems: bool = False) -> Array:
    """The true values of each file: all columns besides the file names.

    Returns:
        float32 (len(ids), k), NaN where nothing is known.

    Raises:
        DatasetUnreadable: as `read_file_table`, or a cell that is not a number.
    """
    table = read_file_table(path, ids, are_stems=are_stems)
    return as_targets(table.values(None, len(ids)))


def table_labels(table: FileTable, column: int, count: int, class_names: Sequence[str]) -> Array:
    """One column as classes: int64 (count, k).

    Raises:
        DatasetUnreadable: a label that is no class, with its line.
    """
    classes = ClassNames(class_names)
    found: list[tuple[int, ...]] = [()] * count
    for number, line in table.lines.items():
        found[number] = classes.numbers(line.cells[column], line.where)
    return padded(found)


def padded(sets: Sequence[Sequence[int]]) -> Array:
    """Sets of classes as int64 (n, k), k at least 1, filled up with `UNLABELLED`."""
    width = max((len(classes) for classes in sets), default=0)
    labels = np.full((len(sets), max(width, 1)), UNLABELLED, np.int64)
    for index, classes in enumerate(sets):
        labels[index, : len(classes)] = classes
    return labels


def as_targets(values: Array) -> Array:
    """Real values as float32; what is too large becomes infinite. (n,) becomes (n, 1)."""
    with np.errstate(over="ignore"):
        targets: Array = values.astype(np.float32)
    return targets.reshape(-1, 1) if targets.ndim == 1 else targets


def _label_column(table: FileTable) -> int:
    if len(table.columns) == 1:
        return 0
    lowered = [name.lower() for name in table.columns]
    if not any(lowered):
        raise DatasetUnreadable(
            f"{table.name} needs two columns, or a header line with filename and label; "
            f"the first line has {len(lowered) + 1} cells",
            hint="Write `filename,label` on the first line.",
        )
    return column_numbers((LABEL,), lowered, table.name)[0]
