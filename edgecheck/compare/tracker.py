"""Everything that is followed during a pass over the dataset."""

import heapq
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from edgecheck.compare.inputs import InputTracker
from edgecheck.compare.outputs import NO_CLASS, ClassRule, OutputTracker, PairTracker
from edgecheck.compare.statistics import (
    Comparison,
    LabelStatistics,
    OutputComparison,
    Worst,
)
from edgecheck.metrics.bootstrap import PoissonWeights
from edgecheck.metrics.paired import PairedAccuracy
from edgecheck.metrics.quantiles import Quantiles, logarithmic_edges
from edgecheck.runtime.session import Results
from edgecheck.samples.chunk import UNLABELLED, Chunk
from edgecheck.tensors import Array, flat_rows

_WORST = 5


@dataclass(frozen=True)
class WatchedOutput:
    """One output to follow: its name on each side, and one LSB of the candidate's."""

    candidate: str
    reference: str | None
    scale: float | None
    rule: ClassRule | None
    is_primary: bool


class Tracker:
    """Everything that is followed during a pass."""

    def __init__(
        self, inputs: Mapping[str, InputTracker], outputs: Sequence[WatchedOutput], seed: int
    ) -> None:
        self.samples = 0
        self._inputs = inputs
        self._outputs = [_OutputWatch(output) for output in outputs]
        self._weights = PoissonWeights(seed)
        self._latency = Quantiles(logarithmic_edges(1e-7, 1e4, 2500))

    def add_input(self, name: str, rows: Array, ids: Sequence[str]) -> None:
        """Add preprocessed rows, float32 (n, ...)."""
        self._inputs[name].update(rows, ids)

    def add_outputs(self, chunk: Chunk, results: Mapping[str, Results]) -> None:
        """Add what the sides made of a chunk."""
        weights = self._weights.draw(len(chunk.ids))
        for output in self._outputs:
            output.update(chunk, results, weights)
        self._latency.update(results["candidate"].latencies)
        self.samples += len(chunk.ids)

    def comparison(self) -> Comparison:
        """What was seen so far."""
        worst = sorted(
            (worst for output in self._outputs for worst in output.worst()),
            key=lambda worst: (worst.sqnr_db, worst.id),
        )
        milliseconds = [
            1e3 * value
            for value in (
                self._latency.quantile(0.5),
                self._latency.quantile(0.95),
                self._latency.maximum(),
            )
        ]
        return Comparison(
            samples=self.samples,
            inputs=tuple(tracker.statistics() for tracker in self._inputs.values()),
            outputs=tuple(output.comparison() for output in self._outputs),
            worst=tuple(worst[:_WORST]),
            latency_ms=(milliseconds[0], milliseconds[1], milliseconds[2]),
        )


class _OutputWatch:
    """One output on both sides, and the labels where it is the primary one."""

    def __init__(self, output: WatchedOutput) -> None:
        self._output = output
        self._candidate = OutputTracker(output.candidate, output.rule, output.scale)
        self._reference: OutputTracker | None = None
        self._pair: PairTracker | None = None
        if output.reference is not None:
            self._reference = OutputTracker(output.reference, output.rule, None)
            self._pair = PairTracker(output.scale, has_classes=output.rule is not None)
        self._labels = _LabelWatch() if output.is_primary and output.rule is not None else None
        self._samples = 0
        self._worst: list[tuple[float, int, Worst]] = []

    def update(self, chunk: Chunk, results: Mapping[str, Results], weights: Array) -> None:
        rows = flat_rows(results["candidate"].outputs[self._output.candidate])
        if self._output.reference is None or self._reference is None:
            top = self._candidate.update(rows, None)
            self._add_labels(chunk, None, top)
            return
        expected = flat_rows(results["reference"].outputs[self._output.reference])
        size = np.abs(expected).max(axis=1, initial=0)
        other = self._reference.update(expected, size)
        top = self._candidate.update(rows, size)
        self._add_labels(chunk, other, top)
        if self._pair is not None:
            tops = None if top is None or other is None else (other, top)
            per_row = self._pair.update(expected, rows, tops, weights)
            self._remember_worst(chunk, per_row, tops)
            self._samples += len(rows)

    def comparison(self) -> OutputComparison:
        return OutputComparison(
            name=self._output.candidate,
            scale=self._output.scale,
            candidate=self._candidate.statistics(),
            reference=None if self._reference is None else self._reference.statistics(),
            pair=None if self._pair is None else self._pair.statistics(),
            labels=None if self._labels is None else self._labels.statistics(),
        )

    def worst(self) -> list[Worst]:
        return [worst for _, _, worst in self._worst]

    def _add_labels(self, chunk: Chunk, reference: Array | None, candidate: Array | None) -> None:
        if self._labels is not None and candidate is not None and chunk.labels is not None:
            self._labels.update(chunk.labels, reference, candidate)

    def _remember_worst(
        self, chunk: Chunk, per_row: Array, tops: tuple[Array, Array] | None
    ) -> None:
        """Keep the `_WORST` samples of lowest SQNR; a heap of them, the mildest on top.

        Of equals the first one stays. A sample without any error is not among them.
        """
        known = np.flatnonzero(per_row < np.inf)
        for row in known[np.argsort(per_row[known], kind="stable")][:_WORST]:
            sqnr_db = float(per_row[row])
            if len(self._worst) == _WORST and -sqnr_db <= self._worst[0][0]:
                return
            place = -(self._samples + int(row))
            entry = (-sqnr_db, place, self._describe(chunk, int(row), sqnr_db, tops))
            push = heapq.heappushpop if len(self._worst) == _WORST else heapq.heappush
            push(self._worst, entry)

    def _describe(
        self, chunk: Chunk, row: int, sqnr_db: float, tops: tuple[Array, Array] | None
    ) -> Worst:
        labels = [] if chunk.labels is None else chunk.labels[row].tolist()
        known = [str(label) for label in labels if label != UNLABELLED]
        return Worst(
            id=chunk.ids[row],
            output=self._output.candidate,
            sqnr_db=sqnr_db,
            candidate_class=None if tops is None else int(tops[1][row]),
            reference_class=None if tops is None else int(tops[0][row]),
            label=" or ".join(known) or None,
        )


class _LabelWatch:
    """Labels against the top classes of the primary output."""

    def __init__(self) -> None:
        self._accuracy = PairedAccuracy()
        self._counts: dict[int, int] = {}
        self._has_reference = False

    def update(self, labels: Array, reference: Array | None, candidate: Array) -> None:
        labelled = (labels != UNLABELLED).any(axis=1)
        known = labels[labelled]
        right = _is_acceptable(known, candidate[labelled])
        self._has_reference = reference is not None
        other = right if reference is None else _is_acceptable(known, reference[labelled])
        self._accuracy.update(other, right)
        for label in np.unique(known[known != UNLABELLED]).tolist():
            count = int((known == label).any(axis=1).sum())
            self._counts[label] = self._counts.get(label, 0) + count

    def statistics(self) -> LabelStatistics | None:
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
        )


def _is_acceptable(labels: Array, top: Array) -> Array:
    """Boolean (n,): the top class is among the labels; a row without a class never is."""
    return np.asarray((labels == top[:, None]).any(axis=1) & (top != NO_CLASS))
