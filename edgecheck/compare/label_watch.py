"""Labels against the top classes of the primary output."""

import numpy as np

from edgecheck.compare.outputs import NO_CLASS
from edgecheck.compare.statistics import LabelStatistics
from edgecheck.metrics.confusion import Confusion
from edgecheck.metrics.paired import PairedAccuracy
from edgecheck.samples.chunk import UNLABELLED
from edgecheck.tensors import Array


class LabelWatch:
    """How often the acceptable classes are met."""

    def __init__(self) -> None:
        self._accuracy = PairedAccuracy()
        self._confusion, self._answers = Confusion(), Confusion()
        self._counts: dict[int, int] = {}
        self._has_reference = False

    def update(self, labels: Array, reference: Array | None, candidate: Array) -> None:
        """Add labels (n, k) and the top classes (n,) of reference and candidate."""
        labelled = (labels != UNLABELLED).any(axis=1)
        known = labels[labelled]
        right = _is_acceptable(known, candidate[labelled])
        self._has_reference = reference is not None
        other = right if reference is None else _is_acceptable(known, reference[labelled])
        self._accuracy.update(other, right)
        _confuse(self._confusion, known, (candidate if reference is None else reference)[labelled])
        _confuse(self._answers, known, candidate[labelled])
        for label in np.unique(known[known != UNLABELLED]).tolist():
            count = int((known == label).any(axis=1).sum())
            self._counts[label] = self._counts.get(label, 0) + count

    def statistics(self) -> LabelStatistics | None:
        """What was seen so far; None without a label."""
        reference, candidate, p = self._accuracy.compute()
        if not self._accuracy.samples:
            return None
        return LabelStatistics(
            labelled=self._accuracy.samples,
            class_counts=self._counts,
            highest=max(self._counts),
            candidate_accuracy=candidate,
            reference_accuracy=reference if self._has_reference else None,
            mcnemar_p=p if self._has_reference else None,
            confusion=self._confusion.compute(),
            answers=self._answers.pairs(),
        )


def _confuse(confusion: Confusion, labels: Array, top: Array) -> None:
    """Count the answers to samples of one label only."""
    is_clear = ((labels != UNLABELLED).sum(axis=1) == 1) & (top != NO_CLASS)
    confusion.update(labels[is_clear].max(axis=1, initial=UNLABELLED), top[is_clear])


def _is_acceptable(labels: Array, top: Array) -> Array:
    """Boolean (n,): the top class is among the labels; a row without a class never is."""
    return np.asarray((labels == top[:, None]).any(axis=1) & (top != NO_CLASS))
