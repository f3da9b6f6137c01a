"""The steps of a deployed input, taken apart: geometry of pictures first, then values."""

from collections.abc import Mapping
from typing import Final

import numpy as np

from faults.case import Array, Deployment, Untyped

GEOMETRY: Final = frozenset({"decode", "resize", "crop", "center-crop", "to-gray", "channel-order"})

Steps = list[dict[str, Untyped]]

_BYTE: Final = 1 / 255
_IMAGENET: Final = {3: ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]), 1: ([0.449], [0.226])}
"""Channels -> (mean, standard deviation) of pixels in 0..1; gray pictures get the means of both."""
_CAFFE: Final = [103.939, 116.779, 123.68]
"""Of ImageNet's pixels in 0..255, in the order BGR."""


def geometry(site: Deployment) -> Steps:
    """Decoding, and where pixels go."""
    return [step for step in site.steps() if next(iter(step)) in GEOMETRY]


def values(site: Deployment) -> Steps:
    """What is done to the numbers afterwards."""
    return [step for step in site.steps() if next(iter(step)) not in GEOMETRY]


def channels(site: Deployment) -> int:
    """Of a picture, as the spec states its shape."""
    return int(site.inputs[site.only_input]["shape"][-1])


def scaled_as(site: Deployment, kind: str) -> tuple[Steps, list[float]]:
    """Steps for pixels 0..255, and the range that they make.

    Args:
        site: says how many channels there are.
        kind: of `RANGES`, or `caffe`.
    """
    if kind == "imagenet":
        mean, std = _IMAGENET[channels(site)]
        ends = [
            min(-m / s for m, s in zip(mean, std, strict=True)),
            max((1 - m) / s for m, s in zip(mean, std, strict=True)),
        ]
        steps: Steps = [{"rescale": {"scale": _BYTE}}, {"normalize": {"mean": mean, "std": std}}]
        return steps, [round(end, 3) for end in ends]
    if kind == "caffe":
        normalize = {"mean": _CAFFE, "std": 1.0}
        return [{"channel-order": "BGR"}, {"normalize": normalize}], [-123.68, 151.061]
    scale, offset = LINES[kind]
    return [{"rescale": {"scale": scale, "offset": offset}}], [offset, 255 * scale + offset]


LINES: Final[Mapping[str, tuple[float, float]]] = {
    "unit": (_BYTE, 0.0),
    "signed": (2 * _BYTE, -1.0),
    "half": (1 / 128, 0.0),
}
"""Name -> (scale, offset) of pixels 0..255; `half` divides by 128 and forgets to subtract 1."""


def applied(steps: Steps, made: Array) -> Array:
    """`rescale`, `normalize` and `channel-order` on pixels, or features, (n, ..., channels)."""
    for step in steps:
        ((key, settings),) = step.items()
        if key == "rescale":
            made = made * settings["scale"] + settings.get("offset", 0.0)
        elif key == "normalize":
            made = (made - np.asarray(settings["mean"])) / np.asarray(settings["std"])
        elif settings == "BGR":
            made = made[..., ::-1]
    return made


def undone(steps: Steps, made: Array) -> Array:
    """What `applied` makes such values of."""
    for step in reversed(steps):
        ((key, settings),) = step.items()
        if key == "rescale":
            made = (made - settings.get("offset", 0.0)) / settings["scale"]
        elif key == "normalize":
            made = made * np.asarray(settings["std"]) + np.asarray(settings["mean"])
        elif settings == "BGR":
            made = made[..., ::-1]
    return made
