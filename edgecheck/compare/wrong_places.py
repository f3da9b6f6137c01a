"""Which samples a model that is mostly right gets wrong: a few of them, spread over all samples."""

from dataclasses import dataclass

import numpy as np

from edgecheck.tensors import Array

KEPT = 64


@dataclass(frozen=True)
class WrongPlaces:
    """All that are wrong of every so many samples."""

    places: tuple[int, ...]
    """Ascending, counted from 0 over all samples; at most `KEPT`."""
    stride: int
    """Samples at other places than its multiples are not looked at."""


class WrongWatch:
    """Keeps places while samples go by; where they become too many, it looks at half as many."""

    def __init__(self) -> None:
        self._seen, self._stride = 0, 1
        self._places: list[int] = []

    def update(self, wrong: Array) -> None:
        """Add bool (n,)."""
        self._places += (self._seen + np.flatnonzero(wrong)).tolist()
        self._seen += len(wrong)
        self._thin()
        while len(self._places) > KEPT:
            self._stride *= 2
            self._thin()

    def places(self) -> WrongPlaces:
        """Those kept so far."""
        return WrongPlaces(tuple(self._places), self._stride)

    def _thin(self) -> None:
        self._places = [place for place in self._places if place % self._stride == 0]
