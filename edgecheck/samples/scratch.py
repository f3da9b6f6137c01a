"""A temporary folder for samples that are remote."""

import shutil
import tempfile
import weakref
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from edgecheck.errors import DatasetUnreadable
from edgecheck.samples.chunk import Chunk, Dataset

MAX_REMOTE_BYTES = 8 << 30
"""All that one dataset may bring to the disk."""

PIECE_BYTES = 1 << 20


def _nothing_to_remove() -> None:
    """No folder was made yet."""


class Scratch:
    """A temporary folder that goes away with this object, or with Python."""

    def __init__(self) -> None:
        """Nothing is made before it is needed."""
        self._folder: Path | None = None
        self._count = 0
        self._held = 0
        self.remove: Callable[[], object] = _nothing_to_remove
        """Takes the folder away now."""

    @property
    def is_used(self) -> bool:
        """Whether anything was put there."""
        return self._folder is not None

    def place(self) -> Path:
        """A new empty folder."""
        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp(prefix="edgecheck-"))
            self.remove = weakref.finalize(self, shutil.rmtree, self._folder, ignore_errors=True)
        self._count += 1
        place = self._folder / str(self._count)
        place.mkdir()
        return place

    def take(self, source: BinaryIO, target: Path) -> None:
        """Copy a binary stream to a file.

        Raises:
            DatasetUnreadable: more than `MAX_REMOTE_BYTES` in all.
        """
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("wb") as sink:
            while piece := source.read(PIECE_BYTES):
                self._held += len(piece)
                if self._held > MAX_REMOTE_BYTES:
                    raise DatasetUnreadable(
                        f"the remote dataset is larger than {MAX_REMOTE_BYTES} bytes",
                        hint="Use `limit`, or download the samples and give their path.",
                    )
                sink.write(piece)


@dataclass(frozen=True)
class FetchedDataset:
    """A dataset in a temporary folder, which lives as long as it."""

    dataset: Dataset
    scratch: Scratch

    def __len__(self) -> int:
        """Number of samples that will be read."""
        return len(self.dataset)

    def chunks(self, size: int) -> Iterator[Chunk]:
        """All samples, as the dataset itself gives them."""
        yield from self.dataset.chunks(size)
