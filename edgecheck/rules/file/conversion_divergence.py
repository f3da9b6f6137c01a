"""The rule `conversion-divergence`."""

from dataclasses import dataclass
from typing import Literal

from edgecheck.rules.base import Rule
from edgecheck.rules.wording import count, percent, plain


@dataclass(frozen=True)
class ConversionDivergence(Rule):
    """The float .tflite does not answer as the trained model it was made from.

    ## What it means
    Nothing is quantized in that file, and yet its answers are not those of the
    trained model. The conversion itself changed the model, and every quantized
    file made on the same way inherits that.

    ## Why it happens
    * A converter guessed the wrong axis where two sizes are equal (ONNX, whose
      channels come first, to TFLite, whose channels come last).
    * Resizing, padding or pooling have other conventions on the two sides.
    * The export was another one than is compared: other weights, weights left
      out, a signature in training mode.

    ## How edgecheck knows
    Both run the same samples. The error is the root of the summed squared
    differences, for each of the summed squared answers (for measured values: of
    their movement), so that the size of the output does not matter. Float
    kernels of different libraries agree to 0.0001 % or so; from 0.1 % on, the
    practice of converters' authors, it is a finding. It is an error if parity
    is lost by the conversion alone. A candidate in float is itself the
    converted file; for others the trained model is converted anew without
    quantization, with the converter that is installed.

    ## How to fix
    Convert with the newest converter and validate the float file alone. From
    ONNX, state layouts and axes instead of having them guessed (`-kat`,
    `-prf` of onnx2tf). Compare the layers to find the operator, and export
    that part anew in other operators.

    ## References
    * https://github.com/PINTO0309/onnx2tf/issues/685
    * https://github.com/PINTO0309/onnx2tf/issues/105
    * https://github.com/tensorflow/tensorflow/issues/33691
    """

    name = "conversion-divergence"
    severity = "warning"
    role = "cause"

    output: str
    relative_error: float | None
    """Root of squared differences for each of squared answers, or of their movement; None where NaN or
    infinity leaves nothing to compare."""
    limit: float
    against: Literal["size", "movement"]
    samples: int
    agreement: float | None
    """Share of samples with the same class."""

    def message(self) -> str:
        """What was found, with its numbers."""
        agree = "" if self.agreement is None else f", {percent(self.agreement)} with the same class"
        if self.relative_error is None:
            return (
                f'Output "{plain(self.output)}" of the float .tflite cannot be compared with the '
                f"trained model: no value is finite in both ({count(self.samples, 'sample')})."
            )
        return (
            f'Output "{plain(self.output)}" of the float .tflite differs from the trained model '
            f"by {percent(self.relative_error)} of its {self.against}, at most "
            f"{percent(self.limit)} expected ({count(self.samples, 'sample')}{agree})."
        )

    def fix(self) -> str:
        """What to do."""
        return (
            "Convert again without quantization, with the newest converter, and validate that "
            "file alone; quantize only when it agrees."
        )
