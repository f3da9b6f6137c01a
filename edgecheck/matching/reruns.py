"""Which mistake with an input makes the candidate answer what a device answered."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from edgecheck.matching.likeness import explains, real_values, same_rows, share, tolerance
from edgecheck.metrics.sqnr import decibels
from edgecheck.tensors import Array
from edgecheck.tflite.graph import Tensor

_TELLING_DB: Final = 10.0
"""By which an answer must be nearer than those to the right inputs to be worth a word."""


@dataclass(frozen=True)
class Suspect:
    """Inputs made in another way."""

    input: str
    """The one that is to blame."""
    key: str
    rule: str
    words: str
    make: Callable[[], Mapping[str, Array]]
    """The rows that the model gets, float32 (n, *shape), of the inputs that differ."""
    is_harmless: bool = False


@dataclass(frozen=True)
class Rerun:
    """A suspect, and how like those of the device its outputs are."""

    suspect: Suspect
    is_named: bool
    """It makes what was logged, which the right inputs do not."""
    exact_share: float
    """Of samples whose outputs are all the same, as runtimes differ."""
    agreement: float
    """Of samples with the same largest element in every output."""
    sqnr_db: float


@dataclass(frozen=True)
class Logged:
    """The outputs of a device, by name: what was logged, and what it is."""

    dumped: Mapping[str, Array]
    """(n, elements), as logged."""
    tensors: Mapping[str, Tensor]

    def same(self, answers: Mapping[str, Array]) -> Array:
        """Which samples got these answers in every output: bool (n,)."""
        found = np.ones(len(next(iter(self.dumped.values()))), bool)
        for name, dumped in self.dumped.items():
            tensor, other = self.tensors[name], answers[name].astype(np.float64)
            found &= same_rows(real_values(dumped, tensor), other, tolerance(tensor, other))
        return found

    def likeness(self, answers: Mapping[str, Array]) -> tuple[float, float, float]:
        """(exact share, agreement, SQNR in dB) of other answers to the same samples."""
        agreed = np.ones(len(next(iter(self.dumped.values()))), bool)
        signal = noise = 0.0
        for name, dumped in self.dumped.items():
            real = real_values(dumped, self.tensors[name])
            other = answers[name].astype(np.float64)
            agreed &= real.argmax(axis=1) == other.argmax(axis=1)
            with np.errstate(invalid="ignore", over="ignore"):
                signal += float((real**2).sum())
                noise += float(((real - other) ** 2).sum())
        return share(self.same(answers)), share(agreed), float(decibels(signal, noise))


def reruns(
    suspects: Iterable[Suspect],
    feeds: Mapping[str, Array],
    logged: Logged,
    right: Mapping[str, Array],
    answers: Callable[[Mapping[str, Array]], Mapping[str, Array]],
) -> tuple[Rerun, ...]:
    """Run the candidate on every suspect; the likest outputs first.

    Args:
        suspects: each for one input; those that change nothing are left out.
        feeds: the right rows of every input.
        logged: the outputs of the device.
        right: those of the host for the right rows.
        answers: runs the candidate.

    Raises:
        SideFault: the model misbehaved.
    """
    found = []
    differs = ~logged.same(right)
    for suspect in suspects:
        made = suspect.make()
        if all(np.array_equal(rows, feeds[name], equal_nan=True) for name, rows in made.items()):
            continue
        given = answers({**feeds, **made})
        is_named = explains(logged.same(given), differs)
        found.append(Rerun(suspect, is_named, *logged.likeness(given)))
    return tuple(sorted(found, key=lambda each: (-each.exact_share, -each.sqnr_db)))


def nearest(found: Iterable[Rerun], right_db: float) -> Rerun | None:
    """The one that comes clearly nearer than the right inputs, whose SQNR is given; else None."""
    best = max(found, key=lambda each: each.sqnr_db, default=None)
    return best if best is not None and best.sqnr_db >= right_db + _TELLING_DB else None
