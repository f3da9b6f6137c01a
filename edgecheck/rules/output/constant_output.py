"""The rule `constant-output`."""

from dataclasses import dataclass

from edgecheck.rules.base import Rule
from edgecheck.rules.wording import Who, count, model, number, plain


@dataclass(frozen=True)
class ConstantOutput(Rule):
    """An output has the same values for every sample.

    ## What it means
    The samples differ and the answer does not: no element of the output
    varies. The model might as well not be there. The constant need not be
    zero, and its top class may even be right for part of the samples.

    ## Why it happens
    * The input is clipped to one end, so that all samples look alike to the
      model: see `calibration-preprocessing-mismatch`, `input-not-normalized`.
    * A scale inside the model is degenerate, or one outlier stretched it.
    * In training, activations died or saturated, and only the last bias is
      left.

    ## How edgecheck knows
    Over at least 20 distinct inputs each element keeps its smallest and
    largest value. None of them moves by more than one quantization step (for
    float, a millionth of the value). If the reference does the same, the
    finding is about the reference.

    ## How to fix
    First remove the causes in the same report. If there are none, find the
    place where the signal dies:

        interpreter = Interpreter(
            model_path, experimental_preserve_all_tensors=True
        )

    Run two different samples; the first tensor that is equal for both is
    behind the operator to look at.

    ## References
    * https://github.com/PINTO0309/onnx2tf/issues/610
    * https://github.com/keras-team/keras/issues/6447
      (tanh saturated in training; ReLU cured it)
    """

    name = "constant-output"
    severity = "error"
    role = "symptom"

    output: str
    samples: int
    spread_lsb: float | None
    """Largest variation of an element, in quantization steps; None for a float output."""
    spread: float
    who: Who

    def message(self) -> str:
        """What was found, with its numbers."""
        steps = (
            "" if self.spread_lsb is None else f" ({number(self.spread_lsb)} quantization steps)"
        )
        return (
            f'Output "{plain(self.output)}" of {model(self.who)} is the same for all '
            f"{count(self.samples, 'sample')}: nothing in it varies by more than "
            f"{number(self.spread)}{steps}."
        )

    def fix(self) -> str:
        """What to do."""
        if self.who == "reference":
            return "The stage is training, not quantization: converting cannot help. Repair it."
        return (
            "Remove the causes in this report first. If there are none, run two samples with all "
            "tensors preserved and look at the operator before the first equal tensor."
        )
