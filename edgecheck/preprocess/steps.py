"""The steps that compute on values: pure functions of arrays (n, ...), the sample axis first.

A step that computes returns float32 unless its docstring says otherwise; none changes its input.
`channel_axis` counts from the end or includes the sample axis, as numpy does.
"""

import math
from collections.abc import Sequence

import numpy as np

from edgecheck.errors import DatasetUnreadable
from edgecheck.tensors import NUMPY_DTYPES, Array

GRAY_WEIGHTS = (0.2989, 0.5870, 0.1140)
"""ITU-R BT.601 luma weights as TensorFlow rounds them."""


def to_gray(images: Array) -> Array:
    """Luma of RGB as `tf.image.rgb_to_grayscale`; (n, H, W, 3) -> (n, H, W, 1).

    uint8 stays uint8: scaled to [0, 1], weighted, times 255.5 and cut, which rounds. Other types
    give float32, unscaled. (Pillow's mode L is `decode: {color: L}`; it may differ by 1.)

    Raises:
        DatasetUnreadable: the last axis is not 3 channels.
    """
    _require_rgb(images, -1, "to-gray")
    weights = np.asarray(GRAY_WEIGHTS, np.float32)
    if images.dtype != np.uint8:
        return (images.astype(np.float32, copy=False) @ weights)[..., None]
    luma = (images * np.float32(1 / 255)) @ weights
    return np.expand_dims((luma * np.float32(255.5)).astype(np.uint8), -1)


def reverse_channels(values: Array, channel_axis: int) -> Array:
    """RGB <-> BGR; keeps the type, returns a view.

    Raises:
        DatasetUnreadable: the channel axis does not have 3 entries.
    """
    _require_rgb(values, channel_axis, "channel-order")
    return np.flip(values, channel_axis)


def rescale(values: Array, scale: float, offset: float) -> Array:
    """Multiply by `scale`, then add `offset`, as Keras' Rescaling layer."""
    result: Array = np.multiply(values, np.float32(scale), dtype=np.float32)
    result += np.float32(offset)
    return result


def normalize(
    values: Array, mean: Sequence[float], std: Sequence[float], channel_axis: int
) -> Array:
    """(values - mean) / std, per channel, as torchvision's Normalize.

    Args:
        values: any shape that has `channel_axis`.
        mean: one number a channel, or a single one for all.
        std: as `mean`; not zero.
        channel_axis: the axis of `values` that `mean` and `std` run along.

    Raises:
        DatasetUnreadable: `mean` or `std` has neither 1 entry nor one a channel.
    """
    result = np.subtract(values, _along(mean, values, channel_axis, "mean"), dtype=np.float32)
    result /= _along(std, values, channel_axis, "std")
    return result


def standardize(values: Array) -> Array:
    """Zero mean and unit deviation per sample, as `tf.image.per_image_standardization`.

    (x - mean) / max(std, 1 / sqrt(N)) over the N values of a sample; moments in float64.
    """
    axes = tuple(range(1, values.ndim))
    count = math.prod(values.shape[1:])
    mean = values.mean(axis=axes, dtype=np.float64, keepdims=True)
    std = values.std(axis=axes, dtype=np.float64, keepdims=True)
    std = np.maximum(std, 1 / math.sqrt(count))
    result: Array = (values - mean) / std
    return result.astype(np.float32)


def minmax(values: Array, low: Sequence[float], high: Sequence[float], channel_axis: int) -> Array:
    """(values - low) / (high - low), per channel; no clipping (as scikit-learn's MinMaxScaler).

    Args:
        values: any shape that has `channel_axis`.
        low: the value that becomes 0: one number a channel, or a single one for all.
        high: the value that becomes 1, likewise.
        channel_axis: the axis of `values` that `low` and `high` run along.

    Raises:
        DatasetUnreadable: `low` or `high` has neither 1 entry nor one a channel.
    """
    bottom = _along(low, values, channel_axis, "min")
    span = _along(high, values, channel_axis, "max") - bottom
    result = np.subtract(values, bottom, dtype=np.float32)
    result /= span
    return result


