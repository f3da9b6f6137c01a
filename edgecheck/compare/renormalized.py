"""What became of a trained model's answers when batch normalization collected its statistics anew."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Renormalized:
    """Right answers before and after, on samples that gave no statistics."""

    layers: int
    worst: str
    """The layer whose stored statistics are furthest from those of the samples."""
    divergence: float
    """Median of its channels, nats."""
    samples: int
    right_before: int
    right_after: int
    p: float
    """Exact two-sided McNemar test of the two."""
