"""Candidate against reference on the same labelled samples."""

import math

from edgecheck.tensors import Array


def mcnemar_p(only_first: int, only_second: int) -> float:
    """Exact two-sided McNemar test (McNemar 1947): p that the two error counts are equal.

    Args:
        only_first: samples that only the first model gets right.
        only_second: samples that only the second gets right.
    """
    discordant = only_first + only_second
    tail = math.fsum(_binomial_half(discordant, k) for k in range(min(only_first, only_second) + 1))
    return min(1.0, 2 * tail)


def _binomial_half(trials: int, successes: int) -> float:
    """P(X = successes) of Binomial(trials, 1/2); by logarithms, since 2**trials overflows."""
    ways = math.lgamma(trials + 1) - math.lgamma(successes + 1)
    ways -= math.lgamma(trials - successes + 1)
    return math.exp(ways - trials * math.log(2))


class PairedAccuracy:
    """Right answers of both models on labelled samples."""

    def __init__(self) -> None:
        self.samples = 0
        self.reference_right = 0
        self.candidate_right = 0
        self.only_reference = 0
        self.only_candidate = 0

    def update(self, reference_right: Array, candidate_right: Array) -> None:
        """Add two bool (n,) of labelled samples."""
        self.samples += len(candidate_right)
        self.reference_right += int(reference_right.sum())
        self.candidate_right += int(candidate_right.sum())
        self.only_reference += int((reference_right & ~candidate_right).sum())
        self.only_candidate += int((candidate_right & ~reference_right).sum())

    def merge(self, other: "PairedAccuracy") -> None:
        """Add what another instance saw."""
        self.samples += other.samples
        self.reference_right += other.reference_right
        self.candidate_right += other.candidate_right
        self.only_reference += other.only_reference
        self.only_candidate += other.only_candidate

    def compute(self) -> tuple[float, float, float]:
        """(reference accuracy, candidate accuracy, McNemar p); NaN, NaN, 1 without samples."""
        if not self.samples:
            return float("nan"), float("nan"), 1.0
        return (
            self.reference_right / self.samples,
            self.candidate_right / self.samples,
            mcnemar_p(self.only_reference, self.only_candidate),
        )
