"""Which operators mean the same on real values as on codes, and why others do not.

Every operator that reads or writes a tensor that a twin turns into float32 is looked up here.
Builtin names are those of schema.fbs; float32 support is that of the kernels in
tensorflow/lite/kernels (register.cc and each kernel's Prepare).
"""

from collections.abc import Mapping

from edgecheck.tflite.graph import Operator, Subgraph


class TwinImpossible(Exception):
    """No twin can be made of a model; `operator` stands in the way, for the `reason`."""

    def __init__(self, operator: str, reason: str) -> None:
        super().__init__(f"{operator}: {reason}")
        self.operator = operator
        self.reason = reason


def shown(graph: Subgraph, operator: Operator) -> str:
    """An operator as messages name it."""
    where = f" of subgraph {graph.index}" if graph.index else ""
    return f"{operator.name} (operator {operator.index}{where})"


CONVERSIONS = frozenset({"QUANTIZE", "DEQUANTIZE"})
"""Operators that a twin goes without."""

BIASED = frozenset({
    "BIDIRECTIONAL_SEQUENCE_LSTM", "BIDIRECTIONAL_SEQUENCE_RNN", "CONV_2D", "CONV_3D",
    "CONV_3D_TRANSPOSE", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "LSTM", "RNN", "SVDF",
    "TRANSPOSE_CONV", "UNIDIRECTIONAL_SEQUENCE_LSTM", "UNIDIRECTIONAL_SEQUENCE_RNN",
})  # fmt: skip
"""Operators whose int32 and int64 constants with a scale are biases."""

FLOAT_BUILTINS = BIASED | {
    "ABS", "ADD", "ADD_N", "ARG_MAX", "ARG_MIN", "ASSIGN_VARIABLE", "AVERAGE_POOL_2D",
    "BATCH_MATMUL", "BATCH_TO_SPACE_ND", "BROADCAST_ARGS", "BROADCAST_TO", "BUCKETIZE",
    "CALL_ONCE", "CEIL", "CONCATENATION", "COS", "CUMSUM", "DEPTH_TO_SPACE", "DILATE", "DIV",
    "DYNAMIC_UPDATE_SLICE", "ELU", "EMBEDDING_LOOKUP", "EQUAL", "EXP", "EXPAND_DIMS",
    "FAKE_QUANT", "FILL", "FLOOR", "FLOOR_DIV", "FLOOR_MOD", "GATHER", "GATHER_ND", "GELU",
    "GREATER", "GREATER_EQUAL", "HARD_SWISH", "IF", "L2_NORMALIZATION", "L2_POOL_2D",
    "LEAKY_RELU", "LESS", "LESS_EQUAL", "LOCAL_RESPONSE_NORMALIZATION", "LOG", "LOGISTIC",
    "LOG_SOFTMAX", "MATRIX_DIAG", "MATRIX_SET_DIAG", "MAXIMUM", "MAX_POOL_2D", "MEAN", "MINIMUM",
    "MIRROR_PAD", "MUL", "NEG", "NON_MAX_SUPPRESSION_V4", "NON_MAX_SUPPRESSION_V5", "NOT_EQUAL",
    "ONE_HOT", "PACK", "PAD", "PADV2", "POW", "PRELU", "RANK", "READ_VARIABLE", "REDUCE_MAX",
    "REDUCE_MIN", "REDUCE_PROD", "RELU", "RELU6", "RELU_0_TO_1", "RELU_N1_TO_1", "RESHAPE",
    "RESIZE_BILINEAR", "RESIZE_NEAREST_NEIGHBOR", "REVERSE_SEQUENCE", "REVERSE_V2", "ROUND",
    "RSQRT", "SCATTER_ND", "SELECT", "SELECT_V2", "SHAPE", "SIGN", "SIN", "SLICE", "SOFTMAX",
    "SPACE_TO_BATCH_ND", "SPACE_TO_DEPTH", "SPLIT", "SPLIT_V", "SQRT", "SQUARE",
    "SQUARED_DIFFERENCE", "SQUEEZE", "STABLEHLO_COMPOSITE", "STRIDED_SLICE", "SUB", "SUM", "TANH",
    "TILE", "TOPK_V2", "TRANSPOSE", "UNPACK", "WHERE", "WHILE", "ZEROS_LIKE",
}  # fmt: skip
"""Builtins with a float32 kernel that computes on real values what the other computes on codes.

SCATTER_ND and ZEROS_LIKE write the code 0 where the float32 kernel writes the value 0. The value is
what was meant; a candidate whose zero point is another shows the difference."""

FLOAT_CUSTOMS = frozenset({"TFLite_Detection_PostProcess"})
"""Custom operators known to take float32 inputs as well."""

_REASONS: Mapping[str, str] = {
    "CAST": "it takes the codes themselves as numbers, not the real values that they stand for",
    "BITCAST": "it takes the bytes of the codes themselves",
    "BITWISE_XOR": "it computes on the bits of the codes",
    "RIGHT_SHIFT": "it computes on the bits of the codes",
    "DENSIFY": "a sparse constant is not unpacked by edgecheck",
}


def obstacle(operator: Operator) -> str | None:
    """Why an operator that takes or gives quantized values has no float32 equal; None if it has."""
    if operator.is_custom:
        is_known = operator.name in FLOAT_CUSTOMS
        return None if is_known else "a custom operator may know only the types that it is given"
    if operator.name in FLOAT_BUILTINS:
        return None
    unknown = "it has no float32 kernel that edgecheck knows to mean the same"
    return _REASONS.get(operator.name, unknown)
