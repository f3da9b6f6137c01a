"""The steps of Hugging Face's image processors, by their preprocessor_config.json.

They run resize, center crop, rescale, normalize, in this order, each if its `do_` key says so;
resizing is Pillow's (`transformers.image_transforms`).
"""

from collections.abc import Iterator, Mapping

from edgecheck.errors import UsageError
from edgecheck.first_spec.facts import Fact, Recipe, StepFact
from edgecheck.first_spec.json_config import JsonConfig
from edgecheck.first_spec.steps import stated_step

RESAMPLE: Mapping[int, str] = {0: "nearest", 1: "lanczos", 2: "bilinear", 3: "bicubic", 4: "area"}
"""Pillow's numbers of its filters; 4 is BOX. HAMMING (5) has no counterpart."""

_KEYS = (
    "crop_size", "do_center_crop", "do_flip_channel_order", "do_normalize", "do_rescale",
    "do_resize", "image_mean", "image_std", "resample", "rescale_factor", "size",
)  # fmt: skip
"""What makes a config one of images: without any of these all would be guesswork."""
_SHORTER_SIDE = (
    "Bit", "ChineseCLIP", "CLIP", "ConvNext", "Levit", "MobileNetV1", "MobileNetV2", "MobileViT",
    "PoolFormer", "VideoMAE", "Vivit",
)  # fmt: skip
"""Classes to which a single number in `size` means the shorter side; to others, a square."""
_OWN_SIZES = ("ConvNext", "Levit", "PoolFormer", "EfficientFormer")
"""Classes that resize to something else than `size` says."""


def image_recipe(config: JsonConfig) -> Recipe:
    """What the config says about images.

    Raises:
        UnusableError: a value that cannot be.
        UsageError: none of its keys is of an image processor.
    """
    if not any(map(config.has, _KEYS)):
        raise UsageError(
            f"{config.name} has no key of a preprocessor config; expected sampling_rate for sound, "
            f"or for images one of {', '.join(_KEYS)}",
            hint="give the preprocessor_config.json of the model that was trained, or a preset",
        )
    processor = config.text("image_processor_type") or config.text("feature_extractor_type")
    return Recipe(
        kind="image",
        origin=config.name,
        values=tuple(_values(config)),
        geometry=tuple(_geometry(config, processor)),
        remarks=tuple(_remarks(config, processor)),
    )


def _geometry(config: JsonConfig, processor: str) -> Iterator[StepFact]:
    size = config.sizes("size")
    side = None if size is None else _resized_to(size, processor)
    if config.flag("do_resize", default=True) and side is not None:
        yield _resize(config, side, processor)
    crop = config.sizes("crop_size")
    if config.flag("do_center_crop", default=crop is not None) and crop is not None:
        sides = _sides(crop) or config.refuse("crop_size", "a height and a width")
        yield stated_step(config, "center-crop", sides, ["crop_size"], ["do_center_crop"])


def _resize(config: JsonConfig, side: int | list[int], processor: str) -> StepFact:
    method = RESAMPLE.get(config.whole("resample", 2) or 0, "bilinear")
    settings: dict[str, object] = {"size": side, "method": method, "implementation": "pillow"}
    if method not in {"nearest", "area"}:
        settings["antialias"] = True
    stated = stated_step(
        config, "resize", settings, ["size", "resample"], ["resample", "do_resize"]
    )
    if isinstance(config.values.get("size"), int):
        words = "the shorter side" if isinstance(side, int) else "a square"
        why = f"{stated.why}; one number in `size` means {words} to {processor or 'most classes'}"
        return Fact(stated.value, why, "guessed")
    return stated


def _resized_to(size: Mapping[str, int] | int, processor: str) -> int | list[int] | None:
    """The shorter side or [height, width]; None where `size` says something that no step can do."""
    if isinstance(size, int):
        return size if processor.startswith(_SHORTER_SIDE) else [size, size]
    if "shortest_edge" in size and "longest_edge" not in size:
        return size["shortest_edge"]
    return _sides(size)


def _sides(size: Mapping[str, int] | int) -> list[int] | None:
    if isinstance(size, int):
        return [size, size]
    if {"height", "width"} <= size.keys():
        return [size["height"], size["width"]]
    edge = size.get("shortest_edge")
    return [edge, edge] if edge is not None and "longest_edge" not in size else None


def _values(config: JsonConfig) -> Iterator[StepFact]:
    if config.flag("do_flip_channel_order", default=False):
        yield stated_step(config, "channel-order", "BGR", ["do_flip_channel_order"])
    if config.flag("do_rescale", default=True):
        factor = config.number("rescale_factor", 1 / 255)
        defaults = ["rescale_factor", "do_rescale"]
        yield stated_step(config, "rescale", {"scale": factor}, ["rescale_factor"], defaults)
    mean, std = config.numbers("image_mean"), config.numbers("image_std")
    if config.flag("do_normalize", default=bool(mean and std)) and mean and std:
        settings = {"mean": one_or_each(mean), "std": one_or_each(std)}
        keys = ["image_mean", "image_std"]
        yield stated_step(config, "normalize", settings, keys, ["do_normalize"])


def one_or_each(values: tuple[float, ...]) -> float | list[float]:
    """One number where all are the same, else the list."""
    return values[0] if len(set(values)) == 1 else list(values)


def _remarks(config: JsonConfig, processor: str) -> Iterator[str]:
    if processor.startswith(_OWN_SIZES):
        yield f"{processor} resizes to another side than `size` says; see its documentation"
    code = config.whole("resample")
    if code is not None and code not in RESAMPLE:
        yield f"resample is {code} in {config.name}, which edgecheck has not; bilinear stands here"
    size = config.sizes("size")
    if config.flag("do_resize", default=True) and (
        size is None or _resized_to(size, processor) is None
    ):
        yield f"{config.name} gives no fixed size; write the `resize` that training used"
    for key in ("do_pad", "do_thumbnail", "do_align_long_axis", "rescale_offset"):
        if config.values.get(key):
            yield f"{config.name} sets {key}, which is not written here; add what it does"
    if config.flag("do_normalize", default=True) and not (
        config.numbers("image_mean") and config.numbers("image_std")
    ):
        whose = processor or "the class that training used"
        yield (
            f"{config.name} gives no image_mean and image_std; if {whose} normalizes by numbers of "
            "its own, add `normalize`"
        )
