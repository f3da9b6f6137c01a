"""The rule `reference-inaccurate`."""

from dataclasses import dataclass
from typing import Literal

from edgecheck.rules.base import Rule
from edgecheck.rules.wording import count, number, percent, plain

_SAYS = {
    "accuracy": "is right on {value} of {samples}; always naming the commonest label would give "
    "{chance}",
    "r2": "has an R2 of {value} against the targets of {samples}; always answering their mean would "
    "give 0",
    "mean_iou": "has a mean IoU of {value} against {samples}; chance would give {chance}",
    "reconstruction": "reconstructs {samples} with an R2 of {value}; their mean would give 0",
}
_NOUNS = {"accuracy": "labelled sample", "mean_iou": "true map"}
_TRUTH = {
    "accuracy": "the labels are in the order of the outputs",
    "r2": "the true values have the order and the unit of the output",
    "mean_iou": "the maps number the classes as the output does",
    "reconstruction": "the reference was trained",
}


@dataclass(frozen=True)
class ReferenceInaccurate(Rule):
    """The trained model itself does not know these samples.

    ## What it means
    Held against the labels, the reference does hardly better than always
    naming the commonest one; against true values or maps, no better than an
    answer that never changes, or than chance. Parity with such a model proves
    little: the candidate may agree with it and be of no use on the device.

    ## Why it happens
    * The spec's steps are not those of training: range, layout, resize.
    * Labels are in another order than the outputs, or values in another unit.
    * The reference is untrained or belongs to another task.

    ## How edgecheck knows
    On at least 20 labelled samples, (accuracy - commonest) / (1 - commonest)
    is below 0.2, where `commonest` is the share of the commonest label. R2 of
    a regression, or of an autoencoder on its input, is not above 0; mean IoU
    is not above that of the same shares of classes at random places.

    ## How to fix
    Run the training code's own evaluation on a few of these files, and
    compare the array that it feeds to the model with the spec's steps:

        print(x.shape, x.dtype, x.min(), x.max(), label)

    ## References
    * https://github.com/tensorflow/models/issues/9413
    * https://github.com/tensorflow/tensorflow/issues/7370
    """

    name = "reference-inaccurate"
    severity = "warning"
    role = "symptom"

    output: str
    labelled: int
    measure: Literal["accuracy", "r2", "mean_iou", "reconstruction"]
    value: float  # 1 is perfect
    chance: float

    def message(self) -> str:
        """What was found, with its numbers."""
        shown = percent if self.measure == "accuracy" else number
        samples = count(self.labelled, _NOUNS.get(self.measure, "sample"))
        facts = {"value": shown(self.value), "chance": shown(self.chance), "samples": samples}
        says = _SAYS[self.measure].format(**facts)
        return f'By output "{plain(self.output)}" the reference model itself {says}.'

    def fix(self) -> str:
        """What to do."""
        steps = "Check that the spec's steps are those of training (range, channel order, layout, "
        return f"{steps}resize) and that {_TRUTH[self.measure]}."
