"""The elements of a measured output, each by itself: pooled, the largest unit would hide the rest."""

import numpy as np

from edgecheck.compare.statistics import ElementStatistics, Measure
from edgecheck.metrics.ranges import ChannelRanges
from edgecheck.metrics.truth import PairedErrors
from edgecheck.metrics.variation import VariationSqnr
from edgecheck.tensors import Array

MAX_ELEMENTS = 64
"""A longer last axis holds positions of a field rather than quantities of their own."""


class ElementWatch:
    """Each element along the last axis of an output, all positions before it pooled."""

    def __init__(self) -> None:
        self._ranges = ChannelRanges()
        self._elements: list[_Element] = []

    def update(
        self, reference: Array, candidate: Array, truth: Array | None, weights: Array
    ) -> None:
        """Add (n, ...) of both and (n, elements of a sample) of the truth; one element is none."""
        count = candidate.shape[-1]
        if not (candidate.ndim > 1 and 1 < count <= MAX_ELEMENTS and candidate.size):
            return
        self._elements = self._elements or [_Element() for _ in range(count)]
        sides = [_by_element(side, count) for side in (reference, candidate)]
        true = None if truth is None else _by_element(truth, count)
        self._ranges.update(sides[0])
        for index, element in enumerate(self._elements):
            own = None if true is None else true[..., index]
            element.update(sides[0][..., index], sides[1][..., index], own, weights)

    def ranges(self) -> tuple[tuple[float, float], ...]:
        """(low, high) of each element in the reference."""
        return self._ranges.compute()

    def statistics(self) -> tuple[ElementStatistics, ...]:
        """The elements that move in the reference: of the others there is nothing to follow."""
        found = [element.statistics(index) for index, element in enumerate(self._elements)]
        return tuple(entry for entry in found if not np.isnan(entry.variation_sqnr_db.value))


class _Element:
    """One element against the reference and against its targets."""

    def __init__(self) -> None:
        self._variation = VariationSqnr()
        self._errors = PairedErrors()

    def update(
        self, reference: Array, candidate: Array, truth: Array | None, weights: Array
    ) -> None:
        """Add (n, positions) of each."""
        self._variation.update(reference, candidate, weights)
        if truth is not None:
            self._errors.update(truth, reference, candidate, weights)

    def statistics(self, index: int) -> ElementStatistics:
        """What was seen so far."""
        errors = self._errors
        has_truth = errors.compute() is not None and not np.isnan(errors.loss())
        return ElementStatistics(
            index=index,
            variation_sqnr_db=Measure(self._variation.compute(), self._variation.interval()),
            r2_loss=Measure(errors.loss(), errors.loss_interval()) if has_truth else None,
            ratio=Measure(errors.ratio(), errors.ratio_interval()) if has_truth else None,
        )


def _by_element(values: Array, count: int) -> Array:
    return values.reshape(len(values), -1, count)
