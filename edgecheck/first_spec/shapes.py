"""What one sample of an input is, by the shape of its tensor: picture, sound or numbers."""

from dataclasses import dataclass
from typing import Literal

from edgecheck.spec.image_steps import LARGEST_SIDE
from edgecheck.tflite.graph import Tensor

_CHANNELS = frozenset({1, 3, 4})
_SMALLEST_SIDE = 8
_BANDS = frozenset({10, 12, 13, 20, 24, 26, 32, 40, 64, 80, 96, 128})
"""Usual numbers of mel bands and cepstral coefficients."""
_SHORTEST_CLIP = 4000
"""Values; a quarter of a second at 16 kHz, and more than tables have columns."""


@dataclass(frozen=True)
class ImageShape:
    """Pixels of an image input."""

    height: int
    width: int
    channels: int
    layout: Literal["NHWC", "NCHW"]
    has_channel_axis: bool = True


def sample_shape(tensor: Tensor) -> tuple[int, ...] | None:
    """The shape of one sample, without the batch axis; None where sizes are open, or there are none.

    A first axis of 1 or of open size is the batch; a tensor without is one sample by itself.
    """
    stored = tensor.shape_signature
    shape = stored[1:] if stored[:1] in {(1,), (-1,)} else stored
    return shape if shape and min(shape) >= 1 else None


def image_shape(shape: tuple[int, ...]) -> ImageShape | None:
    """A sample shape as that of an image; None where it can be none."""
    if len(shape) == 2:
        return _of_sides(ImageShape(*shape, 1, "NHWC", has_channel_axis=False))
    if len(shape) != 3:
        return None
    first, middle, last = shape
    if last in _CHANNELS:
        return _of_sides(ImageShape(first, middle, last, "NHWC"))
    return _of_sides(ImageShape(middle, last, first, "NCHW")) if first in _CHANNELS else None


def _of_sides(image: ImageShape) -> ImageShape | None:
    sides = (image.height, image.width)
    return image if min(sides) >= _SMALLEST_SIDE and max(sides) <= LARGEST_SIDE else None


def looks_like_sound_features(shape: tuple[int, ...]) -> bool:
    """Frames x bands, as 49 x 10 or 96 x 64, with or without a channel axis of 1."""
    sides = shape[:-1] if shape[-1] == 1 else shape
    return len(sides) == 2 and sides[0] != sides[1] and bool(_BANDS & set(sides))


def looks_like_waveform(shape: tuple[int, ...]) -> bool:
    """One long row of values, as 16000 are one second at 16 kHz."""
    sizes = [size for size in shape if size != 1]
    return len(sizes) == 1 and sizes[0] >= _SHORTEST_CLIP


def looks_like_picture(shape: tuple[int, ...]) -> bool:
    """Image-like, and not more like features of sound; two axes only where they are a square."""
    image = image_shape(shape)
    if image is None:
        return False
    if image.channels == 1:
        is_square = image.height == image.width
        return is_square or (image.has_channel_axis and not looks_like_sound_features(shape))
    return True
