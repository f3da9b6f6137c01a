"""What is counted of one tensor, in the candidate and in its twin, over all samples."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from edgecheck.metrics.reservoir import Reservoir
from edgecheck.metrics.sqnr import decibels
from edgecheck.quantization import representable_range
from edgecheck.tensors import Array, integer_range
from edgecheck.tflite.graph import Tensor

_BLOCK = 1 << 15
"""Elements taken at once, so that the few passes over them stay in the processor's cache."""
_ROW = 4096
"""Elements of a row that numpy reduces fast."""
_CORE = (0.001, 0.999)


@dataclass(frozen=True)
class LayerStatistics:
    """One activation of the candidate beside the float value that the twin gives it."""

    index: int
    """Of the operator that writes it, in the order of the file; -1 for an input of the model."""
    op: str
    tensor: int
    name: str
    inputs: tuple[int, ...]
    """The activations that the operator reads, as tensor indices of the candidate."""
    sqnr_db: float
    """Candidate against twin: with the error of all operators before."""
    isolated_sqnr_db: float | None
    """Against the twin's operator on what the candidate's one read: its own error. None for
    inputs, and where it could not be computed."""
    upstream_sqnr_db: float | None
    """The lowest SQNR among its inputs; None where it has none that was followed."""
    clip_below: float
    """Share of the twin's values more than half an LSB below the representable range."""
    clip_above: float
    float_range: tuple[float, float]
    """Of the twin; low > high where it gave no finite value."""
    core_range: tuple[float, float]
    """Of the twin: the 0.1 % and 99.9 % quantiles."""
    representable: tuple[float, float] | None
    """None where the tensor is not quantized."""
    scale: float | None
    codes: int | None
    """How many the type has."""
    channels: int
    """Along the last axis."""
    dead_channels: int
    """Channels that are 0 in the twin for every sample."""
    constant_channels: int
    """Channels that have one value in the twin for every sample and position, 0 among them."""
    channel_width: float
    """Width of the range that half of the channels do not exceed in the twin, of those that move;
    NaN where none does."""
    widest_channel: int
    """The one with the widest range in the twin."""
    nonfinite: int
    """Values that are NaN or infinite in either; left out of everything else."""
    is_output: bool
    """The model gives it out, as it is or through operators that only copy or dequantize."""
    decides: bool
    """An output before its softmax or logistic, else the output itself."""

    @property
    def clip_fraction(self) -> float:
        """Share of values outside the representable range."""
        return self.clip_below + self.clip_above

    @property
    def own_sqnr_db(self) -> float:
        """The isolated SQNR; where there is none, SQNR itself says at most how bad it is."""
        return self.sqnr_db if self.isolated_sqnr_db is None else self.isolated_sqnr_db

    @property
    def levels_used(self) -> float | None:
        """Steps of the scale in `core_range`, at most as many as the type has."""
        if self.scale is None or self.codes is None or math.isnan(self.core_range[0]):
            return None
        return min((self.core_range[1] - self.core_range[0]) / self.scale, float(self.codes))

    @property
    def channel_levels(self) -> float | None:
        """Steps of the scale that half of its moving channels do not exceed; None where none moves."""
        if self.scale is None or math.isnan(self.channel_width):
            return None
        return self.channel_width / self.scale


class _Power:
    """Sums of squares of a signal and of the error of what stands for it, in float64."""

    def __init__(self) -> None:
        self.signal = 0.0
        self.error = 0.0

    def add(self, real: Array, other: Array, scratch: Array) -> bool:
        """Add flat float32 values; False, and nothing is added, where they are not all finite."""
        signal = error = 0.0
        with np.errstate(over="ignore", invalid="ignore"):  # seen in the result
            for start in range(0, real.size, _BLOCK):
                block = real[start : start + _BLOCK]
                noise = scratch[: block.size]
                np.subtract(block, other[start : start + _BLOCK], out=noise)
                signal += float(np.dot(block, block))
                error += float(np.dot(noise, noise))
        if not math.isfinite(signal + error):
            return False
        self.signal += signal
        self.error += error
        return True

    def add_slowly(self, real: Array, other: Array) -> None:
        """Add finite values whose squares may be beyond float32."""
        wide = real.astype(np.float64)
        noise = wide - other
        self.signal += float(np.dot(wide, wide))
        self.error += float(np.dot(noise, noise))

    @property
    def decibels(self) -> float:
        return float(decibels(self.signal, self.error))


