"""Arrays that two processes share: a file mapped into both, so that samples are never piped.

The file lies in memory where the system has such a folder (/dev/shm), else in the folder for
temporary files.
"""

import mmap
import os
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from math import prod
from pathlib import Path

import numpy as np

from edgecheck.errors import UnusableError
from edgecheck.tensors import Array

_ALIGNMENT = 64
_MEMORY_BYTES = 1 << 28


@dataclass(frozen=True)
class Layout:
    """What an exchange holds: `pages` copies of each array, `rows` x shape, one dtype each."""

    rows: int
    pages: int
    arrays: Mapping[str, tuple[str, tuple[int, ...]]]
    """Name -> (numpy dtype, shape of one row)."""

    def to_dict(self) -> dict[str, object]:
        """JSON values."""
        return asdict(self)

    @classmethod
    def from_dict(cls, fields: Mapping[str, object]) -> "Layout":
        """The inverse of `to_dict`."""
        arrays = fields["arrays"]
        assert isinstance(arrays, dict)  # noqa: S101  (our own message)
        rows, pages = fields["rows"], fields["pages"]
        assert isinstance(rows, int) and isinstance(pages, int)  # noqa: S101, PT018
        return cls(rows, pages, {k: (v[0], tuple(v[1])) for k, v in arrays.items()})

    @property
    def page_bytes(self) -> int:
        """Size of one page."""
        return sum(self._span(name) for name in self.arrays)

    @property
    def size_bytes(self) -> int:
        """Size of the file."""
        return max(self.page_bytes * self.pages, 1)

    def _span(self, name: str) -> int:
        dtype, shape = self.arrays[name]
        size = self.rows * prod(shape) * np.dtype(dtype).itemsize
        return -(-max(size, 1) // _ALIGNMENT) * _ALIGNMENT

    def views(self, memory: mmap.mmap, page: int) -> dict[str, Array]:
        """The arrays of one page: name -> (rows, *shape)."""
        found = {}
        offset = page * self.page_bytes
        for name, (dtype, shape) in self.arrays.items():
            flat = np.frombuffer(memory, dtype, self.rows * prod(shape), offset)
            found[name] = flat.reshape(self.rows, *shape)
            offset += self._span(name)
        return found


class Exchange:
    """A mapped file with the pages of a layout; `create` it in one process, `open` in the other."""

    def __init__(self, path: Path, layout: Layout, handle: int) -> None:
        self.path = path
        self.layout = layout
        self._memory = mmap.mmap(handle, layout.size_bytes)
        self.pages = [layout.views(self._memory, page) for page in range(layout.pages)]

    @classmethod
    def create(cls, folder: Path, layout: Layout) -> "Exchange":
        """A new file in `folder`, all zeros.

        Raises:
            UnusableError: there is no space for it.
        """
        try:
            return cls._created(folder, layout)
        except (OSError, OverflowError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise UnusableError(
                f"no space for {layout.size_bytes} bytes of samples in {folder}: {reason}",
                hint="Free some space, or check the shapes that the spec gives.",
            ) from None

    @classmethod
    def _created(cls, folder: Path, layout: Layout) -> "Exchange":
        handle, name = tempfile.mkstemp(dir=folder, prefix="exchange-")
        try:
            os.ftruncate(handle, layout.size_bytes)
            if hasattr(os, "posix_fallocate"):
                # Without this, a full /dev/shm kills the first process that touches the page.
                os.posix_fallocate(handle, 0, layout.size_bytes)
            return cls(Path(name), layout, handle)
        finally:
            os.close(handle)

    @classmethod
    def open(cls, path: Path, layout: Layout) -> "Exchange":
        """The file that another process created."""
        handle = os.open(path, os.O_RDWR | getattr(os, "O_BINARY", 0))
        try:
            return cls(path, layout, handle)
        finally:
            os.close(handle)


def shared_folder() -> Path:
    """A new private folder for exchange files; the caller removes it."""
    memory = Path("/dev/shm")  # noqa: S108  (mkdtemp makes a private folder in it)
    usable = os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > _MEMORY_BYTES
    return Path(tempfile.mkdtemp(prefix="edgecheck-", dir=memory if usable else None))
