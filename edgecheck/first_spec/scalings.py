"""The usual ways to scale pixels, recognised by the range that they make."""

from collections.abc import Iterable
from dataclasses import dataclass

from edgecheck.spec.keras_presets import CAFFE_MEAN_BGR, IMAGENET_MEAN, IMAGENET_STD, MODE_STEPS
from edgecheck.spec.step_part import StepPart
from edgecheck.spec.value_steps import Rescale

Range = tuple[float, float]

PIXELS: Range = (0.0, 255.0)
UNIT: Range = (0.0, 1.0)

_SLACK = 0.01
"""Deviation at either end, for each width of the range, that rounded constants make."""


@dataclass(frozen=True)
class Scaling:
    """Steps for pixels 0..255, and the range that they make."""

    range: Range
    words: str
    steps: tuple[StepPart, ...]
    channels: int | None = None
    """Number of channels that it is made for; None for any."""


RAW = Scaling(PIXELS, "pixels as they are", ())
BY_255 = Scaling(UNIT, "pixels / 255", (Rescale(scale=1 / 255),))
SCALINGS = (
    RAW,
    BY_255,
    Scaling((-1.0, 1.0), "pixels / 127.5 - 1", MODE_STEPS["tf"]),
    Scaling((-0.5, 0.5), "pixels / 255 - 0.5", (Rescale(scale=1 / 255, offset=-0.5),)),
    Scaling((-128.0, 127.0), "pixels - 128", (Rescale(offset=-128.0),)),
    Scaling(
        (
            min(-mean / std for mean, std in zip(IMAGENET_MEAN, IMAGENET_STD, strict=True)),
            max((1 - mean) / std for mean, std in zip(IMAGENET_MEAN, IMAGENET_STD, strict=True)),
        ),
        "pixels / 255, then ImageNet's mean and standard deviation (torchvision)",
        MODE_STEPS["torch"],
        channels=3,
    ),
    Scaling(
        (-max(CAFFE_MEAN_BGR), 255 - min(CAFFE_MEAN_BGR)),
        "BGR pixels minus ImageNet's mean (caffe)",
        MODE_STEPS["caffe"],
        channels=3,
    ),
)


def scaling_of(found: Range, step: float, channels: int) -> Scaling | None:
    """The scaling that makes a range, if one does.

    Args:
        found: lowest and highest value.
        step: how far either end may be rounded: one quantization step, or 0.
        channels: of the image.
    """
    return _nearest(found, step, (s for s in SCALINGS if s.channels in {None, channels}))


def fits(found: Range, expected: Range, step: float) -> bool:
    """Whether two ranges are the same but for rounding: one step, and 1 % of the width."""
    slack = step + _SLACK * (expected[1] - expected[0])
    return all(abs(ours - theirs) <= slack for ours, theirs in zip(found, expected, strict=True))


def _nearest(found: Range, step: float, choices: Iterable[Scaling]) -> Scaling | None:
    near = [each for each in choices if fits(found, each.range, step)]
    return min(near, key=lambda each: _distance(found, each.range), default=None)


def _distance(found: Range, expected: Range) -> float:
    return abs(found[0] - expected[0]) + abs(found[1] - expected[1])
