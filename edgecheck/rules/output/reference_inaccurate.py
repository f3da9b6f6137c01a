"""The rule `reference-inaccurate`."""

from dataclasses import dataclass
from typing import Literal

from edgecheck.rules.base import Rule
from edgecheck.rules.wording import count, number, percent, plain

_SAYS = {
    "accuracy": "is right on {value} of {samples}; always naming the commonest label would give "
    "{chance}",
    "r2": "has an R2 of {value} against the true values of {samples}; always answering their mean "
    "would give 0",
    "mean_iou": "has a mean IoU of {value} against the true maps of {samples}; chance would give "
    "{chance}",
    "reconstruction": "reconstructs {samples} with an R2 of {value}; always answering the mean of "
    "the samples would give 0",
}
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
    answer that never changes, or than chance. Parity with such a model proves little: the
    candidate may agree with it and still be of no use on the device.

    ## Why it happens
    * The spec's steps are not those of training: another range, channel
      order, layout, resize or crop.
    * The labels are in another order than the outputs, or shifted by one
      (a "background" class), or true values are in another unit or scale.
    * The reference file holds untrained weights or belongs to another task.

    ## How edgecheck knows
    On at least 20 labelled samples, (accuracy - commonest) / (1 - commonest)
    is below 0.2, where `commonest` is the share of the commonest label: 0 for
    a model that guesses, 1 for one that is always right. Of a regression, or
    of an autoencoder against its input, R2 is not above 0. Of a segmentation the
    mean IoU is not above that of as many pixels of each class, anywhere.

    ## How to fix
    Run the training code's own evaluation on a few of these files, and print
    the array it feeds to the model and the label it expects:

        print(x.shape, x.dtype, x.min(), x.max(), label)

    Compare with the spec, step by step, until both agree.

    ## References
    * https://github.com/tensorflow/models/issues/9413
    * https://github.com/tensorflow/tensorflow/issues/7370
    * https://github.com/amir-abdi/keras_to_tensorflow/issues/7
    """

    name = "reference-inaccurate"
    severity = "warning"
    role = "symptom"

    output: str
    labelled: int
    """Samples with a label, true values or a true map."""
    measure: Literal["accuracy", "r2", "mean_iou", "reconstruction"]
    value: float
    """Of the reference; 1 is perfect."""
    chance: float
    """What an answer that knows nothing gets."""

    def message(self) -> str:
        """What was found, with its numbers."""
        shown = percent if self.measure == "accuracy" else number
        noun = "labelled sample" if self.measure == "accuracy" else "sample"
        says = _SAYS[self.measure].format(
            value=shown(self.value), chance=shown(self.chance), samples=count(self.labelled, noun)
        )
        return f'By output "{plain(self.output)}" the reference model itself {says}.'

    def fix(self) -> str:
        """What to do."""
        return (
            "Check that the spec's steps are those of training (range, channel order, layout, "
            f"resize) and that {_TRUTH[self.measure]}."
        )
