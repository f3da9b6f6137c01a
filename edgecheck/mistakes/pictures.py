"""Samples as pictures with channels last, and values as pixels, whatever the layout of the input."""

import numpy as np

from edgecheck.mistakes.mistake import Line, Receiver
from edgecheck.tensors import Array

IDENTITY: Line = (1.0, 0.0)

_WHOLE = 1e-4
"""Pixels: more than float32 loses of them, however they are scaled."""


def sides(receiver: Receiver) -> tuple[int, int, int]:
    """Height, width and channels of a picture; of two axes, one channel."""
    shape, axis = receiver.shape, receiver.channel_axis
    if axis is None:
        return shape[0], shape[1], 1
    height, width = (size for number, size in enumerate(shape) if number != axis)
    return height, width, shape[axis]


def as_pictures(values: Array, receiver: Receiver) -> Array:
    """(n, *shape) as (n, height, width, channels), a view."""
    if receiver.channel_axis is None:
        return values[..., None]
    return np.moveaxis(values, receiver.channel_axis + 1, -1)


def as_samples(pictures: Array, receiver: Receiver) -> Array:
    """(n, height, width, channels) as (n, *shape): the way back of `as_pictures`."""
    if receiver.channel_axis is None:
        return np.ascontiguousarray(pictures[..., 0])
    return np.ascontiguousarray(np.moveaxis(pictures, -1, receiver.channel_axis + 1))


def spread(lines: tuple[Line, ...], receiver: Receiver) -> tuple[Array, Array]:
    """Scales and offsets, float64, shaped to broadcast over (n, *shape).

    Several lines go along the axis of channels, or along the last axis where there is none.
    """
    shape = [1] * (len(receiver.shape) + 1)
    axis = receiver.channel_axis
    shape[-1 if axis is None else axis + 1] = len(lines)
    pairs = np.asarray(lines, np.float64)
    return pairs[:, 0].reshape(shape), pairs[:, 1].reshape(shape)


def on_line(pixels: Array, lines: tuple[Line, ...], receiver: Receiver) -> Array:
    """Values on the lines, float32: scale * pixel + offset, computed in float64 and rounded once."""
    scale, offset = spread(lines, receiver)
    with np.errstate(over="ignore", invalid="ignore"):
        return np.asarray(pixels * scale + offset, np.float32)


def as_pixels(prepared: Array, receiver: Receiver) -> Array:
    """Pixels 0..255 (of what is no picture, stored values), float64, of prepared values.

    Where pictures were resized they need not be whole numbers; those that float32 keeps from being
    whole are.
    """
    if receiver.lines is None:
        return prepared.astype(np.float64)
    scale, offset = spread(receiver.lines, receiver)
    with np.errstate(over="ignore", invalid="ignore"):
        stored = (prepared.astype(np.float64) - offset) / scale
        whole = np.rint(stored)
        return np.where(np.abs(stored - whole) <= _WHOLE, whole, stored)
