"""How much the names of two layers have in common.

Converters join names with `;`, put scopes before them and operators behind them (`/Conv2D`,
`kernel:0`). None of that needs a list: a part that many layers have tells little about each.
"""

import math
import re
from collections import Counter
from collections.abc import Sequence
from typing import Final

import numpy as np

from edgecheck.tensors import Array

_MOST: Final = 2000
"""Characters of a name that are looked at."""

_SPLIT: Final = re.compile(r"[;/:.]+")
_NUMBERED: Final = re.compile(r"(pseudo_)?q?const(ant)?_?\d*")
"""Names of constants in the order in which a converter met them."""


class NameIndex:
    """Parts of names, each worth log(layers / layers that have it)."""

    def __init__(self, names: Sequence[str]) -> None:
        """Of all layers of both models."""
        counts = Counter(part for name in names for part in _parts(name))
        self._worth = {part: math.log(len(names) / n) for part, n in counts.items()}

    def similarities(self, ours: Sequence[str], theirs: Sequence[str]) -> Array:
        """(ours, theirs), 0..1: worth of the parts in common for that of all parts."""
        right = [_parts(name) for name in theirs]
        return np.array([[self._similarity(_parts(a), b) for b in right] for a in ours])

    def _similarity(self, one: frozenset[str], other: frozenset[str]) -> float:
        everything = sum(self._worth[part] for part in one | other)
        shared = sum(self._worth[part] for part in one & other)
        return shared / everything if everything else 0.0


def telling(name: str) -> str:
    """The first of names joined by `;` that is more than the number of a constant."""
    names = name[:_MOST].split(";")
    return next((entry for entry in names if not _NUMBERED.fullmatch(_last(entry))), names[0])


def _last(name: str) -> str:
    return _SPLIT.split(name.lower())[-1]


def _parts(name: str) -> frozenset[str]:
    parts = _SPLIT.split(name[:_MOST].lower())
    return frozenset(part for part in parts if part and not _NUMBERED.fullmatch(part))
