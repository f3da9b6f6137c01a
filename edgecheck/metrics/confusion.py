"""Which class is answered for which label: a streaming confusion matrix."""

import numpy as np

from edgecheck.tensors import Array

MOST_CLASSES = 1024
"""Classes beyond it are not counted: memory is bounded by their square."""


class Confusion:
    """Counts of (label, class), for every other sample of a label apart: what one half shows, the other
    proves.
    """

    def __init__(self) -> None:
        """Start empty."""
        self._counts: dict[int, int] = {}
        self._of_label = np.zeros(MOST_CLASSES, np.int64)
        self._is_beyond = False

    def update(self, labels: Array, classes: Array) -> None:
        """Add the one label and the class of each sample, int64 (n,) both, none negative."""
        highest = max(int(labels.max(initial=0)), int(classes.max(initial=0)))
        if self._is_beyond or highest >= MOST_CLASSES:
            self._is_beyond = True
            return
        # Not every other sample of all: labels that take turns would fall into one half each.
        halves = (self._of_label[labels] + _ranks(labels)) % 2
        self._of_label += np.bincount(labels, minlength=MOST_CLASSES)
        keys = (halves * MOST_CLASSES + labels) * MOST_CLASSES + classes
        for key, count in zip(*np.unique(keys, return_counts=True), strict=True):
            self._counts[int(key)] = self._counts.get(int(key), 0) + int(count)

    def pairs(self) -> Array | None:
        """int64 (k, 3): label, class and number of samples, by rising label and class.

        None without a sample, or with too many classes.
        """
        if self._is_beyond or not self._counts:
            return None
        keys, counts = np.array(sorted(self._counts.items()), np.int64).T
        both, halves = np.unique(keys % MOST_CLASSES**2, return_inverse=True)
        samples = np.zeros(len(both), np.int64)
        np.add.at(samples, halves, counts)
        return np.asarray(np.stack([*np.divmod(both, MOST_CLASSES), samples], axis=1))

    def compute(self) -> Array | None:
        """int64 (2, n, n): half, label, class; None without a sample, or with too many classes."""
        if self._is_beyond or not self._counts:
            return None
        keys = np.array(list(self._counts), np.int64)
        halves, labels = np.divmod(keys // MOST_CLASSES, MOST_CLASSES)
        classes = keys % MOST_CLASSES
        size = int(max(labels.max(), classes.max())) + 1
        counts = np.zeros((2, size, size), np.int64)
        counts[halves, labels, classes] = list(self._counts.values())
        return counts


def _ranks(labels: Array) -> Array:
    """How many equal labels come before each: int64 (n,)."""
    order = np.argsort(labels, kind="stable")
    ordered = labels[order]
    ranks = np.empty(len(labels), np.int64)
    ranks[order] = np.arange(len(labels)) - np.searchsorted(ordered, ordered)
    return ranks
