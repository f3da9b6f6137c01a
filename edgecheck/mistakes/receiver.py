"""What an input receives, as far as its spec tells."""

import math

from edgecheck.mistakes.mistake import Line, Receiver
from edgecheck.preprocess.pixel_lines import Range, lines, stored_pixels
from edgecheck.spec.model import InputSpec
from edgecheck.tflite.graph import Tensor

_CHANNELS = frozenset({1, 3, 4})
_SMALLEST_PICTURE = 8


def receiver_of(
    name: str, spec: InputSpec, tensor: Tensor, shape: tuple[int, ...], seen: Range
) -> Receiver:
    """An input of a model, with the lines from stored values to prepared ones.

    Args:
        name: of the input in the spec.
        spec: the input.
        tensor: of the candidate.
        shape: of one sample as the model takes it.
        seen: the lowest and the highest value that the steps made of the dataset.

    Returns:
        A picture where the spec decodes images, and where an array has the shape of one and stores
        what looks like pixels.
    """
    stored = stored_pixels(spec, seen) if _may_be_picture(spec, shape) else None
    is_picture = stored is not None
    if spec.kind == "audio":
        found = None
    else:
        found = lines(spec.steps, stored) if stored is not None else lines(spec.steps)
    axis = (0 if spec.layout == "NCHW" else 2) if is_picture and len(shape) == 3 else None
    return Receiver(
        name=name,
        shape=shape,
        tensor=tensor,
        channel_axis=axis,
        is_picture=is_picture,
        lines=_fitting(found, shape, axis),
        is_sound=spec.kind == "audio" and math.prod(shape) == max(shape, default=0),
    )


def _may_be_picture(spec: InputSpec, shape: tuple[int, ...]) -> bool:
    if spec.kind == "image":
        return len(shape) in {2, 3}
    sides = shape
    if len(shape) == 3:
        channels, sides = (shape[0], shape[1:]) if spec.layout == "NCHW" else (shape[2], shape[:2])
        if channels not in _CHANNELS:
            return False
    return spec.kind == "array" and len(sides) == 2 and min(sides) >= _SMALLEST_PICTURE


def _fitting(
    found: tuple[Line, ...] | None, shape: tuple[int, ...], axis: int | None
) -> tuple[Line, ...] | None:
    """One for all or one for each channel, or none."""
    if found is None or len(found) == 1:
        return found
    channels = shape[-1 if axis is None else axis] if shape else 1
    return found if len(found) == channels else None
