"""Statistics of one input, gathered chunk by chunk."""

from collections.abc import Sequence

import numpy as np

from edgecheck.compare.statistics import InputStatistics
from edgecheck.metrics.distinct import DistinctRows, row_hashes
from edgecheck.metrics.moments import Moments
from edgecheck.tensors import Array, flat_rows

_REMEMBERED = 4096
_NAMED = 5
MOST_FEATURES = 4096
"""Columns that are followed one by one; longer rows are no table."""


class InputTracker:
    """Ranges, clipping, non-finite values, duplicates and constant features of one input."""

    def __init__(
        self, name: str, representable: tuple[float, float] | None, *, is_whole: bool
    ) -> None:
        """Start empty.

        Args:
            name: of the input in the spec.
            representable: range of the candidate's input tensor; None where it is float.
            is_whole: the tensor is an integer without a scale and takes whole numbers only.
        """
        self._name = name
        self._representable = representable
        self._is_whole = is_whole
        self._samples = self._elements = self._clipped = self._fractional = 0
        self._nonfinite = self._nonfinite_samples = 0
        self._low, self._high = np.inf, -np.inf
        self._examples: list[str] = []
        self._distinct = DistinctRows()
        self._seen: dict[int, str] = {}
        self._duplicate: tuple[str, str] | None = None
        self._first: Array | None = None
        self._varies: Array | None = None
        self._moments: Moments | None = None

    def update(self, rows: Array, ids: Sequence[str]) -> None:
        """Add float32 (n, ...)."""
        flat = flat_rows(rows)
        finite = flat
        low, high = float(flat.min(initial=np.inf)), float(flat.max(initial=-np.inf))
        if not np.isfinite(low + high):
            finite = self._without_nonfinite(flat, ids)
            low = float(finite.min(initial=np.inf))
            high = float(finite.max(initial=-np.inf))
        self._samples += len(rows)
        self._elements += finite.size
        self._low, self._high = min(self._low, low), max(self._high, high)
        self._count_unrepresentable(finite, low, high)
        self._watch_features(rows, flat)
        self._watch_duplicates(row_hashes(rows), ids)

    def statistics(self) -> InputStatistics:
        """What was seen so far."""
        known = self._elements > 0
        constant = None if self._varies is None else np.flatnonzero(~self._varies)
        return InputStatistics(
            name=self._name,
            samples=self._samples,
            elements=self._elements,
            low=self._low if known else float("nan"),
            high=self._high if known else float("nan"),
            clipped=self._clipped,
            fractional=self._fractional,
            nonfinite=self._nonfinite,
            nonfinite_samples=tuple(self._examples),
            nonfinite_sample_count=self._nonfinite_samples,
            distinct=self._distinct.compute(),
            duplicate=self._duplicate,
            constant_features=None if constant is None else tuple(int(i) for i in constant),
            features=None if self._moments is None else self._moments.compute(),
        )

    def _without_nonfinite(self, flat: Array, ids: Sequence[str]) -> Array:
        """Count NaN and infinity; the finite values, flat."""
        finite = np.isfinite(flat)
        hit = np.flatnonzero(~finite.all(axis=1))
        self._nonfinite += int((~finite).sum())
        self._nonfinite_samples += len(hit)
        self._examples += [ids[i] for i in hit[: _NAMED - len(self._examples)]]
        return np.asarray(flat[finite])

    def _count_unrepresentable(self, finite: Array, low: float, high: float) -> None:
        if self._representable is not None:
            least, most = self._representable
            # Half an LSB beyond still rounds to the last code; a whole range is never that close.
            if low < least or high > most:
                self._clipped += int(((finite < least) | (finite > most)).sum())
        if self._is_whole:
            self._fractional += int((finite != np.rint(finite)).sum())

    def _watch_features(self, rows: Array, flat: Array) -> None:
        if rows.ndim != 2 or not len(rows):
            return
        if self._first is None:
            self._first, self._varies = flat[0].copy(), np.zeros(flat.shape[1], bool)
        assert self._varies is not None  # noqa: S101  (set together)
        self._varies |= (flat != self._first).any(axis=0)
        if flat.shape[1] > MOST_FEATURES:
            return
        if self._moments is None:
            self._moments = Moments(flat.shape[1])
        self._moments.update(flat)

    def _watch_duplicates(self, hashes: Array, ids: Sequence[str]) -> None:
        self._distinct.update(hashes)
        if self._duplicate is not None or len(self._seen) >= _REMEMBERED:
            return
        for value, name in zip(hashes.tolist(), ids, strict=True):
            if value in self._seen:
                self._duplicate = (self._seen[value], name)
                return
            self._seen[value] = name
