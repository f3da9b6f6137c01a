"""A small ONNX file, written byte by byte: the same on every machine, without the package `onnx`.

Field numbers are those of onnx.proto3 (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto3).
"""

import numpy as np

from edgecheck.tensors import Array

_FLOAT = 1


def onnx_dense(weights: Array, bias: Array) -> bytes:
    """input (1, n) -> MatMul -> Add -> Softmax -> output (1, m); `weights` (m, n)."""
    units, size = weights.shape
    graph = [
        _node("MatMul", ["input", "weights"], "product"),
        _node("Add", ["product", "bias"], "logits"),
        _node("Softmax", ["logits"], "output"),
        _field(2, b"dense"),
        _field(5, _tensor("weights", weights.T)),
        _field(5, _tensor("bias", bias)),
        _field(11, _port("input", (1, size))),
        _field(12, _port("output", (1, units))),
    ]
    opset = _field(8, _field(2, 13))
    return _field(1, 8) + _field(7, b"".join(graph)) + opset


def onnx_normed(mean: Array, variance: Array, weights: Array, bias: Array) -> bytes:
    """input (1, n) -> BatchNormalization -> MatMul -> Add -> Softmax -> output (1, m)."""
    units, size = weights.shape
    stored = {"scale": np.ones(size), "shift": np.zeros(size), "mean": mean, "variance": variance}
    graph = [
        _node("BatchNormalization", ["input", *stored], "normed"),
        _node("MatMul", ["normed", "weights"], "product"),
        _node("Add", ["product", "bias"], "logits"),
        _node("Softmax", ["logits"], "output"),
        _field(2, b"normed"),
        *(_field(5, _tensor(name, values)) for name, values in stored.items()),
        _field(5, _tensor("weights", weights.T)),
        _field(5, _tensor("bias", bias)),
        _field(11, _port("input", (1, size))),
        _field(12, _port("output", (1, units))),
    ]
    return _field(1, 8) + _field(7, b"".join(graph)) + _field(8, _field(2, 13))


def _node(operator: str, inputs: list[str], output: str) -> bytes:
    named = b"".join(_field(1, name.encode()) for name in inputs)
    return _field(1, named + _field(2, output.encode()) + _field(4, operator.encode()))


def _tensor(name: str, values: Array) -> bytes:
    sizes = b"".join(_field(1, size) for size in values.shape)
    data = np.ascontiguousarray(values, "<f4").tobytes()
    return sizes + _field(2, _FLOAT) + _field(8, name.encode()) + _field(9, data)


def _port(name: str, shape: tuple[int, ...]) -> bytes:
    sizes = b"".join(_field(1, _field(1, size)) for size in shape)
    kind = _field(1, _field(1, _FLOAT) + _field(2, sizes))
    return _field(1, name.encode()) + _field(2, kind)


def _field(number: int, value: int | bytes) -> bytes:
    """One field of a protocol buffer: a whole number, or bytes with their length."""
    if isinstance(value, int):
        return _varint(number << 3) + _varint(value)
    return _varint(number << 3 | 2) + _varint(len(value)) + value


def _varint(value: int) -> bytes:
    groups = []
    while value > 127:
        groups.append(value & 127 | 128)
        value >>= 7
    return bytes([*groups, value])
