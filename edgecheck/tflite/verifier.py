"""Bounds checks of a .tflite file, before anything reads it.

Python's flatbuffers follows every offset blindly: a damaged file gives wrong values, exceptions
of any class, or endless loops. `verify` walks exactly the tables and fields in `TABLES`, which are
those that edgecheck reads; code that reads another field adds it there. The layout is that of the
FlatBuffers binary format ("FlatBuffers Internals") with the field numbers of TFLite's schema.fbs.
"""

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from edgecheck.errors import ModelFileInvalid

IDENTIFIER = b"TFL3"

MAX_STRUCTURE_BYTES = 256 << 20
"""Most that names, shapes, scales and the like may take, shared parts counted at each use.

Constants do not count: a channel takes 12 bytes, so that 20 million of them fit. Without a limit a
small file whose parts refer to each other could describe a structure of any size.
"""

DAMAGED = "Copy, download or convert the file again, and compare its size with the original."


@dataclass(frozen=True)
class Field:
    """One field of a table: its number in the schema and what is behind it.

    `scalar`: `size` bytes in the table itself. `string`. `numbers`: a vector of elements of
    `size` bytes. `bytes`: a vector of bytes that is never decoded. `table`, `tables`: one table,
    or a vector of tables, of type `table`.
    """

    slot: int
    name: str
    kind: Literal["scalar", "string", "numbers", "bytes", "table", "tables"]
    size: int = 4
    table: str = ""


TABLES: Mapping[str, tuple[Field, ...]] = {
    "Model": (
        Field(0, "version", "scalar"),
        Field(1, "operator_codes", "tables", table="OperatorCode"),
        Field(2, "subgraphs", "tables", table="SubGraph"),
        Field(3, "description", "string"),
        Field(4, "buffers", "tables", table="Buffer"),
        Field(6, "metadata", "tables", table="Metadata"),
        Field(7, "signature_defs", "tables", table="SignatureDef"),
    ),
    "OperatorCode": (
        Field(0, "deprecated_builtin_code", "scalar", size=1),
        Field(1, "custom_code", "string"),
        Field(2, "version", "scalar"),
        Field(3, "builtin_code", "scalar"),
    ),
    "SubGraph": (
        Field(0, "tensors", "tables", table="Tensor"),
        Field(1, "inputs", "numbers"),
        Field(2, "outputs", "numbers"),
        Field(3, "operators", "tables", table="Operator"),
        Field(4, "name", "string"),
    ),
    "Tensor": (
        Field(0, "shape", "numbers"),
        Field(1, "type", "scalar", size=1),
        Field(2, "buffer", "scalar"),
        Field(3, "name", "string"),
        Field(4, "quantization", "table", table="QuantizationParameters"),
        Field(5, "is_variable", "scalar", size=1),
        Field(7, "shape_signature", "numbers"),
    ),
    "QuantizationParameters": (
        Field(2, "scale", "numbers"),
        Field(3, "zero_point", "numbers", size=8),
        Field(6, "quantized_dimension", "scalar"),
    ),
    "Operator": (
        Field(0, "opcode_index", "scalar"),
        Field(1, "inputs", "numbers"),
        Field(2, "outputs", "numbers"),
    ),
    "Buffer": (
        Field(0, "data", "bytes"),
        Field(1, "offset", "scalar", size=8),
        Field(2, "size", "scalar", size=8),
    ),
    "Metadata": (Field(0, "name", "string"), Field(1, "buffer", "scalar")),
    "SignatureDef": (
        Field(0, "inputs", "tables", table="TensorMap"),
        Field(1, "outputs", "tables", table="TensorMap"),
        Field(2, "signature_key", "string"),
        Field(4, "subgraph_index", "scalar"),
    ),
    "TensorMap": (Field(0, "name", "string"), Field(1, "tensor_index", "scalar")),
}
"""The tables that are read. No table contains itself, so that the walk cannot go round in circles."""


def verify(data: bytes) -> None:
    """Refuse bytes in which a field of `TABLES` leaves the file.

    Each table is checked once, and the total is limited by the size of the file: time and memory
    are linear in it.

    Raises:
        ModelFileInvalid: the identifier is not TFL3, the file is truncated, an offset, a length or
            a vtable is impossible, or parts of the file overlap.
    """
    if data[4:8] != IDENTIFIER:
        raise _damaged(f"the identifier is {data[4:8]!r} instead of {IDENTIFIER!r}")
    _Walk(data).start()


def _damaged(found: str) -> ModelFileInvalid:
    return ModelFileInvalid(f"damaged: {found}", hint=DAMAGED)


