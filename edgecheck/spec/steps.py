"""The preprocessing steps, as they are written in a spec.

A step is written as a mapping with one key, `- resize: {size: [96, 96]}`, or, when all its
settings have defaults, as its bare name, `- to-gray`. Steps with a single setting take it
directly: `- cast: float32`. What each step computes is in `edgecheck.preprocess`.
"""

from typing import Annotated, Literal, TypeAlias

from pydantic import (
    AfterValidator,
    Discriminator,
    Field,
    Tag,
    model_validator,
)

from edgecheck.spec.base import Misfit, PerChannel
from edgecheck.spec.presets import PRESETS
from edgecheck.spec.step_part import StepPart
from edgecheck.spec.wording import did_you_mean, quoted

LARGEST_SIDE = 16384
"""Pixels; more is a typing error, and would exhaust memory."""


class Decode(StepPart):
    """Decode the image file into pixels, unsigned bytes 0..255 (height, width, channels)."""

    key = "decode"

    color: Literal["RGB", "RGBA", "L"] = "RGB"
    """Channels to decode to: 3, 4, or 1 of luminance."""
    exif: Literal["apply", "ignore"] = "apply"
    """Turn the image as its EXIF orientation says (as viewers do), or leave it as stored."""


class ToGray(StepPart):
    """Replace the colour channels by one channel of luminance."""

    key = "to-gray"


class ChannelOrder(StepPart):
    """Order of the colour channels; BGR reverses the decoded RGB."""

    key = "channel-order"
    direct = "order"

    order: Literal["RGB", "BGR"] = Field(examples=["BGR"])
    """RGB leaves the channels as they are, BGR reverses them."""


class Resize(StepPart):
    """Resize the image."""

    key = "resize"

    size: tuple[
        Annotated[int, Field(ge=1, le=LARGEST_SIDE)], Annotated[int, Field(ge=1, le=LARGEST_SIDE)]
    ]
    """[height, width] in pixels."""
    method: Literal["nearest", "bilinear", "area"] = "bilinear"
    """Interpolation. With `implementation: pillow`, area is Pillow's BOX."""
    antialias: bool = False
    """Filter over all source pixels when shrinking, instead of sampling a few of them."""
    fit: Literal["stretch"] = "stretch"
    """How another aspect ratio is made to fit: stretch changes the proportions."""
    implementation: Literal["tensorflow", "pillow"] = "tensorflow"
    """Whose resize training used: tf.image.resize or PIL.Image.resize. They differ."""

    @model_validator(mode="after")
    def _antialias_is_possible(self) -> "Resize":
        if self.implementation == "pillow" and self.method == "bilinear" and not self.antialias:
            raise Misfit(
                ("antialias",),
                "Pillow always antialiases when it shrinks with bilinear, so"
                " `implementation: pillow` needs `antialias: true`; without antialiasing use"
                " `implementation: tensorflow`",
            )
        if self.antialias and self.method == "nearest":
            raise Misfit(
                ("antialias",), f"{self._resizer()} ignores antialias with nearest; remove it"
            )
        if self.antialias and self.method == "area" and self.implementation == "tensorflow":
            raise Misfit(
                ("antialias",),
                "tf.image.resize ignores antialias with area, which averages anyway; remove it",
            )
        return self

    def _resizer(self) -> str:
        return "tf.image.resize" if self.implementation == "tensorflow" else "Pillow"


class Rescale(StepPart):
    """x * scale + offset, for every element."""

    key = "rescale"

    scale: float = 1.0
    """Factor, applied first."""
    offset: float = 0.0
    """Added after scaling, in the scaled unit."""


class Normalize(StepPart):
    """(x - mean) / std, per channel."""

    key = "normalize"

    mean: PerChannel
    """Subtracted, in the unit of the values that reach this step; one number or one a channel."""
    std: PerChannel
    """Divisor, greater than 0, in the same unit; one number or one a channel."""

    @model_validator(mode="after")
    def _std_is_positive(self) -> "Normalize":
        _check_lengths("mean", self.mean, "std", self.std)
        for index, value in enumerate(_each(self.std)):
            if value <= 0:
                where = ("std", index) if isinstance(self.std, tuple) else ("std",)
                raise Misfit(where, f"found {value:g}, expected a std greater than 0")
        return self


