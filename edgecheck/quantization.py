"""Affine quantization, as TFLite's default and builtin kernels do it.

real = scale * (q - zero_point). Source: the TFLite 8-bit quantization specification, and
`AffineQuantize` in `tensorflow/lite/kernels/internal`. Reference kernels round half away from
zero instead of half to even, and others multiply by 1 / scale, so that at ties kernels may differ
by 1 LSB. Real values of codes are those of the default kernels; builtin ones differ in the last
places. Where kernels overflow (int16 codes beyond int32), this clips.
"""

import math
from dataclasses import dataclass

import numpy as np

from edgecheck.tensors import NUMPY_DTYPES, QUANTIZED_DTYPES, Array, integer_range

_LARGEST = float(np.finfo(np.float32).max)
_SMALLEST = float(np.finfo(np.float32).tiny)
"""Of float32; some kernels refuse scales below, others flush them to 0."""


@dataclass(frozen=True)
class QuantParams:
    """Scales and zero points of one tensor.

    One entry means per-tensor; several mean per-channel along `quantized_dimension`, and then
    `zero_points` has as many entries as `scales`.
    """

    scales: tuple[float, ...]
    zero_points: tuple[int, ...]
    quantized_dimension: int = 0

    @property
    def is_per_channel(self) -> bool:
        """More than one scale."""
        return len(self.scales) > 1

    @property
    def is_usable(self) -> bool:
        """Every scale is a positive finite number (a scale of 0 means "not quantized")."""
        return bool(self.scales) and all(0 < scale < float("inf") for scale in self.scales)


def quantize(real: Array, params: QuantParams, dtype: str) -> Array:
    """The codes of real values: divide in float32, round half to even, add, clip, then cast.

    Args:
        real: any shape; NaN becomes the zero point (there is no code for it: count NaN before).
        params: usable parameters (`is_usable`).
        dtype: integer type name of the result.

    Returns:
        Array of `dtype`, the shape of `real`.
    """
    scale, zero_point = _along(params, real.ndim)
    low, high = _float_range(dtype)
    with np.errstate(invalid="ignore", over="ignore"):
        codes = np.asarray(np.asarray(real, np.float32) / scale)
    np.rint(codes, out=codes)
    # Codes of int16 and narrower are exact in float32; zero points are added in float64 so that
    # an int32 tensor keeps its low bits too.
    codes = codes if _is_narrow(dtype) else codes.astype(np.float64)
    zero = zero_point.astype(codes.dtype)
    np.add(codes, zero, out=codes)
    np.clip(codes, low, high, out=codes)  # leaves NaN as it is
    if codes.size and np.isnan(codes.min()):
        np.copyto(codes, zero, where=np.isnan(codes))
    return np.asarray(codes, NUMPY_DTYPES[dtype])


def dequantize(codes: Array, params: QuantParams, out: Array | None = None) -> Array:
    """Real values of codes, float32, the shape of `codes`; rounded once.

    Written to `out`, float32 of that shape, where it is given.

    With codes of 16 bits and less that is float32 arithmetic: code - zero_point is a whole number
    below 2**24, and the product is the exact one rounded, as it would be by way of float64.
    """
    scale, zero_point = _along(params, codes.ndim)
    real = np.empty(codes.shape, np.float32) if out is None else out
    if codes.dtype.kind in "iu" and codes.dtype.itemsize <= 2 and np.abs(zero_point).max() < 2**23:
        with np.errstate(over="ignore"):
            np.subtract(codes, zero_point.astype(np.float32), out=real, dtype=np.float32)
            return np.multiply(real, scale, out=real)
    with np.errstate(over="ignore"):
        real[...] = (codes.astype(np.float64) - zero_point) * scale.astype(np.float64)
    return real


def representable_range(params: QuantParams, dtype: str) -> tuple[float, float]:
    """[(qmin - zero_point) * scale, (qmax - zero_point) * scale], the widest over channels."""
    low, high = integer_range(dtype)
    pairs = list(zip(params.scales, params.zero_points, strict=True))
    return (
        min((low - zero) * scale for scale, zero in pairs),
        max((high - zero) * scale for scale, zero in pairs),
    )


def params_of_range(low: float, high: float, dtype: str) -> QuantParams:
    """Per-tensor parameters whose representable range is [low, high], as near as codes allow.

    The range is widened to hold 0. int8 and uint8: scale = (high - low) / 255 and the zero point
    nearest to qmin - low / scale, so that 0 has a code and either end may lie half a step outside.
    int16: zero point 0, as kernels demand, and the finest scale that holds both ends. The
    parameters of a representable range are those that it came from. Source: "Quantization and
    Training of Neural Networks for Efficient Integer-Arithmetic-Only Inference", Jacob et al.
    2018, section 3; TFLite 8-bit quantization specification.

    An empty range gives scale 1. Scales are float32 and not below its smallest normal number.

    Raises:
        ValueError: an end is not finite or beyond float32, low > high, or `dtype` is no type of
            activations.
    """
    if dtype not in QUANTIZED_DTYPES:
        raise ValueError(f"{dtype} is no type of quantized activations")
    if not -_LARGEST <= low <= high <= _LARGEST:
        raise ValueError(f"a range needs low <= high, both finite, found [{low}, {high}]")
    low, high = min(low, 0.0), max(high, 0.0)
    qmin, qmax = integer_range(dtype)
    is_symmetric = dtype == "int16"
    finest = max(low / qmin, high / qmax) if is_symmetric else (high - low) / (qmax - qmin)
    scale = max(float(np.float32(finest)), _SMALLEST) if low < high else 1.0
    if is_symmetric:
        return QuantParams((scale,), (0,))
    return QuantParams((scale,), (min(max(round(qmin - low / scale), qmin), qmax),))


def _is_narrow(dtype: str) -> bool:
    return NUMPY_DTYPES[dtype].itemsize <= 2


def _float_range(dtype: str) -> tuple[float, float]:
    """(qmin, qmax) as floats that casting back cannot overflow: 2**63 - 1 is no float64."""
    low, high = integer_range(dtype)
    bound = float(high)
    return float(low), bound if bound <= high else math.nextafter(bound, 0)


def _along(params: QuantParams, ndim: int) -> tuple[Array, Array]:
    """Scale (float32) and zero point (int64) shaped to broadcast over a tensor of rank `ndim`."""
    if not params.is_usable:
        raise ValueError(f"scales must be positive and finite, found {params.scales[:4]}")
    scale = np.asarray(params.scales, np.float32)
    zero_point = np.asarray(params.zero_points, np.int64)
    if params.is_per_channel:
        shape = [1] * ndim
        shape[params.quantized_dimension] = -1
        return scale.reshape(shape), zero_point.reshape(shape)
    return scale.reshape(()), zero_point.reshape(())
