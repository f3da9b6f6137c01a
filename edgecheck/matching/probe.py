"""A few rows and pixels at which hypotheses are tried, and where geometry takes them from."""

from dataclasses import dataclass, replace
from math import prod

import numpy as np

from edgecheck.mistakes.mistake import Mistake, Receiver
from edgecheck.mistakes.pictures import as_pictures, as_pixels, as_samples, on_line, sides
from edgecheck.tensors import Array, flat_rows

ROWS = 6
"""At which hypotheses are tried."""
_PIXELS = 1024
_ELEMENTS = 1 << 17
"""Of each, at most."""
_COUNTABLE = 1 << 24
"""Whole numbers below are exact in float32."""

NOWHERE = -1


@dataclass(frozen=True)
class Move:
    """A geometric mistake as the places that it takes values from."""

    mistakes: tuple[Mistake, ...]
    source: Array
    """int64 (pixels, channels): the element of a right picture, in the order channels last, that
    each chosen element shows; `NOWHERE` where it shows something from outside."""
    is_of_pixels: bool = False
    """Pixels are moved, and scaled where they come to; else values that are scaled already."""


@dataclass(frozen=True)
class Probe:
    """The chosen places of an input, as an input of its own of (pixels, 1, channels)."""

    full: Receiver
    small: Receiver
    """What pointwise mistakes are applied to."""
    places: Array
    """int64 (pixels, channels): elements in the order channels last; of what is no picture, its own."""

    def at(self, rows: Array) -> Array:
        """(n, *shape) at the chosen places: (n, *shape of `small`)."""
        return self.through(rows, self.places)

    def through(self, rows: Array, source: Array) -> Array:
        """Rows (n, *shape) at other places; anything where there is no place."""
        flat = self.flat(rows)
        return np.asarray(flat[:, source]).reshape(len(rows), *self.small.shape)

    def moved(self, rows: Array, move: Move) -> Array:
        """What a move makes of rows (n, *shape): (n, *shape of `small`)."""
        if not move.is_of_pixels:
            return self.through(rows, move.source)
        pixels = self.through(as_pixels(rows, self.full), move.source)
        return on_line(pixels, self.full.lines or (), self.small)

    def flat(self, rows: Array) -> Array:
        """(n, elements), channels last."""
        is_picture = self.full.is_picture
        return flat_rows(as_pictures(rows, self.full) if is_picture else rows)

    def move(self, *mistakes: Mistake) -> Move:
        """Where mistakes that move values take them from: the first is made first."""
        count = prod(self.full.shape)
        order = np.arange(count, dtype=np.float32).reshape(1, *sides(self.full))
        moved = as_samples(order, self.full)
        for mistake in mistakes:
            moved = mistake.apply(moved, self.full)
        return Move(mistakes, self.flat(moved)[0].astype(np.int64)[self.places])

    def translation(self, mistake: Mistake, down: int, right: int) -> Move:
        """A shift, of which the border is nowhere."""
        height, width, channels = sides(self.full)
        rows, columns = np.divmod(self.places // channels, width)
        rows, columns = rows - down, columns - right
        inside = (rows >= 0) & (rows < height) & (columns >= 0) & (columns < width)
        source = (rows * width + columns) * channels + self.places % channels
        return Move((mistake,), np.where(inside, source, NOWHERE))

    @property
    def can_move(self) -> bool:
        """Whether samples are pictures, and small enough to be followed."""
        return self.full.is_picture and prod(self.full.shape) < _COUNTABLE


def probe_of(receiver: Receiver, focus: Array | None = None) -> Probe:
    """Pixels at random places, the same in every run; all elements of a small sample.

    Args:
        receiver: the input.
        focus: bool (rows, *shape), elements that need a closer look: half of the places are such,
            as far as there are so many.
    """
    count = prod(receiver.shape)
    if not receiver.is_picture:
        return Probe(receiver, receiver, np.arange(count))
    height, width, channels = sides(receiver)
    pixels = np.arange(height * width)
    if len(pixels) > _PIXELS or focus is not None:
        pixels = _chosen(len(pixels), focus, receiver)
    places = pixels[:, None] * channels + np.arange(channels)
    small = replace(receiver, shape=(len(pixels), 1, channels), channel_axis=2)
    return Probe(receiver, small, places)


def _chosen(count: int, focus: Array | None, receiver: Receiver) -> Array:
    """Of so many pixels, those of the probe."""
    dice = np.random.default_rng(0)
    room = min(count, _PIXELS)
    if focus is None:
        return np.sort(dice.choice(count, room, replace=False))
    odd = np.flatnonzero(as_pictures(focus, receiver).any(axis=(0, 3)))
    odd = dice.choice(odd, min(len(odd), room // 2), replace=False)
    rest = np.setdiff1d(np.arange(count), odd)
    plain = dice.choice(rest, min(len(rest), len(odd)), replace=False)
    return np.sort(np.concatenate([odd, plain]))


def telling_rows(prepared: Array, receiver: Receiver, focus: Array | None = None) -> Array:
    """Indices of the rows that vary most, in their order: they tell mistakes apart best.

    With a `focus`, bool (n, *shape), those of which most needs a closer look.
    """
    size = max(prod(receiver.shape), 1)
    room = ROWS if receiver.is_picture else max(ROWS, _ELEMENTS // size)
    if len(prepared) <= room:
        return np.arange(len(prepared))
    if focus is not None:
        spread = flat_rows(focus).sum(axis=1)
    else:
        spread = np.nan_to_num(flat_rows(prepared)[:, :: max(1, size // _ELEMENTS)].std(axis=1))
    return np.sort(np.argsort(-spread, kind="stable")[:room])
