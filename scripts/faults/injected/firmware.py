"""What firmware does to pixels, numbers and codes: C, written in numpy, right and wrong.

Nothing here is edgecheck's: its bank of mistakes is judged by what these make.
"""

from typing import Final

import numpy as np

from faults.case import Array

_LUMINANCE: Final = np.array([0.299, 0.587, 0.114])


def quantized(real: Array, scale: float, zero_point: int) -> Array:
    """`clip(round(x / scale) + zero_point)`: int8."""
    codes = np.rint(real / np.float32(scale)) + zero_point
    return np.asarray(np.clip(codes, -128, 127), np.int8)


def meant(codes: Array, scale: float, zero_point: int) -> Array:
    """The real values that a model takes codes for: float32."""
    return np.asarray((codes.astype(np.float64) - zero_point) * scale, np.float32)


def pixels_viewed(pixels: Array) -> Array:
    """`(int8_t*)frame_buffer`: bytes of 0..255 read with a sign."""
    return np.ascontiguousarray(pixels, np.uint8).view(np.int8)


def cast(real: Array) -> Array:
    """`(int8_t)x` of numbers within int32: cut towards 0, the low byte kept."""
    return np.trunc(real).astype(np.int64).astype(np.int8)


def wrapped(real: Array, scale: float, zero_point: int) -> Array:
    """`(int8_t)(round(x / scale) + zero_point)`, not clipped."""
    codes = np.rint(real / np.float32(scale)) + zero_point
    return np.asarray(codes.astype(np.int64), np.int8)


def truncated(real: Array, scale: float, zero_point: int) -> Array:
    """`clip((int)(x / scale + zero_point))`."""
    codes = np.trunc(real / np.float32(scale) + zero_point)
    return np.asarray(np.clip(codes, -128, 127), np.int8)


def quantized_twice(real: Array, scale: float, zero_point: int) -> Array:
    """Codes that are taken for values and quantized."""
    return quantized(quantized(real, scale, zero_point).astype(np.float32), scale, zero_point)


def grayed(pixels: Array) -> Array:
    """(n, height, width, 3) with the luminance in every channel."""
    return np.repeat(np.rint(pixels @ _LUMINANCE)[..., None], 3, axis=-1)


def planes(pixels: Array) -> Array:
    """Channels first, in a buffer that is read as channels last."""
    return pixels.transpose(0, 3, 1, 2).reshape(pixels.shape)


def packed(pixels: Array) -> Array:
    """RGBA bytes read as RGB: every fourth byte is an opaque alpha."""
    count, height, width, _ = pixels.shape
    alpha = np.full((count, height, width, 1), 255, pixels.dtype)
    flat = np.concatenate([pixels, alpha], axis=-1).reshape(count, -1)
    return np.asarray(flat[:, : height * width * 3].reshape(pixels.shape))


def shifted(pixels: Array, rows: int, columns: int) -> Array:
    """Moved down and right by so many pixels; the edge is black."""
    moved = np.zeros_like(pixels)
    moved[:, rows:, columns:] = pixels[:, : pixels.shape[1] - rows, : pixels.shape[2] - columns]
    return moved


def swapped(numbers: Array) -> Array:
    """The bytes of each number in the other order."""
    return np.ascontiguousarray(numbers).byteswap()
