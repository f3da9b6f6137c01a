"""New contents of buffers: in place where they fit, else behind everything else."""

import struct
from collections import Counter
from collections.abc import Mapping
from typing import TypeAlias

from edgecheck.tflite import flat
from edgecheck.tflite.buffers import buffer_spans
from edgecheck.tflite.edit.spine import Growth
from edgecheck.tflite.graph import Model

Key: TypeAlias = "tuple[int, int]"
"""(Subgraph, tensor)."""

Placed: TypeAlias = "dict[tuple[int, int], int]"
"""(Subgraph, tensor) -> buffer."""


def place_contents(
    data: bytearray, growth: Growth, model: Model, contents: Mapping[Key, bytes]
) -> Placed:
    """Write contents; tensors with the same object share a buffer.

    A buffer is overwritten only where all that use it get the new content; else a new one is
    added to `growth`.
    """
    if not contents:
        return {}
    buffers = _Buffers(data, growth, model)
    placed: Placed = {}
    for keys, content in _by_object(contents):
        placed.update(dict.fromkeys(keys, buffers.place(keys, content)))
    return placed


def add_metadata(data: bytearray, growth: Growth, metadata: Mapping[str, bytes]) -> None:
    """Append named metadata buffers; names are ASCII."""
    existing = len(flat.tables(data, flat.target(data, 0), 4))
    for name, content in metadata.items():
        text = flat.append(data, name.encode("ascii") + b"\0", count=len(name))
        growth.buffers.append({0: flat.append(data, content)})
        growth.metadata.append((text, existing + len(growth.buffers) - 1))


def _by_object(contents: Mapping[Key, bytes]) -> list[tuple[set[Key], bytes]]:
    groups: dict[int, tuple[set[Key], bytes]] = {}
    for key, content in contents.items():
        groups.setdefault(id(content), (set(), content))[0].add(key)
    return list(groups.values())


class _Buffers:
    """The buffers of a file in the making."""

    def __init__(self, data: bytearray, growth: Growth, model: Model) -> None:
        self._data = data
        self._growth = growth
        root = flat.target(data, 0)
        self._tables = flat.tables(data, root, 4)
        self._table_uses = Counter(self._tables)
        self._spans = buffer_spans(bytes(data))
        self._starts = Counter(span.start for span in self._spans if span.size)
        self._numbers = {
            (graph.index, tensor.index): tensor.buffer
            for graph in model.subgraphs
            for tensor in graph.tensors
        }
        self._users: dict[int, set[Key]] = {}
        for key, number in self._numbers.items():
            self._users.setdefault(number, set()).add(key)
        self._reserved = {0, *_metadata_buffers(data, root)}

    def place(self, keys: set[Key], content: bytes) -> int:
        """Write one content for the tensors `keys`; the buffer that holds it."""
        for number in sorted({self._numbers[key] for key in keys if key in self._numbers}):
            if self._is_free(number, keys) and self._overwrite(number, content):
                return number
        position = flat.append(self._data, content)
        self._growth.buffers.append({0: position})
        return len(self._tables) + len(self._growth.buffers) - 1

    def _is_free(self, number: int, keys: set[Key]) -> bool:
        return (
            number not in self._reserved
            and number < len(self._tables)
            and self._table_uses[self._tables[number]] == 1
            and self._users[number] <= keys
        )

    def _overwrite(self, number: int, content: bytes) -> bool:
        span, table = self._spans[number], self._tables[number]
        if span.size == len(content) and self._starts[span.start] == 1:
            self._data[span.start : span.start + span.size] = content
            return True
        offset = flat.field(self._data, table, 1, 8)
        if offset and struct.unpack_from("<Q", self._data, offset)[0] > 1:
            return self._append_outside(table, offset, content)
        position = flat.field(self._data, table, 0)
        if position:
            flat.refer(self._data, position, flat.append(self._data, content))
        return bool(position)

    def _append_outside(self, table: int, offset: int, content: bytes) -> bool:
        """Of a buffer whose data lies behind the flatbuffer: place and size are fields of it."""
        size = flat.field(self._data, table, 2, 8)
        if size:
            self._data += bytes(-len(self._data) % 16)
            struct.pack_into("<Q", self._data, offset, len(self._data))
            struct.pack_into("<Q", self._data, size, len(content))
            self._data += content
        return bool(size)


def _metadata_buffers(data: bytearray, root: int) -> list[int]:
    """Buffers of metadata, under the present field and under the one that it replaced."""
    places = (flat.field(data, table, 1) for table in flat.tables(data, root, 6))
    found = [flat.u32(data, place) for place in places if place]
    older = flat.child(data, root, 5)
    if older:
        found += struct.unpack_from(f"<{flat.u32(data, older)}I", data, older + 4)
    return found
