"""A new front for a file whose vectors must grow.

References in a flatbuffer lead forward only, so that a longer vector of tables cannot lie behind
the tables that it lists. The new root, the vectors that grow and the tables on the way to them are
written in front of the old bytes; what they refer to stays where it was, relative to each other.
"""

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from edgecheck.tensors import DTYPES
from edgecheck.tflite import flat
from edgecheck.tflite.verifier import IDENTIFIER

ALIGNMENT = 64
"""The front has a multiple of it, so that the old bytes keep their alignment."""

REFERENCE = 0
FIELDS: Mapping[str, tuple[int, ...]] = {
    "Model": (4, *[REFERENCE] * 9),
    "SubGraph": (*[REFERENCE] * 5, 4),
    "Tensor": (REFERENCE, 1, 4, REFERENCE, REFERENCE, 1, REFERENCE, REFERENCE, 1, REFERENCE, 4),
    "QuantizationParameters": (*[REFERENCE] * 4, 1, REFERENCE, 4),
}
"""Bytes of each field of the tables that can be written anew, or REFERENCE (schema.fbs)."""


@dataclass(eq=False)
class Node:
    """One table or vector of the front; `at` is known once all are laid out."""

    size: int
    at: int = -1


Value: TypeAlias = "bytes | int | Node"
"""A scalar, a place in the old bytes, or another node."""


@dataclass(eq=False)
class Table(Node):
    """Fields by number. The vtable lies in front of the table."""

    fields: Mapping[int, Value] = field(default_factory=dict)
    offsets: Mapping[int, int] = field(default_factory=dict)
    vtable: int = 0


@dataclass(eq=False)
class References(Node):
    """A vector of references."""

    items: Sequence[Value] = ()


@dataclass(eq=False)
class Numbers(Node):
    """A vector of int32."""

    values: Sequence[int] = ()


@dataclass
class Growth:
    """What cannot be written in place. Positions are those in the old bytes."""

    buffers: list[Mapping[int, Value]] = field(default_factory=list)
    """Fields of each buffer to add."""
    tensors: dict[int, list[tuple[tuple[int, ...], str]]] = field(default_factory=dict)
    """Subgraph -> (shape, dtype) of each tensor to add."""
    tensor_fields: dict[int, dict[int, dict[int, Value]]] = field(default_factory=dict)
    """Subgraph -> tensor -> fields that its table does not have yet."""
    graph_fields: dict[int, dict[int, Value]] = field(default_factory=dict)
    """Subgraph -> fields that its table does not have yet."""
    metadata: list[tuple[int, int]] = field(default_factory=list)
    """(Place of the name, number of the buffer) of each metadata entry to add."""

    def fields_of(self, graph: int, tensor: int) -> dict[int, Value]:
        """The fields that the table of a tensor does not have yet; to be added to."""
        return self.tensor_fields.setdefault(graph, {}).setdefault(tensor, {})

    def __bool__(self) -> bool:
        return bool(self.buffers or self.tensors or self.tensor_fields or self.graph_fields)


