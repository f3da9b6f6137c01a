"""How far the weights and the biases of one layer are from those of the reference."""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from edgecheck import thresholds
from edgecheck.metrics.sqnr import decibels
from edgecheck.tensors import Array
from edgecheck.tflite.weights import Weight

_WEAK: Final = 1e-4
"""Energy of a channel, for each of the strongest one, below which its factor is mostly rounding."""
_FAINT: Final = (2 * 32767.0) ** -2
"""Energy of a channel, for each of the strongest one, up to which not even 16 bits with one scale keep
it: half a step or less is left. Training drives channels that are not used there."""
_ONE_STRAY: Final = 8
"""Channels from which on one of them may have a factor of its own: folding would give all of them one."""
_CHUNK: Final = 1 << 20


@dataclass(frozen=True)
class BiasChange:
    """What a layer adds to its outputs, beside what the reference adds."""

    sqnr_db: float
    """NaN where a value is not finite."""
    channels: tuple[int, ...]
    """Those that are off by a tenth of the layer's largest bias and more."""
    largest: float
    """The largest error, in real units."""


@dataclass(frozen=True)
class WeightChange:
    """The weights of a layer beside those of the reference."""

    plain_db: float
    """10 log10(sum ref^2 / sum err^2); NaN where a value is not finite."""
    sqnr_db: float
    """The same; where channels have factors of their own, as folded batch normalization gives
    them, after these are taken out."""
    factor: float | None
    """Of all channels: the candidate's weights for each of the reference's. None where channels
    have factors of their own, or none has any."""
    channels: int
    """Of the output."""
    zeroed: int
    """Output channels that are all 0, and are not in the reference."""
    changed: int
    """Output channels below `thresholds.CHANNEL_CHANGED_DB`, the zeroed ones among them."""
    bias: BiasChange | None
    """None where one of the two has none, or batch normalization may be folded into it."""
    faint: int = 0
    """Of `zeroed`, channels that hardly were there in the reference."""

    @property
    def is_zero(self) -> bool:
        """Whether nothing is left of the layer."""
        return self.zeroed == self.channels


def weight_change(reference: Weight, candidate: Weight) -> WeightChange:
    """Of two layers with as many output channels, and as many weights in each."""
    signal, error, own, product = _sums(reference.values, candidate.values)
    known = (own > 0) & (signal > _WEAK * signal.max(initial=0.0))
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        ratios = product / signal
        unexplained = np.where(own > 0, signal - product**2 / own, signal)
    factor = _common(ratios[known])
    is_kept = known & _kept_channels(ratios, reference.bias, candidate.bias)
    is_folded = factor is None and 2 * int(is_kept.sum()) < int(known.sum())
    # What rounding leaves of a difference may be negative.
    loss = np.maximum(unexplained, 0) if is_folded else error
    zeroed = (own == 0) & (signal > 0)
    return WeightChange(
        plain_db=_db(signal.sum(), error.sum()),
        sqnr_db=_db(signal.sum(), loss.sum()),
        factor=factor,
        channels=len(signal),
        zeroed=int(zeroed.sum()),
        changed=int((decibels(signal, loss) < thresholds.CHANNEL_CHANGED_DB).sum()),
        bias=None if is_folded else _bias_change(reference.bias, candidate.bias),
        faint=int((zeroed & (signal <= _FAINT * signal.max(initial=0.0))).sum()),
    )


def _sums(reference: Array, candidate: Array) -> tuple[Array, Array, Array, Array]:
    """float64 (channels,): sums of ref^2, (ref - cand)^2, cand^2 and ref * cand."""
    left, right = (values.reshape(len(values), -1) for values in (reference, candidate))
    sums = np.zeros((4, len(left)))
    step = max(1, _CHUNK // max(1, left.shape[1]))
    with np.errstate(invalid="ignore", over="ignore"):
        for start in range(0, len(left), step):
            part = slice(start, start + step)
            real, other = left[part].astype(np.float64), right[part].astype(np.float64)
            pairs = (real, real), (real - other, real - other), (other, other), (real, other)
            sums[:, part] = [np.einsum("ij,ij->i", one, two) for one, two in pairs]
    return sums[0], sums[1], sums[2], sums[3]


def _common(factors: Array) -> float | None:
    """The factor that nearly all channels have; None where they differ, or one channel alone has
    been multiplied, which batch normalization does too.
    """
    if not len(factors) or not np.isfinite(factors).all():
        return None
    middle = np.median(factors)
    low = np.quantile(factors, 0.1, method="higher" if len(factors) >= _ONE_STRAY else "linear")
    high = np.quantile(factors, 0.9, method="lower" if len(factors) >= _ONE_STRAY else "linear")
    if len(factors) == 1 and abs(middle - 1) > thresholds.SAME_FACTOR:
        return None
    return float(middle) if high - low <= thresholds.SAME_FACTOR * abs(middle) else None


def _kept_channels(ratios: Array, reference: Array | None, candidate: Array | None) -> Array:
    """Which channels have both their weights and a bias that is not 0: bool (channels,).

    Batch normalization is folded into all channels, and hardly leaves half of them as they were.

    Args:
        ratios: the candidate's weights for each of the reference's, by channel.
        reference: biases.
        candidate: biases.
    """
    if reference is None or candidate is None or not reference.any():
        return np.zeros(len(ratios), bool)
    real = reference.astype(np.float64)
    size, error = np.abs(real), np.abs(real - candidate)
    is_telling = size > thresholds.SAME_BIAS * size.max()
    is_same = np.abs(ratios - 1) <= thresholds.SAME_FACTOR
    return np.asarray(is_same & is_telling & (error <= thresholds.SAME_BIAS * size))


def _bias_change(reference: Array | None, candidate: Array | None) -> BiasChange | None:
    """None too where the reference adds nothing: then what follows may have been folded in."""
    if reference is None or candidate is None or not reference.any():
        return None
    real = reference.astype(np.float64)
    error = np.abs(real - candidate)
    off = np.flatnonzero(error > thresholds.SAME_BIAS * np.abs(real).max())
    sqnr_db = _db(float(np.square(real).sum()), float(np.square(error).sum()))
    return BiasChange(sqnr_db, tuple(off.tolist()), float(error.max()))


def _db(signal: float, error: float) -> float:
    return float(decibels(signal, error)) if math.isfinite(signal + error) else math.nan