def minmax_per_sample(values: Array) -> Array:
    """(x - min) / (max - min) with the bounds of each sample; 0 where all its values are equal."""
    axes = tuple(range(1, values.ndim))
    # float32 first: the span of int8 values does not fit int8.
    result = values.astype(np.float32)
    result -= result.min(axis=axes, keepdims=True)
    span = result.max(axis=axes, keepdims=True)
    result /= np.where(span == 0, np.float32(1), span)
    return result


def transpose(values: Array, axes: Sequence[int]) -> Array:
    """Axes of each sample reordered (0 is the first axis after the sample axis); a view.

    Raises:
        DatasetUnreadable: `axes` is not a permutation of the sample's axes.
    """
    if sorted(axes) != list(range(values.ndim - 1)):
        raise DatasetUnreadable(
            f"transpose: axes {list(axes)} do not fit samples of shape {values.shape[1:]}",
            hint="List each axis of one sample once, counting from 0, without the batch axis.",
        )
    return np.transpose(values, (0, *(axis + 1 for axis in axes)))


def reshape(values: Array, shape: Sequence[int]) -> Array:
    """Samples in another shape, their values in the same order; a view where possible.

    Raises:
        DatasetUnreadable: a sample does not have as many elements as `shape`.
    """
    if math.prod(values.shape[1:]) != math.prod(shape):
        raise DatasetUnreadable(
            f"reshape: samples of shape {values.shape[1:]} have {math.prod(values.shape[1:])} "
            f"elements, {list(shape)} has {math.prod(shape)}",
            hint="Correct `reshape`, or the steps before it.",
        )
    return values.reshape(len(values), *shape)


def cast(values: Array, dtype: str) -> Array:
    """Values as another type, fractions cut toward zero as numpy's astype does.

    Args:
        values: any real type.
        dtype: a name in `NUMPY_DTYPES`.

    Raises:
        DatasetUnreadable: a value lies outside the type, or is NaN or infinite and the type is
            an integer. numpy itself would wrap such values around silently.
    """
    target = NUMPY_DTYPES[dtype]
    if target.kind in "iu" and values.size:
        _require_fits(values, dtype)
    with np.errstate(over="ignore"):
        result = values.astype(target, copy=False)
    if target.kind == "f" and np.isinf(result).sum() > np.isinf(values).sum():
        raise _does_not_fit(dtype, values.min(), values.max())
    return result


def _along(numbers: Sequence[float], values: Array, axis: int, name: str) -> Array:
    """Numbers as float32, shaped to broadcast along one axis of `values`."""
    size = values.shape[axis]
    if len(numbers) not in {1, size}:
        if values.ndim == 2:
            raise DatasetUnreadable(
                f"`{name}` has {len(numbers)} entries, a sample has {size} values",
                hint=f"Give one number, or {size}; of a table, list the columns to feed, in the "
                "model's order, under `dataset: features`.",
            )
        raise DatasetUnreadable(
            f"`{name}` has {len(numbers)} entries, axis {axis} of the samples (the channels) has "
            f"{size}, their shape is {values.shape[1:]}",
            hint=f"Give one number, or {size}; with `layout: NCHW` channels come first.",
        )
    shape = [1] * values.ndim
    shape[axis] = -1
    return np.asarray(numbers, np.float32).reshape(shape)


def _require_rgb(values: Array, axis: int, step: str) -> None:
    if values.ndim < 2 or values.shape[axis] != 3:
        raise DatasetUnreadable(
            f"{step} needs 3 channels on axis {axis}, found samples of shape {values.shape[1:]}",
            hint="Decode as RGB, or remove the step; with `layout: NCHW` channels come first.",
        )


def _require_fits(values: Array, dtype: str) -> None:
    """Every value, cut toward zero, lies within an integer type; NaN never does."""
    info = np.iinfo(NUMPY_DTYPES[dtype])
    low, high = values.min(), values.max()
    finite = bool(np.isfinite(low) and np.isfinite(high))
    # int() cuts toward zero; integers compare exactly where float32 rounds the maximum up.
    if not finite or int(low) < info.min or int(high) > info.max:
        raise _does_not_fit(dtype, low, high)


def _does_not_fit(dtype: str, low: object, high: object) -> DatasetUnreadable:
    return DatasetUnreadable(
        f"cast: values from {low} to {high} do not fit {dtype}",
        hint="Rescale before the cast, or remove it.",
    )
