"""Datasets in .npy and .npz files, streamed."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import repeat
from pathlib import Path
from typing import Any

from edgecheck.errors import DatasetUnreadable
from edgecheck.samples.chunk import MAX_CHUNK_BYTES, Chunk
from edgecheck.samples.names import listed
from edgecheck.samples.npy import Rows, member_names, open_rows
from edgecheck.samples.selection import batches
from edgecheck.samples.value_arrays import ClassRows, ValueRows


@dataclass(frozen=True)
class ArrayDataset:
    """Arrays whose first axes count the same samples; ids are `<file>[<row>]`."""

    file: str
    inputs: Mapping[str, Rows]
    selected: Sequence[int]
    labels: ClassRows | None = None
    targets: ValueRows | None = None

    def __len__(self) -> int:
        """Number of samples that will be read."""
        return len(self.selected)

    def chunks(self, size: int) -> Iterator[Chunk]:
        """All selected samples, ascending."""
        stored = [*self.inputs.values(), self.labels, self.targets]
        row_bytes = sum(0 if rows is None else rows.row_bytes for rows in stored)
        size = min(size, max(1, MAX_CHUNK_BYTES // row_bytes))
        parts = zip(
            batches(self.selected, size),
            self._read(self.labels, size),
            self._read(self.targets, size),
            *(self._read(rows, size) for rows in self.inputs.values()),
            strict=True,
        )
        for numbers, labels, targets, *arrays in parts:
            yield Chunk(
                ids=tuple(f"{self.file}[{number}]" for number in numbers),
                rows=dict(zip(self.inputs, arrays, strict=True)),
                labels=labels,
                targets=targets,
            )

    def _read(self, rows: Rows | ClassRows | ValueRows | None, size: int) -> Iterator[Any]:
        """One array a batch, or None for each where nothing is stored."""
        if rows is None:
            return repeat(None, -(-len(self.selected) // size))
        return rows.read(batches(self.selected, size))


def open_inputs(
    path: Path, names: Sequence[str], keys: Mapping[str, str], label_keys: Sequence[str]
) -> dict[str, Rows]:
    """Bind every input to an array of the file.

    Args:
        path: an .npy or .npz file.
        names: the inputs to feed.
        keys: input name -> key in the .npz, where the spec says so.
        label_keys: the arrays that hold labels, which no input takes by default.

    Raises:
        DatasetUnreadable: an input has no array, several could be it, or the arrays do not have
            the same number of rows.
    """
    if path.suffix.lower() == ".npy":
        if len(names) != 1:
            raise DatasetUnreadable(
                f"{path.name} holds one array, {len(names)} inputs need one: {listed(names)}",
                hint="Save one .npz with an array for each input: np.savez(path, name=array, ...).",
            )
        return {names[0]: open_rows(path)}
    members = member_names(path)
    candidates = [key for key in members if key not in label_keys]
    chosen = {name: _key_of(name, keys, candidates, len(names) == 1) for name in names}
    wrong = [name for name, key in chosen.items() if key not in members]
    if wrong:
        asked = keys.get(wrong[0], wrong[0])
        raise DatasetUnreadable(
            f"{path.name}: no array {asked!r} for input {wrong[0]!r}; it holds {listed(members)}",
            hint=f"Say which is meant: `arrays: {{{wrong[0]}: KEY}}` in the dataset section.",
        )
    found = {name: open_rows(path, key) for name, key in chosen.items() if key is not None}
    require_same_length(path.name, {name: len(rows) for name, rows in found.items()})
    return found


def _key_of(
    name: str, keys: Mapping[str, str], candidates: Sequence[str], is_only: bool
) -> str | None:
    """The key that was given, else the input's own name, else the only array there is."""
    if name in keys:
        return keys[name]
    if name in candidates:
        return name
    return candidates[0] if is_only and len(candidates) == 1 else None


def require_same_length(file: str, lengths: Mapping[str, int]) -> None:
    """Every array has as many rows as the others.

    Raises:
        DatasetUnreadable: they differ.
    """
    if len(set(lengths.values())) > 1:
        listed = ", ".join(f"{name} {count}" for name, count in lengths.items())
        raise DatasetUnreadable(
            f"{file}: the numbers of samples differ: {listed}",
            hint="Row i of every array must belong to sample i.",
        )
