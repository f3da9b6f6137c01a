"""The rule `calibrated-on-noise`."""

from dataclasses import dataclass
from typing import Literal

from edgecheck.rules.base import Rule
from edgecheck.rules.wording import REPAIR, percent, span


@dataclass(frozen=True)
class CalibratedOnNoise(Rule):
    """The file was calibrated on random noise in place of samples.

    ## What it means
    The ranges in the file are those that noise gives. Noise has no edges, no
    shapes and no words in it: inner tensors and logits stay small on it, and
    real samples go beyond what the file can hold.

    ## Why it happens
    * `representative_dataset` was copied from an example that yields
      `np.random.rand(...)`, to make conversion work.
    * The images were not at hand on the machine that converted.

    ## How edgecheck knows
    It runs fresh uniform and normal noise, over the stored range of the
    input, through the dequantized twin. Noise it is if the other stored
    ranges come out within 6 %, hardly further off than one batch of noise
    is from the next, and three times as near as from your samples, which
    are more than 6 % off also when they are scaled to the stored range of
    the input. An error where parity is lost or the input does not fit its
    range, else a note: for some models the ranges suffice.

    ## How to fix
    Convert again with a representative dataset of 100 samples or more of what
    the device will meet, through the steps of the spec.

    `edgecheck repair` tries new ranges on the file as it is.

    ## References
    * https://github.com/tensorflow/tensorflow/issues/36548
    * https://github.com/tensorflow/tpu/issues/669
    """

    name = "calibrated-on-noise"
    severity = "error"
    role = "cause"

    kind: Literal["uniform", "normal"]
    low: float
    """Stored range of the first input, which the noise fills."""
    high: float
    difference: float
    """Mean difference of the ends of ranges, as a share of the range."""
    between_batches: float
    """The same between two batches of noise."""
    own_difference: float
    """The same for your samples."""
    ends: int
    """Ends that were compared."""

    def message(self) -> str:
        """What was found, with its numbers."""
        return (
            f"Calibration saw noise: {self.kind} noise from {span([self.low, self.high])} gives "
            f"the stored ranges but for {percent(self.difference)} (mean of {self.ends} ends); "
            f"with your samples they would be {percent(self.own_difference)} off."
        )

    def fix(self) -> str:
        """What to do."""
        return (
            "Let representative_dataset yield 100 real samples or more that go through the steps "
            f"of the spec, in place of random numbers, and convert again. {REPAIR}"
        )
