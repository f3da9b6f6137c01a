"""The rule `zero-output`."""

from dataclasses import dataclass

from edgecheck.rules.base import Rule
from edgecheck.rules.wording import Who, count, model, percent, plain


@dataclass(frozen=True)
class ZeroOutput(Rule):
    """An output is zero for practically every sample.

    ## What it means
    All values are zero, to within half a quantization step, where the
    reference gives others. This is not the same as always answering class 0:
    that is `class-collapse`.

    ## Why it happens
    * Scores (0 to 1) share a tensor with boxes in pixels (0 to 640), and so a
      scale: one step is larger than any score.
    * The output is dequantized with a scale of 0.
    * The input was cast to integers without its scale, so the model saw only
      zeros and ones.
    * A ReLU at the end of the model, or dead layers before it.

    ## How edgecheck knows
    It dequantizes the output and counts the samples in which every value is
    within half a step of zero (for float, a millionth of the reference's
    size). At 99% of at least 20 distinct samples the rule fires. If the
    reference is zero, too, the finding is about the reference.

    ## How to fix
    Compare the output's scale with the values that the reference gives. If a
    step is larger than they are, bring all parts of the output to one size,
    for instance by dividing boxes by the image size before they are joined
    with scores, or export them as outputs of their own:

        model = tf.keras.Model(inputs, [boxes, scores])

    ## References
    * https://github.com/ultralytics/ultralytics/issues/1683
      (boxes and scores in one integer tensor)
    * https://github.com/ultralytics/ultralytics/issues/9159
    * https://github.com/google-coral/edgetpu/issues/13
      (input cast without its scale)
    """

    name = "zero-output"
    severity = "error"
    role = "symptom"

    output: str
    samples: int
    zero_fraction: float
    """Share of the samples in which every value is zero."""
    who: Who

    def message(self) -> str:
        """What was found, with its numbers."""
        return (
            f'Output "{plain(self.output)}" of {model(self.who)} is zero on '
            f"{percent(self.zero_fraction)} of {count(self.samples, 'sample')}."
        )

    def fix(self) -> str:
        """What to do."""
        if self.who == "reference":
            return "Repair the trained model or what it is fed; converting cannot help."
        return (
            "Remove the causes in this report first. If there are none, compare the output's "
            "scale with the reference's values; if one step exceeds them, split the output."
        )
