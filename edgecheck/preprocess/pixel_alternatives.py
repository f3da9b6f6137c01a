"""Other channel orders and scalings of pixels, which a model takes without complaint."""

from collections.abc import Iterator
from dataclasses import dataclass

from edgecheck.preprocess.pixel_lines import (
    RAW,
    SCALING,
    SIGNED,
    UNIT,
    Range,
    applied,
    decodes_bytes,
    pixels_of,
    reverses,
    spelt_out,
    undone,
)
from edgecheck.spec.image_steps import ChannelOrder, Decode
from edgecheck.spec.model import InputSpec
from edgecheck.spec.step_part import StepPart
from edgecheck.spec.value_steps import Normalize, Rescale

_NEAR = 0.02
_IMAGENET = Normalize(mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225))
"""Of pixels in 0..1, RGB (torchvision)."""
_CAFFE = Normalize(mean=(103.939, 116.779, 123.68), std=1.0)
"""Of raw pixels, BGR (Caffe's VGG and ResNet)."""
_PLAIN: tuple[tuple[str, str, Range], ...] = (
    ("raw-pixels", "raw pixels", RAW),
    ("unit-range", "pixels in 0..1", UNIT),
    ("signed-range", "pixels in -1..1", SIGNED),
    ("half-range", "pixels in -0.5..0.5", (-0.5, 0.5)),
    ("centred-bytes", "pixels in -128..127", (-128.0, 127.0)),
)


@dataclass(frozen=True)
class Scaling:
    """Another scaling of the same pixels."""

    key: str
    """As `unit-range`."""
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
    steps = spelt_out(spec.steps)
    turned = tuple(step for step in steps if not reverses(step))
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
    steps = spelt_out(spec.steps)
    removed = tuple(step for step in steps if isinstance(step, SCALING))
    base = RAW if decodes_bytes(spec) else pixels_of(undone(removed, seen))
    if base is None:
        return []
    place = next((n for n, step in enumerate(steps) if step in removed), len(steps))
    before = [step for step in steps[:place] if step not in removed]
    after = [step for step in steps[place:] if step not in removed]
    found = []
    is_reversed = any(map(reverses, steps))
    for key, words, made, added in _targets(base, channels, is_reversed=is_reversed):
        update = {"steps": (*before, *added, *after), "range": None}
        found.append(Scaling(key, words, made, spec.model_copy(update=update)))
    now = applied(removed, base)
    return [each for each in found if now is None or not _is_near(now, each.made)]


def unscaled(spec: InputSpec, seen: Range) -> Scaling | None:
    """The values of an array as they are stored, which may have been scaled before.

    Args:
        spec: of any input.
        seen: the lowest and the highest value that its steps made of the dataset.

    Returns:
        None where no step scales, or where nobody knows what was stored.
    """
    removed = tuple(step for step in spelt_out(spec.steps) if isinstance(step, SCALING))
    stored = undone(removed, seen) if removed else None
    if stored is None:
        return None
    kept = tuple(step for step in spelt_out(spec.steps) if step not in removed)
    update = {"steps": kept, "range": None}
    return Scaling("as-stored", "values as they are stored", stored, spec.model_copy(update=update))


def scaling_steps(spec: InputSpec) -> tuple[StepPart, ...]:
    """The steps of a spec that scale values, as it has them: a preset that scales is one."""
    return tuple(
        step for step in spec.steps if any(isinstance(part, SCALING) for part in spelt_out((step,)))
    )


def written(step: StepPart) -> str:
    """A step as a line of a spec, without its dash."""
    fields = step.model_dump(exclude_defaults=True)
    if step.direct:
        return f"{step.key}: {fields[step.direct]}"
    inside = ", ".join(f"{name}: {_value(value)}" for name, value in fields.items())
    return f"{step.key}: {{{inside}}}" if inside else step.key


def _targets(
    base: Range, channels: int, *, is_reversed: bool
) -> Iterator[tuple[str, str, Range, tuple[StepPart, ...]]]:
    """(key, words, what 0..255 becomes, steps) of each usual scaling, for pixels stored in `base`."""
    for key, words, made in _PLAIN:
        yield key, words, made, _rescaled(base, made)
    if channels != 3:
        return
    made = applied((_IMAGENET,), UNIT) or UNIT
    words = "pixels normalised by the mean and deviation of ImageNet"
    yield "imagenet", words, made, (*_rescaled(base, UNIT), _IMAGENET)
    made = applied((_CAFFE,), RAW) or RAW
    order = () if is_reversed else (ChannelOrder(order="BGR"),)
    words = "BGR pixels without the mean of ImageNet, as Caffe does"
    yield "caffe", words, made, (*order, *_rescaled(base, RAW), _CAFFE)


def _rescaled(base: Range, made: Range) -> tuple[StepPart, ...]:
    """What brings pixels that are stored in `base` to another range, if anything is needed."""
    scale = (made[1] - made[0]) / (base[1] - base[0])
    return () if made == base else (Rescale(scale=scale, offset=made[0] - scale * base[0]),)


def _is_near(one: Range, other: Range) -> bool:
    width = max(one[1] - one[0], other[1] - other[0])
    return max(abs(one[0] - other[0]), abs(one[1] - other[1])) <= _NEAR * width


def _value(value: object) -> str:
    """A value as YAML writes it, in one line."""
    if isinstance(value, float):
        return f"{value:.9g}"
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(_value, value))}]"
    return str(value).lower() if isinstance(value, bool) else str(value)
