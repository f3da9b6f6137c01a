"""Activation functions that a file has only as ranges.

Files of older converters clip at 6 by the range of a layer's output alone: its options say that
no function is fused, and kernels clip because there is no code beyond 6. On real values, and with
any wider range, such a network is another one.
"""

from collections.abc import Mapping

from edgecheck.quantization import representable_range
from edgecheck.tensors import QUANTIZED_DTYPES
from edgecheck.tflite.calls import Key
from edgecheck.tflite.graph import Model, Operator, Subgraph, Tensor
from edgecheck.tflite.options import Options

FUSED_SLOTS: Mapping[str, int] = {
    "ADD": 0, "CONV_2D": 3, "DEPTHWISE_CONV_2D": 4, "FULLY_CONNECTED": 0, "MUL": 0, "SUB": 0,
}  # fmt: skip
"""Operator -> number of the field fused_activation_function in its options (schema.fbs)."""

CLIP = 6.0
CLIP_ROOM = 0.005
"""Of the clip: scales are rounded, and some tools store 5.997 (255 / 256 of a step less)."""


def clipped_by_range(data: bytes, model: Model) -> frozenset[Key]:
    """(subgraph, tensor) of outputs whose range is [0, 6] though their operator fuses nothing.

    Args:
        data: the file.
        model: `read_model(data)`.
    """
    options = Options(data)
    return frozenset(
        (graph.index, operator.outputs[0])
        for graph in model.subgraphs
        for operator in graph.operators
        if _is_clipped(options, graph, operator)
    )


def _is_clipped(options: Options, graph: Subgraph, operator: Operator) -> bool:
    slot = FUSED_SLOTS.get(operator.name)
    if slot is None or not operator.outputs:
        return False
    output = graph.tensors[operator.outputs[0]]
    return _ends_at_6(output) and options.number(graph, operator, slot, "<b") in {0, None}


def _ends_at_6(tensor: Tensor) -> bool:
    params = tensor.quantization
    if params is None or not params.is_usable or tensor.dtype not in QUANTIZED_DTYPES - {"int16"}:
        return False
    low, high = representable_range(params, tensor.dtype)
    return low == 0 and abs(high - CLIP) <= CLIP_ROOM * CLIP
