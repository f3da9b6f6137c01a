"""Steps that a spec's could be confused with: samples of the same shape, with other values.

A model cannot tell that it is fed with these; only labels, or another model, can.
"""

from dataclasses import dataclass, replace
from typing import Literal

from edgecheck.preprocess.front_ends import front_ends
from edgecheck.preprocess.pixel_alternatives import (
    Range,
    reversed_channels,
    scalings,
    written,
)
from edgecheck.spec.model import InputSpec

Kind = Literal["front-end", "channel-order", "scaling"]
"""What differs: how sound becomes features, the order of colours, or the range of pixels."""


@dataclass(frozen=True)
class Change:
    """How other steps differ from those of the spec."""

    kind: Kind
    words: str
    """What the model is fed with them."""
    made: Range | None = None
    """What pixels 0..255 become; of a scaling."""
    removed: tuple[str, ...] = ()
    added: tuple[str, ...] = ()
    """Steps that it takes out of the spec and puts in, as they are written there."""


Alternative = tuple[Change, InputSpec]


def alternatives(spec: InputSpec, shape: tuple[int, ...], seen: Range) -> list[Alternative]:
    """Specs that differ from that of an input in one thing and give samples of the same shape.

    Args:
        spec: the input.
        shape: of one sample as the model takes it.
        seen: the lowest and the highest value that the steps made of the dataset.

    Returns:
        Without repetitions; empty for tables, and where nothing is known that could be meant.
    """
    if spec.kind == "audio":
        return [(_change("front-end", words, spec, new), new) for words, new in front_ends(spec)]
    return [] if spec.kind == "table" else _of_pixels(spec, shape, seen)


def _of_pixels(spec: InputSpec, shape: tuple[int, ...], seen: Range) -> list[Alternative]:
    found = []
    turned = reversed_channels(spec, shape)
    if turned is not None:
        words = "the colour channels the other way round"
        found.append((_change("channel-order", words, spec, turned), turned))
    for each in scalings(spec, shape, seen):
        change = _change("scaling", each.words, spec, each.spec)
        found.append((replace(change, made=each.made), each.spec))
    return found


def _change(kind: Kind, words: str, old: InputSpec, new: InputSpec) -> Change:
    removed = (step for step in old.steps if step not in new.steps)
    added = (step for step in new.steps if step not in old.steps)
    return Change(kind, words, None, tuple(map(written, removed)), tuple(map(written, added)))
