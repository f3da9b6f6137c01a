"""The rule `in-graph-normalization-int8`."""

from dataclasses import dataclass, field

from edgecheck.rules.base import Rule
from edgecheck.rules.wording import listed, number, percent, plain, span


@dataclass(frozen=True)
class InGraphNormalizationInt8(Rule):
    """Normalisation inside the quantized model loses part of the input.

    ## What it means
    The model begins by scaling its input with constants, and each of these
    operators has a quantized range of its own. That range does not hold what
    the constants make of the input's range: part of the input is cut off
    before the first layer.

    In a table whose features have units of their own the input itself loses
    them: one scale serves all features, and where its step is larger than
    what a feature moves by, nothing of that feature is left.

    ## Why it happens
    * A Rescaling, Normalization or BatchNormalization layer at the input was
      quantized with samples that did not use the whole range: few, dark, or
      random ones.
    * Channels with different constants share one range.
    * Normalization layers moved into a model of raw features: pressure in
      pascal and humidity as a share cannot have one scale.

    ## How edgecheck knows
    It applies the constants to the representable range of the input and
    compares the result with the representable range of the operator's output.
    Of a table it counts the steps between the lowest and the highest value of
    each feature: fewer than 8 are an error where the range fits the values
    taken together, and parity is lost while the float model answers well.

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
    step: float | None = None
    """Of the input, where features share it."""
    lost_features: list[str] = field(default_factory=list)
    """Those with fewer than 8 steps."""

    def message(self) -> str:
        """What was found, with its numbers."""
        if self.step is not None:
            return (
                f'All features of input "{plain(self.input)}", {span(self.needed)}, share one step '
                f"of {number(self.step)}, for they are normalised inside the model only: fewer "
                f"than 8 codes are left of {listed(self.lost_features)}."
            )
        return (
            f'Input "{plain(self.input)}" is normalised inside the model '
            f"({listed(self.operators)}), to values from {span(self.needed)}, but the quantized "
            f"result only holds {span(self.representable)}: {percent(self.coverage)} of the range."
        )

    def fix(self) -> str:
        """What to do."""
        if self.step is not None:
            return (
                "Take the normalisation out of the model, into the steps, and convert again; or "
                "keep the input and the first layer in float."
            )
        return (
            "Calibrate again on 100 samples or more that use the whole range of the input, or "
            "move the normalisation out of the model, into the steps."
        )
