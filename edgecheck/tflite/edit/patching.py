"""Write the differences between a file and what is wanted of it.

Numbers are patched where they lie; vectors and constants that change are appended, and referred to
from where the old ones were referred to. Only what cannot lie behind its owner goes to a new front
(`spine`). Nothing here trusts the file: the editor compares the result with what was wanted.
"""

import struct
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from edgecheck.quantization import QuantParams
from edgecheck.tensors import DTYPES
from edgecheck.tflite import flat
from edgecheck.tflite.edit.activations import write_activation
from edgecheck.tflite.edit.appended import join_tail, split_tail
from edgecheck.tflite.edit.contents import Placed, add_metadata, place_contents
from edgecheck.tflite.edit.spine import Front, Growth, moved
from edgecheck.tflite.graph import Model, Signature, Subgraph, Tensor


@dataclass(frozen=True)
class Edits:
    """What is wanted of a file."""

    model: Model
    """The views of the file with edits; an operator to drop has the index -1."""
    contents: Mapping[tuple[int, int], bytes]
    """(Subgraph, tensor) -> new bytes of its buffer."""
    activations: Mapping[tuple[int, int], int]
    """(Subgraph, operator) -> code of its fused activation."""
    metadata: Mapping[str, bytes]
    """Name -> content of each metadata buffer to add."""


def patched(data: bytes, model: Model, edits: Edits) -> tuple[bytes, Placed]:
    """The edited file, and (subgraph, tensor) -> the buffer that holds its new content.

    Args:
        data: the file.
        model: `read_model(data)`.
        edits: of it.

    Raises:
        struct.error, ValueError: the layout does not allow it.
    """
    start = split_tail(data, model)
    patch = _Patch(bytearray(data[:start]))
    buffers = place_contents(patch.data, patch.growth, model, edits.contents)
    add_metadata(patch.data, patch.growth, edits.metadata)
    for (graph, index), code in edits.activations.items():
        write_activation(patch.data, graph, model.subgraphs[graph].operators[index], code)
    for old, new in zip(model.subgraphs, edits.model.subgraphs, strict=True):
        patch.subgraph(old, new, buffers)
    pairs = zip(model.signatures, edits.model.signatures, strict=True)
    for index, (before, after) in enumerate(pairs):
        if before != after:
            patch.signature(index, before, after)
    return join_tail(patch.joined(), data, start), buffers


