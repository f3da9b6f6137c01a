"""Smallest and largest value of each channel."""

import numpy as np

from edgecheck.tensors import Array

MAX_CHANNELS = 4096


class ChannelRanges:
    """Range of each channel over all samples and positions; non-finite values are left out."""

    def __init__(self) -> None:
        self._low: Array | None = None
        self._high: Array | None = None

    def update(self, values: Array) -> None:
        """Add values with the channels on the last axis; more than 4,096 are not followed."""
        flat = values.reshape(-1, values.shape[-1])
        if flat.shape[1] > MAX_CHANNELS or not len(flat):
            return
        finite = np.isfinite(flat)
        low = np.where(finite, flat, np.inf).min(axis=0)
        high = np.where(finite, flat, -np.inf).max(axis=0)
        self._low = low if self._low is None else np.minimum(self._low, low)
        self._high = high if self._high is None else np.maximum(self._high, high)

    def merge(self, other: "ChannelRanges") -> None:
        """Add what another instance saw."""
        if other._low is not None and other._high is not None:
            self.update(np.stack([other._low, other._high]))

    def compute(self) -> tuple[tuple[float, float], ...]:
        """(low, high) of each channel; low > high where nothing finite was seen."""
        if self._low is None or self._high is None:
            return ()
        return tuple(zip(self._low.tolist(), self._high.tolist(), strict=True))
