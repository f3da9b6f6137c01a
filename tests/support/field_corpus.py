"""How much of the field corpus tests run: a part in CI, all of it with EDGECHECK_FULL=1."""

import os
from collections.abc import Sequence
from typing import TypeVar

IS_FULL = bool(os.environ.get("EDGECHECK_FULL"))
T = TypeVar("T")


def part_of(entries: Sequence[T], count: int) -> Sequence[T]:
    """All entries in a full run, else `count` of them, evenly spread."""
    if IS_FULL or len(entries) <= count:
        return entries
    return [entries[number * len(entries) // count] for number in range(count)]