class Standardize(StepPart):
    """Zero mean and unit variance of each sample, as tf.image.per_image_standardization."""

    key = "standardize"


class MinMax(StepPart):
    """(x - min) / (max - min), with given bounds or with those of each sample."""

    key = "minmax"

    min: PerChannel | None = None
    """Becomes 0; one number or one a channel. Without min and max: those of each sample."""
    max: PerChannel | None = None
    """Becomes 1; greater than min; one number or one a channel."""

    @model_validator(mode="after")
    def _bounds_are_ordered(self) -> "MinMax":
        if self.min is None and self.max is None:
            return self
        if self.min is None or self.max is None:
            raise Misfit((), "give both min and max, or neither to take them from each sample")
        _check_lengths("min", self.min, "max", self.max)
        for index, (low, high) in enumerate(_pairs(self.min, self.max)):
            if high <= low:
                where = ("max", index) if isinstance(self.max, tuple) else ("max",)
                raise Misfit(where, f"found max {high:g}, expected more than min, which is {low:g}")
        return self


class Transpose(StepPart):
    """Reorder the axes of each sample, as numpy.transpose; the batch axis is not counted."""

    key = "transpose"
    direct = "axes"

    axes: tuple[int, ...] = Field(min_length=1, examples=[[2, 0, 1]])
    """Old axis at each new position, from 0: [2, 0, 1] turns NHWC into NCHW."""

    @model_validator(mode="after")
    def _is_permutation(self) -> "Transpose":
        count = len(self.axes)
        if sorted(self.axes) != list(range(count)):
            raise Misfit(
                ("axes",), f"expected each axis from 0 to {count - 1} exactly once, in a new order"
            )
        return self


class Cast(StepPart):
    """Change the type of the values."""

    key = "cast"
    direct = "dtype"

    dtype: Literal["float32", "uint8", "int8", "int16", "int32"] = Field(examples=["float32"])
    """The new type."""


def _known_preset(name: str) -> str:
    if name not in PRESETS:
        allowed = ", ".join(PRESETS)
        raise ValueError(
            f"unknown preset {quoted(name)}{did_you_mean(name, PRESETS)} (allowed: {allowed})"
        )
    return name


class Preset(StepPart):
    """What the `preprocess_input` function of a Keras application does to RGB pixels 0..255."""

    key = "preset"
    direct = "name"

    name: Annotated[str, AfterValidator(_known_preset)] = Field(
        examples=["keras/mobilenet_v2"], json_schema_extra={"enum": list(PRESETS)}
    )
    """`keras/` and the module's name in keras.applications."""


def _each(values: PerChannel) -> tuple[float, ...]:
    return values if isinstance(values, tuple) else (values,)


def _pairs(low: PerChannel, high: PerChannel) -> list[tuple[float, float]]:
    """Elementwise pairs; a single number goes with every element of the other."""
    lows, highs = _each(low), _each(high)
    count = max(len(lows), len(highs))
    return list(zip(lows * (count // len(lows)), highs * (count // len(highs)), strict=True))


def _check_lengths(name: str, first: PerChannel, other: str, second: PerChannel) -> None:
    if isinstance(first, tuple) and isinstance(second, tuple) and len(first) != len(second):
        raise Misfit(
            (other,),
            f"found {len(second)} numbers, expected {len(first)} as in {name}, or a single one",
        )


def key_of(written: object) -> str | None:
    """The name of a step from any of its written forms; None when it is no step at all."""
    if isinstance(written, str):
        return written
    if isinstance(written, dict) and len(written) == 1:
        return str(next(iter(written)))
    return written.key if isinstance(written, StepPart) else None


Step: TypeAlias = Annotated[
    Annotated[Decode, Tag("decode")]
    | Annotated[ToGray, Tag("to-gray")]
    | Annotated[ChannelOrder, Tag("channel-order")]
    | Annotated[Resize, Tag("resize")]
    | Annotated[Rescale, Tag("rescale")]
    | Annotated[Normalize, Tag("normalize")]
    | Annotated[Standardize, Tag("standardize")]
    | Annotated[MinMax, Tag("minmax")]
    | Annotated[Transpose, Tag("transpose")]
    | Annotated[Cast, Tag("cast")]
    | Annotated[Preset, Tag("preset")],
    Discriminator(key_of),
]
"""One preprocessing step."""
