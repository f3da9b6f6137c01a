"""What another choice of class costs, by the probabilities of the reference itself."""

import numpy as np

from edgecheck.metrics.bootstrap import REPLICATES, percentile_interval
from edgecheck.tensors import Array


class Regret:
    """Mean over samples of p[best] - p[chosen], with a bootstrap interval.

    Agreement counts a flip between 0.50 and 0.49 as much as one between 0.99 and 0; this does not.
    Beside it stands what choosing blindly would cost, p[best] - mean(p): flat probabilities of many
    classes make any choice cheap.
    """

    def __init__(self) -> None:
        self._sums = np.zeros(3)
        self._replicates = np.zeros((3, REPLICATES))

    def update(self, lost: Array, blind: Array, weights: Array) -> None:
        """Add what each choice costs and a blind one would, (n,), under (n, REPLICATES).

        Samples where either is NaN are left out.
        """
        known = np.isfinite(lost) & np.isfinite(blind)
        sides = lost.astype(np.float64), blind.astype(np.float64), np.ones(len(lost))
        rows = np.stack([np.where(known, side, 0.0) for side in sides])
        self._sums += rows.sum(axis=1)
        self._replicates += rows @ weights

    def merge(self, other: "Regret") -> None:
        """Add what another instance saw."""
        self._sums += other._sums
        self._replicates += other._replicates

    def compute(self) -> float:
        """The mean; NaN without samples."""
        return float(self._sums[0] / self._sums[2]) if self._sums[2] else float("nan")

    def interval(self) -> tuple[float, float] | None:
        """The 95 % bootstrap interval of `compute`."""
        return _interval(self._replicates[0], self._replicates[2])

    def share(self) -> float:
        """The mean for each of blind choice: 0 is the best, 1 no better than blind; NaN if 0 / 0."""
        return float(self._sums[0] / self._sums[1]) if self._sums[1] > 0 else float("nan")

    def share_interval(self) -> tuple[float, float] | None:
        """The 95 % bootstrap interval of `share`."""
        return _interval(self._replicates[0], self._replicates[1])


def choice_costs(scores: Array, best: Array, chosen: Array) -> tuple[Array, Array]:
    """What a choice of class costs in each row of (n, classes), and what a blind one would.

    Args:
        scores: probabilities.
        best: the class that the row itself names, (n,); negative where it names none.
        chosen: another class, (n,); negative for none, which costs what the worst class does.

    Returns:
        Two float64 (n,), NaN where the row names no class.
    """
    values = scores.astype(np.float64)
    places = np.arange(len(values))
    top = np.where(best >= 0, values[places, np.maximum(best, 0)], np.nan)
    met = np.where(chosen >= 0, values[places, np.maximum(chosen, 0)], values.min(axis=1))
    with np.errstate(invalid="ignore"):  # infinity less infinity is NaN, as promised
        return top - met, top - values.mean(axis=1)


def _interval(above: Array, below: Array) -> tuple[float, float] | None:
    with np.errstate(invalid="ignore", divide="ignore"):
        return percentile_interval(above / below)
