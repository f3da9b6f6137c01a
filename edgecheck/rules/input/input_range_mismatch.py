"""The rule `input-range-mismatch`."""

from dataclasses import dataclass

from edgecheck.rules.base import Rule
from edgecheck.rules.wording import pixel_rescale, plain, span


@dataclass(frozen=True)
class InputRangeMismatch(Rule):
    """The spec's steps do not keep the value range that the spec promises.

    ## What it means
    The spec says which values training saw, and its own steps produce others.
    One of the two is wrong. A model fed on another range than it was trained
    on still answers, often with high confidence, and is wrong.

    ## Why it happens
    * Pixels are scaled to 0..1 where the model was trained on -1..1, or the
      reverse.
    * Mean and standard deviation of another preset were taken over.
    * A mean given for 0..255 pixels is applied to 0..1 pixels.

    ## How edgecheck knows
    It runs the steps over the dataset, or over black and white where there is
    none, and keeps the smallest and largest value. They are compared with the
    spec's `range`.

    ## How to fix
    Look the range up in the training code, not in a tutorial. For 8-bit
    pixels that training scaled to -1..1:

        range: [-1, 1]
        steps:
          - rescale: {scale: 0.00784313725, offset: -1}

    Correct whichever is wrong, and use the same constants on the device.

    ## References
    * https://github.com/tensorflow/tflite-support/issues/911
    * https://github.com/rwightman/gen-efficientnet-pytorch/issues/33
    * https://github.com/firebase/snippets-android/issues/128
    """

    name = "input-range-mismatch"
    severity = "error"
    role = "cause"

    input: str
    promised: list[float]
    """[lowest, highest] of the spec's `range`."""
    observed: list[float]
    """[lowest, highest] that the steps produced."""

    def message(self) -> str:
        """What was found, with its numbers."""
        return (
            f'Input "{plain(self.input)}": the spec promises values from {span(self.promised)}, '
            f"but its steps produce {span(self.observed)}."
        )

    def fix(self) -> str:
        """What to do."""
        return (
            f"If training saw {span(self.promised)}, correct the steps"
            f"{pixel_rescale(self.promised)}; if not, correct `range`."
        )
