"""Pictures resized by another kernel, or made to fit in another way, than in training."""

from collections.abc import Iterator
from functools import partial
from typing import Final

import numpy as np

from faults.case import Deployment, Fault, Trait, Untyped


def _resized(site: Deployment, _rng: np.random.Generator, **settings: Untyped) -> Deployment:
    """With other settings of the only resize; None takes one out."""
    steps = [
        {"resize": _merged(step["resize"], settings)} if "resize" in step else step
        for step in site.steps()
    ]
    return site.with_input(steps=steps)


def _merged(old: dict[str, Untyped], new: dict[str, Untyped]) -> dict[str, Untyped]:
    return {key: value for key, value in {**old, **new}.items() if value is not None}


_KERNELS: Final[dict[str, dict[str, Untyped]]] = {
    "nearest": {"method": "nearest", "antialias": None},
    "bilinear-without-antialias": {"antialias": None},
    "area": {"method": "area", "antialias": None},
    "bicubic": {"method": "bicubic"},
    "opencv-bilinear": {"implementation": "opencv", "antialias": None},
}
_FITS: Final[dict[str, tuple[Trait, dict[str, Untyped]]]] = {
    "stretch-for-crop": ("raw-range", {"fit": "stretch"}),
    "letterbox-for-crop": ("raw-range", {"fit": "letterbox"}),
    "letterbox-114-for-crop": ("raw-range", {"fit": "letterbox", "pad_value": 114}),
    "stretch-for-letterbox": ("imagenet-range", {"fit": "stretch"}),
    "crop-for-letterbox": ("imagenet-range", {"fit": "center-crop"}),
    "pad-128-for-0": ("imagenet-range", {"fit": "letterbox", "pad_value": 128}),
}


def _faults() -> Iterator[Fault]:
    for variant, settings in _KERNELS.items():
        yield Fault(
            "resize-method-mismatch",
            "input",
            variant,
            partial(_resized, **settings),
            harm="input",
            touches=frozenset({"spec"}),
            needs=frozenset({"resized"}),
        )
    for variant, (trait, settings) in _FITS.items():
        yield Fault(
            "aspect-policy-mismatch",
            "input",
            variant,
            partial(_resized, **settings),
            harm="input",
            touches=frozenset({"spec"}),
            needs=frozenset({"resized", "landscape", trait}),
        )


FAULTS = tuple(_faults())
