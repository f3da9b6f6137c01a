"""Which values of a dump are not what the spec says, where they lie, and in which samples."""

from dataclasses import dataclass

import numpy as np

from edgecheck.matching.target import Domain, limits
from edgecheck.mistakes.mistake import Receiver
from edgecheck.mistakes.pictures import as_pictures
from edgecheck.tensors import Array

_MOST_OF_A_PICTURE = 0.5
"""What is spread wider has no place."""


@dataclass(frozen=True)
class Strays:
    """The values that differ by more than another rounding of pixels."""

    rows: Array
    """bool (n,): samples that have any."""
    share: float
    """Of all values."""
    place: str | None
    """Where in the pictures all of them lie, if that is a part."""


def strays_of(read: Array, prepared: Array, domain: Domain) -> Strays:
    """Hold a dump against what the spec says.

    Args:
        read: float64 (n, *shape), in the unit of the domain.
        prepared: float32 (n, *shape).
        domain: of the dump.
    """
    made = domain.of(prepared)
    _, loose = limits(made, read, domain)
    with np.errstate(invalid="ignore", over="ignore"):
        same = (np.abs(made - read) <= loose) | (np.isnan(made) & np.isnan(read))
    rows = ~same.reshape(len(same), -1).all(axis=1)
    return Strays(rows, float(1 - same.mean()), _place(~same, domain.receiver))


def _place(wrong: Array, receiver: Receiver) -> str | None:
    """The box around them."""
    if not receiver.is_picture or not wrong.any():
        return None
    there = as_pictures(wrong, receiver).any(axis=(0, 3))
    rows, columns = (np.flatnonzero(there.any(axis=axis)) for axis in (1, 0))
    (top, bottom), (left, right) = ((int(each[0]), int(each[-1])) for each in (rows, columns))
    if (bottom - top + 1) * (right - left + 1) > _MOST_OF_A_PICTURE * there.size:
        return None
    return f"{_span('row', top, bottom)}, {_span('column', left, right)}"


def _span(noun: str, first: int, last: int) -> str:
    return f"{noun} {first}" if first == last else f"{noun}s {first} to {last}"
