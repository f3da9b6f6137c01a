"""The image steps of a spec, in terms of the functions that do the work."""

from collections.abc import Mapping
from functools import partial

from edgecheck.errors import DatasetUnreadable
from edgecheck.preprocess import fit
from edgecheck.preprocess.context import Context
from edgecheck.preprocess.opencv import resize_opencv
from edgecheck.preprocess.resize import resize_pillow, resize_tensorflow
from edgecheck.spec.image_steps import CenterCrop, Crop, Decode, Resize
from edgecheck.tensors import Array

CHANNELS: Mapping[str, int] = {"RGB": 3, "RGBA": 4, "L": 1}


def check_pixels(step: Decode, values: Array, _: Context) -> Array:
    """Samples that are pixels already: their shape is checked, gray ones get a channel axis.

    Raises:
        DatasetUnreadable: they are not (n, H, W, channels of the step's color).
    """
    pixels = values[..., None] if step.color == "L" and values.ndim == 3 else values
    if pixels.ndim != 4 or pixels.shape[3] != CHANNELS[step.color]:
        raise DatasetUnreadable(
            f"decoded images of shape {values.shape[1:]}, expected "
            f"(height, width, {CHANNELS[step.color]}) for color {step.color}",
            hint="Correct `decode: {color: ...}`, or save the arrays with channels last.",
        )
    return pixels


def resize(step: Resize, values: Array, at: Context) -> Array:
    """Images (n, H, W, C) resized and fitted.

    Raises:
        DatasetUnreadable: no images with channels last, or they do not fit the settings.
    """
    _require_images(step.key, values, at)
    resizer = _resizer(step)
    if isinstance(step.size, int):
        return fit.shorter_side(values, step.size, resizer)
    if step.fit == "letterbox":
        pad = step.pad_value if isinstance(step.pad_value, tuple) else (step.pad_value,)
        return fit.letterbox(values, step.size, pad, resizer)
    if step.fit == "center-crop":
        return fit.crop_to_aspect(values, step.size, resizer)
    if step.fit == "crop-padding":
        return fit.crop_padding(values, step.size[0], step.crop_padding, resizer)
    return resizer(values, step.size)


def crop(step: Crop, values: Array, at: Context) -> Array:
    """A part of the images (n, H, W, C).

    Raises:
        DatasetUnreadable: no images with channels last, or the part is not within them.
    """
    _require_images(step.key, values, at)
    return fit.crop(values, step.top, step.left, (step.height, step.width))


def center_crop(step: CenterCrop, values: Array, at: Context) -> Array:
    """The centre of the images (n, H, W, C).

    Raises:
        DatasetUnreadable: no images with channels last, or they are smaller than the crop.
    """
    _require_images(step.key, values, at)
    size = (step.size, step.size) if isinstance(step.size, int) else step.size
    return fit.center_crop(values, size)


def _resizer(step: Resize) -> fit.Resizer:
    if step.implementation == "opencv":
        return partial(resize_opencv, method=step.method)
    if step.implementation == "pillow":
        return partial(resize_pillow, method=step.method)
    return partial(resize_tensorflow, method=step.method, antialias=step.antialias)


def _require_images(key: str, values: Array, at: Context) -> None:
    if values.ndim != 4:
        raise DatasetUnreadable(
            f"{key} needs images (height, width, channels), found shape {values.shape[1:]}",
            hint="Save gray images with a channel axis, or start with `- decode: {color: L}`.",
        )
    if at.channel_axis == 1:
        raise DatasetUnreadable(
            f"{key} needs images with channels last, and `layout: NCHW` puts them first here",
            hint=f"Put `{key}` before the `transpose`, or add `- transpose: [2, 0, 1]` after it.",
        )
