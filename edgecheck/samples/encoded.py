"""Datasets of image and audio files, read as bytes and decoded later."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from edgecheck.errors import DatasetUnreadable
from edgecheck.samples.chunk import MAX_CHUNK_BYTES, MAX_SAMPLE_BYTES, Chunk
from edgecheck.tensors import Array


@dataclass(frozen=True)
class InputFiles:
    """The files of one input, file i for sample i."""

    folder: Path
    names: Sequence[str]
    """Paths below `folder`, with forward slashes."""

    def read(self, number: int) -> bytes:
        """One whole encoded file.

        Raises:
            DatasetUnreadable: it cannot be read, or is larger than `MAX_SAMPLE_BYTES`.
        """
        name = self.names[number]
        try:
            with (self.folder / name).open("rb") as file:
                encoded = file.read(MAX_SAMPLE_BYTES + 1)
        except OSError as error:
            raise DatasetUnreadable(
                f"{name} cannot be read: {error.strerror or error}",
                hint="Check the file and its permissions.",
            ) from error
        if len(encoded) > MAX_SAMPLE_BYTES:
            raise DatasetUnreadable(
                f"{name} is larger than {MAX_SAMPLE_BYTES} bytes",
                hint="No sample for an edge model is that large; remove or shrink it.",
            )
        return encoded


@dataclass(frozen=True)
class FileDataset:
    """Encoded files, one for each input of a sample, in sorted order."""

    ids: Sequence[str]
    """Of all samples; `selected` are numbers of them."""
    files: Mapping[str, InputFiles]
    selected: Sequence[int]
    labels: Array | None = None
    """int64 (len(ids), k)."""
    targets: Array | None = None
    """float32 (len(ids), k)."""
    arrays: Mapping[str, Array] = field(default_factory=dict)
    """Inputs that come from a table about the files: float64 (len(ids), features)."""

    def __len__(self) -> int:
        """Number of samples that will be read."""
        return len(self.selected)

    def chunks(self, size: int) -> Iterator[Chunk]:
        """All selected samples, ascending."""
        numbers: list[int] = []
        samples: list[tuple[bytes, ...]] = []
        held = 0
        for number in self.selected:
            encoded = tuple(files.read(number) for files in self.files.values())
            length = sum(map(len, encoded))
            if samples and (len(samples) == size or held + length > MAX_CHUNK_BYTES):
                yield self._chunk(numbers, samples)
                numbers, samples, held = [], [], 0
            numbers.append(number)
            samples.append(encoded)
            held += length
        if samples:
            yield self._chunk(numbers, samples)

    def _chunk(self, numbers: list[int], samples: Sequence[tuple[bytes, ...]]) -> Chunk:
        encoded = dict(zip(self.files, zip(*samples, strict=True), strict=True))
        return Chunk(
            ids=tuple(self.ids[number] for number in numbers),
            rows=encoded | {name: array[numbers] for name, array in self.arrays.items()},
            labels=None if self.labels is None else self.labels[numbers],
            targets=None if self.targets is None else self.targets[numbers],
        )
