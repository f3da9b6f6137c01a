"""Does an output answer to an input at all? A few real samples, changed one input at a time."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from edgecheck.runtime.exchange import Exchange
from edgecheck.runtime.session import Session, run_rows
from edgecheck.tensors import Array, flat_rows

BASES = 4
"""Samples that are varied."""


@dataclass(frozen=True)
class Sensitivity:
    """How far outputs move when one input changes and the others stay."""

    input: str
    bases: int
    variants: int
    spread: Mapping[str, float]
    """Output name -> the largest movement of any element within one sample's variants; NaN where
    nothing finite came out."""


def variants_of(rows: Array) -> Array:
    """Variants of each row from real values only, never from noise: (variants, n, ...).

    The row itself, its mirror image inside the data's range (low + high - x), its values in
    reverse order, and the values of the next row.
    """
    finite = rows[np.isfinite(rows)]
    low, high = (finite.min(), finite.max()) if finite.size else (np.float32(0), np.float32(0))
    reverse = flat_rows(rows)[:, ::-1].reshape(rows.shape)
    with np.errstate(over="ignore", invalid="ignore"):
        mirrored = low + high - rows
    return np.stack([rows, mirrored, reverse, np.roll(rows, 1, axis=0)])


def sensitivities(
    session: Session, exchange: Exchange, samples: Mapping[str, Array]
) -> tuple[Sensitivity, ...]:
    """Vary each input of a few samples by itself.

    Args:
        session: attached to `exchange`.
        exchange: its depth must hold one row at least.
        samples: input name -> float32 (n, ...), real preprocessed samples, n >= 2.

    Raises:
        Fault: the model misbehaved.
    """
    return tuple(_sensitivity(session, exchange, samples, name) for name in samples)


def _sensitivity(
    session: Session, exchange: Exchange, samples: Mapping[str, Array], name: str
) -> Sensitivity:
    variants = variants_of(samples[name])
    count, bases = variants.shape[:2]
    spread: dict[str, float] = {}
    for base in range(bases):
        feeds = {
            other: np.repeat(rows[base : base + 1], count, 0) for other, rows in samples.items()
        }
        feeds[name] = variants[:, base]
        for output, movement in _movements(session, exchange, feeds).items():
            spread[output] = float(np.fmax(spread.get(output, np.nan), movement))
    return Sensitivity(name, bases, count, spread)


def _movements(
    session: Session, exchange: Exchange, feeds: Mapping[str, Array]
) -> dict[str, float]:
    """Output name -> largest (maximum - minimum) of any element over the rows; NaN if none."""
    depth = exchange.layout.rows
    total = len(next(iter(feeds.values())))
    low: dict[str, Array] = {}
    high: dict[str, Array] = {}
    for start in range(0, total, depth):
        part = {name: rows[start : start + depth] for name, rows in feeds.items()}
        for output, values in run_rows(session, exchange, part).outputs.items():
            least, most = values.min(axis=0), values.max(axis=0)
            low[output] = least if start == 0 else np.minimum(low[output], least)
            high[output] = most if start == 0 else np.maximum(high[output], most)
    with np.errstate(invalid="ignore"):
        moved = {output: high[output].astype(np.float64) - low[output] for output in low}
    return {
        output: float(values[np.isfinite(values)].max()) if np.isfinite(values).any() else np.nan
        for output, values in moved.items()
    }
