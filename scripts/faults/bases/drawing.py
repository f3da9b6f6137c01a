"""Pictures in which shape, direction and colour decide."""

import numpy as np

from faults.case import Array

COLOURS = {"red": (215, 45, 40), "green": (45, 180, 60), "blue": (45, 70, 220)}
GLYPHS = ("left", "right", "up")
SIGNS = tuple(f"{colour} {glyph}" for colour in COLOURS for glyph in GLYPHS)
"""Nine classes: red and blue tell BGR, left and right a mirror, up a turn."""

_SEGMENTS = (
    "abcdef",
    "bc",
    "abged",
    "abgcd",
    "fgbc",
    "afgcd",
    "afgedc",
    "abc",
    "abcdefg",
    "abcfgd",
)
_LINES = {
    "a": ((0.0, 0.0), (0.0, 1.0)), "b": ((0.0, 1.0), (0.5, 1.0)), "c": ((0.5, 1.0), (1.0, 1.0)),
    "d": ((1.0, 0.0), (1.0, 1.0)), "e": ((0.5, 0.0), (1.0, 0.0)), "f": ((0.0, 0.0), (0.5, 0.0)),
    "g": ((0.5, 0.0), (0.5, 1.0)),
}  # fmt: skip
"""Ends (row, column) of a digit's segments in the unit square."""


def clutter(rng: np.random.Generator, height: int, width: int) -> Array:
    """A gray ground with soft blotches and grain: float64 (height, width, 3) in 0..255."""
    coarse = rng.uniform(60, 190, (height // 12 + 2, width // 12 + 2))
    blotches = np.kron(coarse, np.ones((12, 12)))[:height, :width]
    tint = rng.uniform(-12, 12, 3)
    return np.asarray(blotches[..., None] + tint + rng.normal(0, 6, (height, width, 3)))


def sign(rng: np.random.Generator, number: int, height: int, width: int) -> Array:
    """An arrowhead of class `number` on clutter: uint8 (height, width, 3)."""
    colour, glyph = SIGNS[number].split()
    picture = clutter(rng, height, width)
    picture[_arrow(rng, glyph, height, width)] = np.array(COLOURS[colour]) * rng.uniform(
        0.8, 1.1
    ) + rng.normal(0, 10, 3)
    return np.clip(picture, 0, 255).astype(np.uint8)


def _arrow(rng: np.random.Generator, glyph: str, height: int, width: int) -> Array:
    """Mask of a triangle that points to `glyph`, inside the central square."""
    side = min(height, width)
    half = side * rng.uniform(0.24, 0.32)
    row = height / 2 + side * rng.uniform(-0.12, 0.12)
    column = width / 2 + side * rng.uniform(-0.12, 0.12)
    rows, columns = np.mgrid[:height, :width]
    across, along = rows - row, columns - column
    if glyph == "up":
        across, along = along, -across
    elif glyph == "left":
        along = -along
    # The tip is at along = half, the base at -half.
    return np.asarray((np.abs(along) <= half) & (np.abs(across) <= (half - along) / 2))


def digit(rng: np.random.Generator, number: int, side: int) -> Array:
    """A digit of seven segments, sheared and shifted, with grain: uint8 (side, side)."""
    rows, columns = np.mgrid[:side, :side] / side
    top, left = rng.uniform(0.12, 0.24, 2)
    height, width, slant = (
        rng.uniform(0.55, 0.65),
        rng.uniform(0.38, 0.48),
        rng.uniform(-0.15, 0.15),
    )
    ink = np.zeros((side, side))
    for segment in _SEGMENTS[number]:
        (r0, c0), (r1, c1) = _LINES[segment]
        start = np.array([top + r0 * height, left + 0.08 + c0 * width - slant * (r0 - 0.5)])
        end = np.array([top + r1 * height, left + 0.08 + c1 * width - slant * (r1 - 0.5)])
        distance = _distance(rows, columns, start, end)
        ink = np.maximum(ink, np.clip(1.6 - distance * side, 0, 1))
    picture = 20 + ink * rng.uniform(170, 220) + rng.normal(0, 8, ink.shape)
    return np.clip(picture, 0, 255).astype(np.uint8)


def _distance(rows: Array, columns: Array, start: Array, end: Array) -> Array:
    """Of every pixel from a line between two points (row, column)."""
    along = end - start
    share = ((rows - start[0]) * along[0] + (columns - start[1]) * along[1]) / (along @ along)
    share = np.clip(share, 0, 1)
    row, column = rows - start[0] - share * along[0], columns - start[1] - share * along[1]
    return np.asarray(np.hypot(row, column))
