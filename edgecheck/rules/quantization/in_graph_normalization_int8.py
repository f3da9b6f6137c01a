"""The rule `in-graph-normalization-int8`."""

from dataclasses import dataclass

from edgecheck.rules.base import Rule
from edgecheck.rules.wording import listed, percent, plain, span


@dataclass(frozen=True)
class InGraphNormalizationInt8(Rule):
    """Normalisation inside the quantized model loses part of the input.

    ## What it means
    The model begins by scaling its input with constants, and each of these
    operators has a quantized range of its own. That range does not hold what
    the constants make of the input's range: part of the input is cut off
    before the first layer.

    ## Why it happens
    * A Rescaling, Normalization or BatchNormalization layer at the input was
      quantized with samples that did not use the whole range: few, dark, or
      random ones.
    * Channels with different constants share one range.

    ## How edgecheck knows
    It applies the constants to the representable range of the input and
    compares the result with the representable range of the operator's output.

    ## How to fix
    Calibrate with 100 representative samples or more. Better, leave the
    scaling out of the model: the scale of a quantized input does it at no
    cost when calibration sees normalised values.

    ## References
    * https://github.com/tensorflow/tensorflow/pull/47808
      (EfficientNet with its scaling inside, in int8: almost random)
    * https://github.com/PINTO0309/onnx2tf/issues/685
    """

    name = "in-graph-normalization-int8"
    severity = "warning"
    role = "cause"

    input: str
    operators: list[str]
    representable: list[float]
    """What the last of the operators can give."""
    needed: list[float]
    """What the constants make of the range of the input."""
    coverage: float
    """Share of `needed` that can be represented."""

    def message(self) -> str:
        """What was found, with its numbers."""
        return (
            f'Input "{plain(self.input)}" is normalised inside the model '
            f"({listed(self.operators)}), to values from {span(self.needed)}, but the quantized "
            f"result only holds {span(self.representable)}: {percent(self.coverage)} of the range."
        )

    def fix(self) -> str:
        """What to do."""
        return (
            "Calibrate again on 100 samples or more that use the whole range of the input, or "
            "move the normalisation out of the model, into the steps."
        )
