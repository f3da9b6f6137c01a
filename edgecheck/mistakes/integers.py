"""Wrong ways from real values to the integers of a quantized input, and bytes in another order.

Casts are computed as device code does: a float becomes an int32 first, towards zero and held at its
ends (Java by definition, ARM by its instruction), of which the low bytes are kept.
"""

from collections.abc import Callable, Iterator

import numpy as np

from edgecheck.mistakes.mistake import Mistake, Receiver
from edgecheck.mistakes.pictures import as_pixels
from edgecheck.quantization import QuantParams, dequantize, quantize
from edgecheck.tensors import NUMPY_DTYPES, QUANTIZED_DTYPES, Array, integer_range

Coding = Callable[[Array, Receiver], Array]
"""Prepared values float32 -> the codes that arrive, of the type of the tensor."""

_SIGN, _CAST = "input-signedness-offset", "input-cast-without-quantization"
_ROUND = "input-rounding-missing"
_OTHER_SIGN = {"int8": ("uint8", "uint8-as-int8"), "uint8": ("int8", "int8-as-uint8")}


def integers(receiver: Receiver) -> Iterator[Mistake]:
    """The usual ones of quantized inputs; byte order also of floats."""
    if not is_quantized(receiver):
        yield from _of_floats(receiver)
        return
    dtype = receiver.tensor.dtype
    if dtype in _OTHER_SIGN:
        other, key = _OTHER_SIGN[dtype]
        yield coded(key, _SIGN, f"{other} codes read as {dtype}", other_sign)
    yield from _of_pixels(receiver)
    yield coded("cast-without-scale", _CAST, f"values cast to {dtype}, not quantized", cast)
    words = "codes beyond the range wrapped round, not clipped"
    yield coded("wrap-without-clip", "input-cast-wraparound", words, wrapped)
    words = "codes quantized once more as if they were values"
    yield coded("quantized-twice", "input-double-quantized", words, quantized_twice)
    for key, words, code in (
        ("truncated", "codes cut off, not rounded", truncated),
        ("floored", "codes rounded down, not to the nearest", floored),
        ("truncated-quotient", "quotients cut off before the zero point is added", cut_quotient),
    ):
        yield coded(key, _ROUND, words, code, is_harmless=True)
    if NUMPY_DTYPES[dtype].itemsize > 1:
        yield coded("byte-swapped", "endianness", "codes with their bytes swapped", swapped)


def is_quantized(receiver: Receiver) -> bool:
    """Whether codes of 8 or 16 bits stand for real values."""
    tensor = receiver.tensor
    return (
        tensor.dtype in QUANTIZED_DTYPES
        and tensor.quantization is not None
        and tensor.quantization.is_usable
    )


def params_of(receiver: Receiver) -> QuantParams:
    """Of a quantized input.

    Raises:
        ValueError: it has none.
    """
    params = receiver.tensor.quantization
    if params is None:
        raise ValueError(f"input {receiver.name!r} is not quantized")
    return params


def codes(prepared: Array, receiver: Receiver) -> Array:
    """What a device should feed."""
    return quantize(prepared, params_of(receiver), receiver.tensor.dtype)


def meaning(arrived: Array, receiver: Receiver) -> Array:
    """The real values, float32, of codes of the tensor's type."""
    return dequantize(arrived, params_of(receiver))


def coded(key: str, rule: str, words: str, code: Coding, *, is_harmless: bool = False) -> Mistake:
    """A mistake that makes other codes."""

    def apply(prepared: Array, receiver: Receiver) -> Array:
        return meaning(code(prepared, receiver), receiver)

    return Mistake(key, rule, words, "integers", apply, is_harmless)


def other_sign(prepared: Array, receiver: Receiver) -> Array:
    """For int8, the bytes of the pixels, where there are pixels; else codes 128 off.

    A byte b of one type is the byte b XOR 128 of what the other type should hold.
    """
    if receiver.tensor.dtype == "int8" and _has_pixels(receiver):
        return pixel_bytes(prepared, receiver).view(np.int8)
    return flipped(prepared, receiver)


def flipped(prepared: Array, receiver: Receiver) -> Array:
    """Codes 128 off: the highest bit of each the other way."""
    made = codes(prepared, receiver).view(np.uint8) ^ np.uint8(0x80)
    return made.view(NUMPY_DTYPES[receiver.tensor.dtype])


def pixel_bytes(prepared: Array, receiver: Receiver) -> Array:
    """The pixels, rounded and clipped to uint8."""
    pixels = np.rint(as_pixels(prepared, receiver))
    return np.asarray(np.clip(np.nan_to_num(pixels), 0, 255), np.uint8)


