"""The rule `quant-output-collapse`."""

from dataclasses import dataclass

from edgecheck.rules.base import Rule
from edgecheck.rules.wording import REPAIR, count, plain


@dataclass(frozen=True)
class QuantOutputCollapse(Rule):
    """The quantized model gives only a handful of different answers.

    ## What it means
    The reference answers nearly every sample differently; the quantized model
    has a few answers for all of them. The information is lost on the way,
    although no single output need be constant or zero.

    ## Why it happens
    * Calibration saw a much wider range than the model gets, so that all
      inputs share a few integer codes.
    * One outlier in the calibration data stretched the scale of a tensor.
    * Values of very different size share one tensor and so one scale.

    ## How edgecheck knows
    It counts the distinct outputs of both models over the same samples. Below
    2% of the reference's count the rule fires. It compares with the reference
    because few distinct outputs alone are healthy: an 8-bit classifier often
    gives half as many as its float model.

    ## How to fix
    Remove the causes in the same report first. If there are none, convert
    without quantizing activations (dynamic range) and run again:

        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.representative_dataset = None

    If the answers come back, a scale is at fault: remove outliers from the
    calibration samples, or split the tensor that mixes large and small values.

    ## References
    * https://github.com/ultralytics/ultralytics/pull/1695
      (confidence is either 0 or one step of the output's scale)
    * https://github.com/ultralytics/ultralytics/issues/1683
    * https://github.com/tensorflow/tensorflow/issues/46444
    """

    name = "quant-output-collapse"
    severity = "error"
    role = "symptom"

    output: str
    samples: int
    distinct: int
    reference_distinct: int

    def message(self) -> str:
        """What was found, with its numbers."""
        return (
            f"For {count(self.samples, 'sample')} the quantized model gives only "
            f'{count(self.distinct, "different answer")} at output "{plain(self.output)}", '
            f"the reference model gives {self.reference_distinct}."
        )

    def fix(self) -> str:
        """What to do."""
        return (
            "Remove the causes in this report first. If there are none, convert with dynamic "
            "range quantization; if that restores the answers, calibrate again without outliers. "
            f"{REPAIR}"
        )
