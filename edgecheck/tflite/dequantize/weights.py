"""Constants of a file as float32 bytes, as a twin stores them."""

from dataclasses import dataclass, field, replace
from typing import TypeAlias

import numpy as np

from edgecheck.quantization import QuantParams, dequantize
from edgecheck.tensors import QUANTIZED_DTYPES, Array
from edgecheck.tflite.constants import Constants
from edgecheck.tflite.graph import Tensor

_NARROW = QUANTIZED_DTYPES | {"int4"}
"""Types whose codes, less a zero point of the same type, are exact in float32."""

_Key: TypeAlias = "tuple[int, str, tuple[int, ...], QuantParams | None]"


@dataclass
class RealConstants:
    """Dequantized constants of one file; tensors that store the same share one object."""

    constants: Constants
    limit: int
    """Bytes that all of them may take."""
    taken: int = 0
    _known: dict[_Key, bytes] = field(default_factory=dict)

    def of(self, tensor: Tensor) -> bytes | None:
        """The float32 values as bytes; None where `Constants` cannot read them, or a scale is bad.

        Raises:
            MemoryError: they add up to more than `limit`.
        """
        key = tensor.buffer, tensor.dtype, tensor.shape, tensor.quantization
        if key not in self._known:
            codes = self.constants.stored(tensor)
            if codes is None:
                return None
            self.taken += 4 * codes.size
            if self.taken > self.limit:
                raise MemoryError(f"dequantized constants take more than {self.limit} bytes")
            values = _real(codes, tensor)
            if values is None:
                return None
            self._known[key] = values.astype("<f4", copy=False).tobytes()
        return self._known[key]


def has_real_values(params: QuantParams | None) -> bool:
    """Codes of a constant with these scales have real values; channels of scale 0 are all 0."""
    if params is None:
        return False
    return all(0 <= scale < float("inf") for scale in params.scales) and any(params.scales)


def _real(codes: Array, tensor: Tensor) -> Array | None:
    params = tensor.quantization
    if codes.dtype.kind == "f":
        with np.errstate(over="ignore"):
            return codes.astype(np.float32)
    if params is None or not has_real_values(params):
        return None
    if params.is_per_channel and codes.ndim == 1:
        # Biases of depthwise convolutions may carry the dimension of the weights.
        params = replace(params, quantized_dimension=0)
    if not _fits(params, codes):
        return None
    if tensor.dtype in _NARROW and all(abs(zero) < 1 << 16 for zero in params.zero_points):
        return _narrow(codes, params)
    return dequantize(codes, params) if params.is_usable else None


def _fits(params: QuantParams, codes: Array) -> bool:
    axis = params.quantized_dimension
    return not params.is_per_channel or (
        0 <= axis < codes.ndim and codes.shape[axis] == len(params.scales)
    )


def _narrow(codes: Array, params: QuantParams) -> Array:
    """Real values in float32: code less zero point is exact, so that only the product is rounded."""
    shape = [1] * codes.ndim
    if params.is_per_channel:
        shape[params.quantized_dimension] = -1
    values = codes.astype(np.float32)
    if any(params.zero_points):
        values -= np.asarray(params.zero_points, np.float32).reshape(shape)
    with np.errstate(over="ignore", under="ignore"):
        values *= np.asarray(params.scales, np.float32).reshape(shape)
    return values
