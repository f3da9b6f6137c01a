"""Mel filters: which frequencies make each band, as the usual libraries compute them.

Sources: `tf.signal.linear_to_mel_weight_matrix`; `librosa.filters.mel`; the Auditory Toolbox
(Slaney, 1998) for the scale that is linear up to 1000 Hz; the HTK Book for mel = 1127 ln(1 +
f / 700), which torchaudio writes as 2595 log10.
"""

from collections.abc import Callable
from functools import lru_cache

import numpy as np

from edgecheck.spec.audio_steps import LogMel
from edgecheck.tensors import Array

LINEAR_HZ = 200 / 3
"""Slaney's scale: Hz of one mel below 1000 Hz."""
LOG_STEP = np.log(6.4) / 27
"""Slaney's scale: logarithm of the frequency ratio of one mel above."""


@lru_cache(maxsize=4)
def mel_filters(step: LogMel, rate: int, frequencies: int) -> Array:
    """float32 (frequencies, bins): the weight of each frequency in each band; read only.

    The frequencies are evenly spaced from 0 to rate / 2. Bands beyond it are empty.
    """
    hz = np.linspace(0, rate / 2, frequencies)
    if step.implementation == "tensorflow":
        edges = np.linspace(_htk(step.low_hz), _htk(step.high_hz), step.bins + 2)
        weights = _triangles(_htk(hz), edges)
        weights[0] = 0  # TensorFlow leaves the frequency 0 out
    else:
        edges = _edges_hz(step)
        weights = _triangles(hz, edges)
    if step.implementation == "librosa":
        weights *= 2 / (edges[2:] - edges[:-2])
    result = weights.astype(np.float32)
    result.flags.writeable = False
    return result


def _edges_hz(step: LogMel) -> Array:
    """Edges of the bands in Hz (bins + 2,), evenly spaced on the scale of the implementation."""
    to_mel, to_hz = SCALES[step.implementation]
    return to_hz(np.linspace(to_mel(step.low_hz), to_mel(step.high_hz), step.bins + 2))


def _triangles(positions: Array, edges: Array) -> Array:
    """(positions, bands): rises from edge b to edge b + 1, falls to edge b + 2, 0 elsewhere."""
    rise = (positions[:, None] - edges[:-2]) / (edges[1:-1] - edges[:-2])
    fall = (edges[2:] - positions[:, None]) / (edges[2:] - edges[1:-1])
    return np.asarray(np.maximum(0, np.minimum(rise, fall)))


def _htk(hz: float | Array) -> Array:
    return np.asarray(1127 * np.log1p(np.asarray(hz) / 700))


def _from_htk(mel: Array) -> Array:
    return np.asarray(700 * np.expm1(mel / 1127))


def _slaney(hz: float | Array) -> Array:
    values = np.asarray(hz, np.float64)
    above = 15 + np.log(np.maximum(values, 1000) / 1000) / LOG_STEP
    return np.where(values < 1000, values / LINEAR_HZ, above)


def _from_slaney(mel: Array) -> Array:
    return np.where(mel < 15, mel * LINEAR_HZ, 1000 * np.exp((mel - 15) * LOG_STEP))


SCALES: dict[str, tuple[Callable[[float | Array], Array], Callable[[Array], Array]]] = {
    "librosa": (_slaney, _from_slaney),
    "torchaudio": (_htk, _from_htk),
}
"""Implementation -> (Hz to mel, mel to Hz), for those whose triangles are over Hz."""
