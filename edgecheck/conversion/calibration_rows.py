"""The rows of a representative dataset, as a converter is fed with them."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from edgecheck.conversion.unconvertible import Unconvertible
from edgecheck.tensors import Array


def rows_for(
    taken: Mapping[str, tuple[tuple[int, ...], "np.dtype[Any]"]], files: Mapping[str, Path]
) -> Iterator[dict[str, Array]]:
    """One sample at a time, each input by its name; the shapes are looked at before the first.

    Args:
        taken: input -> shape and dtype that it takes.
        files: input -> .npy, (n, ...).

    Raises:
        Unconvertible: samples of another shape than the input takes: a converter would silently
            resize the model to them, and a picture in another layout would be scrambled.
    """
    arrays = {name: np.load(path, mmap_mode="r") for name, path in files.items()}
    for name, array in arrays.items():
        wanted = taken[name][0]
        if _long(array.shape[1:]) != _long(wanted):
            raise Unconvertible(
                f"the steps of the spec give samples of shape {list(array.shape[1:])}, input "
                f"{name!r} takes {list(wanted)}",
                "correct the steps",
            )
    return _rows(taken, arrays)


def _rows(
    taken: Mapping[str, tuple[tuple[int, ...], "np.dtype[Any]"]], arrays: Mapping[str, Array]
) -> Iterator[dict[str, Array]]:
    for rows in zip(*arrays.values(), strict=True):
        yield {
            name: np.asarray(row, taken[name][1]).reshape(taken[name][0])
            for name, row in zip(arrays, rows, strict=True)
        }


def _long(shape: tuple[int, ...]) -> list[int]:
    """The sizes that are not 1."""
    return [size for size in shape if size != 1]
