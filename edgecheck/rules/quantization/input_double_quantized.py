"""The rule `input-double-quantized`."""

from dataclasses import dataclass

from edgecheck.rules.base import Rule
from edgecheck.rules.wording import percent, plain, span


@dataclass(frozen=True)
class InputDoubleQuantized(Rule):
    """The input is quantized twice, with different ranges.

    ## What it means
    Two QUANTIZE operators follow each other at the input. What the first
    one keeps and the second cannot represent is clipped, on every sample.

    ## Why it happens
    * A model that was already quantized was wrapped once more, by hand or
      by a tool, with the range of raw values.
    * Input and first layer were calibrated on data that was prepared in
      two ways.

    ## How edgecheck knows
    It compares the ranges that the tensors before and behind the second
    QUANTIZE can represent. The usual change from uint8 to int8 keeps the
    range and is no finding, nor is one that other operators bypass. It is a
    warning if the second range holds less than 90% of the first, else a
    note.

    ## How to fix
    Quantize once: convert again from the float model, with the integer
    input type that the device feeds. In your own code, feed real values to
    a float input and codes to an integer input.

    ## References
    * https://github.com/HimaxWiseEyePlus/himax_tflm/issues/18
    * https://github.com/tensorflow/tensorflow/issues/51501
    * https://github.com/tensorflow/tensorflow/issues/23791
    """

    name = "input-double-quantized"
    severity = "warning"
    role = "cause"

    input: str
    first: list[float]
    """[lowest, highest] real value that the tensor before the second QUANTIZE can hold."""
    second: list[float]
    kept: float
    """Share of the first range that the second holds."""

    def message(self) -> str:
        """What was found, with its numbers."""
        return (
            f'Input "{plain(self.input)}" is quantized to {span(self.first)} and then again to '
            f"{span(self.second)}, which holds {percent(self.kept)} of it."
        )

    def fix(self) -> str:
        """What to do."""
        return (
            "Convert again from the float model, so that the input is quantized once and with the "
            "range of the preprocessed data."
        )
