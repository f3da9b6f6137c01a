"""True values from arrays: targets of a regression, class maps of a segmentation."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import tee

import numpy as np

from edgecheck.errors import DatasetUnreadable
from edgecheck.samples.label_arrays import class_numbers
from edgecheck.samples.label_table import as_targets
from edgecheck.samples.npy import Rows
from edgecheck.tensors import Array


@dataclass(frozen=True)
class ClassRows:
    """Class numbers in an array."""

    rows: Rows
    class_count: int | None
    """Labels must lie below it, if it is known."""

    @property
    def row_bytes(self) -> int:
        """Size of one row."""
        return self.rows.row_bytes

    def read(self, batches: Iterator[Sequence[int]]) -> Iterator[Array]:
        """int64 (len(batch), k) for each batch, as `class_numbers`."""
        for values in self.rows.read(batches):
            yield class_numbers(values, self.rows.name, self.class_count)


@dataclass(frozen=True)
class ValueRows:
    """Real values in one array or several, joined along the last axis."""

    parts: Sequence[Rows]

    @property
    def row_bytes(self) -> int:
        """Size of one row of all parts."""
        return sum(rows.row_bytes for rows in self.parts)

    def read(self, batches: Iterator[Sequence[int]]) -> Iterator[Array]:
        """float32 (len(batch), ...) for each batch; one value a sample is (n, 1)."""
        copies = tee(batches, len(self.parts))
        streams = [rows.read(copy) for rows, copy in zip(self.parts, copies, strict=True)]
        for arrays in zip(*streams, strict=True):
            yield np.concatenate([as_targets(array) for array in arrays], axis=-1)


def check_values(parts: Sequence[Rows]) -> None:
    """Arrays that are joined must agree in all axes but the last.

    Raises:
        DatasetUnreadable: they do not.
    """
    shapes = [rows.header.shape[1:] or (1,) for rows in parts]
    for rows, shape in zip(parts, shapes, strict=True):
        if shape[:-1] != shapes[0][:-1]:
            raise DatasetUnreadable(
                f"{rows.name} has shape {rows.header.shape}, {parts[0].name} "
                f"{parts[0].header.shape}: they cannot be joined along the last axis",
                hint="Name one array under `labels`, or arrays that differ in the last axis only.",
            )
