"""The straight line between pixels and what was fed, a channel at a time."""

from collections.abc import Sequence

import numpy as np

from edgecheck.mistakes.mistake import Line
from edgecheck.tensors import Array

_ROUNDS = 3
_FEWEST = 16
"""Elements between the rails that a line needs."""
_LEAST = 0.8
"""Of the correlation: below, there is no line."""
_OUTLIERS = 0.002
_ROUNDING = 1.1
"""What codes rounded from a line spread around it, with a little for its slope."""
_SAME = 0.01
"""Of the width: lines of channels that are nearer are one."""


def fitted(pixels: Array, found: Array, rails: tuple[float, float] | None) -> list[Line] | None:
    """Least squares of found = scale * pixel + offset, by channel.

    Elements that lie at a rail are left out, first as found, then as the line has them, so that
    clipping does not bend it.

    Args:
        pixels: (m, channels).
        found: (m, channels).
        rails: the lowest and the highest value that `found` can take; None of floats.

    Returns:
        None where a channel has no line.
    """
    lines = [
        _channel(pixels[:, number], found[:, number], rails) for number in range(pixels.shape[1])
    ]
    told = [line for line in lines if line is not None]
    return told if len(told) == len(lines) else None


def common(lines: Sequence[Line], widest: float) -> tuple[Line, ...]:
    """One line for all channels where they nearly agree over pixels 0..`widest`, else each its own."""
    ends = np.asarray([(offset, offset + widest * scale) for scale, offset in lines])
    width = np.abs(ends[:, 1] - ends[:, 0]).max()
    if np.ptp(ends, axis=0).max() > _SAME * width:
        return tuple(lines)
    mean = np.mean(np.asarray(lines), axis=0)
    return ((float(mean[0]), float(mean[1])),)


def _channel(pixels: Array, found: Array, rails: tuple[float, float] | None) -> Line | None:
    use = np.isfinite(found) & np.isfinite(pixels)
    if rails is None:
        return _line(pixels[use], found[use])
    low, high = rails
    between = use & (found > low) & (found < high)
    line = _line(pixels[between], found[between])
    for _ in range(_ROUNDS):
        if line is None:
            return None
        made = line[0] * pixels + line[1]
        between = use & (made > low + 1) & (made < high - 1)
        line = _line(pixels[between], found[between])
    return line and _centred(line, pixels[between], found[between])


def _centred(line: Line, pixels: Array, found: Array) -> Line:
    """The offset in the middle of those that rounding allows: the mean of its errors need not be 0,
    as where two pixels share a code.
    """
    rest = found - line[0] * pixels
    low, high = np.quantile(rest, _OUTLIERS), np.quantile(rest, 1 - _OUTLIERS)
    return (line[0], float(low + high) / 2) if high - low <= _ROUNDING else line


def _line(pixels: Array, found: Array) -> Line | None:
    if len(pixels) < _FEWEST:
        return None
    x, y = pixels - pixels.mean(), found - found.mean()
    across, along, up = float(x @ x), float(x @ y), float(y @ y)
    if across <= 0 or up <= 0 or along**2 < _LEAST**2 * across * up:
        return None
    scale = along / across
    return scale, float(found.mean() - scale * pixels.mean())
