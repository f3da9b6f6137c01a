"""Separable resampling as taps: which input elements, with which weights, make each output.

Each function below gives the taps of one axis, computed in float32 as the TensorFlow kernel named
in its docstring does. A further kernel (bicubic, Lanczos) is one more function of this form.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from edgecheck.tensors import Array


@dataclass(frozen=True)
class Taps:
    """Output element i of an axis is the sum over k of weights[i, k] * input[indices[i, k]]."""

    indices: Array
    """int64 (out, K), each within the input."""
    weights: Array
    """float32 (out, K), rows add up to 1."""


def nearest_indices(in_size: int, out_size: int) -> Array:
    """The input element under each output centre, int64 (out,); `ResizeNearestNeighbor`."""
    positions = np.floor(_centres(in_size, out_size)).astype(np.int64)
    return np.minimum(positions, in_size - 1)


def bilinear_taps(in_size: int, out_size: int) -> Taps:
    """The two neighbours of each output centre, however far apart outputs are; `ResizeBilinear`."""
    position = _centres(in_size, out_size) - np.float32(0.5)
    lower = np.floor(position)
    fraction = position - lower
    indices = np.stack([lower, np.ceil(position)], axis=1).astype(np.int64)
    weights = np.stack([1 - fraction, fraction], axis=1)
    return Taps(np.clip(indices, 0, in_size - 1), weights)


def area_taps(in_size: int, out_size: int) -> Taps:
    """The input elements that each output element covers, by covered length; `ResizeArea`."""
    scale = np.float32(in_size) / np.float32(out_size)
    edges = np.arange(out_size + 1, dtype=np.float32) * scale
    first = np.floor(edges[:-1]).astype(np.int64)
    count = int((np.ceil(edges[1:]).astype(np.int64) - first).max())
    cells = first[:, None] + np.arange(count)
    covered = np.minimum(cells + 1, edges[1:, None]) - np.maximum(cells, edges[:-1, None])
    return _normalised(cells, np.maximum(covered, 0), in_size)


def triangle_taps(in_size: int, out_size: int) -> Taps:
    """A triangle as wide as the reduction, cut off at the borders; `ScaleAndTranslate`."""
    return _kernel_taps(lambda x: np.maximum(1 - np.abs(x), 0), 1, in_size, out_size)


def gather(values: Array, taps: Taps, axis: int) -> Array:
    """Values resampled along one axis: float32, the size of `axis` becomes the taps' out size."""
    shape = [1] * values.ndim
    shape[axis] = -1
    result: Array | None = None
    for index, weight in zip(taps.indices.T, taps.weights.T, strict=True):
        term = np.take(values, index, axis=axis) * weight.reshape(shape)
        result = term if result is None else np.add(result, term, out=result)
    if result is None:
        raise ValueError("taps need at least one column")
    return result


def _kernel_taps(
    kernel: Callable[[Array], Array], radius: float, in_size: int, out_size: int
) -> Taps:
    """Taps of a kernel that is stretched by the reduction and never shrunk by an enlargement."""
    centres = _centres(in_size, out_size)
    stretch = max(np.float32(in_size) / np.float32(out_size), np.float32(1))
    first = np.ceil(centres - np.float32(radius) * stretch - np.float32(0.5)).astype(np.int64)
    count = 2 * int(np.ceil(radius * stretch)) + 1
    cells = first[:, None] + np.arange(count)
    distance = (cells + np.float32(0.5) - centres[:, None]) / stretch
    weights = kernel(distance) * ((cells >= 0) & (cells < in_size))
    return _normalised(cells, weights, in_size)


def _normalised(cells: Array, weights: Array, in_size: int) -> Taps:
    weights = weights / weights.sum(axis=1, keepdims=True)
    return Taps(np.clip(cells, 0, in_size - 1), weights.astype(np.float32))


def _centres(in_size: int, out_size: int) -> Array:
    """Centres of the output elements in input units, float32 (out,): (i + 0.5) * in / out."""
    scale = np.float32(in_size) / np.float32(out_size)
    return (np.arange(out_size, dtype=np.float32) + np.float32(0.5)) * scale
