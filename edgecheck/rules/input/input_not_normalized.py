"""The rule `input-not-normalized`."""

from dataclasses import dataclass

from edgecheck.rules.base import Rule
from edgecheck.rules.wording import pixel_rescale, plain, span


@dataclass(frozen=True)
class InputNotNormalized(Rule):
    """The model gets raw values where training saw scaled ones.

    ## What it means
    The prepared values are many times larger than the spec promises, as raw
    pixels (0 to 255) are for a model trained on -1..1. A float model then
    answers with full confidence and is wrong; an integer model clips nearly
    all values to one end, so that different images become the same input.

    ## Why it happens
    * The step that scales was left out, or its scale was written as 1.
    * Scaling was part of the training model and not of the exported one.
    * An app framework scales by its own constants, or not at all.

    ## How edgecheck knows
    It runs the spec's steps over the dataset. The largest value is far beyond
    the spec's `range`, not merely a little.

    ## How to fix
    Add the scaling of the training code as a step. For 8-bit pixels:

        steps:
          - rescale: {scale: 0.00784313725, offset: -1}    # to -1..1
          - rescale: {scale: 0.00392156863}                # to 0..1

    (one of them). On the device scale first, then quantize:

        q = round((pixel / 127.5 - 1) / scale) + zero_point

    If the model itself begins with a scaling layer, raw pixels are right:
    then correct `range`.

    ## References
    * https://github.com/tensorflow/models/issues/9413
      (the exported model starts after its preprocessing)
    * https://github.com/openmv/openmv/issues/1027
    * https://github.com/shaqian/flutter_tflite/issues/79
    """

    name = "input-not-normalized"
    severity = "error"
    role = "cause"

    input: str
    promised: list[float]
    """[lowest, highest] of the spec's `range`."""
    observed: list[float]
    """[lowest, highest] that the steps produced over the dataset."""

    def message(self) -> str:
        """What was found, with its numbers."""
        return (
            f'Input "{plain(self.input)}" gets values from {span(self.observed)}, but the spec '
            f"promises {span(self.promised)}: the values are not scaled."
        )

    def fix(self) -> str:
        """What to do."""
        return (
            "Add the scaling or normalization of the training code to the spec's steps"
            f"{pixel_rescale(self.promised)}."
        )
