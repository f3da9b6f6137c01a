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
    commonest: int = 0
    """Samples of the commonest class."""
    left: float | None = None
    """The largest divergence of the other layers, as above, when those that none comes before have new
    statistics: next to nothing where samples are only scaled and shifted otherwise than in training,
    but for what a border of zeros shows of a large shift.
    None where there are no others."""
    fed: float | None = None
    """The least divergence, as above, with other steps that meet more labels; None where none do, or
    none were put to it. With the steps of training nothing would be left of it."""
    beside: str = ""
    """What all of it was fed with, where it takes other steps, too: in words."""
