"""The steps from sound to features, as they are written in a spec.

Lengths are in samples at the rate that reaches the step: 480 are 30 ms at 16 kHz. What each step
computes is in `edgecheck.preprocess.audio`.
"""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from edgecheck.spec.base import Misfit
from edgecheck.spec.step_part import StepPart

LONGEST_WINDOW = 65_536
"""Samples; more than a second even at 48 kHz, and no front end transforms more at once."""

LONGEST_CLIP = 1 << 26
"""Samples; more than an hour at 16 kHz."""

Padding = Literal["none", "end", "center", "center-reflect"]
"""What is added so that frames fit: nothing, zeros at the end, or half a window on both sides,
as zeros (librosa from 0.10 on) or as the signal mirrored (torchaudio, older librosa)."""


class Mono(StepPart):
    """Turn the channels of a sound into one; must be the first step. Without it: their mean."""

    key = "mono"
    direct = "channel"

    channel: Literal["mean", "first"] = Field(examples=["mean"])
    """mean as librosa.to_mono; first as tf.audio.decode_wav with desired_channels=1."""


class Resample(StepPart):
    """Change the sample rate, from that of the file (of arrays: the input's `sample_rate`)."""

    key = "resample"

    rate: Annotated[int, Field(ge=1000, le=384_000)]
    """The new rate in Hz. With the extra `audio`; equal rates change nothing."""


class TrimOrPad(StepPart):
    """Make all clips equally long: cut the end off, or add zeros there."""

    key = "trim-or-pad"

    samples: Annotated[int, Field(ge=1, le=LONGEST_CLIP)]
    """The new length in samples."""


class PeakNormalize(StepPart):
    """Divide each clip by its peak; silence stays silence."""

    key = "peak-normalize"
    direct = "by"

    by: Literal["max", "absolute"] = Field(examples=["max"])
    """max: the largest value, as MLPerf Tiny's keyword spotting; absolute: the largest size."""


class Frame(StepPart):
    """Cut the sound into frames, as tf.signal.frame: (samples) -> (frames, length)."""

    key = "frame"

    length: Annotated[int, Field(ge=1, le=LONGEST_WINDOW)]
    """Samples in a frame."""
    step: Annotated[int, Field(ge=1, le=LONGEST_CLIP)]
    """Samples from the start of a frame to that of the next."""
    pad: Padding = "none"
    """How the ends are padded; none drops the samples that fill no frame, end is `pad_end`."""


class Stft(StepPart):
    """Spectrogram, as abs(tf.signal.stft): (samples) -> (frames, fft / 2 + 1)."""

    key = "stft"

    window: Annotated[int, Field(ge=1, le=LONGEST_WINDOW)]
    """Samples in a window (`frame_length`, `win_length`)."""
    step: Annotated[int, Field(ge=1, le=LONGEST_CLIP)]
    """Samples from the start of a window to that of the next (`frame_step`, `hop_length`)."""
    fft: Annotated[int, Field(ge=2, le=LONGEST_WINDOW)] | None = None
    """Samples in the transform; a shorter window is padded with zeros, a longer one is cut.
    When absent: the smallest power of two that holds the window."""
    window_fn: Literal["hann", "hamming", "none"] = "hann"
    """Window function, periodic as in tf.signal, librosa and torchaudio."""
    power: Literal[1, 2] = 1
    """1: magnitudes; 2: squared magnitudes."""
    pad: Padding = "none"
    """How the ends are padded; end is `pad_end=True`, center is `center=True` of librosa."""

    @property
    def fft_length(self) -> int:
        """`fft`, or its default."""
        return self.fft or max(2, 1 << (self.window - 1).bit_length())


class LogMel(StepPart):
    """Mel bands of a spectrogram, and their logarithm: (frames, fft / 2 + 1) -> (frames, bins)."""

    key = "log-mel"

    bins: Annotated[int, Field(ge=1, le=512)]
    """Number of mel bands."""
    low_hz: Annotated[float, Field(ge=0)]
    """Lower edge of the first band, Hz."""
    high_hz: Annotated[float, Field(gt=0, le=192_000)]
    """Upper edge of the last band, Hz; half the sample rate at most."""
    log: Literal["natural", "log10", "db", "none"] = "natural"
    """db: 10 log10; of magnitudes (`stft: {power: 1}`) that is half of their level."""
    offset: Annotated[float, Field(ge=0)] = 1e-6
    """Added before the logarithm, so that silence has one."""
    floor: Annotated[float, Field(ge=0)] = 0.0
    """Smallest value before the logarithm, after the offset (`amin` of librosa)."""
    implementation: Literal["tensorflow", "librosa", "torchaudio"] = "tensorflow"
    """Whose mel filters training used, with the library's defaults. tensorflow: HTK scale,
    triangles over mel; librosa: Slaney scale, triangles over Hz of equal area; torchaudio: HTK
    scale, triangles over Hz."""

    @model_validator(mode="after")
    def _edges_are_ordered(self) -> "LogMel":
        if self.high_hz <= self.low_hz:
            raise Misfit(
                ("high_hz",),
                f"found {self.high_hz:g}, expected more than low_hz, which is {self.low_hz:g}",
            )
        return self


class Mfcc(StepPart):
    """Cepstral coefficients of log-mel bands (DCT-II): (frames, bins) -> (frames, coefficients)."""

    key = "mfcc"

    coefficients: Annotated[int, Field(ge=1, le=512)]
    """How many are kept, from the first on; as many as there are bins at most."""
    implementation: Literal["tensorflow", "librosa"] = "tensorflow"
    """Whose scale: tensorflow is tf.signal.mfccs_from_log_mel_spectrograms; librosa (and
    torchaudio) is orthonormal, which makes the first coefficient smaller by sqrt(2)."""
