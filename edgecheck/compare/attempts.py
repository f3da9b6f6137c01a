"""What can be tried for the same samples: other steps, mistakes of applications, inputs exchanged."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import combinations, islice

import numpy as np

from edgecheck.mistakes.bank import usual_mistakes
from edgecheck.mistakes.geometry import moved
from edgecheck.mistakes.mistake import Mistake, Receiver
from edgecheck.mistakes.pictures import sides
from edgecheck.preprocess.alternatives import Alternative, Change, Kind
from edgecheck.preprocess.pixel_alternatives import reversed_channels
from edgecheck.preprocess.resize_alternatives import resize_alternatives
from edgecheck.spec.model import InputSpec
from edgecheck.tensors import Array

Feeds = Mapping[str, Array]
"""Input name -> prepared rows (n, ...)."""
Rework = Callable[[Feeds], Feeds]
"""What is done with prepared rows."""

MOST_PAIRS = 52
_MOST_EXCHANGES = 6
_INDICES = frozenset({"int32", "int64"})
"""Types of inputs that may hold places in a table, beyond which a runtime may do anything."""

_KINDS: Mapping[str, Kind] = {
    "orientation-mismatch": "orientation",
    "layout-nchw-nhwc": "layout",
    "channel-order-swapped": "channel-order",
    "channel-count-mismatch": "channels",
}
"""Rule of a mistake -> what differs; mistakes of other rules show in a dump only."""

_PAIRED: Mapping[Kind, int] = {"channel-order": 0, "scaling": 1, "layout": 2, "orientation": 3}
"""Kinds that are tried two at once, in the order in which they are undone: rows that were read in
another layout are sorted before the picture is turned."""

_COMMON = frozenset({"raw-pixels", "unit-range", "signed-range", "imagenet"})
"""Scalings that are paired."""

_IRREVERSIBLE = frozenset({"rgba-as-rgb", "bgr"})
"""Keys of mistakes that are not tried: bytes that are lost, and an order that steps can undo."""


@dataclass(frozen=True)
class Attempt:
    """One way to feed a model otherwise than the spec says, or two at once."""

    input: str
    change: Change
    specs: Mapping[str, InputSpec] = field(default_factory=dict)
    """Inputs that get other steps."""
    rework: Rework | None = None
    """What is done with the prepared rows then."""
    also: Change | None = None
    """The second change of a pair."""


@dataclass(frozen=True)
class TriedInput:
    """An input, and what could be done otherwise with it."""

    spec: InputSpec
    receiver: Receiver
    steps: Sequence[Alternative]
    """Other steps that make other values of the same pixels or sound."""


def groups(
    subjects: Mapping[str, TriedInput], *, of_one_model: bool = False
) -> tuple[tuple[Attempt, ...], ...]:
    """Single changes, those that are cheap and common first; one group holds what is alike.

    Args:
        subjects: by the name of the input.
        of_one_model: only what can differ between a model and the one it was made from: both get
            the same pictures.
    """
    values = tuple(_steps(name, subject) for name, subject in subjects.items())
    moved = tuple(_mistakes(name, subject) for name, subject in subjects.items())
    resized = () if of_one_model else tuple(_resized(name, s) for name, s in subjects.items())
    if of_one_model:
        moved = tuple(
            tuple(each for each in group if each.change.kind != "channels") for group in moved
        )
    found = (*values, tuple(_exchanged(subjects)), *moved, *resized)
    return tuple(group for group in found if group)


def pairs(
    subjects: Mapping[str, TriedInput], singles: Sequence[Attempt], *, of_one_model: bool = False
) -> tuple[Attempt, ...]:
    """Two changes of different kinds at once, to the same input; no more than `MOST_PAIRS`.

    How often either is right by itself does not tell which to take: a model that gets the right
    values of pictures that are turned is wrong more often than one that answers blindly.

    Args:
        subjects: by the name of the input.
        singles: what was tried by itself.
        of_one_model: only what models of two frameworks differ in: order and range of pixels.
    """
    most = _PAIRED["scaling"] if of_one_model else _PAIRED["orientation"]
    known = (each for each in singles if _pairs_well(each) and _place(each) <= most)
    usable = sorted(known, key=_place)
    made = (
        _both(subjects[low.input], low, high)
        for low, high in combinations(usable, 2)
        if low.input == high.input and _place(low) < _place(high)
    )
    return tuple(islice((both for both in made if both is not None), MOST_PAIRS))


def _place(attempt: Attempt) -> int:
    return _PAIRED[attempt.change.kind]


def _pairs_well(attempt: Attempt) -> bool:
    """Steps for the order and the commonest ranges of pixels, and mistakes that move them."""
    kind = attempt.change.kind
    if kind == "scaling":
        return attempt.change.key in _COMMON
    return kind in _PAIRED and bool(attempt.specs) == (_PAIRED[kind] < _PAIRED["layout"])


def _both(subject: TriedInput, low: Attempt, high: Attempt) -> Attempt | None:
    """Two attempts on one input as one; None where they cannot be done at once."""
    specs, rework = low.specs, high.rework
    if low.rework is not None and high.rework is not None:
        rework = _one_by_one(low.rework, high.rework)
    if high.specs:  # an order of channels and a scaling
        turned = reversed_channels(high.specs[high.input], subject.receiver.shape)
        if turned is None:
            return None
        specs = {low.input: turned}
    return Attempt(low.input, low.change, specs, rework, high.change)


def _one_by_one(first: Rework, then: Rework) -> Rework:
    return lambda feeds: then(first(feeds))


def _steps(name: str, subject: TriedInput) -> tuple[Attempt, ...]:
    return tuple(Attempt(name, change, {name: spec}) for change, spec in subject.steps)


def _mistakes(name: str, subject: TriedInput) -> tuple[Attempt, ...]:
    receiver = subject.receiver
    return tuple(
        Attempt(name, _change(mistake), rework=_applied(name, mistake, receiver))
        for mistake in (*usual_mistakes(receiver), *_unturned(receiver))
        if mistake.rule in _KINDS and mistake.key not in _IRREVERSIBLE
    )


def _unturned(receiver: Receiver) -> Iterator[Mistake]:
    """What undoes a quarter turn after which rows were read at the width of the model."""
    if not receiver.is_picture:
        return
    height, width, channels = sides(receiver)
    if height == width:
        return

    def back(turn: Callable[[Array], Array]) -> Callable[[Array], Array]:
        return lambda pictures: turn(pictures.reshape(len(pictures), width, height, channels))

    read = f"rows read as {height} pixels wide, then "
    rule = "orientation-mismatch"
    for key, quarters, side in (("unturn-left", 1, "left"), ("unturn-right", 3, "right")):
        turn = back(partial(np.rot90, k=quarters, axes=(1, 2)))
        yield moved(key, rule, f"{read}turned by 90 degrees to the {side}", turn)
    words = f"{read}rows and columns exchanged"
    yield moved("untranspose", rule, words, back(lambda pictures: pictures.swapaxes(1, 2)))


def _resized(name: str, subject: TriedInput) -> tuple[Attempt, ...]:
    """One of each kernel: what libraries do alike cannot be told apart by answers."""
    first: dict[str, Attempt] = {}
    for change, spec in resize_alternatives(subject.spec):
        first.setdefault(change.key, Attempt(name, change, {name: spec}))
    return tuple(first.values())


def _change(mistake: Mistake) -> Change:
    return Change(_KINDS[mistake.rule], mistake.words, key=mistake.key)


def _applied(name: str, mistake: Mistake, receiver: Receiver) -> Callable[[Feeds], Feeds]:
    return lambda feeds: {**feeds, name: mistake.apply(feeds[name], receiver)}


def _exchanged(subjects: Mapping[str, TriedInput]) -> Iterator[Attempt]:
    """Two inputs of one shape, each with the samples of the other; indices are no values."""
    receivers = {name: subject.receiver for name, subject in subjects.items()}
    valued = [name for name, each in receivers.items() if each.tensor.dtype not in _INDICES]
    pairs_of_names = combinations(valued, 2)
    alike = [(a, b) for a, b in pairs_of_names if receivers[a].shape == receivers[b].shape]
    for one, other in alike[:_MOST_EXCHANGES]:
        change = Change(
            "input-order", f"the samples of input {other!r}, and the reverse", key=other
        )
        yield Attempt(one, change, rework=_exchange(one, other))


def _exchange(one: str, other: str) -> Callable[[Feeds], Feeds]:
    return lambda feeds: {**feeds, one: feeds[other], other: feeds[one]}
