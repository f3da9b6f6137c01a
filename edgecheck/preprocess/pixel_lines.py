"""What the steps that scale make of stored values: a straight line a channel, or a range."""

from collections.abc import Iterable

from edgecheck.spec.base import PerChannel
from edgecheck.spec.image_steps import ChannelOrder, Decode, ToGray
from edgecheck.spec.model import InputSpec
from edgecheck.spec.presets import Preset
from edgecheck.spec.step_part import StepPart
from edgecheck.spec.value_steps import MinMax, Normalize, Rescale, Standardize

Range = tuple[float, float]
Line = tuple[float, float]
"""(scale, offset): made = scale * stored + offset."""

RAW: Range = (0.0, 255.0)
UNIT: Range = (0.0, 1.0)
SIGNED: Range = (-1.0, 1.0)

SCALING = (Rescale, Normalize, Standardize, MinMax)
"""The steps that move values without mixing them."""

_DIMMEST, _SLACK = 20.0, 0.01
"""What the brightest raw pixel reaches at least, and how far rounding may leave a range."""
_WHITE_16 = 65535.0


def stored_pixels(spec: InputSpec, seen: Range) -> Range | None:
    """The range in which an input of pictures stores pixels: 0..255, 0..65535, 0..1 or -1..1.

    Args:
        spec: of an image or an array.
        seen: the lowest and the highest value that its steps made of the dataset.

    Returns:
        None where an array's values do not look like pixels.
    """
    first = spec.steps[0] if spec.steps else None
    if spec.kind == "image" and isinstance(first, Decode):
        return RAW if first.depth == 8 else (0.0, _WHITE_16)
    scaling = tuple(step for step in spelt_out(spec.steps) if isinstance(step, SCALING))
    return pixels_of(undone(scaling, seen))


def lines(steps: Iterable[StepPart], stored: Range = RAW) -> tuple[Line, ...] | None:
    """What all steps make of values 0..255 that are stored as `stored`, by channel or once.

    Args:
        steps: of an input; those that move or resize pictures change no line.
        stored: what 0 and 255 are stored as; by default stored values are taken as they are.

    Returns:
        None where it is no straight line: steps that look at each sample, a scale of 0, and gray
        made of channels that differ.
    """
    scale = (stored[1] - stored[0]) / (RAW[1] - RAW[0])
    found: list[Line] = [(scale, stored[0])]
    for step in spelt_out(steps):
        if isinstance(step, SCALING):
            more = line_of(step)
            if more is None:
                return None
            found = _after(found, more)
        elif reverses(step):
            found.reverse()
        elif isinstance(step, ToGray) and len(found) > 1:
            return None
    return tuple(found)


def undone(steps: tuple[StepPart, ...], seen: Range) -> Range | None:
    """What was stored, if these steps made `seen` of it; None where they look at the samples."""
    low, high = seen
    for step in reversed(steps):
        line = line_of(step)
        if line is None:
            return None
        ends = [(value - offset) / scale for scale, offset in line for value in (low, high)]
        low, high = min(ends), max(ends)
    return low, high


def applied(steps: Iterable[StepPart], base: Range) -> Range | None:
    """The range over all channels that steps make of `base`; None as in `undone`."""
    low, high = base
    for step in steps:
        line = line_of(step)
        if line is None:
            return None
        ends = [scale * value + offset for scale, offset in line for value in (low, high)]
        low, high = min(ends), max(ends)
    return low, high


def line_of(step: StepPart) -> list[Line] | None:
    """Of each channel, or one for all; None where samples differ or the scale is 0."""
    if isinstance(step, Rescale):
        return [(step.scale, step.offset)] if step.scale else None
    if isinstance(step, Normalize):
        pairs = _pairs(step.mean, step.std)
        return [(1 / std, -mean / std) for mean, std in pairs]
    if isinstance(step, MinMax) and step.min is not None and step.max is not None:
        return [(1 / (high - low), -low / (high - low)) for low, high in _pairs(step.min, step.max)]
    return None


def pixels_of(stored: Range | None) -> Range | None:
    """The range of pixels that these values are from; None where they are no pixels."""
    if stored is None:
        return None
    low, high = stored
    if low >= -_SLACK and _DIMMEST < high <= RAW[1] + _SLACK:
        return RAW
    is_small = max(-low, high) <= 1 + _SLACK and low < high
    return (UNIT if low >= -_SLACK else SIGNED) if is_small else None


def decodes_bytes(spec: InputSpec) -> bool:
    """Whether samples are image files of 8 bits a channel."""
    first = spec.steps[0] if spec.steps else None
    return spec.kind == "image" and isinstance(first, Decode) and first.depth == 8


def spelt_out(steps: Iterable[StepPart]) -> tuple[StepPart, ...]:
    """The steps, with presets replaced by what they stand for."""
    return tuple(
        part for step in steps for part in (step.steps if isinstance(step, Preset) else (step,))
    )


def reverses(step: StepPart) -> bool:
    """Whether a step turns the order of the channels round."""
    return isinstance(step, ChannelOrder) and step.order == "BGR"


def _after(first: list[Line], then: list[Line]) -> list[Line]:
    """One line and another behind it, by channel where either is."""
    count = max(len(first), len(then))
    if count % len(first) or count % len(then):
        return first  # steps that do not fit together: a run says so
    pairs = zip(first * (count // len(first)), then * (count // len(then)), strict=True)
    return [(a * scale, b * scale + offset) for (a, b), (scale, offset) in pairs]


def _pairs(first: PerChannel, second: PerChannel) -> list[tuple[float, float]]:
    firsts = first if isinstance(first, tuple) else (first,)
    seconds = second if isinstance(second, tuple) else (second,)
    count = max(len(firsts), len(seconds))
    return list(
        zip(firsts * (count // len(firsts)), seconds * (count // len(seconds)), strict=True)
    )
