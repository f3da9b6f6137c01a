"""Rows of one .npy array, alone in a file or a member of an .npz, read without loading it.

Nothing here ever unpickles, and nothing believes a header: what it declares is compared with
the bytes that are there before anything of that size is allocated.
"""

import io
import math
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np

from edgecheck.errors import DatasetUnreadable
from edgecheck.samples.chunk import MAX_SAMPLE_BYTES
from edgecheck.samples.npy_header import Header, bad_header, read_header
from edgecheck.tensors import Array

PIECE_BYTES = 1 << 18
"""How much is read at a time; more would make zipfile join ever longer byte strings."""

MAX_DEFLATE_RATIO = 1032
"""Deflate cannot expand further, so a size beyond it is a lie of the zip directory."""


@dataclass(frozen=True)
class Rows:
    """The first axis of a stored array: rows are samples."""

    path: Path
    member: str | None
    """Name of the zip member, None for an .npy file."""
    header: Header

    def __len__(self) -> int:
        """Number of samples."""
        return self.header.shape[0]

    @property
    def name(self) -> str:
        """For messages: the file's name, and the array's if there are several."""
        return _describe(self.path, self.member)

    @property
    def row_bytes(self) -> int:
        """Size of one row."""
        return math.prod(self.header.shape[1:]) * self.header.dtype.itemsize

    def read(self, batches: Iterator[Sequence[int]]) -> Iterator[Array]:
        """The rows of each batch of ascending row numbers: arrays (len(batch), ...).

        Batches must ascend too. The type is the stored one in the machine's byte order.

        Raises:
            DatasetUnreadable: the data ends early or is damaged.
        """
        with _opened(self.path, self.member) as stream:
            # Read, not seek: from Python 3.13 a seek in a stored member gives up its checksum.
            stream.read(self.header.offset)
            position = 0
            for batch in batches:
                yield self._read_batch(stream, batch, position)
                position = batch[-1] + 1

    def _read_batch(self, stream: IO[bytes], batch: Sequence[int], position: int) -> Array:
        data = bytearray(len(batch) * self.row_bytes)
        filled = 0
        for first, last in _runs(batch):
            if first > position:
                stream.seek((first - position) * self.row_bytes, io.SEEK_CUR)
            position = last + 1
            end = filled + (position - first) * self.row_bytes
            _fill(stream, memoryview(data)[filled:end], self.name)
            filled = end
        shape = (len(batch), *self.header.shape[1:])
        rows: Array = np.frombuffer(data, self.header.dtype)
        rows = rows.reshape(shape, order="F" if self.header.is_fortran else "C")
        return rows.astype(rows.dtype.newbyteorder("="), copy=False)


def open_rows(path: Path, member: str | None = None, *, takes_fortran: bool = False) -> Rows:
    """Look at the header of an .npy file or of a member of an .npz, and check it.

    Args:
        path: of the file.
        member: of an .npz; None for an .npy.
        takes_fortran: whether Fortran order will do, whose rows can only be read all at once.

    Raises:
        DatasetUnreadable: not an .npy array, of a type that is not numbers, without samples, in
            Fortran order, or with a header that does not fit the data.
    """
    with _opened(path, member) as stream:
        rows = Rows(path, member, read_header(stream, _describe(path, member)))
        _check_layout(rows, takes_fortran=takes_fortran)
        _check_size(rows, _stored_bytes(path, member))
    return rows


def read_names(path: Path, member: str) -> tuple[str, ...]:
    """The texts of an array of text in an .npz, as `numpy.array(["a.png", "b.png"])`.

    Raises:
        DatasetUnreadable: damaged, too large, not one-dimensional, or not text.
    """
    with _opened(path, member) as stream:
        name = _describe(path, member)
        header = read_header(stream, name)
        if header.dtype.kind not in "US" or len(header.shape) != 1:
            raise DatasetUnreadable(
                f"{name} has shape {header.shape} of {header.dtype}, expected a list of text",
                hint='Save it as numpy.array(["first.png", "second.png"]), one text a sample.',
            )
        rows = Rows(path, member, header)
        _check_size(rows, _stored_bytes(path, member))
        data = bytearray(len(rows) * header.dtype.itemsize)
        _fill(stream, memoryview(data), name)
    texts = np.frombuffer(data, header.dtype) if data else np.zeros(len(rows), "U1")
    with _errors(name):
        return tuple(t.decode() if isinstance(t, bytes) else str(t) for t in texts.tolist())