class LayerTotals:
    """The running sums of one tensor: memory of a few times its channels, whatever the samples."""

    def __init__(self, tensor: Tensor, channels: int) -> None:
        """Nothing seen yet.

        Args:
            tensor: of the candidate.
            channels: size of its last axis as it runs, 1 for a scalar.
        """
        self._power, self._isolated = _Power(), _Power()
        self._has_isolated = False
        self._low = np.full(channels, np.inf, np.float32)
        self._high = np.full(channels, -np.inf, np.float32)
        self._values = Reservoir(tensor.index)
        self._elements = self._nonfinite = self._below = self._above = 0
        self._scratch = np.empty(_BLOCK, np.float32)
        params = tensor.quantization
        self.representable: tuple[float, float] | None = None
        self.scale: float | None = None
        self.codes: int | None = None
        if params is not None and params.is_usable and tensor.dtype in {"int8", "uint8", "int16"}:
            self.representable = representable_range(params, tensor.dtype)
            self.scale = max(params.scales)
            low, high = integer_range(tensor.dtype)
            self.codes = high - low + 1

    def add(self, twin: Array, candidate: Array) -> None:
        """Count rows (n, ...), float32, C-contiguous, of both."""
        real, other = twin.reshape(-1), candidate.reshape(-1)
        self._elements += real.size
        if not self._power.add(real, other, self._scratch):
            real, other = self._finite(real, other)
            self._power.add_slowly(real, other)
        low, high = self._widen(twin)
        self._count_clipped(real, low, high)
        self._values.update(real)

    def add_isolated(self, alone: Array, candidate: Array) -> None:
        """Count what the twin's operator made of the candidate's inputs, rows (n, ...)."""
        self._has_isolated = True
        real, other = alone.reshape(-1), candidate.reshape(-1)
        if not self._isolated.add(real, other, self._scratch):
            known = np.isfinite(real) & np.isfinite(other)
            self._isolated.add_slowly(real[known], other[known])

    def _finite(self, real: Array, other: Array) -> tuple[Array, Array]:
        known = np.isfinite(real) & np.isfinite(other)
        self._nonfinite += int(known.size - known.sum())
        return real[known], other[known]

    def _widen(self, rows: Array) -> tuple[float, float]:
        """Take the ranges of the channels; returns the whole range of these rows."""
        flat = rows.reshape(-1, self._low.size)
        low, high = _folded(np.minimum, flat), _folded(np.maximum, flat)
        if not (np.isfinite(low).all() and np.isfinite(high).all()):
            known = np.isfinite(flat)
            low = np.where(known, flat, np.inf).min(axis=0)
            high = np.where(known, flat, -np.inf).max(axis=0)
        np.minimum(self._low, low, out=self._low)
        np.maximum(self._high, high, out=self._high)
        return float(low.min()), float(high.max())

    def _count_clipped(self, values: Array, low: float, high: float) -> None:
        """Count values beyond the representable range; `low` and `high` are theirs."""
        if self.representable is None or self.scale is None:
            return
        least = np.float32(self.representable[0] - self.scale / 2)
        most = np.float32(self.representable[1] + self.scale / 2)
        if low < least:
            self._below += int(np.count_nonzero(values < least))
        if high > most:
            self._above += int(np.count_nonzero(values > most))

    @property
    def sqnr_db(self) -> float:
        """Pooled over all elements; +inf where nothing differs, NaN where all is 0."""
        return self._power.decibels

    @property
    def isolated_sqnr_db(self) -> float | None:
        """The same for the operator alone; None where it was never computed."""
        return self._isolated.decibels if self._has_isolated else None

    def kept(self) -> Array:
        """Some of the twin's values, drawn at random: float32 (n,), without NaN."""
        return self._values.kept()

    def measured(self) -> dict[str, Any]:
        """The fields of LayerStatistics that are measured here."""
        known = max(self._elements - self._nonfinite, 1)
        constant = self._low == self._high
        # A channel without a finite value has none: its ends are still the wrong way round.
        widths = np.maximum(self._high.astype(np.float64) - self._low, 0)
        core = self._values.quantiles(_CORE)
        return {
            "sqnr_db": self.sqnr_db,
            "isolated_sqnr_db": self.isolated_sqnr_db,
            "clip_below": self._below / known,
            "clip_above": self._above / known,
            "float_range": (float(self._low.min()), float(self._high.max())),
            "core_range": (core[0], core[1]),
            "representable": self.representable,
            "scale": self.scale,
            "codes": self.codes,
            "channels": self._low.size,
            "dead_channels": int(np.count_nonzero(constant & (self._low == 0))),
            "constant_channels": int(np.count_nonzero(constant)),
            "channel_width": _middle(widths),
            "widest_channel": int(np.argmax(widths)),
            "nonfinite": self._nonfinite,
        }


def _middle(widths: Array) -> float:
    """The lower median of the widths above 0; NaN where there is none."""
    known = widths[widths > 0]
    return float(np.quantile(known, 0.5, method="lower")) if known.size else math.nan


def _folded(function: np.ufunc, flat: Array) -> Array:
    """`function.reduce(flat, axis=0)` of (n, channels); numpy is slow where channels are few.

    So several positions are taken as one long row first.
    """
    positions, channels = flat.shape
    wide = min(positions, max(1, _ROW // channels))
    whole = positions - positions % wide
    found = function.reduce(flat[:whole].reshape(-1, wide * channels), axis=0)
    folded = function.reduce(found.reshape(wide, channels), axis=0)
    if whole < positions:
        folded = function(folded, function.reduce(flat[whole:], axis=0))
    return np.asarray(folded)
