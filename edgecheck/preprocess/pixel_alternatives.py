"""Other channel orders and scalings of pixels, which a model takes without complaint."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from edgecheck.spec.base import PerChannel
from edgecheck.spec.image_steps import ChannelOrder, Decode
from edgecheck.spec.model import InputSpec
from edgecheck.spec.presets import Preset
from edgecheck.spec.step_part import StepPart
from edgecheck.spec.value_steps import MinMax, Normalize, Rescale, Standardize

Range = tuple[float, float]

RAW: Range = (0.0, 255.0)
UNIT: Range = (0.0, 1.0)
SIGNED: Range = (-1.0, 1.0)

_SCALING = (Rescale, Normalize, Standardize, MinMax)
_NEAR = 0.02
_DIMMEST, _SLACK = 20.0, 0.01
"""What the brightest raw pixel reaches at least, and how far rounding may leave a range."""
_IMAGENET = Normalize(mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225))
"""Of pixels in 0..1, RGB (torchvision)."""


@dataclass(frozen=True)
class Scaling:
    """Another scaling of the same pixels."""

    words: str
    """What the model is fed with it."""
    made: Range
    """What 0..255 becomes."""
    spec: InputSpec


def reversed_channels(spec: InputSpec, shape: tuple[int, ...]) -> InputSpec | None:
    """The input with its colour channels the other way round, from the start.

    Args:
        spec: of an image or an array.
        shape: of one sample as the model takes it.

    Returns:
        None where a sample has not exactly three channels.
    """
    if len(shape) != 3 or shape[0 if spec.layout == "NCHW" else -1] != 3:
        return None
    steps = _spelt_out(spec.steps)
    turned = tuple(step for step in steps if not _reverses(step))
    if len(turned) < len(steps):
        return spec.model_copy(update={"steps": turned})
    at = sum(isinstance(step, Decode) for step in steps[:1])
    order = ChannelOrder(order="BGR")
    return spec.model_copy(update={"steps": (*steps[:at], order, *steps[at:])})


def scalings(spec: InputSpec, shape: tuple[int, ...], seen: Range) -> list[Scaling]:
    """The usual scalings of pixels that the steps do not have.

    Args:
        spec: of an image or an array.
        shape: of one sample as the model takes it.
        seen: the lowest and the highest value that its steps made of the dataset.

    Returns:
        Empty where a sample is no picture (of two axes, or of three with 1, 3 or 4 channels), and
        where the stored values do not look like pixels (0..255, 0..1 or -1..1).
    """
    channels = shape[0 if spec.layout == "NCHW" else -1] if len(shape) == 3 else 1
    if len(shape) not in {2, 3} or channels not in {1, 3, 4}:
        return []
    steps = _spelt_out(spec.steps)
    removed = tuple(step for step in steps if isinstance(step, _SCALING))
    base = RAW if _decodes_bytes(spec) else _pixels(_undone(removed, seen))
    if base is None:
        return []
    place = next((n for n, step in enumerate(steps) if step in removed), len(steps))
    before = [step for step in steps[:place] if step not in removed]
    after = [step for step in steps[place:] if step not in removed]
    found = []
    for words, made, added in _targets(base, channels):
        update = {"steps": (*before, *added, *after), "range": None}
        found.append(Scaling(words, made, spec.model_copy(update=update)))
    now = _applied(removed, base)
    return [each for each in found if now is None or not _is_near(now, each.made)]


def scaling_steps(spec: InputSpec) -> tuple[StepPart, ...]:
    """The steps of a spec that scale values, as it has them: a preset that scales is one."""
    return tuple(
        step
        for step in spec.steps
        if any(isinstance(part, _SCALING) for part in _spelt_out((step,)))
    )


def written(step: StepPart) -> str:
    """A step as a line of a spec, without its dash."""
    fields = step.model_dump(exclude_defaults=True)
    if step.direct:
        return f"{step.key}: {fields[step.direct]}"
    inside = ", ".join(f"{name}: {_value(value)}" for name, value in fields.items())
    return f"{step.key}: {{{inside}}}" if inside else step.key


def _targets(base: Range, channels: int) -> Iterator[tuple[str, Range, tuple[StepPart, ...]]]:
    """(words, what 0..255 becomes, steps) of each usual scaling, for pixels stored in `base`."""
    for name, made in (("raw pixels", RAW), ("pixels in 0..1", UNIT), ("pixels in -1..1", SIGNED)):
        scale = (made[1] - made[0]) / (base[1] - base[0])
        rescale = Rescale(scale=scale, offset=made[0] - scale * base[0])
        yield name, made, () if made == base else (rescale,)
    if channels != 3:
        return
    to_unit = 1 / (base[1] - base[0])
    first = () if base == UNIT else (Rescale(scale=to_unit, offset=-to_unit * base[0]),)
    made = _applied((_IMAGENET,), UNIT) or UNIT
    yield "pixels normalised by the mean and deviation of ImageNet", made, (*first, _IMAGENET)


def _undone(steps: tuple[StepPart, ...], seen: Range) -> Range | None:
    """What was stored, if these steps made `seen` of it; None where they look at the samples."""
    low, high = seen
    for step in reversed(steps):
        line = _line(step)
        if line is None:
            return None
        ends = [(value - offset) / scale for scale, offset in line for value in (low, high)]
        low, high = min(ends), max(ends)
    return low, high


def _applied(steps: Iterable[StepPart], base: Range) -> Range | None:
    """The range over all channels that steps make of `base`; None as in `_undone`."""
    low, high = base
    for step in steps:
        line = _line(step)
        if line is None:
            return None
        ends = [scale * value + offset for scale, offset in line for value in (low, high)]
        low, high = min(ends), max(ends)
    return low, high


def _line(step: StepPart) -> list[tuple[float, float]] | None:
    """(factor, summand) of each channel, or one for all; None where samples differ or it is 0."""
    if isinstance(step, Rescale):
        return [(step.scale, step.offset)] if step.scale else None
    if isinstance(step, Normalize):
        pairs = _pairs(step.mean, step.std)
        return [(1 / std, -mean / std) for mean, std in pairs]
    if isinstance(step, MinMax) and step.min is not None and step.max is not None:
        return [(1 / (high - low), -low / (high - low)) for low, high in _pairs(step.min, step.max)]
    return None


def _pairs(first: PerChannel, second: PerChannel) -> list[tuple[float, float]]:
    firsts = first if isinstance(first, tuple) else (first,)
    seconds = second if isinstance(second, tuple) else (second,)
    count = max(len(firsts), len(seconds))
    return list(
        zip(firsts * (count // len(firsts)), seconds * (count // len(seconds)), strict=True)
    )


def _pixels(stored: Range | None) -> Range | None:
    """The range of pixels that these values are from; None where they are no pixels."""
    if stored is None:
        return None
    low, high = stored
    if low >= -_SLACK and _DIMMEST < high <= RAW[1] + _SLACK:
        return RAW
    is_small = max(-low, high) <= 1 + _SLACK and low < high
    return (UNIT if low >= -_SLACK else SIGNED) if is_small else None


def _is_near(one: Range, other: Range) -> bool:
    width = max(one[1] - one[0], other[1] - other[0])
    return max(abs(one[0] - other[0]), abs(one[1] - other[1])) <= _NEAR * width


def _decodes_bytes(spec: InputSpec) -> bool:
    first = spec.steps[0] if spec.steps else None
    return spec.kind == "image" and isinstance(first, Decode) and first.depth == 8


def _spelt_out(steps: Iterable[StepPart]) -> tuple[StepPart, ...]:
    """The steps, with presets replaced by what they stand for."""
    return tuple(
        part for step in steps for part in (step.steps if isinstance(step, Preset) else (step,))
    )


def _reverses(step: StepPart) -> bool:
    return isinstance(step, ChannelOrder) and step.order == "BGR"


def _value(value: object) -> str:
    """A value as YAML writes it, in one line."""
    if isinstance(value, float):
        return f"{value:.9g}"
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(_value, value))}]"
    return str(value).lower() if isinstance(value, bool) else str(value)
