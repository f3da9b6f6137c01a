"""The rule `calibrated-on-one-sample`."""

from dataclasses import dataclass

from edgecheck.rules.base import Rule
from edgecheck.rules.wording import REPAIR, percent, plain


@dataclass(frozen=True)
class CalibratedOnOneSample(Rule):
    """The file was calibrated on one sample, or on very few.

    ## What it means
    The ranges in the file are those that a single sample needs. Whatever is
    brighter, louder or more certain than that one is cut off.

    ## Why it happens
    * A loop in `representative_dataset` yields the same sample every time
      (`x_data[5]` where `x_data[i]` was meant), or returns after the first.
    * Conversion was tried out on one sample, and never done again.

    ## How edgecheck knows
    It runs each of your samples through the dequantized twin. If one of them
    alone gives every stored range within 1.5 %, while the next one and all of
    them together are five times as far off, that was the sample.

    If none does, it may not be among yours. Then it looks how many of your
    samples go beyond each stored end: 1 in (k + 1) where calibration saw k.
    It speaks where that is a tenth or more, some samples stay within the range
    of the input, all ranges together look like those of a sample, and accuracy
    is lost. Ranges that were cut to a percentile may look alike. An error where
    parity is lost or the input does not fit its range, else a note.

    ## How to fix
    Convert again with 100 different samples or more of what the device meets.

    ## References
    * https://github.com/tensorflow/tensorflow/issues/36548
    """

    name = "calibrated-on-one-sample"
    severity = "error"
    role = "cause"

    sample: str | None
    """Which one it was; None where it is not among yours."""
    difference: float
    """Largest difference of a range from that of the nearest sample, as a share of the range."""
    next_difference: float
    """The same for the sample that comes second."""
    own_largest: float
    """The same for all samples together."""
    beyond: float | None
    """Share of the samples beyond an end of a stored range, averaged over the ends."""
    tensors: int
    """Ranges that were compared."""
    samples: int

    def message(self) -> str:
        """What was found, with its numbers."""
        if self.sample is not None:
            return (
                f'Calibration saw one sample: "{plain(self.sample)}" alone gives all '
                f"{self.tensors} stored ranges within {percent(self.difference)} (the next best "
                f"of {self.samples} is {percent(self.next_difference)} off, all of them together "
                f"{percent(self.own_largest)})."
            )
        return (
            f"Calibration saw one sample, or a few: the {self.tensors} stored ranges are as narrow "
            f"as those of a single one. On average {percent(self.beyond or 0.0)} of your "
            f"{self.samples} samples go beyond each end of a range; had calibration seen 100 of "
            "them, 1% would."
        )

    def fix(self) -> str:
        """What to do."""
        return (
            "Let representative_dataset yield 100 different samples or more that go through the "
            f"steps of the spec, and convert again. {REPAIR}"
        )
