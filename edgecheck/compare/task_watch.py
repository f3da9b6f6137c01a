"""What is followed of an output beyond the statistics that all tasks have."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from edgecheck import thresholds
from edgecheck.compare.element_watch import MAX_ELEMENTS, ElementWatch
from edgecheck.compare.outputs import ClassRule
from edgecheck.compare.page import Page, along
from edgecheck.compare.pixel_watch import PixelWatch
from edgecheck.compare.statistics import (
    ErrorStatistics,
    Kind,
    Measure,
    TaskStatistics,
)
from edgecheck.metrics.neighbours import NeighbourAgreement
from edgecheck.metrics.ranges import ChannelRanges
from edgecheck.metrics.truth import PairedErrors
from edgecheck.metrics.variation import VariationSqnr
from edgecheck.tensors import Array, flat_rows

_ROUNDING = 1e-6
"""Of float32, with room."""


class TaskWatch(Protocol):
    """Follows one output page by page."""

    def update(self, page: Page) -> None:
        """Add a page."""

    def statistics(self) -> TaskStatistics:
        """What was seen so far."""


class NoWatch:
    """Nothing more than what all tasks have."""

    def update(self, page: Page) -> None:
        """Take no notice."""

    def statistics(self) -> TaskStatistics:
        """Nothing."""
        return TaskStatistics()


class ErrorWatch:
    """Errors of both models against true values of the same size."""

    def __init__(self, step: float | None) -> None:
        """Start empty; `step` is the distance of two values of the candidate, None for float."""
        self._step = step or 0.0
        self._errors = PairedErrors()
        self._right = np.zeros(2)
        self._has_reference = False
        self._misfit: tuple[int, int] | None = None

    def update(self, page: Page) -> None:
        """Add a page; without truth, or with truth of another size, nothing is compared."""
        if page.truth is None:
            return
        truth, candidate = flat_rows(page.truth), flat_rows(page.candidate)
        if truth.shape != candidate.shape:
            self._misfit = truth.shape[1], candidate.shape[1]
            return
        self._has_reference = page.reference is not None
        reference = candidate if page.reference is None else flat_rows(page.reference)
        self._errors.update(truth, reference, candidate, page.weights)
        self._right += [self._count_right(truth, side) for side in (reference, candidate)]

    def statistics(self) -> TaskStatistics:
        """The errors; of the candidate alone where there is no reference."""
        found = self._errors.compute()
        if found is None:
            return TaskStatistics(misfit=self._misfit)
        shares = (self._right / max(self._errors.samples, 1)).tolist()
        if not self._has_reference:
            alone = ErrorStatistics(self._errors.samples, found[1], candidate_right=shares[1])
            return TaskStatistics(errors=alone)
        errors = ErrorStatistics(
            samples=self._errors.samples,
            candidate=found[1],
            reference=found[0],
            r2_loss=Measure(self._errors.loss(), self._errors.loss_interval()),
            ratio=Measure(self._errors.ratio(), self._errors.ratio_interval()),
            candidate_right=shares[1],
            reference_right=shares[0],
        )
        return TaskStatistics(errors=errors)

    def _count_right(self, truth: Array, side: Array) -> int:
        limit = self._step + _ROUNDING * np.abs(truth).max(axis=1, initial=0, keepdims=True)
        with np.errstate(invalid="ignore"):  # NaN, and what lies beyond infinity, is not right
            return int((np.abs(truth - side) <= limit).all(axis=1).sum())


class ValueWatch:
    """A regression: against the reference by what varies, and against targets."""

    def __init__(self, step: float | None) -> None:
        """Start empty; `step` is the distance of two values of the candidate, None for float."""
        self._variation = VariationSqnr()
        self._apart = PairedErrors()
        self._errors = ErrorWatch(step)
        self._elements = ElementWatch()

    def update(self, page: Page) -> None:
        """Add a page."""
        self._errors.update(page)
        if page.reference is not None:
            sides = flat_rows(page.reference), flat_rows(page.candidate)
            self._variation.update(*sides, page.weights)
            self._apart.update(sides[0], *sides, page.weights)
            truth = None if page.truth is None else flat_rows(page.truth)
            fits = truth is not None and truth.shape == sides[0].shape
            self._elements.update(
                page.reference, page.candidate, truth if fits else None, page.weights
            )

    def statistics(self) -> TaskStatistics:
        """Variation SQNR and errors."""
        seen = self._errors.statistics()
        apart = self._apart.compute()
        return TaskStatistics(
            variation_sqnr_db=(
                None
                if apart is None
                else Measure(self._variation.compute(), self._variation.interval())
            ),
            mean_abs_error=None if apart is None else apart[1].mae,
            errors=seen.errors,
            elements=self._elements.statistics(),
            ranges=self._elements.ranges(),
            misfit=seen.misfit,
        )


class VectorWatch:
    """An embedding."""

    def __init__(self) -> None:
        self._neighbours = NeighbourAgreement()

    def update(self, page: Page) -> None:
        """Add a page."""
        if page.reference is not None:
            self._neighbours.update(flat_rows(page.reference), flat_rows(page.candidate))

    def statistics(self) -> TaskStatistics:
        """Whether nearest neighbours stay."""
        share = self._neighbours.compute()
        return TaskStatistics(neighbour_agreement=None if np.isnan(share) else share)


class ChannelWatch:
    """The ranges of channels, where one scale may have to serve values of several sizes.

    Of a few values, each is an answer of its own, so that their movement is followed, too. Of the
    many places of a dense head nearly all are background: there the movement of a healthy 8-bit
    detector may be lost to 4 dB, while what it detects stays the same.
    """

    def __init__(self, axis: int) -> None:
        """Start empty; channels run along `axis` of the output, its batch axis counted."""
        self._axis = axis
        self._ranges = ChannelRanges()
        self._variation: VariationSqnr | None = None

    def update(self, page: Page) -> None:
        """Add a page."""
        if page.reference is None or not page.reference.size:
            return
        self._ranges.update(along(page.reference, self._axis))
        sides = flat_rows(page.reference), flat_rows(page.candidate)
        if sides[0].shape[1] <= MAX_ELEMENTS:
            self._variation = self._variation or VariationSqnr()
            self._variation.update(*sides, page.weights)

    def statistics(self) -> TaskStatistics:
        """The range of each channel of the reference; of a few values that move, how they are followed."""
        ranges, followed = self._ranges.compute(), self._variation
        if followed is None or not _moves(followed.deviation(), ranges):
            return TaskStatistics(ranges=ranges)
        variation = Measure(followed.compute(), followed.interval())
        return TaskStatistics(variation_sqnr_db=variation, ranges=ranges)


def _moves(deviation: float, ranges: Sequence[tuple[float, float]] | None) -> bool:
    """Whether values move so far that 8 bits can follow; probabilities may reach 1."""
    if not ranges:
        return False
    low, high = min(low for low, _ in ranges), max(high for _, high in ranges)
    size = 1.0 if low >= 0 and high <= 1 else max(-low, high)
    return deviation > 0 and deviation >= thresholds.MOVEMENT * size


def watch_for(
    kind: Kind, rule: ClassRule | None, axis: int, *, has_channels: bool, step: float | None = None
) -> TaskWatch:
    """What to follow of an output of this kind."""
    if kind == "pixels" and rule is not None:
        return PixelWatch(rule, axis)
    if has_channels:
        return ChannelWatch(axis)
    if kind == "values":
        return ValueWatch(step)
    if kind == "reconstruction":
        return ErrorWatch(step)
    return VectorWatch() if kind == "vectors" else NoWatch()
