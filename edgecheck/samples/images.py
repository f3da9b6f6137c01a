"""Datasets of image files, read as bytes and decoded later."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath

from edgecheck.errors import DatasetUnreadable
from edgecheck.samples.chunk import MAX_CHUNK_BYTES, MAX_SAMPLE_BYTES, Chunk
from edgecheck.samples.files import joined
from edgecheck.tensors import Array

SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff"})

WILDCARDS = frozenset("*?[")


@dataclass(frozen=True)
class ImageDataset:
    """Encoded files; ids are their paths relative to `folder`, with forward slashes."""

    folder: Path
    input_name: str
    ids: Sequence[str]
    """All files, sorted; `selected` are numbers of them."""
    labels: Array | None
    """int64 (len(ids), k)."""
    selected: Sequence[int]

    def __len__(self) -> int:
        """Number of samples that will be read."""
        return len(self.selected)

    def chunks(self, size: int) -> Iterator[Chunk]:
        """All selected samples, ascending."""
        numbers: list[int] = []
        files: list[bytes] = []
        held = 0
        for number in self.selected:
            encoded = self._read(self.ids[number])
            if files and (len(files) == size or held + len(encoded) > MAX_CHUNK_BYTES):
                yield self._chunk(numbers, files)
                numbers, files, held = [], [], 0
            numbers.append(number)
            files.append(encoded)
            held += len(encoded)
        if files:
            yield self._chunk(numbers, files)

    def _chunk(self, numbers: Sequence[int], files: Sequence[bytes]) -> Chunk:
        return Chunk(
            ids=tuple(self.ids[number] for number in numbers),
            rows={self.input_name: tuple(files)},
            labels=None if self.labels is None else self.labels[list(numbers)],
        )

    def _read(self, name: str) -> bytes:
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
                hint="No image for an edge model is that large; remove or shrink it.",
            )
        return encoded


def find_images(path: str, base: Path) -> tuple[Path, tuple[str, ...]]:
    """The image files that `path` means: a file, a folder's own files, or a pattern.

    `**` in a pattern stands for any folders; it does not follow symbolic links to folders.

    Args:
        path: relative to `base`, or absolute.
        base: the folder of the spec.

    Returns:
        The folder that ids are relative to, and the ids, sorted.

    Raises:
        DatasetUnreadable: nothing there, no image among it, or a match is not a regular file.
    """
    try:
        folder, pattern = _split(path, base)
        matches = sorted(folder.glob(pattern))
        # Hidden files are no samples: macOS leaves a `._name.png` beside each on foreign disks.
        shown = [p for p in matches if not p.name.startswith(".")]
        images = [p for p in shown if p.suffix.lower() in SUFFIXES and not p.is_dir()]
        irregular = [p for p in images if not p.is_file()]
    except (OSError, ValueError) as error:
        raise DatasetUnreadable(
            f"the images {path[:200]!r} cannot be listed: {str(error)[:200]}",
            hint="`**` must stand alone between slashes; check the folder and its permissions.",
        ) from error
    if irregular:
        raise DatasetUnreadable(
            f"{irregular[0].name} is not a regular file (a broken link?)",
            hint="Repair or remove it.",
        )
    if not images:
        raise DatasetUnreadable(_nothing(path, folder, matches), hint=_advice())
    return folder, tuple(sorted(p.relative_to(folder).as_posix() for p in images))


def _split(path: str, base: Path) -> tuple[Path, str]:
    """The folder before the first wildcard, and the pattern below it."""
    whole = joined(base, path)
    if whole.is_dir():
        return whole, "*"
    if whole.exists() or not WILDCARDS.intersection(path):
        return whole.parent, _escaped(whole.name)
    parts = PurePath(path).parts
    first = next(i for i, part in enumerate(parts) if WILDCARDS.intersection(part))
    # Before Python 3.13 a final `**` matches folders only.
    last = ["*"] if parts[-1] == "**" else []
    return base.joinpath(*parts[:first]), "/".join([*parts[first:], *last])


def _escaped(name: str) -> str:
    """A pattern that matches `name` only."""
    return "".join(f"[{char}]" if char in WILDCARDS else char for char in name)


def _nothing(path: str, folder: Path, matches: Sequence[Path]) -> str:
    if not folder.is_dir():
        return f"dataset {path!r} not found: there is no folder {folder.as_posix()}"
    if not matches:
        return f"dataset {path!r} not found in {folder.as_posix()}"
    return f"none of the {len(matches)} entries of {path!r} has an image suffix"


def _advice() -> str:
    return (
        f"Paths are relative to the spec file; {', '.join(sorted(SUFFIXES))}, .npy and .npz can "
        "be read; `**` searches subfolders, as in images/**/*.png"
    )
