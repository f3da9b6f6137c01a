"""Biases of integer layers in steps of another input scale."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from edgecheck.quantization import QuantParams
from edgecheck.tensors import NUMPY_DTYPES, Array, integer_range
from edgecheck.tflite.constants import Constants
from edgecheck.tflite.graph import Tensor
from edgecheck.tflite.layers import Layer

LARGEST_SUM: Mapping[str, int] = {"int32": 2**31 - 1, "int64": 2**47 - 1}
"""Type of a bias -> the largest sum that kernels can rescale: int32, or 48 bits of int64
(`MultiplyByQuantizedMultiplier`)."""


@dataclass(frozen=True)
class Requantized:
    """Codes of a bias and weight scales that belong together."""

    codes: Array
    """(channels,), of the type of the bias."""
    scales: tuple[float, ...] | None
    """As many as the bias stores; None where it stores none."""
    weight_scales: Array
    """float64 (1,) or (channels,); larger than given where a bias had no room otherwise."""

    def weights(self, layer: Layer, codes: Array) -> Array:
        """The stored codes of symmetric weights in steps of `weight_scales`."""
        old = _scales(layer.weights.quantization)
        shape = [1] * codes.ndim
        shape[layer.axis] = -1
        scaled = codes * (old / self.weight_scales).reshape(shape)
        return np.asarray(np.rint(scaled), codes.dtype)


def requantized_bias(
    constants: Constants,
    layer: Layer,
    source: QuantParams,
    weights: QuantParams,
    *,
    may_widen: bool,
) -> Requantized | None:
    """The bias of a layer for other parameters of its input (and of its weights).

    The real values are those that the stored codes have, and are rounded half to even. Codes keep
    below what kernels can sum up, less what the products of the channel may add; where they do
    not, and `may_widen`, the weight scale of that channel grows until they do. That costs next to
    nothing: a bias of 2**31 steps is that much larger than any product.

    Args:
        constants: of the file.
        layer: as the file has it, with a bias that is stored.
        source: the new parameters of the input.
        weights: the new parameters of the weights, or the old ones.
        may_widen: the weights are stored, symmetric and per-channel, and no one else reads them.

    Returns:
        None where the bias cannot be read or does not fit.
    """
    bias = layer.bias
    stored = constants.stored(bias) if bias is not None else None
    if bias is None or stored is None:
        return None
    codes = stored.reshape(-1).astype(np.float64)
    old = _scales(layer.source.quantization) * _scales(layer.weights.quantization)
    real = codes * _real_scales(bias, old)
    free = np.maximum(LARGEST_SUM[bias.dtype] - _reach(constants, layer, len(codes)), 1)
    room = np.maximum(free, np.abs(codes))
    weight_scales = _scales(weights)
    if may_widen:
        weight_scales = np.maximum(weight_scales, np.abs(real) / (_scales(source) * room))
        weight_scales = _rounded_up(weight_scales)
    new = _scales(source) * weight_scales
    wanted = np.rint(real / new)
    if (np.abs(wanted) > room).any():
        return None
    scales = _new_scales(bias.quantization, old, new)
    return Requantized(wanted.astype(NUMPY_DTYPES[bias.dtype]), scales, weight_scales)


def _scales(params: QuantParams | None) -> Array:
    return np.asarray(params.scales if params is not None else (1.0,), np.float64)


def _rounded_up(scales: Array) -> Array:
    """The next float32, as float64."""
    stored = scales.astype(np.float32)
    above = np.nextafter(stored, np.float32(np.inf))
    return np.where(stored < scales, above, stored).astype(np.float64)


def _real_scales(bias: Tensor, products: Array) -> Array:
    """The stored scales, in which the bias was quantized; what kernels take where they miss."""
    params = bias.quantization
    if params is None or not params.is_usable or len(params.scales) != len(products):
        return products
    return _scales(params)


def _new_scales(stored: QuantParams | None, old: Array, new: Array) -> tuple[float, ...] | None:
    """As many scales as are stored, in the ratio of the products where the numbers differ."""
    if stored is None:
        return None
    if len(new) in {1, len(stored.scales)}:
        return tuple(np.broadcast_to(new, (len(stored.scales),)).tolist())
    return tuple((_scales(stored) * float(new[0] / old[0])).tolist())


def _reach(constants: Constants, layer: Layer, channels: int) -> Array:
    """float64 (channels,): what the products of a channel may sum up to, whatever the input.

    A quarter of the largest int32 where the weights are computed.
    """
    codes, params = constants.stored(layer.weights), layer.weights.quantization
    low, high = integer_range(layer.source.dtype)
    if codes is None or params is None or codes.ndim <= layer.axis:
        return np.full(channels, 2.0**29)
    # Other zero points than 0 exist per tensor only (TFLite 8-bit quantization specification).
    sums = layer.code_sums(codes, params.zero_points[0]).astype(np.float64)
    return (sums if len(sums) == channels else np.full(channels, sums.max())) * (high - low)
