"""The rule `preprocessing-not-in-exported-graph`."""

from dataclasses import dataclass, field

from edgecheck.rules.base import Rule
from edgecheck.rules.wording import Fed, Who, fed_model, listed, model, plain, span


@dataclass(frozen=True)
class PreprocessingNotInExportedGraph(Rule):
    """The trained model scales its input itself; the .tflite starts behind that.

    ## What it means
    Reference and candidate need different input: one takes pixels as they are,
    the other expects them scaled. Fed alike, one of the two is wrong, and the
    app that feeds the .tflite as the trained model was fed gets nonsense.

    ## Why it happens
    * The export began at a tensor behind the preprocessing, as
      `normalized_input_image_tensor` of the detection models.
    * A Rescaling or Normalization layer, or a serving function that
      preprocesses, belongs to the trained model and was left out.

    ## How edgecheck knows
    The two disagree under the steps of the spec. Up to 128 samples are run
    again with the usual scalings of pixels, fed to one model alone.
    With one of them it agrees with the other model, which is fed as before.
    Where a quantized input can hold none of them, since it was calibrated
    without the preprocessing too, the float twin of the .tflite is asked.
    That the same change hardly moves the other model's own answers would speak
    against it, and is looked at too.
    Where no answer tells, as on samples that are all alike, the two files do:
    the reference, as a float .tflite, begins with arithmetic by constants, the
    candidate does not, and the first weights of both are the same.

    ## How to fix
    Export the whole model, with its preprocessing; or scale on the device, and
    state that as steps of the spec:

        - rescale: {scale: 0.00784313725, offset: -1}

    with a reference that starts behind its preprocessing as well.

    ## References
    * https://github.com/tensorflow/models/issues/9413
    * https://github.com/tensorflow/hub/issues/821
    """

    name = "preprocessing-not-in-exported-graph"
    severity = "error"
    role = "cause"

    input: str
    fed: Fed = "candidate"
    """The model that was fed with other steps."""
    change: str = ""
    """What it was fed with; empty where only the files tell."""
    samples: int = 0
    agreed_before: int = 0
    agreed_after: int = 0
    """Samples for which both name one class, before and after."""
    steps: list[str] = field(default_factory=list)
    """The steps that were put into the spec for it, or that do what the reference does."""
    operators: list[str] = field(default_factory=list)
    """Those that the reference begins with and the candidate lacks, where the files tell."""
    spans: list[list[float]] = field(default_factory=list)
    """What is fed, and what they make of it: [lowest, highest] of each."""

    def message(self) -> str:
        """What was found, with its numbers."""
        if not self.change:
            fed, made = self.spans
            return (
                f'Input "{plain(self.input)}": the reference model itself makes {span(made)} of '
                f"{span(fed)} ({listed(self.operators)}) before its first layer. The .tflite file, "
                "whose first layer has the same weights, does not: that preprocessing is not part "
                "of it."
            )
        other: Who = "candidate" if self.fed == "reference" else "reference"
        return (
            f'Input "{plain(self.input)}": {fed_model(self.fed)} answers as {model(other)} does only '
            f"if it alone is fed with {plain(self.change)}: {self.agreed_after} of {self.samples} "
            f"samples then get the same class, {self.agreed_before} if both are fed as the spec "
            "says. Preprocessing inside the reference is not part of the .tflite file."
        )

    def fix(self) -> str:
        """What to do."""
        fed = self.fed != "reference" and bool(self.steps)
        steps = f" (`{'`, `'.join(map(plain, self.steps))}`)" if fed else ""
        return (
            "Export the model from the input that the reference has, with its preprocessing; or "
            f"do it on the device and as steps of the spec{steps}, with a reference that starts "
            "behind it as well."
        )
