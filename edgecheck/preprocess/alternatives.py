"""Steps that a spec's could be confused with: samples of the same shape, with other values.

A model cannot tell that it is fed with these; only labels, or another model, can.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from edgecheck.metrics.moments import ColumnMoments
from edgecheck.preprocess.feature_alternatives import standardized
from edgecheck.preprocess.front_ends import front_ends
from edgecheck.preprocess.pixel_alternatives import reversed_channels, scalings, unscaled, written
from edgecheck.preprocess.pixel_lines import Range
from edgecheck.spec.model import InputSpec
from edgecheck.spec.step_part import StepPart

Kind = Literal[
    "front-end", "features", "channel-order", "scaling", "channels", "layout", "orientation", "fit",
    "resize", "input-order", "output-order", "statistics",
]  # fmt: skip
"""What differs: how sound becomes features, the scale of each feature, the order of colours, the
range of pixels, how many channels tell something, the order of the axes, which side is up, how
pictures are made to fit, how their pixels are averaged then, which input gets the samples, which
output is read, or, of the model, what batch normalization remembers."""


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
    key: str = ""
    """Of a mistake, a scaling or a resize, as `rot90`, `unit-range` or `resize-nearest`; changes of
    one key are alike."""


Alternative = tuple[Change, InputSpec]


def alternatives(
    spec: InputSpec,
    shape: tuple[int, ...],
    seen: Range,
    features: ColumnMoments | None = None,
) -> list[Alternative]:
    """Specs that differ from that of an input in one thing and give samples of the same shape.

    Args:
        spec: the input.
        shape: of one sample as the model takes it.
        seen: the lowest and the highest value that the steps made of the dataset.
        features: of each column of it, where samples are rows of features.

    Returns:
        Without repetitions; empty where nothing is known that could be meant.
    """
    if spec.kind == "audio":
        return [
            (changed_steps("front-end", words, spec, new), new) for words, new in front_ends(spec)
        ]
    found = [] if spec.kind == "table" else _of_pixels(spec, shape, seen)
    other = None if features is None else standardized(spec, features)
    if other is not None:
        words = "every feature standardised by its own mean and deviation"
        found.append((changed_steps("features", words, spec, other), other))
    return found


def _of_pixels(spec: InputSpec, shape: tuple[int, ...], seen: Range) -> list[Alternative]:
    found = []
    turned = reversed_channels(spec, shape)
    if turned is not None:
        words = "the colour channels the other way round"
        found.append((changed_steps("channel-order", words, spec, turned), turned))
    others = scalings(spec, shape, seen)
    stored = unscaled(spec, seen) if spec.kind == "array" and not others else None
    for each in others if stored is None else [stored]:
        change = changed_steps("scaling", each.words, spec, each.spec, each.key)
        found.append((replace(change, made=each.made), each.spec))
    return found


def changed_steps(kind: Kind, words: str, old: InputSpec, new: InputSpec, key: str = "") -> Change:
    """How the steps of `new` differ from those of `old`."""
    lines = _beyond(old.steps, new.steps), _beyond(new.steps, old.steps)
    return Change(kind, words, None, *lines, key)


def _beyond(steps: Sequence[StepPart], others: Sequence[StepPart]) -> tuple[str, ...]:
    """Steps that the others have not, or not as often, as they are written; the last of equal ones."""
    left, found = list(others), []
    for step in steps:
        if step in left:
            left.remove(step)
        else:
            found.append(written(step))
    return tuple(found)