def member_names(path: Path) -> tuple[str, ...]:
    """Keys of the arrays of an .npz file, in file order.

    Raises:
        DatasetUnreadable: not a zip file, or it holds no .npy member.
    """
    with _errors(path.name), zipfile.ZipFile(path) as archive:
        names = [n.removesuffix(".npy") for n in archive.namelist() if n.endswith(".npy")]
    if not names:
        raise DatasetUnreadable(
            f"{path.name} holds no arrays", hint="Save it with np.savez(path, name=array)."
        )
    return tuple(names)


def _check_layout(rows: Rows, *, takes_fortran: bool) -> None:
    shape, dtype = rows.header.shape, rows.header.dtype
    if dtype.kind not in "biuf" or dtype.itemsize > 8:
        raise DatasetUnreadable(
            f"{rows.name} holds {dtype}, samples must be real numbers",
            hint="Save a plain numeric array (no objects, strings or records).",
        )
    if any(isinstance(size, bool) or size < 0 for size in shape):
        raise bad_header(rows.name, f"its shape is {shape}")
    if not shape or 0 in shape:
        raise DatasetUnreadable(
            f"{rows.name} has shape {shape}: there are no samples in it",
            hint="The first axis counts the samples, the others are the shape of one.",
        )
    if not takes_fortran and rows.header.is_fortran and len(shape) > 1 and shape[0] > 1:
        raise DatasetUnreadable(
            f"{rows.name} is stored in Fortran order, so its samples cannot be read one by one",
            hint="Save np.ascontiguousarray(array).",
        )


def _check_size(rows: Rows, stored: int) -> None:
    if rows.row_bytes > MAX_SAMPLE_BYTES:
        raise DatasetUnreadable(
            f"{rows.name}: one sample has {rows.row_bytes} bytes (shape {rows.header.shape[1:]}), "
            f"the most is {MAX_SAMPLE_BYTES}",
            hint="The first axis must count the samples.",
        )
    declared = len(rows) * rows.row_bytes
    found = stored - rows.header.offset
    if declared > found:
        raise bad_header(
            rows.name,
            f"shape {rows.header.shape} of {rows.header.dtype} needs {declared} bytes, "
            f"the file has {found}",
        )


def _stored_bytes(path: Path, member: str | None) -> int:
    """Bytes of the .npy stream, header included; never more than the file can really hold."""
    size = path.stat().st_size
    if member is None:
        return size
    with zipfile.ZipFile(path) as archive:
        info = archive.getinfo(member + ".npy")
    ratio = 1 if info.compress_type == zipfile.ZIP_STORED else MAX_DEFLATE_RATIO
    return min(info.file_size, size * ratio)


@contextmanager
def _opened(path: Path, member: str | None) -> Iterator[IO[bytes]]:
    """The bytes of an .npy file or of a zip member."""
    with _errors(_describe(path, member)):
        if member is None:
            with path.open("rb") as file:
                yield file
            return
        with zipfile.ZipFile(path) as archive:
            info = archive.getinfo(member + ".npy")
            if info.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
                raise DatasetUnreadable(
                    f"{path.name}: array {member!r} is compressed in a way that numpy never uses",
                    hint="Save it with np.savez or np.savez_compressed.",
                )
            with archive.open(info) as stream:
                yield stream


@contextmanager
def _errors(name: str) -> Iterator[None]:
    """Whatever a damaged file makes zipfile and zlib raise, as one error."""
    try:
        yield
    except (DatasetUnreadable, GeneratorExit):
        raise
    except Exception as error:
        raise DatasetUnreadable(
            f"{name} cannot be read: {type(error).__name__}: {str(error)[:200]}",
            hint="The file is damaged, or not what its name says; save it again.",
        ) from error


def _fill(stream: IO[bytes], view: memoryview, name: str) -> None:
    done = 0
    while done < len(view):
        piece = stream.read(min(PIECE_BYTES, len(view) - done))
        if not piece:
            raise DatasetUnreadable(
                f"{name} ends before its last sample", hint="The file is truncated; save it again."
            )
        view[done : done + len(piece)] = piece
        done += len(piece)


def _runs(numbers: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Ascending numbers as (first, last) of each stretch without a gap."""
    first = last = numbers[0]
    for number in numbers[1:]:
        if number != last + 1:
            yield first, last
            first = number
        last = number
    yield first, last


def _describe(path: Path, member: str | None) -> str:
    return path.name if member is None else f"{path.name}: array {member!r}"
