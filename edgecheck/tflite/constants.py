"""Values of the constants of a file, read where they lie."""

import math
from dataclasses import dataclass

import numpy as np

from edgecheck.quantization import dequantize
from edgecheck.tensors import NUMPY_DTYPES, Array
from edgecheck.tflite.buffers import Span, buffer_spans
from edgecheck.tflite.graph import Tensor

MOST_AXES = 32
"""What numpy before 2.0 can hold."""


@dataclass(frozen=True)
class Constants:
    """The constants of one verified file. Nothing is read before it is asked for."""

    data: bytes
    spans: tuple[Span, ...]

    @classmethod
    def of(cls, data: bytes) -> "Constants":
        """Of the bytes that `read_model` accepted; of no bytes, no constant can be read."""
        return cls(data, buffer_spans(data) if data else ())

    def stored(self, tensor: Tensor) -> Array | None:
        """The values as the file stores them, of `tensor.shape`: codes where it is quantized.

        A read-only view of the file, so that a large constant costs no memory; int4 alone is
        unpacked into int8. None where the tensor is no constant, is packed in another way
        (sparse, strings), or does not have the bytes that its shape asks for.
        """
        if not tensor.is_constant or tensor.buffer >= len(self.spans):
            return None
        if len(tensor.shape) > MOST_AXES or min(tensor.shape, default=1) <= 0:
            return None
        values = _values(self.spans[tensor.buffer].of(self.data), tensor)
        return None if values is None else values.reshape(tensor.shape)

    def real(self, tensor: Tensor) -> Array | None:
        """The real values, float32, of `tensor.shape`; None as in `stored`.

        Codes are dequantized per tensor or per channel, with 20 bytes of work an element: meant
        for biases and the like. None also where a scale cannot be used, or the type is complex.
        """
        values = self.stored(tensor)
        if values is None or values.dtype.kind == "c":
            return None
        params = tensor.quantization
        if params is None or values.dtype.kind == "f":
            with np.errstate(over="ignore"):
                return values.astype(np.float32)
        axis = params.quantized_dimension
        fits = not params.is_per_channel or (
            0 <= axis < values.ndim and values.shape[axis] == len(params.scales)
        )
        return dequantize(values, params) if params.is_usable and fits else None


def _values(raw: memoryview, tensor: Tensor) -> Array | None:
    """Flat values; None where the number of bytes does not fit."""
    elements = math.prod(tensor.shape)
    if tensor.dtype == "int4":
        return _unpacked(raw, elements) if len(raw) == (elements + 1) // 2 else None
    dtype = NUMPY_DTYPES.get(tensor.dtype)
    if dtype is None or len(raw) != elements * dtype.itemsize:
        return None
    return np.frombuffer(raw, dtype.newbyteorder("<"))


def _unpacked(raw: memoryview, elements: int) -> Array:
    """Two's complement nibbles, the lower one first, as int8 (tensor_utils.cc, UnpackDenseInt4)."""
    packed = np.frombuffer(raw, np.int8)
    codes = np.empty((len(packed), 2), np.int8)
    np.left_shift(packed, 4, out=codes[:, 0])
    codes[:, 0] >>= 4
    np.right_shift(packed, 4, out=codes[:, 1])
    return codes.reshape(-1)[:elements]
