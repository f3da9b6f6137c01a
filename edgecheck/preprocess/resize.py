"""Resizing as TensorFlow does it and as Pillow does it; they differ, by up to tens of codes.

TensorFlow (`tf.image.resize`, version 2): half-pixel centres; without antialias a reduction looks
at two or four neighbours only; the result is float32, except for nearest, which keeps the type.
Pillow (`Image.resize`): all but nearest always widen with the reduction (there is no way to turn
antialias off), uint8 images are rounded back to uint8, RGBA colours are weighted by alpha.
"""

from collections.abc import Callable, Mapping

import numpy as np

from edgecheck.preprocess.taps import (
    Taps,
    area_taps,
    bicubic_taps,
    bilinear_taps,
    gather,
    kernel_taps,
    nearest_indices,
)
from edgecheck.tensors import Array

DIRECT_TAPS: Mapping[tuple[str, bool], Callable[[int, int], Taps]] = {
    ("bilinear", False): bilinear_taps,
    ("bicubic", False): bicubic_taps,
    ("area", False): area_taps,
}
"""(method, antialias) -> taps of one axis, where TensorFlow has a kernel of its own."""

PILLOW_FILTERS: Mapping[str, str] = {
    "nearest": "NEAREST",
    "bilinear": "BILINEAR",
    "bicubic": "BICUBIC",
    "lanczos": "LANCZOS",
    "area": "BOX",
}
"""Method -> name in `PIL.Image.Resampling`."""


def resize_tensorflow(
    images: Array, size: tuple[int, int], method: str, *, antialias: bool
) -> Array:
    """Images resized as `tf.image.resize(images, size, method, antialias=antialias)` does.

    Args:
        images: (n, H, W, C), any real type.
        size: (height, width) of the result.
        method: nearest, area, or a key of `KERNELS`.
        antialias: widen the kernel with the reduction; not with nearest and area, which have no
            such choice.

    Returns:
        (n, height, width, C); float32, or the type of `images` for nearest.
    """
    height, width = images.shape[1:3]
    if method == "nearest":
        rows = np.take(images, nearest_indices(height, size[0]), axis=1)
        return np.take(rows, nearest_indices(width, size[1]), axis=2)
    if (height, width) == tuple(size) and method != "mitchellcubic":
        return images.astype(np.float32, copy=False)
    rows_first = gather(images, _taps(method, height, size[0], antialias=antialias), 1)
    return gather(rows_first, _taps(method, width, size[1], antialias=antialias), 2)


def _taps(method: str, in_size: int, out_size: int, *, antialias: bool) -> Taps:
    direct = DIRECT_TAPS.get((method, antialias))
    if direct is not None:
        return direct(in_size, out_size)
    return kernel_taps(method, in_size, out_size, antialias=antialias)


def resize_pillow(images: Array, size: tuple[int, int], method: str) -> Array:
    """Images resized as `Image.resize` does.

    uint8 images of 1, 3 or 4 channels are resized as modes L, RGB and RGBA, other channel counts
    channel by channel; other types as float32 (mode F), channel by channel.

    Args:
        images: (n, H, W, C), any real type.
        size: (height, width) of the result.
        method: a key of `PILLOW_FILTERS`.

    Returns:
        (n, height, width, C), uint8 for uint8, else float32.
    """
    return np.stack([_resize_one(image, size, PILLOW_FILTERS[method]) for image in images])


def _resize_one(image: Array, size: tuple[int, int], name: str) -> Array:
    """One image (H, W, C) through Pillow."""
    from PIL import Image

    resample = Image.Resampling[name]
    if image.dtype == np.uint8 and image.shape[2] in {3, 4}:
        whole = Image.fromarray(np.ascontiguousarray(image))
        return np.asarray(whole.resize((size[1], size[0]), resample))
    if image.dtype != np.uint8:
        image = image.astype(np.float32)
    channels = [Image.fromarray(np.ascontiguousarray(c)) for c in np.moveaxis(image, 2, 0)]
    resized = [np.asarray(c.resize((size[1], size[0]), resample)) for c in channels]
    return np.stack(resized, axis=2)
