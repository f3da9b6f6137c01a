"""The rule `aspect-policy-mismatch`."""

from dataclasses import dataclass

from edgecheck.rules.base import Rule
from edgecheck.rules.wording import percent, plain


@dataclass(frozen=True)
class AspectPolicyMismatch(Rule):
    """Many images have another shape than the model and are stretched to fit.

    ## What it means
    Images can be brought to the model's shape by stretching, by bars at the
    sides (letterbox) or by cutting off. A model trained with one of them does
    worse with another: things become thinner, smaller or incomplete, and
    boxes land beside them.

    ## Why it happens
    * Training used a letterbox or a centre crop; a plain resize was written
      into the spec or the app.
    * The camera has another format than the training images.

    ## How edgecheck knows
    It compares width to height of each file with that of the first `resize`
    step. More than 20% of the files are off by more than 20%, and the step
    stretches them without saying so.

    ## How to fix
    Look up how training made them fit, and state it:

        - resize: {size: [224, 224], fit: letterbox}

    or `center-crop`, `crop-padding`. If training stretched as well, write
    `fit: stretch`: a `fit` that is stated is not questioned.

    ## References
    * https://github.com/lp6m/yolov5s_android/issues/28
    * https://github.com/wang-xinyu/tensorrtx/issues/61
    * https://github.com/tensorflow/tpu/issues/725
    """

    name = "aspect-policy-mismatch"
    severity = "warning"
    role = "cause"

    input: str
    off_aspect: int
    """Files whose width / height differs from the model's by more than 20 %."""
    files: int
    example: str

    def message(self) -> str:
        """What was found, with its numbers."""
        return (
            f'Input "{plain(self.input)}": {percent(self.off_aspect / self.files)} of the images '
            f'have another aspect ratio than the model (such as "{plain(self.example)}"), and the '
            "spec stretches them without saying that training did."
        )

    def fix(self) -> str:
        """What to do."""
        return (
            "Write into `resize` the `fit` that training used (letterbox, center-crop, "
            "crop-padding, stretch), and do the same on the device."
        )
