"""Shifts as mistakes; what comes in at the border is left open."""

from dataclasses import dataclass

import numpy as np

from edgecheck.mistakes.geometry import shifted
from edgecheck.mistakes.mistake import Mistake, Receiver
from edgecheck.mistakes.pictures import as_samples, sides
from edgecheck.tensors import Array


@dataclass(frozen=True)
class Shift(Mistake):
    """Pictures moved by whole pixels."""

    down: int = 0
    right: int = 0


def shift_of(down: int, right: int) -> Shift:
    """By so many pixels, not both 0; up and left where negative."""
    ways = [
        (abs(size), way)
        for size, way in (
            (down, "down" if down > 0 else "up"),
            (right, "right" if right > 0 else "left"),
        )
        if size
    ]
    key = f"shift-{ways[0][1]}" if len(ways) == 1 else "shift"
    words = "pictures shifted " + " and ".join(
        f"{way} by {size} pixel{'s' if size > 1 else ''}" for size, way in ways
    )
    plain = shifted(key, words, down, right)
    return Shift(plain.key, plain.rule, plain.words, plain.step, plain.apply, False, down, right)


def known_elements(mistakes: tuple[Mistake, ...], receiver: Receiver) -> Array | None:
    """Which elements of a sample shifts do not leave open: bool (*shape); None for all."""
    moved = [mistake for mistake in mistakes if isinstance(mistake, Shift)]
    if not moved:
        return None
    height, width, channels = sides(receiver)
    rows = np.arange(height) - sum(each.down for each in moved)
    columns = np.arange(width) - sum(each.right for each in moved)
    inside_rows, inside_columns = (rows >= 0) & (rows < height), (columns >= 0) & (columns < width)
    inside = np.broadcast_to(
        (inside_rows[:, None] & inside_columns)[None, ..., None], (1, height, width, channels)
    )
    return np.asarray(as_samples(inside, receiver)[0])
