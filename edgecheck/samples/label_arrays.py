"""Class numbers from arrays of labels."""

import numpy as np

from edgecheck.errors import DatasetUnreadable
from edgecheck.samples.chunk import UNLABELLED
from edgecheck.samples.npy import Rows
from edgecheck.tensors import Array

ONE_HOT_PROBE = 256
"""How many rows are looked at to tell one-hot vectors from class numbers."""

MAX_CLASS = 2**31 - 1
"""More classes than any model has; also keeps floats exact."""


def check_labels(labels: Rows, class_count: int | None) -> None:
    """Look at the first rows, so that a mistake is told before anything runs.

    Raises:
        DatasetUnreadable: they are not class numbers, or look like one-hot vectors.
    """
    if len(labels.header.shape) > 2:
        raise DatasetUnreadable(
            f"{labels.name} has shape {labels.header.shape}, class labels are (n,) or (n, k)",
            hint="Save one class number a sample, or k acceptable ones padded with -1.",
        )
    first = next(labels.read(iter([range(min(len(labels), ONE_HOT_PROBE))])))
    numbers = class_numbers(first, labels.name, class_count)
    # A row such as [0, 1] could mean "class 0 or 1"; two or more such rows and nothing else do not.
    if numbers.shape[1] > 1 and len(numbers) > 1 and np.isin(numbers, (0, 1)).all():
        raise DatasetUnreadable(
            f"{labels.name} (shape {labels.header.shape}) holds only 0 and 1: "
            "these are one-hot vectors, not class numbers",
            hint="Save labels.argmax(axis=1).",
        )


def class_numbers(values: Array, name: str, class_count: int | None) -> Array:
    """Labels as int64 (n, k): the acceptable classes of each sample, -1 where there is none.

    Args:
        values: (n,) or (n, k) integers, or floats without fractions.
        name: of the array, for messages.
        class_count: classes are below it, if it is known.

    Raises:
        DatasetUnreadable: a value is not a whole number, below -1 or not below `class_count`.
    """
    if values.dtype.kind == "f" and (np.trunc(values) != values).any():
        raise DatasetUnreadable(
            f"{name} holds fractions or NaN; classification needs class numbers",
            hint="Save integers; for probabilities or one-hot vectors save argmax(axis=1).",
        )
    low, high = values.min(), values.max()
    highest = MAX_CLASS if class_count is None else class_count - 1
    if low < UNLABELLED or high > highest:
        known = "" if class_count is None else f" for {class_count} class names"
        raise DatasetUnreadable(
            f"{name} holds labels from {low} to {high}{known}",
            hint="Classes count from 0; -1 means unlabelled.",
        )
    return values.astype(np.int64).reshape(len(values), -1)
