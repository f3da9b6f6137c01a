"""The rule `audio-feature-mismatch`."""

from dataclasses import dataclass
from typing import Literal

from edgecheck.rules.base import Rule
from edgecheck.rules.wording import clause, plain

Parameter = Literal[
    "sample-rate", "shape", "fft", "upper-edge", "bandwidth", "length", "scale", "framing",
    "front-end",
]  # fmt: skip


@dataclass(frozen=True)
class AudioFeatureMismatch(Rule):
    """The features made from sound are not those that the model was trained on.

    ## What it means
    Recordings, steps and model do not fit together in one parameter: sample
    rate, window, step, bands, or scale. A network takes any spectrogram of
    the right size, and answers wrongly.

    ## Why it happens
    * Clips of 44.1 kHz are read as if they had 16 kHz: words become slow.
    * The window or step in ms was changed; often only the number of frames
      tells, as 49 of 40 ms every 20 ms against 98 of 30 ms every 10 ms.
    * 16-bit integers are fed where training had sound in [-1, 1].
    * Another library was used: mel filters, logarithm and DCT differ.

    ## How edgecheck knows
    The rates and lengths in the files are compared with the steps; the shape
    that the steps make with the input tensor; the range of the features with
    the range that the input can represent, and the factor between them with
    those of int16, of log10 and of decibels. Where labels show that the model
    is often wrong, usual front ends of the same shape are tried on samples.

    ## How to fix
    Take the parameters from the training code. Lengths are in samples:

        - resample: {rate: 16000}
        - stft: {window: 480, step: 320}    # 30 ms every 20 ms

    ## References
    * https://github.com/ARM-software/ML-KWS-for-MCU/issues/143
    * https://github.com/majianjia/nnom/pull/136
    """

    name = "audio-feature-mismatch"
    severity = "error"
    role = "cause"

    input: str
    parameter: Parameter
    found: list[float]
    """What the files or the steps have, in Hz, samples, seconds, elements or right answers."""
    expected: list[float]
    """What the steps or the model need, in the same unit; empty where that is not known."""
    detail: str
    """What was found, as a sentence without its full stop."""
    advice: str
    """What to do, likewise."""

    def message(self) -> str:
        """What was found, with its numbers."""
        subject = self.parameter.replace("-", " ")
        return f'Input "{plain(self.input)}", {subject}: {clause(self.detail)}.'

    def fix(self) -> str:
        """What to do."""
        return f"{clause(self.advice)}."