class Front:
    """The nodes of a front, parents first."""

    def __init__(self, data: bytearray) -> None:
        self._data = data
        self._nodes: list[Node] = []

    def grown(self, growth: Growth) -> bytes:
        """The bytes to put in front of the old ones.

        Raises:
            ValueError: a table on the way has fields that no schema we know has.
        """
        data = self._data
        root = flat.target(data, 0)
        graphs, buffers = flat.tables(data, root, 2), flat.tables(data, root, 4)
        fields = dict(moved(data, "Model", root, {}).fields)
        if growth.buffers:
            added = [_table(buffer) for buffer in growth.buffers]
            fields[4] = _references([*buffers, *added])
        if growth.tensors or growth.tensor_fields or growth.graph_fields:
            touched = {*growth.tensors, *growth.graph_fields, *growth.tensor_fields}
            items: list[Value] = [
                self._subgraph(index, at, growth) if index in touched else at
                for index, at in enumerate(graphs)
            ]
            fields[2] = _references(items)
        if growth.metadata:
            entries = [_table({0: name, 1: struct.pack("<I", n)}) for name, n in growth.metadata]
            fields[6] = _references([*flat.tables(data, root, 6), *entries])
        model = _table(fields)
        self._collect(model)
        return self._rendered(model)

    def _subgraph(self, index: int, at: int, growth: Growth) -> Table:
        missing: dict[int, Value] = dict(growth.graph_fields.get(index, {}))
        own = growth.tensor_fields.get(index, {})
        new = growth.tensors.get(index, [])
        if own or new:
            places = flat.tables(self._data, at, 0)
            old: list[Value] = list(places)
            for tensor, fields in own.items():
                old[tensor] = moved(self._data, "Tensor", places[tensor], fields)
            missing[0] = _references([*old, *(_tensor(*item) for item in new)])
        return moved(self._data, "SubGraph", at, missing)

    def _collect(self, node: Value) -> None:
        """List a node and what it refers to; each node has one parent, and comes after it."""
        if not isinstance(node, Node):
            return
        self._nodes.append(node)
        children: Sequence[Value] = ()
        if isinstance(node, Table):
            children = list(node.fields.values())
        elif isinstance(node, References):
            children = node.items
        for item in children:
            self._collect(item)

    def _rendered(self, model: Table) -> bytes:
        end = 8
        for node in self._nodes:
            node.at = end + (-end % 8)
            end = node.at + node.size
        front = bytearray(end + (-end % ALIGNMENT))
        struct.pack_into("<I4s", front, 0, model.at + model.vtable, IDENTIFIER)
        for node in self._nodes:
            _render(front, node, len(front))
        return bytes(front)


def moved(data: bytearray, kind: str, at: int, fields: Mapping[int, Value]) -> Table:
    """A table as it is in the old bytes, with other or more fields.

    Raises:
        ValueError: it has fields that no schema we know has.
    """
    found: dict[int, Value] = {}
    sizes = FIELDS[kind]
    for slot in flat.slots(data, at):
        if slot >= len(sizes):
            raise ValueError(f"table {kind} has the unknown field {slot}")
        position = flat.field(data, at, slot, sizes[slot] or 4)
        if position and sizes[slot] == REFERENCE:
            found[slot] = flat.target(data, position)
        elif position:
            found[slot] = bytes(data[position : position + sizes[slot]])
    return _table({**found, **fields})


def _table(fields: Mapping[int, Value]) -> Table:
    """A table with its vtable: fields in descending size behind the distance to the vtable."""
    length = 4 + 2 * (max(fields, default=-1) + 1)
    vtable = length + (-length % 8)
    order = sorted(fields, key=lambda slot: -_width(fields[slot]))
    offsets, end = {}, 4
    for slot in order:
        width = _width(fields[slot])
        end += -end % width
        offsets[slot] = end
        end += width
    return Table(vtable + end, fields=fields, offsets=offsets, vtable=vtable)


def _width(value: Value) -> int:
    return len(value) if isinstance(value, bytes) else 4


def _references(items: Sequence[Value]) -> References:
    return References(4 + 4 * len(items), items=items)


def _tensor(shape: tuple[int, ...], dtype: str) -> Table:
    fields: dict[int, Value] = {
        0: Numbers(4 + 4 * len(shape), values=shape),
        1: bytes([DTYPES.index(dtype)]),
        2: struct.pack("<I", 0),
        8: b"\x01",
    }
    return _table(fields)


def _render(front: bytearray, node: Node, shift: int) -> None:
    if isinstance(node, Table):
        table = node.at + node.vtable
        length = 4 + 2 * (max(node.fields, default=-1) + 1)
        struct.pack_into("<HH", front, node.at, length, node.size - node.vtable)
        struct.pack_into("<i", front, table, node.vtable)
        for slot, offset in node.offsets.items():
            struct.pack_into("<H", front, node.at + 4 + 2 * slot, offset)
            _write(front, table + offset, node.fields[slot], shift)
    elif isinstance(node, References):
        struct.pack_into("<I", front, node.at, len(node.items))
        for index, item in enumerate(node.items):
            _write(front, node.at + 4 + 4 * index, item, shift)
    elif isinstance(node, Numbers):
        count = len(node.values)
        struct.pack_into(f"<I{count}i", front, node.at, count, *node.values)


def _write(front: bytearray, position: int, value: Value, shift: int) -> None:
    if isinstance(value, bytes):
        front[position : position + len(value)] = value
        return
    start = value + shift if isinstance(value, int) else _start(value)
    flat.refer(front, position, start)


def _start(node: Node) -> int:
    return node.at + node.vtable if isinstance(node, Table) else node.at
