"""A segmentation, pixel by pixel."""

import numpy as np

from edgecheck.compare.outputs import ClassRule, NumberRule
from edgecheck.compare.page import Page, along
from edgecheck.compare.statistics import MapStatistics, Measure, TaskStatistics
from edgecheck.metrics.bootstrap import percentile_interval
from edgecheck.metrics.overlap import Overlap
from edgecheck.tensors import Array, flat_rows


class PixelWatch:
    """A segmentation: the class of each pixel."""

    def __init__(self, rule: ClassRule, axis: int) -> None:
        """Start empty; classes run along `axis` of the output, its batch axis counted."""
        self._rule = rule
        self._axis = axis
        self._pair: Overlap | None = None
        self._truth: tuple[Overlap, Overlap] | None = None
        self._has_reference = False
        self._misfit: tuple[int, int] | None = None

    def update(self, page: Page) -> None:
        """Add a page."""
        found, classes = self._maps(page.candidate)
        expected = None if page.reference is None else self._maps(page.reference)[0]
        if expected is not None:
            self._has_reference = True
            self._pair = self._pair or Overlap(classes)
            self._pair.update(expected, found, page.weights)
        if page.truth is not None:
            self._compare(page, found, found if expected is None else expected, classes)

    def statistics(self) -> TaskStatistics:
        """Agreement of pixels and mean IoU."""
        pair = self._pair
        return TaskStatistics(
            pixel_agreement=(
                None if pair is None else Measure(pair.agreement(), pair.agreement_interval())
            ),
            mean_iou=None if pair is None else _mean_iou(pair),
            maps=self._map_statistics(),
            misfit=self._misfit,
        )

    def _maps(self, output: Array) -> tuple[Array, int]:
        """(class of each pixel (n, pixels), number of classes)."""
        if isinstance(self._rule, NumberRule):
            numbers = self._rule.top(output.reshape(-1, 1))
            return numbers.reshape(len(output), -1), self._rule.most
        scores = along(output, self._axis)
        classes = self._rule.classes(scores.shape[-1])
        tops = self._rule.top(scores.reshape(-1, scores.shape[-1]))
        return tops.reshape(len(output), -1), classes

    def _compare(self, page: Page, found: Array, expected: Array, classes: int) -> None:
        truth = flat_rows(page.truth) if page.truth is not None else found
        if truth.shape != found.shape:
            self._misfit = truth.shape[1], found.shape[1]
            return
        classed = np.where(np.isfinite(truth), truth, -1).astype(np.int64)
        self._truth = self._truth or (Overlap(classes), Overlap(classes))
        for overlap, maps in zip(self._truth, (expected, found), strict=True):
            overlap.update(classed, maps, page.weights)

    def _map_statistics(self) -> MapStatistics | None:
        if self._truth is None or np.isnan(self._truth[1].mean_iou()):
            return None
        reference, candidate = (overlap.mean_iou() for overlap in self._truth)
        chance = self._truth[1].chance_iou()
        if not self._has_reference:
            return MapStatistics(candidate, chance)
        lost = self._truth[0].mean_iou_replicates() - self._truth[1].mean_iou_replicates()
        return MapStatistics(
            candidate, chance, reference, Measure(reference - candidate, percentile_interval(lost))
        )


def _mean_iou(pair: Overlap) -> Measure | None:
    value = pair.mean_iou()
    if np.isnan(value):
        return None
    return Measure(value, percentile_interval(pair.mean_iou_replicates()))
