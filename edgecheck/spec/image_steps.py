"""The steps that work on images, as they are written in a spec."""

from collections.abc import Mapping
from typing import Annotated, Literal, TypeAlias

from pydantic import Discriminator, Field, Tag, model_validator

from edgecheck.spec.base import MANY, ONE, Misfit, PerChannel, form_of
from edgecheck.spec.step_part import StepPart

LARGEST_SIDE = 16384
"""Pixels; more is a typing error, and would exhaust memory."""

Side: TypeAlias = Annotated[int, Field(ge=1, le=LARGEST_SIDE)]

SideOrSides: TypeAlias = Annotated[
    Annotated[Side, Tag(ONE)] | Annotated[tuple[Side, Side], Tag(MANY)], Discriminator(form_of)
]
"""One number of pixels, or [height, width]."""

METHODS: Mapping[str, frozenset[str]] = {
    "tensorflow": frozenset(
        {"nearest", "bilinear", "bicubic", "area", "lanczos", "lanczos5", "mitchellcubic"}
    ),
    "pillow": frozenset({"nearest", "bilinear", "bicubic", "area", "lanczos"}),
    "opencv": frozenset({"nearest", "bilinear", "bicubic", "area"}),
}
"""Implementation -> the methods of resize that it has."""

LIBRARIES: Mapping[str, str] = {
    "tensorflow": "tf.image.resize",
    "pillow": "Pillow",
    "opencv": "cv2.resize",
}
"""Implementation -> its name in messages."""

ONLY_WITH: Mapping[str, str] = {"pad_value": "letterbox", "crop_padding": "crop-padding"}
"""Setting of resize -> the only fit that uses it."""


class Decode(StepPart):
    """Decode the image file into pixels (height, width, channels), 0..255 or 0..65535."""

    key = "decode"

    color: Literal["RGB", "RGBA", "L"] = "RGB"
    """Channels to decode to: 3, 4, or 1 of luminance."""
    exif: Literal["apply", "ignore"] = "apply"
    """Turn the image as its EXIF orientation says (as viewers do), or leave it as stored."""
    depth: Literal[8, 16] = 8
    """Bits a channel. 8 cuts 16-bit images to their high byte, 16 gives 0..65535 (color L only);
    both as tf.io.decode_png with dtype uint8 and uint16."""

    @model_validator(mode="after")
    def _depth_is_possible(self) -> "Decode":
        if self.depth == 16 and self.color != "L":
            raise Misfit(("depth",), f"16 bits need `color: L`, found {self.color}")
        return self


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

    size: SideOrSides
    """[height, width] in pixels; or one number, which the shorter side gets while the proportions
    stay, as torchvision's Resize(256)."""
    method: Literal[
        "nearest", "bilinear", "bicubic", "area", "lanczos", "lanczos5", "mitchellcubic"
    ] = "bilinear"
    """Interpolation. lanczos is tf.image.resize's lanczos3; with `implementation: pillow`, area
    is Pillow's BOX."""
    antialias: bool = False
    """Filter over all source pixels when shrinking, instead of sampling a few of them."""
    fit: Literal["stretch", "letterbox", "center-crop", "crop-padding"] = "stretch"
    """How another aspect ratio is made to fit. stretch: changes the proportions. letterbox: the
    whole image, centred, padded with `pad_value` (as Ultralytics). center-crop: the largest
    centred part of the right proportions (as Keras' smart_resize and crop_to_aspect_ratio).
    crop-padding: the central square of size / (size + crop_padding) of the shorter side (as
    EfficientNet)."""
    pad_value: PerChannel = 0.0
    """For letterbox, in the unit of the values that reach this step; YOLO models use 114."""
    crop_padding: Annotated[int, Field(ge=0, le=LARGEST_SIDE)] = 32
    """For crop-padding, in pixels of the result."""
    implementation: Literal["tensorflow", "pillow", "opencv"] = "tensorflow"
    """Whose resize training used: tf.image.resize, PIL.Image.resize or cv2.resize. They differ."""

    @model_validator(mode="after")
    def _settings_fit_together(self) -> "Resize":
        self._check_method()
        self._check_antialias()
        self._check_fit()
        return self

    def _check_method(self) -> None:
        allowed = METHODS[self.implementation]
        if self.method not in allowed:
            raise Misfit(
                ("method",),
                f"{LIBRARIES[self.implementation]} has no {self.method}, only"
                f" {', '.join(sorted(allowed))}",
            )

    def _check_antialias(self) -> None:
        is_pillow = self.implementation == "pillow"
        if is_pillow and not self.antialias and self.method not in {"nearest", "area"}:
            raise Misfit(
                ("antialias",),
                f"Pillow always antialiases when it shrinks with {self.method}, so"
                " `implementation: pillow` needs `antialias: true`; without antialiasing use"
                " `implementation: tensorflow`",
            )
        if self.antialias and not self._can_antialias():
            why = ", which averages anyway" if self.method == "area" else ""
            raise Misfit(
                ("antialias",),
                f"{LIBRARIES[self.implementation]} ignores antialias with {self.method}{why};"
                " remove it",
            )

    def _can_antialias(self) -> bool:
        if self.method == "nearest" or self.implementation == "opencv":
            return False
        return self.method != "area" or self.implementation == "pillow"

    def _check_fit(self) -> None:
        for name, fit in ONLY_WITH.items():
            if name in self.model_fields_set and self.fit != fit:
                raise Misfit((name,), f"only `fit: {fit}` uses {name}; remove it, or set that fit")
        if self.fit != "stretch" and isinstance(self.size, int):
            raise Misfit(("size",), f"`fit: {self.fit}` needs a size of [height, width]")
        if (
            self.fit == "crop-padding"
            and isinstance(self.size, tuple)
            and self.size[0] != self.size[1]
        ):
            raise Misfit(("size",), "crop-padding is defined for a square size only")


class Crop(StepPart):
    """Keep a part of the image, given in pixels."""

    key = "crop"

    top: Annotated[int, Field(ge=0, le=LARGEST_SIDE)]
    """First row that is kept, from 0."""
    left: Annotated[int, Field(ge=0, le=LARGEST_SIDE)]
    """First column that is kept, from 0."""
    height: Side
    """Rows that are kept."""
    width: Side
    """Columns that are kept."""


class CenterCrop(StepPart):
    """Keep the centre of the image, as torchvision's CenterCrop; smaller images are refused."""

    key = "center-crop"
    direct = "size"

    size: SideOrSides = Field(examples=[224])
    """[height, width] in pixels, or one number for a square."""
