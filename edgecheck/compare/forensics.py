"""What the stored ranges say about the data that a file was calibrated on.

Calibration leaves the range of every activation in the file. The twin tells which ranges given
inputs have, so that suspects can be tried: each sample alone, all samples together, and noise.
"""

from dataclasses import dataclass, replace
from math import inf
from typing import Final

import numpy as np

from edgecheck import thresholds
from edgecheck.compare.experiment import Setup
from edgecheck.compare.fossil import STEP, Fossil, fossil_of
from edgecheck.compare.noise import Noise, noises, rescaled
from edgecheck.compare.twin_run import open_twin
from edgecheck.compare.walk_sessions import Page
from edgecheck.metrics.typicality import Typicality, typicality
from edgecheck.tensors import Array
from edgecheck.tflite.dequantize.twin import Twin

_KEPT: Final = 256
"""Samples whose ranges are kept for the crowd."""


@dataclass(frozen=True)
class Suspect:
    """The sample whose own ranges come nearest to the stored ones."""

    sample: str
    difference: float
    """The largest of any end, for each width of the range."""
    next_difference: float
    """The same of the sample that comes second; equal ones count as one."""


@dataclass(frozen=True)
class Crowd:
    """The stored ranges among those that each sample has by itself."""

    ends: int
    """Ends that differ from sample to sample."""
    samples: int
    beyond: float
    """Share of the samples that reach beyond an end, averaged: 1 / (k + 1) is expected where
    calibration saw k samples of this kind."""
    typicality: Typicality
    inputs_reach: float = 1.0
    """The p-value of "one of their kind is as quiet as the range of an input": of the varying end of
    an input that fewest samples stay within, times the number of such ends (Bonferroni)."""


@dataclass(frozen=True)
class Forensics:
    """The stored ranges beside those of every suspect."""

    tensors: int
    """Ranges that calibration chose."""
    compared: int
    """Ends of them that are not those of inputs, nor 0 on either side."""
    samples: int
    suspect: Suspect
    own_difference: float
    """Of the ranges of all samples together: the mean over the compared ends."""
    own_largest: float
    crowd: Crowd | None
    """None where too few ends vary, or there are too few samples."""
    noises: tuple[Noise, ...] = ()
    rescaled_difference: float = inf
    """As `own_difference`, of the first samples scaled to the stored ranges of the inputs; infinite
    where that was not tried."""


def tally_of(setup: Setup, twin: Twin, data: bytes) -> "Tally | None":
    """What is to watch a walk; None where there is nothing to compare: no range was chosen by
    calibration, or samples depend on those before them.

    Args:
        setup: the candidate and the samples; its reference is not used.
        twin: of the candidate.
        data: the candidate.
    """
    is_stream = setup.spec.state == "stream" and setup.candidate.contract.has_state
    fossil = None if is_stream or setup.candidate.contract.subgraph else fossil_of(data, twin)
    return None if fossil is None else Tally(fossil)


def forensics(setup: Setup, twin: Twin, tally: "Tally") -> Forensics | None:
    """What a tally amounts to, with noise that is tried where the samples explain too little.

    None where it saw no sample.

    Args:
        setup: of the walk.
        twin: of the candidate.
        tally: after the walk.

    Raises:
        SideFault: the twin was refused, crashed or hung.
        RuntimeMissing: no backend works.
    """
    if not tally.samples:
        return None
    if tally.own_difference < thresholds.FOSSIL_EXPLAINED or not tally.fossil.inputs:
        return tally.result(())
    with open_twin(setup, twin, tally.fossil.tensors) as run:
        found = noises(run, tally.fossil, tally.compared)
        scaled = rescaled(run, tally.fossil, tally.compared) if found else inf
        return replace(tally.result(found), rescaled_difference=scaled)


class Tally:
    """The ends of samples as they come, in constant memory."""

    def __init__(self, fossil: Fossil) -> None:
        self.fossil = fossil
        self._union = np.zeros_like(fossil.ends)
        self._best, self._first, self._second = "", inf, inf
        self._kept = np.empty((_KEPT, len(fossil.ends)))
        self._random = np.random.default_rng(0)
        self.samples = 0

    def watch(self, page: Page) -> None:
        """Add a page of a walk."""
        self.add(page.ids, self.fossil.ends_of(page.twin))

    def add(self, ids: tuple[str, ...], ends: Array) -> None:
        """Add samples with their outward ends (n, 2 ranges)."""
        self._union = np.maximum(self._union, ends.max(axis=0))
        scores = self.fossil.differences(ends).max(axis=1)
        for sample, own, score in zip(ids, ends, scores, strict=True):
            self._rank(sample, float(score))
            self._keep(own)
            self.samples += 1

    def _rank(self, sample: str, score: float) -> None:
        if score < self._first:
            self._best, self._first, self._second = sample, score, self._first
        elif self._first < score < self._second:
            self._second = score

    def _keep(self, ends: Array) -> None:
        """Keep a fair sample (Vitter 1985, "Random Sampling with a Reservoir", algorithm R)."""
        place = self.samples
        if place >= _KEPT:
            place = int(self._random.integers(0, self.samples + 1))
        if place < _KEPT:
            self._kept[place] = ends

    @property
    def compared(self) -> Array:
        """(2 ranges,) bool: the ends that tell something about what went in."""
        reach = np.maximum(self.fossil.ends, self._union) / self.fossil.widths
        return np.asarray((reach > STEP) & ~self.fossil.is_input)

    @property
    def own_difference(self) -> float:
        """Mean difference of what all samples need together; 0 where nothing is compared."""
        compared = self.fossil.differences(self._union)[self.compared]
        return float(compared.mean()) if compared.size else 0.0

    def result(self, found: tuple[Noise, ...]) -> Forensics:
        """What came out, with the noise that was tried."""
        return Forensics(
            tensors=len(self.fossil.places),
            compared=int(self.compared.sum()),
            samples=self.samples,
            suspect=Suspect(self._best, self._first, self._second),
            own_difference=self.own_difference,
            own_largest=float(self.fossil.differences(self._union).max()),
            crowd=self._crowd(),
            noises=found,
        )

    def _crowd(self) -> Crowd | None:
        kept = self._kept[: self.samples]
        kept = kept[np.isfinite(kept).all(axis=1)]
        if len(kept) < 2:
            return None
        deviation = kept.std(axis=0) / self.fossil.widths
        varies = deviation > thresholds.FOSSIL_VARIES
        if not varies.any():
            return None
        unit = self.fossil.widths * np.maximum(deviation, thresholds.FOSSIL_VARIES)
        reach = self.fossil.ends + STEP * self.fossil.widths
        return Crowd(
            ends=int(varies.sum()),
            samples=len(kept),
            beyond=float((kept > reach)[:, varies].mean()),
            typicality=typicality(kept / unit, self.fossil.ends / unit),
            inputs_reach=_reach_of((kept <= reach)[:, varies & self.fossil.is_input]),
        )


def _reach_of(within: Array) -> float:
    """The p-value of an end that is no more than all but a few samples need, at most 1.

    The rank of a sample among n others of its kind is uniform (as in `metrics/typicality.py`), and
    several samples together reach no less far than one of them.

    Args:
        within: bool (n, ends): whether a sample stays within an end.
    """
    samples, ends = within.shape
    fewest = int(within.sum(axis=0).min(initial=samples))
    return min(1.0, ends * (fewest + 1) / (samples + 1)) if ends else 1.0
