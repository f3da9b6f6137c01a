"""Why the calibrated range of an input is not that of its values: other steps, odd samples, or poor
ones.

Other steps give another range that is known: that of raw pixels, of pixels scaled in a usual way,
of values scaled twice or not at all; or they multiply all values, so that both ends move alike. A
sample with one extreme value moves one end only. Samples that do not represent the data stay
within their range and reach no end that steps would give.
"""

from collections.abc import Iterator
from typing import Final, Literal, TypeAlias

import numpy as np

from edgecheck import thresholds
from edgecheck.compare.statistics import InputStatistics
from edgecheck.mistakes.values import KNOWN, WHOLE_SCALE
from edgecheck.preprocess.pixel_lines import lines
from edgecheck.quantization import representable_range
from edgecheck.spec.model import InputSpec
from edgecheck.tflite.graph import Tensor

Range: TypeAlias = tuple[float, float]
Misfit: TypeAlias = Literal["steps", "outlier", "samples"]
"""`steps`: other preprocessing, or nothing tells. `outlier`: single values stretch the range.
`samples`: they did not reach it."""

_PIXELS: Final[Range] = (0.0, 255.0)


def misfit(spec: InputSpec, fossil: Tensor, seen: InputStatistics | None) -> Misfit:
    """Judge an input whose range does not fit.

    Args:
        spec: of the input.
        fossil: the tensor that records the calibrated range.
        seen: what the pass saw of the input; without it nothing tells but the steps.
    """
    params = fossil.quantization
    if seen is None or params is None or not params.is_usable or not seen.low < seen.high:
        return "steps"
    stored, data = representable_range(params, fossil.dtype), _with_zero((seen.low, seen.high))
    width = data[1] - data[0]
    step = max(params.scales)
    if any(_is_same(stored, _with_zero(known), step) for known in _known(spec, data, seen)):
        return "steps"
    moved = data[0] - stored[0], stored[1] - data[1]
    if max(moved) <= thresholds.END_BEYOND * width:
        return "samples"
    is_wide = stored[1] - stored[0] >= thresholds.STRETCHED * width
    is_one_sided = min(map(abs, moved)) <= max(thresholds.END_STAYS * width, step)
    return "outlier" if is_wide and is_one_sided else "steps"


def is_recorded(fossil: Tensor, made: Range) -> bool:
    """Whether the range that calibration saw is that of pixels 0..255 after some steps.

    Args:
        fossil: the tensor that records the calibrated range.
        made: what the steps make of pixels.
    """
    params = fossil.quantization
    if params is None or not params.is_usable:
        return False
    stored = representable_range(params, fossil.dtype)
    return _is_same(stored, _with_zero(made), max(params.scales))


def is_usual(fossil: Tensor) -> bool:
    """Whether the range that calibration saw is that of pixels 0..255 scaled in a usual way.

    Args:
        fossil: the tensor that records the calibrated range.
    """
    return any(is_recorded(fossil, whole) for whole in _wholes())


def _wholes() -> Iterator[Range]:
    """The ranges of pixels 0..255 that are scaled in usual ways."""
    for _, _, known in KNOWN:
        ends = [(offset, 255 * scale + offset) for scale, offset in known]
        yield min(low for low, _ in ends), max(high for _, high in ends)


def _known(spec: InputSpec, data: Range, seen: InputStatistics) -> Iterator[Range]:
    """The ranges that other usual steps give."""
    for whole in _wholes():
        if spec.range is None or not np.allclose(spec.range, whole):
            yield _reached(spec, data, whole)
    for factor in (255.0, 127.5, WHOLE_SCALE):
        for times in (factor, 1 / factor):
            yield data[0] * times, data[1] * times
    yield from _again(spec, seen)


def _reached(spec: InputSpec, data: Range, whole: Range) -> Range:
    """As much of a range as values reach in it that are scaled to it from the promised one.

    Pictures hold black and white sooner or later; of other values these samples tell how far they go.
    """
    if spec.kind == "image" or spec.range is None or not spec.range[0] < spec.range[1]:
        return whole
    low, high = spec.range
    scale = (whole[1] - whole[0]) / (high - low)
    return whole[0] + (data[0] - low) * scale, whole[0] + (data[1] - low) * scale


def _again(spec: InputSpec, seen: InputStatistics) -> Iterator[Range]:
    """Values that the spec's steps scale twice, and those that they do not scale; none where no step
    scales.
    """
    own = lines(spec.steps)
    if own is None:
        return
    columns = seen.features
    many = columns is not None and len(columns.low) == len(own)
    lows = columns.low.tolist() if columns and many else [seen.low] * len(own)
    highs = columns.high.tolist() if columns and many else [seen.high] * len(own)
    parts = [
        (scale, offset, low, high)
        for (scale, offset), low, high in zip(own, lows, highs, strict=True)
        if scale and (scale, offset) != (1, 0)
    ]
    if parts:
        yield _hull((v - o) / s for s, o, low, high in parts for v in (low, high))
        yield _hull(s * v + o for s, o, low, high in parts for v in (low, high))


def _hull(values: Iterator[float]) -> Range:
    found = list(values)
    return min(found), max(found)


def _with_zero(span: Range) -> Range:
    """As converters extend a range."""
    return min(span[0], 0.0), max(span[1], 0.0)


def _is_same(stored: Range, known: Range, step: float) -> bool:
    """Whether both ends agree, as far as a step and the reach of samples tell.

    Those of calibration may reach less far, and hardly farther.
    """
    width = known[1] - known[0]
    within, beyond = (
        max(share * width, step) for share in (thresholds.REACHED_RANGE, thresholds.END_BEYOND)
    )
    missed = stored[0] - known[0], known[1] - stored[1]
    return all(-beyond <= each <= within for each in missed)
