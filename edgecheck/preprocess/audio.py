"""The steps from sound to features: pure functions of float arrays (n, ...), samples first.

The front end is that of `tf.signal`: frames of `window` samples every `step`, a window function,
the magnitude of a real FFT, mel bands, their logarithm, a DCT. Where librosa and torchaudio
differ, the spec says whose. Sound is (n, samples); everything is computed in float32 or better
and returned as float32.
"""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from edgecheck.errors import DatasetUnreadable, UsageError
from edgecheck.preprocess.mel import mel_filters
from edgecheck.spec.audio_steps import Frame, LogMel, Mfcc, Stft
from edgecheck.tensors import Array

MAX_VALUES = 1 << 26
"""Values that one sample may have after a step: 256 MiB of float32."""

BLOCK_VALUES = 1 << 20
"""Values that the FFT transforms at once, to bound its temporary arrays."""


def to_mono(sounds: Array, channel: str) -> Array:
    """(n, samples, channels) -> (n, samples): the `mean` of the channels or the `first`.

    Sound that has no channel axis is mono already and stays as it is.
    """
    if sounds.ndim == 2:
        return sounds
    if sounds.ndim != 3:
        raise _misfit("mono", "sound (samples, channels)", sounds)
    if channel == "first" or sounds.shape[2] == 1:
        return sounds[:, :, 0]
    mono: Array = sounds.mean(axis=2, dtype=np.float32)
    return mono


