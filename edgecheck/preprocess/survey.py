"""What the stored files of an input look like, counted while they are decoded."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from edgecheck.preprocess.decode import WIDE_MODES, Decoded
from edgecheck.spec.image_steps import CenterCrop, Crop, Resize
from edgecheck.spec.presets import Preset
from edgecheck.spec.step_part import StepPart
from edgecheck.spec.value_steps import Transpose
from edgecheck.tensors import Array

GRAY_MODES = frozenset({"1", "L", "LA"}) | WIDE_MODES

OFF_ASPECT = 1.2
"""Ratio of two aspect ratios beyond which a stretch is counted."""


@dataclass
class Survey:
    """Properties of stored files that preprocessing hides. Empty for arrays."""

    files: int = 0
    modes: Counter[str] = field(default_factory=Counter)
    """Images: Pillow mode as stored ("L", "RGB", "RGBA", "P", "I;16", ...) -> files."""
    orientations: Counter[int] = field(default_factory=Counter)
    """Images: EXIF orientation -> files; files that are upright (1, or no tag) are not counted."""
    turned_example: str = ""
    """Id of the first file with an orientation other than 1."""
    off_aspect: int = 0
    """Images: files whose width / height differs by more than 20 % from that of the first
    stretching `resize` step, in either direction; 0 without such a step."""
    off_aspect_example: str = ""
    colourless: int = 0
    """Images decoded as RGB whose three channels are equal everywhere."""
    rates: Counter[int] = field(default_factory=Counter)
    """Audio: sample rate in Hz as stored -> files."""
    channels: Counter[int] = field(default_factory=Counter)
    """Audio: channels as stored -> files."""
    shortest_s: float = float("inf")
    longest_s: float = 0.0
    """Audio: seconds."""

    def add_image(self, name: str, image: Decoded, wanted: tuple[int, int] | None) -> None:
        """Count one image file.

        Args:
            name: the sample's id.
            image: as decoded.
            wanted: what `stretched_size` says of its steps.
        """
        self.files += 1
        self.modes[image.mode] += 1
        if image.orientation != 1:
            self.orientations[image.orientation] += 1
            self.turned_example = self.turned_example or name
        if wanted is not None and _is_off_aspect(image.pixels.shape[:2], wanted):
            self.off_aspect += 1
            self.off_aspect_example = self.off_aspect_example or name
        self.colourless += _is_colourless(image)

    def add_sound(self, rate: int, channels: int, seconds: float) -> None:
        """Count one sound file, as stored."""
        self.files += 1
        self.rates[rate] += 1
        self.channels[channels] += 1
        self.shortest_s = min(self.shortest_s, seconds)
        self.longest_s = max(self.longest_s, seconds)


def stretched_size(steps: Sequence[StepPart]) -> tuple[int, int] | None:
    """(height, width) of the first resize that changes proportions unasked; None where none does.

    A `fit` that is written, `stretch` too, is a decision. A step before it that crops, fits or
    turns the image decides itself what becomes of the proportions, so there is none then either.
    """
    for step in steps:
        if isinstance(step, Preset):
            found = stretched_size(step.steps)
            if found is not None:
                return found
        if isinstance(step, (Crop, CenterCrop, Transpose)):
            return None
        if isinstance(step, Resize) and isinstance(step.size, tuple):
            return None if "fit" in step.model_fields_set else step.size
    return None


def _is_off_aspect(found: tuple[int, ...], wanted: tuple[int, int]) -> bool:
    change = (found[1] * wanted[0]) / (found[0] * wanted[1])
    return max(change, 1 / change) > OFF_ASPECT


def _is_colourless(image: Decoded) -> bool:
    """Whether an RGB image has three equal channels everywhere; some rows settle most images."""
    pixels = image.pixels
    if pixels.shape[2] != 3:
        return False
    if image.mode in GRAY_MODES:
        return True
    few = pixels[:: max(len(pixels) // 8, 1)]
    return _channels_are_equal(few) and _channels_are_equal(pixels)


def _channels_are_equal(pixels: Array) -> bool:
    red = pixels[..., 0]
    return np.array_equal(red, pixels[..., 1]) and np.array_equal(red, pixels[..., 2])
