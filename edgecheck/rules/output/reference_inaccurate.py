"""The rule `reference-inaccurate`."""

from dataclasses import dataclass

from edgecheck.rules.base import Rule
from edgecheck.rules.wording import count, percent, plain


@dataclass(frozen=True)
class ReferenceInaccurate(Rule):
    """The trained model itself does not know these samples.

    ## What it means
    Held against the labels, the reference does hardly better than always
    naming the commonest one. Parity with such a model proves little: the
    candidate may agree with it and still be of no use on the device.

    ## Why it happens
    * The spec's steps are not those of training: another range, channel
      order, layout, resize or crop.
    * The labels are in another order than the outputs, or shifted by one
      (a "background" class).
    * The reference file holds untrained weights or belongs to another task.

    ## How edgecheck knows
    On at least 20 labelled samples, (accuracy - commonest) / (1 - commonest)
    is below 0.2, where `commonest` is the share of the commonest label: 0 for
    a model that guesses, 1 for one that is always right.

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
    reference_accuracy: float
    commonest_share: float

    def message(self) -> str:
        """What was found, with its numbers."""
        return (
            f'By output "{plain(self.output)}" the reference model itself is right on only '
            f"{percent(self.reference_accuracy)} of {count(self.labelled, 'labelled sample')}; "
            f"always naming the commonest label would give {percent(self.commonest_share)}."
        )

    def fix(self) -> str:
        """What to do."""
        return (
            "Check that the spec's steps are those of training (range, channel order, layout, "
            "resize) and that the labels are in the order of the outputs."
        )
