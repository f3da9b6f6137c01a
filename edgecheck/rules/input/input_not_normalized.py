"""The rule `input-not-normalized`."""

from dataclasses import dataclass, field

from edgecheck.rules.base import Rule
from edgecheck.rules.tried import at_once
from edgecheck.rules.wording import (
    Witness,
    changed_steps,
    fitting_record,
    pixel_rescale,
    plain,
    recorded_range,
    span,
    tried_range,
)


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
    The largest value that the steps make is far beyond the spec's `range`. Or
    labels are met far more often with a usual scaling, on up to 128 samples.
    Or labels show that the float model fails, and the .tflite file was
    calibrated with values that are as much smaller: it is sure where the
    first weights suit those better. Where the float model does well and nothing
    tells which of the two is wrong, it is suspected beside the calibration.

    ## How to fix
    Add the scaling of the training code as a step. For 8-bit pixels:

        steps:
          - rescale: {scale: 0.00784313725, offset: -1}    # to -1..1
          - rescale: {scale: 0.00392156863}                # to 0..1

    (one of them); likewise on the device, before it quantizes:

        q = round((pixel / 127.5 - 1) / scale) + zero_point

    If the model itself scales, raw pixels are right: then correct `range`.

    ## References
    * https://github.com/tensorflow/models/issues/9413
    * https://github.com/openmv/openmv/issues/1027
    * https://github.com/shaqian/flutter_tflite/issues/79
    """

    name = "input-not-normalized"
    severity = "error"
    role = "cause"

    input: str
    promised: list[float]
    """[lowest, highest] of the spec's `range`, or that labels or the file speak for."""
    observed: list[float]
    """[lowest, highest] that the steps produced over the dataset."""

    tried: list[int] | None = None
    """[right with these steps, right with `promised`, samples], where labels were asked."""
    removed: list[str] = field(default_factory=list)
    added: list[str] = field(default_factory=list)
    """Steps to take out of the spec, and to put in, as far as they were tried."""
    beside: str = ""
    """What was changed at the same time, where it took two changes."""
    witness: Witness | None = None
    """What speaks for `promised`, where it is what calibration recorded."""

    def message(self) -> str:
        """What was found, with its numbers."""
        if self.tried is not None:
            told = tried_range(self.input, self.observed, self.promised, self.tried)
            return told + at_once(self.beside)
        if self.witness is not None:
            return recorded_range(self.input, self.observed, self.promised, self.witness)
        return (
            f'Input "{plain(self.input)}" gets values from {span(self.observed)}, but the spec '
            f"promises {span(self.promised)}: the values are not scaled."
        )

    def fix(self) -> str:
        """What to do."""
        if self.tried is not None:
            return f"{changed_steps(self.removed, self.added)}."
        if self.witness is not None:
            return fitting_record(self.promised)
        return (
            "Add the scaling or normalization of the training code to the spec's steps"
            f"{pixel_rescale(self.promised)}."
        )
