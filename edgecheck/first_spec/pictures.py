"""The input of a first spec that takes images."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from edgecheck.errors import UsageError
from edgecheck.first_spec.facts import Certainty, Fact, InputFacts, Recipe, StepFact
from edgecheck.first_spec.scalings import BY_255, RAW, Range, fits, scaling_of
from edgecheck.first_spec.shapes import ImageShape
from edgecheck.first_spec.stored import Stored, normalization, rounded
from edgecheck.preprocess.ranges import pixel_map
from edgecheck.spec.image_steps import CenterCrop, Decode, Resize
from edgecheck.spec.model import InputSpec
from edgecheck.spec.presets import Preset
from edgecheck.spec.step_part import StepPart
from edgecheck.spec.value_steps import Reshape, Transpose

_COLORS: dict[int, Literal["L", "RGB", "RGBA"]] = {1: "L", 3: "RGB", 4: "RGBA"}


@dataclass(frozen=True)
class _Values:
    """What is done to the values of pixels, and why."""

    steps: tuple[StepFact, ...]
    why: str
    certainty: Certainty
    is_calibrated: bool = False
    """Only the range that calibration left in the file speaks for them."""


def image_input(
    stored: Stored, shape: tuple[int, ...], image: ImageShape, recipe: Recipe | None
) -> InputFacts:
    """Facts of an input of images; its name is left to the caller.

    Args:
        stored: what the file says about it.
        shape: of one sample.
        image: the same as that of an image.
        recipe: of images, if there is one.

    Raises:
        UsageError: the recipe does not work on images of so many channels.
    """
    values = _given(recipe) if recipe is not None else _told(stored, image)
    decode = _decode(stored, image)
    geometry = _geometry(image) if recipe is None or recipe.geometry is None else recipe.geometry
    made = None if values.certainty == "unknown" else _made(decode, values)
    if made is None and recipe is not None:
        raise UsageError(
            f"the steps of {recipe.origin} do not work on {image.channels} channels, which the "
            "model takes",
            hint="give the preset or config of this very model to --from, or leave it out",
        )
    return InputFacts(
        name=Fact("", ""),
        kind=Fact("image", *_why_image(shape, recipe)),
        shape=Fact(shape, "of one sample, as the file has it"),
        layout=_layout(image),
        range=stored.range_example() if made is None else _range(made, values),
        steps=(decode, *geometry, *values.steps, *_tail(shape, image)),
        remarks=(*_recipe_remarks(recipe), *_remarks(stored, image, values, made, geometry)),
    )


def _why_image(shape: tuple[int, ...], recipe: Recipe | None) -> tuple[str, Certainty]:
    if recipe is not None:
        return f"{recipe.origin} is about images", "read"
    return f"the shape {list(shape)} is that of an image", "guessed"


def _layout(image: ImageShape) -> Fact[str] | None:
    where = "last" if image.layout == "NHWC" else "first"
    return (
        Fact(image.layout, f"channels come {where} in the shape")
        if image.has_channel_axis
        else None
    )


def _decode(stored: Stored, image: ImageShape) -> StepFact:
    color = _COLORS[image.channels]
    if stored.said is not None and stored.said.color == color:
        return Fact(Decode(color=color), "colours by the metadata of the file")
    bgr = "; after cv2.imread, training had `channel-order: BGR`" if color == "RGB" else ""
    return Fact(Decode(color=color), f"by the number of channels{bgr}", "guessed")


def _geometry(image: ImageShape) -> tuple[StepFact, ...]:
    why = "the default of Keras; write the method, `antialias` and `fit` that training used"
    step = Resize(size=(image.height, image.width), method="bilinear")
    return (Fact(step, why, "guessed"),)


def _tail(shape: tuple[int, ...], image: ImageShape) -> Iterator[StepFact]:
    if not image.has_channel_axis:
        yield Fact(Reshape(shape=shape), "the file has no axis of channels")
    elif image.layout == "NCHW":
        yield Fact(Transpose(axes=(2, 0, 1)), "channels first, as the file has them")


def _given(recipe: Recipe) -> _Values:
    return _Values(recipe.values, f"what the steps of {recipe.origin} make of pixels", "read")


def _told(stored: Stored, image: ImageShape) -> _Values:
    """By metadata, else by the calibrated range, else by the graph's own normalisation."""
    said = normalization(stored.said)
    if said is not None:
        steps = tuple(Fact(step, "the metadata of the file") for step in said)
        return _Values(steps, "by mean and std in the metadata of the file", "read")
    if stored.range is not None:
        found = scaling_of(stored.range, stored.step, image.channels)
        why = "scale and zero point of the file are of this range"
    else:
        found = stored.taken(image.channels)
        why = f"the graph itself scales it further ({stored.arithmetic})"
    if found is None and stored.range is None and stored.tensor.dtype == "uint8":
        found, why = RAW, "the input is uint8, without a scale"
    if found is None:
        why = "the file does not tell how training scaled pixels; often this, or a `preset`"
        return _Values(tuple(Fact(each, why, "unknown") for each in BY_255.steps), why, "unknown")
    steps = tuple(Fact(each, found.words, "guessed") for each in found.steps)
    is_calibrated = stored.range is not None and stored.taken(image.channels) != found
    return _Values(steps, f"{why}, which is that of {found.words}", "guessed", is_calibrated)