def resample(sounds: Array, rate: int | None, new_rate: int) -> Array:
    """(n, samples) -> (n, ceil(samples * new_rate / rate)), with soxr at its high quality.

    As `librosa.resample` by default: a band-limited sinc filter, the length as there.

    Raises:
        UsageError: soxr is not installed.
        DatasetUnreadable: the rate is unknown, or the result too long.
    """
    _require_sound("resample", sounds)
    if rate is None:
        raise _no_rate("resample")
    if rate == new_rate:
        return sounds
    length = -(-sounds.shape[1] * new_rate // rate)
    _require_size("resample", (length,))
    try:
        import soxr
    except ImportError as error:
        raise UsageError(
            f"resampling from {rate} to {new_rate} Hz needs the package soxr",
            hint="Install it with the extra: pip install 'tflite-edgecheck[audio]'.",
        ) from error
    # soxr takes (samples, channels): independent sounds of one length are channels to it.
    channels = np.ascontiguousarray(sounds.T, np.float32)
    return trim_or_pad(np.asarray(soxr.resample(channels, rate, new_rate)).T, length)


def trim_or_pad(sounds: Array, samples: int) -> Array:
    """(n, any) -> (n, samples): the end cut off, or zeros added to it."""
    _require_sound("trim-or-pad", sounds)
    missing = samples - sounds.shape[1]
    if missing <= 0:
        return sounds[:, :samples]
    return np.pad(sounds, ((0, 0), (0, missing)))


def peak_normalize(sounds: Array, by: str) -> Array:
    """Each sound divided by its largest value (`max`) or largest magnitude (`absolute`).

    A sound whose peak is 0 stays as it is. `max` of a sound without positive values turns it
    over, as it does in MLPerf Tiny's training code.
    """
    axes = tuple(range(1, sounds.ndim))
    peak = (np.abs(sounds) if by == "absolute" else sounds).max(axis=axes, keepdims=True)
    result: Array = sounds / np.where(peak == 0, np.float32(1), peak.astype(np.float32))
    return result.astype(np.float32, copy=False)


def frame_count(samples: int, step: Frame | Stft) -> int:
    """How many frames a step makes of so many samples; 0 where none fits."""
    window = step.length if isinstance(step, Frame) else step.window
    if step.pad == "end":
        return -(-samples // step.step)
    half = 0 if step.pad == "none" else window // 2
    return max(0, 1 + (samples + 2 * half - window) // step.step)


def frame(sounds: Array, step: Frame) -> Array:
    """(n, samples) -> (n, frames, length), as `tf.signal.frame`; a view where nothing is padded.

    Raises:
        DatasetUnreadable: the sound is shorter than a frame, or the result too large.
    """
    _require_size("frame", (frame_count(_length("frame", sounds), step), step.length))
    return _frames(sounds, step, step.length)


def stft(sounds: Array, step: Stft) -> Array:
    """(n, samples) -> (n, frames, fft / 2 + 1): |STFT| ** power, as `tf.signal.stft`.

    Each frame is windowed, cut or padded at its end to the length of the transform, transformed.

    Raises:
        DatasetUnreadable: the sound is shorter than a window, or the result too large.
    """
    count = frame_count(_length("stft", sounds), step)
    fft = step.fft_length
    _require_size("stft", (count, fft // 2 + 1))
    frames = _frames(sounds, step, step.window)
    window = window_values(step.window_fn, step.window)
    result = np.empty((len(sounds), count, fft // 2 + 1), np.float32)
    block = max(1, BLOCK_VALUES // max(fft, step.window))
    for number, rows in enumerate(frames):
        for start in range(0, count, block):
            spectrum = np.fft.rfft(rows[start : start + block] * window, fft)
            result[number, start : start + block] = np.abs(spectrum)
    return np.square(result) if step.power == 2 else result


def window_values(name: str, length: int) -> Array:
    """float32 (length,): a periodic window, as tf.signal.hann_window and hamming_window.

    For odd lengths TensorFlow's windows are symmetric all the same.
    """
    if name == "none" or length == 1:
        return np.ones(length, np.float32)
    alpha = 0.5 if name == "hann" else 0.54
    turns = np.arange(length) / (length if length % 2 == 0 else length - 1)
    return np.asarray(alpha - (1 - alpha) * np.cos(2 * np.pi * turns), np.float32)


def log_mel(spectrograms: Array, step: LogMel, rate: int | None) -> Array:
    """(n, frames, fft / 2 + 1) -> (n, frames, bins): log(max(mel + offset, floor)).

    Raises:
        DatasetUnreadable: not spectrograms, or the sample rate is unknown.
    """
    if spectrograms.ndim != 3:
        raise _misfit("log-mel", "spectrograms (frames, frequencies)", spectrograms)
    if rate is None:
        raise _no_rate("log-mel")
    filters = mel_filters(step, rate, spectrograms.shape[2])
    bands: Array = spectrograms.astype(np.float32, copy=False) @ filters
    if step.log == "none":
        return bands
    with np.errstate(divide="ignore", invalid="ignore"):
        bands = np.maximum(bands + np.float32(step.offset), np.float32(step.floor))
        logarithm = np.log(bands) if step.log == "natural" else np.log10(bands)
    result: Array = logarithm * np.float32(10 if step.log == "db" else 1)
    return result


def mfcc(bands: Array, step: Mfcc) -> Array:
    """(n, frames, bins) -> (n, frames, coefficients): a DCT-II over the bands.

    c_k = sqrt(2 / bins) * sum_b x_b cos(pi k (b + 1/2) / bins), as
    `tf.signal.mfccs_from_log_mel_spectrograms`; librosa divides c_0 by sqrt(2).

    Raises:
        DatasetUnreadable: not log-mel bands, or fewer bands than coefficients.
    """
    if bands.ndim != 3:
        raise _misfit("mfcc", "log-mel bands (frames, bins)", bands)
    count = bands.shape[2]
    if step.coefficients > count:
        raise DatasetUnreadable(
            f"mfcc: {step.coefficients} coefficients of {count} bands",
            hint="Lower `coefficients`, or raise `bins` of the `log-mel` step.",
        )
    angles = np.pi / count * np.outer(np.arange(count) + 0.5, np.arange(step.coefficients))
    basis = np.cos(angles) * np.sqrt(2 / count)
    if step.implementation == "librosa":
        basis[:, 0] /= np.sqrt(2)
    return np.asarray(bands.astype(np.float32, copy=False) @ basis.astype(np.float32))


def _frames(sounds: Array, step: Frame | Stft, window: int) -> Array:
    """(n, frames, window), a view of the sounds or of a padded copy of them."""
    samples = sounds.shape[1]
    count = frame_count(samples, step)
    if count == 0:
        raise DatasetUnreadable(
            f"{step.key}: {samples} samples are shorter than a frame of {window}",
            hint="Make clips longer with `trim-or-pad`, or set `pad: end`.",
        )
    padded = _padded(sounds, step.pad, window, (count - 1) * step.step + window)
    return sliding_window_view(padded, window, axis=1)[:, :: step.step][:, :count]


def _padded(sounds: Array, pad: str, window: int, needed: int) -> Array:
    """Sounds with what `pad` adds, `needed` samples long at least."""
    if pad == "end":
        return np.pad(sounds, ((0, 0), (0, max(0, needed - sounds.shape[1]))))
    if pad == "none":
        return sounds
    half = window // 2
    if pad == "center-reflect" and half >= sounds.shape[1]:
        raise DatasetUnreadable(
            f"stft: {sounds.shape[1]} samples are too few to mirror {half} of them",
            hint="Make clips longer with `trim-or-pad`, or set `pad: center`.",
        )
    mode = "reflect" if pad == "center-reflect" else "constant"
    return np.asarray(np.pad(sounds, ((0, 0), (half, half)), mode=mode))  # type: ignore[call-overload]


def _length(step: str, sounds: Array) -> int:
    _require_sound(step, sounds)
    return int(sounds.shape[1])


def _require_sound(step: str, sounds: Array) -> None:
    if sounds.ndim != 2:
        raise _misfit(step, "sound (samples)", sounds)


def _require_size(step: str, shape: tuple[int, ...]) -> None:
    size = 1
    for extent in shape:
        size *= extent
    if size > MAX_VALUES:
        raise DatasetUnreadable(
            f"{step}: the result would have shape {shape}, at most {MAX_VALUES} values are allowed",
            hint="Shorten the clips with `trim-or-pad`, or raise `step`.",
        )


def _misfit(step: str, expected: str, values: Array) -> DatasetUnreadable:
    return DatasetUnreadable(
        f"{step} needs {expected}, found samples of shape {values.shape[1:]}",
        hint="The usual order is resample, trim-or-pad, stft, log-mel, mfcc, reshape.",
    )


def _no_rate(step: str) -> DatasetUnreadable:
    return DatasetUnreadable(
        f"{step}: the sample rate is unknown", hint="Set `sample_rate` of the input, in Hz."
    )
