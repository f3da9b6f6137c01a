"""Positions in the bytes of a verified flatbuffer: where a field, a vector, a table lies.

A table starts with a signed distance back to its vtable, which lists the distance of every field
from the start of the table. Everything else is reached by an unsigned distance forward
("FlatBuffers Internals"). All positions count from the start of the bytes.
"""

import struct
from collections.abc import Iterator
from typing import TypeAlias

Bytes: TypeAlias = bytes | bytearray
"""A file, or a file in the making."""


def u32(data: Bytes, position: int) -> int:
    """The unsigned 32-bit number at `position`."""
    return int(struct.unpack_from("<I", data, position)[0])


def field(data: Bytes, table: int, slot: int, size: int = 4) -> int:
    """Where field `slot` of a table lies; 0 where it is absent or lies outside of its table."""
    vtable = table - int(struct.unpack_from("<i", data, table)[0])
    length, extent = struct.unpack_from("<HH", data, vtable)
    if 6 + 2 * slot > length:
        return 0
    offset = int(struct.unpack_from("<H", data, vtable + 4 + 2 * slot)[0])
    return table + offset if offset >= 4 and offset + size <= extent else 0


def target(data: Bytes, position: int) -> int:
    """Where the reference at `position` leads."""
    return position + u32(data, position)


def child(data: Bytes, table: int, slot: int) -> int:
    """Where the table, vector or string in field `slot` lies; 0 where it is absent."""
    position = field(data, table, slot)
    return target(data, position) if position else 0


def slots(data: Bytes, table: int) -> Iterator[int]:
    """The fields that a table has."""
    vtable = table - int(struct.unpack_from("<i", data, table)[0])
    count = int(struct.unpack_from("<H", data, vtable)[0]) // 2 - 2
    offsets = struct.unpack_from(f"<{count}H", data, vtable + 4)
    return (slot for slot, offset in enumerate(offsets) if offset)


def tables(data: Bytes, table: int, slot: int) -> list[int]:
    """Where the tables of the vector in field `slot` lie; [] where it is absent."""
    start = child(data, table, slot)
    if not start:
        return []
    offsets = struct.unpack_from(f"<{u32(data, start)}I", data, start + 4)
    return [start + 4 + 4 * index + offset for index, offset in enumerate(offsets)]


def element(data: Bytes, table: int, slot: int, index: int) -> int:
    """Where reference `index` of the vector in field `slot` lies; it exists."""
    return child(data, table, slot) + 4 + 4 * index


def refer(data: bytearray, position: int, to: int) -> None:
    """Write the reference at `position`.

    Raises:
        struct.error: `to` does not lie behind it.
    """
    struct.pack_into("<I", data, position, to - position)


def append(data: bytearray, content: bytes, count: int | None = None, align: int = 16) -> int:
    """Append a vector; where it lies.

    Args:
        data: what to append to.
        content: the elements.
        count: their number; without it, they are bytes.
        align: of the first element.
    """
    data += bytes(-(len(data) + 4) % align)
    position = len(data)
    data += struct.pack("<I", len(content) if count is None else count)
    data += content
    return position