def _made(decode: StepFact, values: _Values) -> Range | None:
    """The range that the steps make of pixels; None where they cannot run."""
    sizes = (Resize, CenterCrop)
    steps = [each for each in _flat(values.steps) if not isinstance(each, sizes)]
    made = pixel_map(InputSpec.model_construct(kind="image", steps=(decode.value, *steps)))
    return None if made is None or made.span[0] >= made.span[1] else made.span


def _range(made: Range, values: _Values) -> Fact[Range]:
    is_guessed = any(step.certainty == "guessed" for step in values.steps)
    return Fact(rounded(made), values.why, "guessed" if is_guessed else values.certainty)


def _flat(steps: Iterable[StepFact]) -> Iterator[StepPart]:
    for step in steps:
        yield from step.value.steps if isinstance(step.value, Preset) else (step.value,)


def _recipe_remarks(recipe: Recipe | None) -> tuple[str, ...]:
    return () if recipe is None else recipe.remarks


def _remarks(
    stored: Stored,
    image: ImageShape,
    values: _Values,
    made: Range | None,
    geometry: tuple[StepFact, ...],
) -> Iterator[str]:
    """Contradictions between the steps and the file."""
    if made is not None and stored.range is not None and not fits(stored.range, made, stored.step):
        ours, theirs = (" to ".join(f"{x:.4g}" for x in each) for each in (made, stored.range))
        yield (
            f"the steps make {ours}, but scale and zero point of the file are of {theirs}: "
            "find out which of them is right"
        )
    if values.steps and values.certainty == "read" and stored.leading.operators:
        yield (
            f"the graph begins with {stored.arithmetic}, which scales its input too: make sure that "
            "nothing is normalised twice"
        )
    if values.is_calibrated:
        yield (
            "that range is only what the calibration of this file saw, which may itself be what is "
            "wrong: check it, and the scaling in `steps`, against the code of the training"
        )
    size = _final_size((*geometry, *values.steps))
    if size not in {None, (image.height, image.width)}:
        yield f"the steps make {size}, but the model takes {(image.height, image.width)}"


def _final_size(steps: Iterable[StepFact]) -> tuple[int, int] | None:
    """[height, width] after all steps; None where it depends on the image."""
    size: tuple[int, int] | None = None
    for step in _flat(steps):
        if isinstance(step, CenterCrop) and isinstance(step.size, int):
            size = (step.size, step.size)
        elif isinstance(step, (CenterCrop, Resize)):
            size = step.size if isinstance(step.size, tuple) else None
    return size
