"""What a file says about itself: TFLite metadata, and files packed behind the flatbuffer.

Metadata is a flatbuffer of its own in the buffer named TFLITE_METADATA. The fields read here are
those of tflite-support's metadata_schema.fbs, in the layout of "FlatBuffers Internals". Nobody
has to trust these bytes: every offset is checked, and what does not fit counts as absent.
"""

import io
import json
import struct
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from edgecheck.tflite.buffers import buffer_spans
from edgecheck.tflite.graph import Model
from edgecheck.tflite.names import printable

NAME = "TFLITE_METADATA"
IDENTIFIER = b"M001"
ORIGIN = "EDGECHECK"
"""Name of the buffer in which `edgecheck convert` says where a file comes from (JSON)."""

MAX_FILE_BYTES = 4 << 20
"""Of one packed file, unpacked; label files and vocabularies have less."""
MAX_LABELS = 200_000
_MAX_TABLES = 64
"""Tables of one vector that are read: tensors, process units, files."""
_MAX_ITEMS = 4096
"""Numbers or characters of one vector that are read."""

_NORMALIZATION = 1
_IMAGE = 2
_COLORS: Mapping[int, Literal["RGB", "L"]] = {1: "RGB", 2: "L"}
_AXIS_LABELS = 2


@dataclass(frozen=True)
class TensorMetadata:
    """What is said about one input or output; empty where nothing is."""

    name: str
    mean: tuple[float, ...]
    std: tuple[float, ...]
    """Normalisation: (x - mean) / std, one number or one a channel; empty without it."""
    color: Literal["RGB", "L"] | None
    axis_labels: tuple[str, ...]
    """Names of the packed files that name the classes."""


@dataclass(frozen=True)
class FileMetadata:
    """Metadata of the first subgraph, in the order of its inputs and outputs."""

    inputs: tuple[TensorMetadata, ...]
    outputs: tuple[TensorMetadata, ...]


def read_metadata(data: bytes, model: Model) -> FileMetadata | None:
    """The metadata of a verified file; None where there is none, or it cannot be read."""
    names = [item.name for item in model.metadata]
    if NAME not in names:
        return None
    raw = _buffer_of(data, names.index(NAME))
    if raw[4:8] != IDENTIFIER:
        return None
    try:
        graphs = _root(raw).tables(3)
        graph = next(graphs, None)
        if graph is None:
            return FileMetadata((), ())
        return FileMetadata(
            inputs=tuple(_tensor(item) for item in graph.tables(2)),
            outputs=tuple(_tensor(item) for item in graph.tables(3)),
        )
    except (struct.error, _Damaged):
        return None


def label_file(found: FileMetadata | None, model: Model) -> tuple[str, bool]:
    """The packed file that names the classes, and whether metadata declares it as that.

    Args:
        found: `read_metadata(data, model)`.
        model: the file.

    Returns:
        ("", False) where there is none, or several that nobody declares.
    """
    files = model.associated_files
    declared = [name for entry in (found.outputs if found else ()) for name in entry.axis_labels]
    known = [name for name in declared if name in files]
    if known:
        return known[0], True
    plain_files = [name for name in files if _is_label_file(name)]
    return (plain_files[0], False) if len(plain_files) == 1 else ("", False)


def _is_label_file(name: str) -> bool:
    lower = name.lower()
    return lower == "metadata.json" or (lower.endswith(".txt") and "label" in lower)


def read_origin(data: bytes, model: Model) -> Mapping[str, str]:
    """What `edgecheck convert` wrote about where the file comes from; empty where it did not."""
    names = [item.name for item in model.metadata]
    if ORIGIN not in names:
        return {}
    try:
        found = json.loads(_buffer_of(data, names.index(ORIGIN))[:MAX_FILE_BYTES])
    except (ValueError, RecursionError):
        return {}
    items = found.items() if isinstance(found, dict) else ()
    return {printable(key): printable(text) for key, text in items if isinstance(text, str)}


def packed_labels(data: bytes, name: str) -> tuple[str, ...] | None:
    """Lines of a text file packed behind the flatbuffer; None where it cannot be read.

    Blank lines at the end do not count; of `metadata.json`, the values of its `names` (as
    Ultralytics writes it).
    """
    content = packed_file(data, name)
    if content is None:
        return None
    text = content.decode("utf-8-sig", "replace")
    if name.endswith(".json"):
        return _json_names(text)
    lines = [line.strip() for line in text.rstrip().split("\n")]
    return tuple(printable(line) for line in lines) if len(lines) <= MAX_LABELS else None


