"""Cropping and padding: how an image of another aspect ratio is made to fit a size.

All functions take and give images (n, H, W, C) and sizes as (height, width) in pixels; they keep
the type of the values unless they resize. Crops are views.
"""

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np

from edgecheck.errors import DatasetUnreadable
from edgecheck.spec.image_steps import LARGEST_SIDE
from edgecheck.tensors import Array

Resizer: TypeAlias = Callable[[Array, tuple[int, int]], Array]
"""(images, size) -> images of that size."""


def crop(images: Array, top: int, left: int, size: tuple[int, int]) -> Array:
    """The part of `size` whose upper left pixel is (`top`, `left`).

    Raises:
        DatasetUnreadable: it reaches beyond the image.
    """
    bottom, right = top + size[0], left + size[1]
    height, width = images.shape[1:3]
    if bottom > height or right > width:
        raise DatasetUnreadable(
            f"crop: rows {top} to {bottom} and columns {left} to {right} are not within an image "
            f"of {height} x {width} (height x width)",
            hint="Correct `crop`, or resize the image before it.",
        )
    return images[:, top:bottom, left:right]


def center_crop(images: Array, size: tuple[int, int]) -> Array:
    """The centre, where torchvision's `CenterCrop` takes it: half a pixel is rounded to even.

    An image smaller than `size` is refused: torchvision would pad it with zeros, Keras'
    `CenterCrop` would enlarge it; a spec says which by a step of its own.

    Raises:
        DatasetUnreadable: the image is smaller than `size`.
    """
    height, width = images.shape[1:3]
    if height < size[0] or width < size[1]:
        raise DatasetUnreadable(
            f"center-crop of {size[0]} x {size[1]} from an image of {height} x {width} "
            "(height x width), which is smaller",
            hint="Resize before the crop, as in `- resize: {size: 256}`.",
        )
    top, left = round((height - size[0]) / 2), round((width - size[1]) / 2)
    return crop(images, top, left, size)


def shorter_side(images: Array, side: int, resize: Resizer) -> Array:
    """Proportions kept, the shorter side gets `side` pixels, as torchvision's `Resize(side)`.

    The longer side is cut to whole pixels.

    Raises:
        DatasetUnreadable: the longer side would get more than `LARGEST_SIDE` pixels.
    """
    height, width = images.shape[1:3]
    longer = side * max(height, width) // min(height, width)
    if longer > LARGEST_SIDE:
        raise DatasetUnreadable(
            f"resize: the longer side of an image of {height} x {width} would get {longer} pixels",
            hint="Remove the image, or crop it before the resize.",
        )
    return resize(images, (side, longer) if height <= width else (longer, side))


def letterbox(images: Array, size: tuple[int, int], pad: Sequence[float], resize: Resizer) -> Array:
    """The whole image in its proportions, in the middle of `size`; the rest is `pad`.

    As Ultralytics' `LetterBox`: both sides are rounded to whole pixels, an odd pixel of padding
    goes to the bottom or right. (`tf.image.resize_with_pad` cuts instead of rounding, which makes
    the image up to one pixel smaller.)

    Args:
        images: (n, H, W, C).
        size: of the result.
        pad: one number a channel, or a single one for all.
        resize: gives the image its new size.

    Returns:
        (n, *size, C) of the type that `resize` gives; float32 where `pad` does not fit that.

    Raises:
        DatasetUnreadable: `pad` has neither 1 entry nor one a channel.
    """
    height, width, channels = images.shape[1:]
    if len(pad) not in {1, channels}:
        raise DatasetUnreadable(
            f"letterbox: `pad_value` has {len(pad)} entries, the images have {channels} channels",
            hint=f"Give one number, or {channels}.",
        )
    ratio = min(size[0] / height, size[1] / width)
    inner = (max(round(height * ratio), 1), max(round(width * ratio), 1))
    resized = resize(images, inner)
    top, left = (size[0] - inner[0]) // 2, (size[1] - inner[1]) // 2
    result = np.empty((len(images), *size, channels), _type_for(pad, resized))
    result[:] = pad
    result[:, top : top + inner[0], left : left + inner[1]] = resized
    return result


def crop_to_aspect(images: Array, size: tuple[int, int], resize: Resizer) -> Array:
    """The largest centred part of the proportions of `size`, resized; Keras' `smart_resize`.

    Resizing first and cropping then (torchvision's way) needs two steps: `resize: {size: 256}`
    and `center-crop: 224`.
    """
    height, width = images.shape[1:3]
    part = (
        max(min(height, width * size[0] // size[1]), 1),
        max(min(width, height * size[1] // size[0]), 1),
    )
    top, left = (height - part[0]) // 2, (width - part[1]) // 2
    return resize(crop(images, top, left, part), size)


def crop_padding(images: Array, side: int, padding: int, resize: Resizer) -> Array:
    """The central square of side / (side + padding) of the shorter side, resized to `side`.

    As the evaluation of EfficientNet does (`preprocessing.py` of its TPU repository): the square
    is cut to whole pixels, half a pixel of its offset is rounded up.
    """
    height, width = images.shape[1:3]
    part = max(int(np.float32(side / (side + padding)) * np.float32(min(height, width))), 1)
    top, left = (height - part + 1) // 2, (width - part + 1) // 2
    return resize(crop(images, top, left, (part, part)), (side, side))


def _type_for(numbers: Sequence[float], resized: Array) -> "np.dtype[Any]":
    """The type of `resized`, or float32 where one of the numbers is none of its values."""
    if resized.dtype.kind not in "iu":
        return resized.dtype
    bounds = np.iinfo(resized.dtype)
    fits = all(n == int(n) and bounds.min <= n <= bounds.max for n in numbers)
    return resized.dtype if fits else np.dtype(np.float32)