_Layout: TypeAlias = tuple[int, tuple[tuple[Field, int], ...]]
"""Size of a table, and the fields that it has with their offsets in it."""


class _Walk:
    """One pass over a file. `where` in messages is "field X of table Y"."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.left = min(4 * len(data) + (1 << 16), MAX_STRUCTURE_BYTES)
        self.costs: dict[tuple[int, str], int] = {}
        self.vtables: dict[tuple[int, str], _Layout] = {}

    def start(self) -> None:
        self._table(self._target(0, "the root offset"), "Model", "the root offset")

    def _inside(self, position: int, size: int, where: str) -> None:
        if position < 0:
            raise _damaged(f"{where} points to byte {position}, before the start of the file")
        end = position + size
        if end > len(self.data):
            found = f"truncated: {where} points to byte {end} of {len(self.data)}"
            raise ModelFileInvalid(found, hint=DAMAGED)

    def _number(self, code: str, position: int, where: str) -> int:
        self._inside(position, struct.calcsize(code), where)
        return int(struct.unpack_from(code, self.data, position)[0])

    def _target(self, position: int, where: str) -> int:
        return position + self._number("<I", position, where)

    def _spend(self, size: int) -> int:
        self.left -= size
        if self.left < 0:
            raise _damaged("its parts overlap: they add up to more bytes than the file has")
        return size

    def _table(self, position: int, name: str, where: str) -> int:
        """Check one table; the result is what reading it costs, with all that it refers to."""
        known = self.costs.get((position, name))
        if known is not None:
            return self._spend(known)
        size, fields = self._layout(position, name, where)
        self._inside(position, size, f"the end of table {name}")
        cost = self._spend(size)
        for field, offset in fields:
            cost += self._field(field, position + offset, f"field {field.name} of table {name}")
        if name == "Buffer":
            self._outside_data(position, {field.name: offset for field, offset in fields})
        self.costs[position, name] = cost
        return cost

    def _layout(self, position: int, name: str, where: str) -> _Layout:
        vtable = position - self._number("<i", position, where)
        known = self.vtables.get((vtable, name))
        if known is None:
            known = self._read_vtable(vtable, name)
            self.vtables[vtable, name] = known
        return known

    def _read_vtable(self, vtable: int, name: str) -> _Layout:
        where = f"the vtable of table {name}"
        length = self._number("<H", vtable, where)
        size = self._number("<H", vtable + 2, where)
        if length < 4 or length % 2 or size < 4:
            raise _damaged(f"{where} has {length} bytes for a table of {size} bytes")
        self._inside(vtable, length, where)
        # Only the slots that are read: vtables of 64 KB that overlap would cost time otherwise.
        count = min(length // 2 - 2, TABLES[name][-1].slot + 1)
        slots = struct.unpack_from(f"<{count}H", self.data, vtable + 4)
        present = [(field, slots[field.slot]) for field in TABLES[name] if field.slot < count]
        fields = tuple((field, offset) for field, offset in present if offset)
        for field, offset in fields:
            width = field.size if field.kind == "scalar" else 4
            if offset < 4 or offset + width > size:
                raise _damaged(f"field {field.name} of table {name} lies outside its table")
        return size, fields

    def _field(self, field: Field, position: int, where: str) -> int:
        if field.kind == "scalar":
            return 0
        target = self._target(position, where)
        if field.kind == "table":
            return self._table(target, field.table, where)
        count = self._number("<I", target, where)
        if field.kind == "tables":
            return self._tables(target + 4, count, field.table, where)
        return self._vector(field, target + 4, count, where)

    def _vector(self, field: Field, start: int, count: int, where: str) -> int:
        length = count * field.size if field.kind == "numbers" else count
        is_string = field.kind == "string"
        self._inside(start, length + is_string, where)
        if is_string and self.data[start + length]:
            raise _damaged(f"{where} is a string without an end")
        return self._spend(4 if field.kind == "bytes" else 4 + length)

    def _tables(self, start: int, count: int, name: str, where: str) -> int:
        self._inside(start, 4 * count, where)
        cost = self._spend(4 + 4 * count)
        # Not iter_unpack: its iterator over a memoryview can crash CPython when collected.
        for index, offset in enumerate(struct.unpack_from(f"<{count}I", self.data, start)):
            cost += self._table(start + 4 * index + offset, name, where)
        return cost

    def _outside_data(self, position: int, offsets: Mapping[str, int]) -> None:
        """Data stored behind the flatbuffer: `offset` 0 and 1 mean that there is none."""
        where = "field offset of table Buffer"
        start, size = (
            self._number("<Q", position + offsets[name], where) if name in offsets else 0
            for name in ("offset", "size")
        )
        if start > 1:
            self._inside(start, size, where)
