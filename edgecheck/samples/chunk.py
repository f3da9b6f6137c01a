"""The unit in which samples travel."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias

from edgecheck.tensors import Array

UNLABELLED = -1

Truth: TypeAlias = Literal["classes", "values", "none"]
"""What the labels of a task are: class numbers, real values (also class maps), or nothing."""

MAX_SAMPLE_BYTES = 256 << 20
"""A single sample larger than this is refused: no edge model takes one."""

MAX_CHUNK_BYTES = 256 << 20
"""A chunk is cut short here (but holds one sample at least), so that memory stays bounded."""


@dataclass(frozen=True)
class Chunk:
    """A few consecutive samples, before preprocessing."""

    ids: tuple[str, ...]
    rows: Mapping[str, Array | tuple[bytes, ...]]
    """Input name -> stacked rows (n, ...), or the n encoded files of images or audio."""
    labels: Array | None
    """int64 (n, k): the acceptable classes of each sample, `UNLABELLED` where there is none."""
    targets: Array | None = None
    """float32 (n, ...): the true values of a regression, or the class of every pixel of a
    segmentation; NaN where unknown."""


class Dataset(Protocol):
    """A finite set of samples that can be read more than once."""

    def __len__(self) -> int:
        """Number of samples that will be read, after `limit`."""
        ...

    def chunks(self, size: int) -> Iterator[Chunk]:
        """All samples in a fixed order, `size` at a time; fewer where samples are very large."""
        ...