class _Patch:
    """A file in the making."""

    def __init__(self, data: bytearray) -> None:
        self.data = data
        self.growth = Growth()
        self._root = flat.target(data, 0)
        self._graphs = flat.tables(data, self._root, 2)
        self._uses: Counter[int] | None = None

    def subgraph(self, old: Subgraph, new: Subgraph, buffers: Placed) -> None:
        at = self._graphs[old.index]
        places = flat.tables(self.data, at, 0)
        for before, after in zip(old.tensors, new.tensors, strict=False):
            key = old.index, before.index
            place = places[before.index]
            if before.dtype != after.dtype:
                self._scalar(key, place, 1, bytes([DTYPES.index(after.dtype)]))
            if buffers.get(key, before.buffer) != before.buffer:
                self._scalar(key, place, 2, struct.pack("<I", buffers[key]))
            if before.quantization != after.quantization:
                self._quantization(key, place, after)
        added = new.tensors[len(old.tensors) :]
        if added:
            self.growth.tensors[old.index] = [(tensor.shape, tensor.dtype) for tensor in added]
        self._edges(old, new)
        if any(operator.index < 0 for operator in new.operators):
            self._drop(at, [operator.index >= 0 for operator in new.operators])

    def _scalar(self, key: tuple[int, int], place: int, slot: int, value: bytes) -> None:
        position = flat.field(self.data, place, slot, len(value))
        if position:
            self.data[position : position + len(value)] = value
        else:
            self.growth.fields_of(*key)[slot] = value

    def _quantization(self, key: tuple[int, int], place: int, tensor: Tensor) -> None:
        params = tensor.quantization or QuantParams((), ())
        table = flat.child(self.data, place, 4)
        scales = np.asarray(params.scales, "<f4").tobytes()
        zeros = np.asarray(params.zero_points, "<i8").tobytes()
        lacks_zeros = not flat.field(self.data, table, 3)
        if self._counted()[table] > 1 or (lacks_zeros and any(params.zero_points)):
            at = (
                flat.append(self.data, scales, len(params.scales)),
                flat.append(self.data, zeros, len(params.scales)),
            )
            copy = moved(self.data, "QuantizationParameters", table, {2: at[0], 3: at[1]})
            self.growth.fields_of(*key)[4] = copy
            return
        self._numbers(table, 2, scales, len(params.scales))
        if params.scales and not lacks_zeros:
            self._numbers(table, 3, zeros, len(params.scales))

    def _numbers(self, table: int, slot: int, content: bytes, count: int) -> None:
        """Replace a vector of numbers: in place if it is as long and nothing else refers to it."""
        vector = flat.child(self.data, table, slot)
        if flat.u32(self.data, vector) == count and self._counted()[vector] == 1:
            self.data[vector + 4 : vector + 4 + len(content)] = content
        else:
            end = flat.append(self.data, content, count)
            flat.refer(self.data, flat.field(self.data, table, slot), end)

    def _counted(self) -> Counter[int]:
        """How often the quantization tables and vectors are referred to."""
        if self._uses is None:
            self._uses = Counter(_quantization_parts(self.data, self._graphs))
        return self._uses

    def _edges(self, old: Subgraph, new: Subgraph) -> None:
        at = self._graphs[old.index]
        for slot, before, after in ((1, old.inputs, new.inputs), (2, old.outputs, new.outputs)):
            if before != after:
                end = self._indices(after)
                position = flat.field(self.data, at, slot)
                if position:
                    flat.refer(self.data, position, end)
                else:
                    self.growth.graph_fields.setdefault(old.index, {})[slot] = end
        places = flat.tables(self.data, at, 3)
        for operator, wanted in zip(old.operators, new.operators, strict=True):
            if wanted.index >= 0 and operator.inputs != wanted.inputs:
                end = self._indices(wanted.inputs)
                flat.refer(self.data, flat.field(self.data, places[operator.index], 1), end)

    def _indices(self, tensors: tuple[int, ...]) -> int:
        content = np.asarray(tensors, "<i4").tobytes()
        return flat.append(self.data, content, len(tensors), align=4)

    def _drop(self, graph: int, kept: list[bool]) -> None:
        """Shorten the vector of operators."""
        places = flat.tables(self.data, graph, 3)
        start = flat.child(self.data, graph, 3)
        left = [place for place, is_kept in zip(places, kept, strict=True) if is_kept]
        for index, place in enumerate(left):
            flat.refer(self.data, start + 4 + 4 * index, place)
        struct.pack_into("<I", self.data, start, len(left))

    def signature(self, index: int, old: Signature, new: Signature) -> None:
        changed = {tensor: new.outputs[name] for name, tensor in old.outputs.items()}
        table = flat.target(self.data, flat.element(self.data, self._root, 7, index))
        for number, place in enumerate(flat.tables(self.data, table, 1)):
            position = flat.field(self.data, place, 1)
            tensor = flat.u32(self.data, position) if position else 0
            wanted = changed.get(tensor, tensor)
            if wanted != tensor and position:
                struct.pack_into("<I", self.data, position, wanted)
            elif wanted != tensor:
                self._tensor_map(flat.element(self.data, table, 1, number), place, wanted)

    def _tensor_map(self, element: int, old: int, tensor: int) -> None:
        """Append a TensorMap with the name of `old`, which stores no index."""
        name = flat.child(self.data, old, 0)
        self.data += bytes(-len(self.data) % 8)
        table = len(self.data) + 8
        # Vtable (8 bytes, 12 of table, fields at 4 and 8), the table, and the name behind it.
        self.data += struct.pack("<4Hi2I", 8, 12, 4, 8, 8, 8, tensor)
        content = bytes(self.data[name + 4 : name + 4 + flat.u32(self.data, name)])
        self.data += struct.pack("<I", len(content)) + content + b"\0"
        flat.refer(self.data, element, table)

    def joined(self) -> bytes:
        """The bytes, behind a new front where one is needed."""
        if not self.growth:
            return bytes(self.data)
        front = Front(self.data).grown(self.growth)
        self._shift(len(front))
        return front + self.data

    def _shift(self, distance: int) -> None:
        """Places counted from the start of the file: Buffer.offset, large_custom_options_offset."""
        for buffer in flat.tables(self.data, self._root, 4):
            self._move(flat.field(self.data, buffer, 1, 8), distance)
        for graph in self._graphs:
            for operator in flat.tables(self.data, graph, 3):
                self._move(flat.field(self.data, operator, 9, 8), distance)

    def _move(self, position: int, distance: int) -> None:
        if position:
            (place,) = struct.unpack_from("<Q", self.data, position)
            if place > 1:  # 0 and 1 mean that there is none
                struct.pack_into("<Q", self.data, position, place + distance)


def _quantization_parts(data: bytearray, graphs: list[int]) -> Iterable[int]:
    for graph in graphs:
        for tensor in flat.tables(data, graph, 0):
            table = flat.child(data, tensor, 4)
            if table:
                yield table
                yield from (flat.child(data, table, slot) for slot in (2, 3))