def pixel_codes(prepared: Array, receiver: Receiver) -> Array:
    """Pixels as codes: minus 128 for int8, else as they are."""
    pixels = pixel_bytes(prepared, receiver)
    if receiver.tensor.dtype == "int8":
        return (pixels ^ np.uint8(0x80)).view(np.int8)
    return pixels.astype(NUMPY_DTYPES[receiver.tensor.dtype])


def cast(prepared: Array, receiver: Receiver) -> Array:
    """`(int8_t)x`: scale and zero point are left out."""
    return low_bytes(prepared, receiver.tensor.dtype)


def wrapped(prepared: Array, receiver: Receiver) -> Array:
    """`(int8_t)(round(x / scale) + zero_point)`: modulo 256, or 65536."""
    return low_bytes(np.rint(_quotient(prepared, receiver)) + _zero(receiver), _dtype(receiver))


def quantized_twice(prepared: Array, receiver: Receiver) -> Array:
    """The codes taken for real values, and quantized."""
    return codes(codes(prepared, receiver).astype(np.float32), receiver)


def truncated(prepared: Array, receiver: Receiver) -> Array:
    """`(int)(x / scale + zero_point)`, clipped: towards zero."""
    return _clipped(np.trunc(_quotient(prepared, receiver) + _zero(receiver)), receiver)


def floored(prepared: Array, receiver: Receiver) -> Array:
    """`floor(x / scale) + zero_point`, clipped."""
    return _clipped(np.floor(_quotient(prepared, receiver)) + _zero(receiver), receiver)


def cut_quotient(prepared: Array, receiver: Receiver) -> Array:
    """`(int)(x / scale) + zero_point`, clipped."""
    return _clipped(np.trunc(_quotient(prepared, receiver)) + _zero(receiver), receiver)


def swapped(prepared: Array, receiver: Receiver) -> Array:
    """The codes with their bytes the other way round."""
    return codes(prepared, receiver).byteswap()


def low_bytes(real: Array, dtype: str) -> Array:
    """A C cast to a narrow integer: through int32, towards zero; NaN becomes 0."""
    whole = np.trunc(np.nan_to_num(np.asarray(real, np.float64)))
    held = np.clip(whole, -(2**31), 2**31 - 1).astype(np.int64)
    return held.astype(NUMPY_DTYPES[dtype])


def _of_floats(receiver: Receiver) -> Iterator[Mistake]:
    if receiver.tensor.dtype != "float32":
        return

    words = "values cut to whole numbers on the way"
    yield Mistake("whole-numbers", _CAST, words, "integers", _whole)
    words = "numbers with their bytes in the other order"
    yield Mistake("byte-swapped", "endianness", words, "integers", _swapped_floats)


def _whole(prepared: Array, receiver: Receiver) -> Array:  # noqa: ARG001  (of Mistake)
    return np.trunc(prepared)


def _swapped_floats(prepared: Array, receiver: Receiver) -> Array:  # noqa: ARG001  (of Mistake)
    return np.ascontiguousarray(prepared, np.float32).byteswap()


def _of_pixels(receiver: Receiver) -> Iterator[Mistake]:
    """Pixels in place of codes, where the two differ."""
    ramp = np.arange(256)
    for scale, offset in (receiver.lines or ()) if _has_pixels(receiver) else ():
        right = codes(np.asarray(scale * ramp + offset, np.float32), receiver).astype(np.int64)
        if np.abs(right - (ramp - 128 * (receiver.tensor.dtype == "int8"))).max() > 1:
            yield coded("pixels-as-codes", _CAST, "pixels in place of codes", pixel_codes)
            if receiver.tensor.dtype == "int8":
                words = "codes that are 128 off, as of a uint8 input"
                yield coded("uint8-codes-as-int8", _SIGN, words, flipped)
            return


def _has_pixels(receiver: Receiver) -> bool:
    return receiver.is_picture and receiver.lines is not None


def _quotient(prepared: Array, receiver: Receiver) -> Array:
    """Prepared values by scale, as quantization has it in float32; NaN becomes 0."""
    scale = np.asarray(params_of(receiver).scales, np.float32)
    with np.errstate(over="ignore", invalid="ignore"):
        return np.asarray(np.nan_to_num(np.asarray(prepared, np.float32) / scale), np.float64)


def _zero(receiver: Receiver) -> int:
    return params_of(receiver).zero_points[0]


def _dtype(receiver: Receiver) -> str:
    return receiver.tensor.dtype


def _clipped(whole: Array, receiver: Receiver) -> Array:
    low, high = integer_range(_dtype(receiver))
    return np.asarray(np.clip(whole, low, high), NUMPY_DTYPES[_dtype(receiver)])