def packed_file(data: bytes, name: str) -> bytes | None:
    """The content of a packed file; None where there is none, or it has more than 4 MB."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for entry in archive.infolist():
                if printable(entry.filename) == name and entry.file_size <= MAX_FILE_BYTES:
                    with archive.open(entry) as stream:
                        content = stream.read(MAX_FILE_BYTES + 1)
                    return content if len(content) <= MAX_FILE_BYTES else None
    except Exception:  # noqa: BLE001  (hostile archives make zipfile raise nearly anything)
        return None
    return None


def _json_names(text: str) -> tuple[str, ...] | None:
    try:
        names = json.loads(text)["names"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    if isinstance(names, dict):
        if not all(str(key).isdecimal() and len(str(key)) < 9 for key in names):
            return None
        names = [names[key] for key in sorted(names, key=int)]
    if not isinstance(names, list) or not all(isinstance(each, str) for each in names):
        return None
    return tuple(printable(each) for each in names)


def _buffer_of(data: bytes, number: int) -> bytes:
    """The buffer of the n-th metadata entry."""
    import tflite

    entry = tflite.Model.GetRootAs(data).Metadata(number)
    return bytes(buffer_spans(data)[entry.Buffer()].of(data))


class _Damaged(ValueError):
    """An offset leaves the metadata."""


@dataclass(frozen=True)
class _Table:
    """One table of a flatbuffer that nobody verified; fields by their number in the schema."""

    raw: bytes
    position: int

    def _field(self, slot: int, size: int) -> int | None:
        """Where a field of `size` bytes lies; None where it is absent."""
        vtable = self.position - _number(self.raw, "<i", self.position)
        length = _number(self.raw, "<H", vtable)
        if 4 + 2 * slot + 2 > length:
            return None
        offset = _number(self.raw, "<H", vtable + 4 + 2 * slot)
        if not offset:
            return None
        _inside(self.raw, self.position + offset, size)
        return self.position + offset

    def byte(self, slot: int) -> int:
        at = self._field(slot, 1)
        return 0 if at is None else self.raw[at]

    def _target(self, slot: int) -> int | None:
        at = self._field(slot, 4)
        return None if at is None else at + _number(self.raw, "<I", at)

    def table(self, slot: int) -> "_Table | None":
        at = self._target(slot)
        return None if at is None else _Table(self.raw, at)

    def _vector(self, slot: int, size: int) -> tuple[int, int]:
        """Where the elements of a vector start, and how many there are."""
        at = self._target(slot)
        if at is None:
            return 0, 0
        count = _number(self.raw, "<I", at)
        _inside(self.raw, at + 4, count * size)
        return at + 4, count

    def tables(self, slot: int) -> "Iterator[_Table]":
        start, count = self._vector(slot, 4)
        for at in range(start, start + 4 * min(count, _MAX_TABLES), 4):
            yield _Table(self.raw, at + _number(self.raw, "<I", at))

    def floats(self, slot: int) -> tuple[float, ...]:
        start, count = self._vector(slot, 4)
        return struct.unpack_from(f"<{min(count, _MAX_ITEMS)}f", self.raw, start)

    def text(self, slot: int) -> str:
        start, count = self._vector(slot, 1)
        return printable(self.raw[start : start + min(count, _MAX_ITEMS)])


def _number(raw: bytes, code: str, position: int) -> int:
    _inside(raw, position, struct.calcsize(code))
    return int(struct.unpack_from(code, raw, position)[0])


def _inside(raw: bytes, position: int, size: int) -> None:
    if position < 0 or position + size > len(raw):
        raise _Damaged(f"byte {position + size} of {len(raw)}")


def _root(raw: bytes) -> _Table:
    return _Table(raw, _number(raw, "<I", 0))


def _tensor(table: _Table) -> TensorMetadata:
    mean, std = _normalization(table)
    files = [item for item in table.tables(6) if item.byte(2) == _AXIS_LABELS]
    return TensorMetadata(
        name=table.text(0),
        mean=mean,
        std=std,
        color=_color(table.table(3)),
        axis_labels=tuple(item.text(0) for item in files),
    )


def _normalization(table: _Table) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and std of the first process unit that normalises."""
    for unit in table.tables(4):
        options = unit.table(1)
        if unit.byte(0) == _NORMALIZATION and options is not None:
            return options.floats(0), options.floats(1)
    return (), ()


def _color(content: _Table | None) -> Literal["RGB", "L"] | None:
    if content is None or content.byte(0) != _IMAGE:
        return None
    properties = content.table(1)
    return None if properties is None else _COLORS.get(properties.byte(0))
