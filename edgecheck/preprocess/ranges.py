"""What the steps of an image input make of decoded pixels, without any image at hand.

The steps themselves are run, on images of one colour: each computes on every channel apart or
mixes channels with positive weights, so that its lowest and highest values come from black and
white. What bicubic and Lanczos filters overshoot beyond the pixels at an edge is left out.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from edgecheck.errors import EdgecheckError
from edgecheck.preprocess.images import CHANNELS
from edgecheck.preprocess.pipeline import Pipeline
from edgecheck.spec.image_steps import Crop, Decode
from edgecheck.spec.model import InputSpec
from edgecheck.spec.presets import Preset
from edgecheck.spec.step_part import StepPart
from edgecheck.spec.value_steps import MinMax, Standardize
from edgecheck.tensors import Array

_WHITE = {8: 255, 16: 65535}
"""Bits a channel -> the largest code."""
_LEVELS = (0.0, 37 / 255, 149 / 255, 1.0)
"""Of the grays, for each white; all are whole codes, unevenly spaced so that rounding shows."""
_NAMES = tuple(f"gray {level:.2f}" for level in _LEVELS)
_LARGEST_SIDE = 2048
_SMALLEST_SIDE = 32
_ROUNDING = 1e-4
"""Deviation from a straight line, for each width of the result, that float32 explains."""


@dataclass(frozen=True)
class PixelMap:
    """The values that pixels from black to white become, per channel of the result."""

    low: tuple[float, ...]
    high: tuple[float, ...]
    scale: tuple[float, ...] | None
    offset: tuple[float, ...] | None
    """result = scale * pixel + offset; None where the steps round, clip or pad."""
    shape: tuple[int, ...] | None
    """Of one sample, without the batch axis; None where it depends on the stored image."""

    @property
    def span(self) -> tuple[float, float]:
        """The lowest and the highest value over all channels."""
        return min(self.low), max(self.high)

    @property
    def is_per_channel(self) -> bool:
        """Whether channels differ in range."""
        return len(set(zip(self.low, self.high, strict=True))) > 1


@lru_cache(maxsize=32)
def pixel_map(spec: InputSpec) -> PixelMap | None:
    """Run the steps of `spec` on plain images.

    None where that shows nothing: no image, no `decode`, a step that looks at the whole sample
    (`standardize`, `minmax` without bounds), sides beyond 2048, or steps that do not fit together.
    """
    first = spec.steps[0] if spec.steps else None
    if spec.kind != "image" or not isinstance(first, Decode):
        return None
    steps = list(_flat(spec.steps))
    side = max([_SMALLEST_SIDE, *(size for step in steps for size in _sides(step))])
    if any(map(_sees_whole_sample, steps)) or side > _LARGEST_SIDE:
        return None
    # The promise about the shape is judged elsewhere; here it would only stop the run.
    pipeline = Pipeline("image", spec.model_copy(update={"shape": None}))
    try:
        with np.errstate(over="ignore", invalid="ignore"):
            seen = pipeline(_plain(side + 8, side + 16, first), _NAMES)
            other = pipeline(_plain(side + 24, side + 8, first), _NAMES)
    except EdgecheckError:
        return None
    return _measured(seen, other.shape, spec.layout, _WHITE[first.depth])


def _flat(steps: Iterable[StepPart]) -> Iterator[StepPart]:
    """The steps, with presets spelt out."""
    for step in steps:
        yield from _flat(step.steps) if isinstance(step, Preset) else [step]


def _sees_whole_sample(step: StepPart) -> bool:
    return isinstance(step, Standardize) or (isinstance(step, MinMax) and step.min is None)


def _sides(step: StepPart) -> tuple[int, ...]:
    """Pixels that a step makes, or needs."""
    if isinstance(step, Crop):
        return step.top + step.height, step.left + step.width
    size = getattr(step, "size", ())
    return size if isinstance(size, tuple) else (int(size),)


def _plain(height: int, width: int, step: Decode) -> Array:
    """Codes (levels, height, width, channels): images of one gray each."""
    dtype = np.uint8 if step.depth == 8 else np.uint16
    codes = np.rint(np.asarray(_LEVELS) * _WHITE[step.depth]).astype(dtype)
    shape = (len(_LEVELS), height, width, CHANNELS[step.color])
    return np.broadcast_to(codes.reshape(-1, 1, 1, 1), shape)


def _measured(
    seen: Array, other_shape: tuple[int, ...], layout: str | None, white: int
) -> PixelMap | None:
    """What (levels, ...) shows; None where a value is not finite."""
    if seen.ndim < 2 or not seen.size or not np.isfinite(seen).all():
        return None
    by_channel = np.moveaxis(seen, 1 if layout == "NCHW" else -1, 1)
    by_channel = by_channel.reshape(*by_channel.shape[:2], -1).astype(np.float64)
    low, high = by_channel.min(axis=(0, 2)), by_channel.max(axis=(0, 2))
    line = _line(by_channel, high - low, white)
    return PixelMap(
        low=tuple(low.tolist()),
        high=tuple(high.tolist()),
        scale=None if line is None else tuple(line[0].tolist()),
        offset=None if line is None else tuple(line[1].tolist()),
        shape=tuple(seen.shape[1:]) if seen.shape == other_shape else None,
    )


def _line(values: Array, width: Array, white: int) -> tuple[Array, Array] | None:
    """Scale and offset per channel of (levels, channels, elements), if it is a straight line."""
    offset = values[0].mean(axis=1)
    scale = (values[-1].mean(axis=1) - offset) / white
    levels = white * np.asarray(_LEVELS)[:, None, None]
    error = np.abs(values - (scale[None, :, None] * levels + offset[None, :, None]))
    is_straight = bool((error.max(axis=(0, 2)) <= _ROUNDING * np.maximum(width, 1e-30)).all())
    return (scale, offset) if is_straight else None
