"""The fused activation of an operator: where it is stored, and where only a range stands for it."""

import re
import struct
from collections.abc import Mapping

from edgecheck.tensors import QUANTIZED_DTYPES, integer_range
from edgecheck.tflite import flat
from edgecheck.tflite.calls import Key
from edgecheck.tflite.graph import Model, Operator, Subgraph, Tensor

NONE, RELU, RELU6 = 0, 1, 3
"""Codes of ActivationFunctionType (schema.fbs)."""

_SLOTS: Mapping[str, int] = {
    "ADD": 0, "CONCATENATION": 1, "CONV_2D": 3, "DEPTHWISE_CONV_2D": 4, "DIV": 0,
    "FULLY_CONNECTED": 0, "MUL": 0, "SUB": 0, "TRANSPOSE_CONV": 3,
}  # fmt: skip
"""Operator -> number of the field fused_activation_function in its options, which hold nothing but
numbers (schema.fbs)."""

_NAMED_RELU = re.compile(r"(?:^|[/;])relu(6?)(?:_\d+)?(?=$|[/;:])", re.IGNORECASE)
"""Parts of the names of outputs: `net/Relu6`, `relu_1/Relu;conv/BiasAdd`, and no `leaky_relu`."""


def folded_activation(data: flat.Bytes, graph: Subgraph, operator: Operator) -> int | None:
    """The activation that an operator does by the range of its output alone; None for none.

    Old converters and quantization-aware training leave it out, because the codes end where it
    would cut: the output range starts at 0, and ends at 6 within half a step, or the converter
    named the output after the ReLU. Any other range that starts at 0 may be one that calibration
    found too narrow, and says nothing.
    """
    output = _ranged_from_0(graph, operator)
    if output is None or stored_activation(data, graph.index, operator) != NONE:
        return None
    if _ends_at_6(output):
        return RELU6
    named = _NAMED_RELU.search(output.name)
    return None if named is None else RELU6 if named[1] else RELU


def outputs_clipped_at_6(data: flat.Bytes, model: Model) -> frozenset[Key]:
    """(subgraph, tensor) of outputs that only their range cuts at 6: any wider one is another model.

    Args:
        data: the file.
        model: `read_model(data)`.
    """
    found = set()
    for graph in model.subgraphs:
        for operator in graph.operators:
            output = _ranged_from_0(graph, operator)
            if output is None or not _ends_at_6(output):
                continue
            if stored_activation(data, graph.index, operator) in {NONE, None}:
                found.add((graph.index, output.index))
    return frozenset(found)


def _ranged_from_0(graph: Subgraph, operator: Operator) -> Tensor | None:
    """The output of an operator that could fuse an activation, if its range starts at 0."""
    if operator.is_custom or operator.name not in _SLOTS or len(operator.outputs) != 1:
        return None
    output = graph.tensors[operator.outputs[0]]
    params = output.quantization
    if output.dtype not in QUANTIZED_DTYPES or params is None or not params.is_usable:
        return None
    starts = params.zero_points[0] == integer_range(output.dtype)[0]
    return output if starts and not params.is_per_channel else None


def _ends_at_6(output: Tensor) -> bool:
    """Within half a step: scales are rounded, and some tools store 255 / 256 of a step less."""
    low, high = integer_range(output.dtype)
    scale = output.quantization.scales[0] if output.quantization else 0.0
    return abs((high - low) * scale - 6) <= scale / 2


def stored_activation(data: flat.Bytes, graph: int, operator: Operator) -> int | None:
    """The code that an operator of a subgraph stores; None where it has no options to store it."""
    try:
        options = flat.child(data, _place(data, graph, operator.index), 4)
        position = flat.field(data, options, _SLOTS[operator.name], 1) if options else 0
        return int(data[position]) if position else (NONE if options else None)
    except (struct.error, IndexError):  # options are not among what the verifier checks
        return None


def write_activation(data: bytearray, graph: int, operator: Operator, code: int) -> None:
    """Store another code: in place, or in a copy of the options where they leave it out.

    Raises:
        struct.error: the options lie outside of the file.
    """
    place, slot = _place(data, graph, operator.index), _SLOTS[operator.name]
    reference = flat.field(data, place, 4)
    options = flat.target(data, reference)
    position = flat.field(data, options, slot, 1)
    if position:
        struct.pack_into("<B", data, position, code)
    else:
        flat.refer(data, reference, _with_byte(data, options, slot, code))


def _place(data: flat.Bytes, graph: int, operator: int) -> int:
    root = flat.target(data, 0)
    place = flat.target(data, flat.element(data, root, 2, graph))
    return flat.target(data, flat.element(data, place, 3, operator))


def _with_byte(data: bytearray, table: int, slot: int, value: int) -> int:
    """Append a copy of a table of numbers with one more byte; where it lies."""
    vtable = table - int(struct.unpack_from("<i", data, table)[0])
    length, extent = struct.unpack_from("<HH", data, vtable)
    offsets = list(struct.unpack_from(f"<{length // 2 - 2}H", data, vtable + 4))
    offsets += [0] * (slot + 1 - len(offsets))
    offsets[slot] = int(extent)
    fields = bytes(data[table + 4 : table + extent])
    head = struct.pack(f"<{2 + len(offsets)}H", 4 + 2 * len(offsets), extent + 1, *offsets)
    data += bytes(-len(data) % 8)
    distance = len(head) + (-len(head) % 8)
    data += head.ljust(distance, b"\0") + struct.pack("<i", distance) + fields + bytes([value])
    return len(data) - int(extent) - 1
