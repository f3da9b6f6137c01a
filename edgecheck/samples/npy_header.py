"""The header of an .npy array: what it declares, not yet believed."""

import io
import warnings
from dataclasses import dataclass
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy_format

from edgecheck.errors import DatasetUnreadable

MAX_HEADER_BYTES = 10_000


@dataclass(frozen=True)
class Header:
    """What an .npy header declares; `offset` is where the data starts."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    is_fortran: bool
    offset: int


def read_header(stream: IO[bytes], name: str) -> Header:
    """Parse the header at the start of `stream` with numpy, from a copy of bounded length.

    Raises:
        DatasetUnreadable: not an .npy array, or the header is damaged; `name` is for messages.
    """
    start = stream.read(8)
    if len(start) < 8 or start[:6] != npy_format.MAGIC_PREFIX:
        raise DatasetUnreadable(
            f"{name} is not an .npy array: it starts with {start.hex(' ') or 'nothing'}",
            hint="Save it with np.save, or np.savez for several arrays; pickles are never read.",
        )
    parsers: dict[tuple[int, int], tuple[int, Any]] = {
        (1, 0): (2, npy_format.read_array_header_1_0),
        (2, 0): (4, npy_format.read_array_header_2_0),
    }
    version = (start[6], start[7])
    if version not in parsers:
        raise bad_header(name, f"its format version is {version[0]}.{version[1]}")
    width, parse = parsers[version]
    prefix = stream.read(width)
    length = int.from_bytes(prefix, "little")
    if length > MAX_HEADER_BYTES:
        raise bad_header(name, f"it claims to be {length} bytes long")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # files written by Python 2
            shape, is_fortran, dtype = parse(io.BytesIO(prefix + stream.read(length)))
    except Exception as error:  # numpy evaluates the header as a literal: any error may come
        raise bad_header(name, f"{type(error).__name__}: {str(error)[:200]}") from error
    return Header(shape, dtype, is_fortran, 8 + width + length)


def bad_header(name: str, found: str) -> DatasetUnreadable:
    """The error for a header that cannot be true."""
    return DatasetUnreadable(
        f"{name} has an .npy header that cannot be right: {found}",
        hint="The file is truncated or damaged; save it again with np.save.",
    )
