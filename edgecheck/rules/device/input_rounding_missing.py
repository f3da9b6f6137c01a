"""The rule `input-rounding-missing`."""

from dataclasses import dataclass

from edgecheck.rules.dumped import DumpedInput


@dataclass(frozen=True)
class InputRoundingMissing(DumpedInput):
    """Codes are cut off, not rounded to the nearest: harmless.

    ## What it means
    `(int)(x / scale) + zero_point` leaves codes that are up to one step off,
    half a step on average. That is less than what quantization itself costs.

    ## Why it happens
    * A cast from float to int drops what is behind the point.

    ## How edgecheck knows
    `edgecheck match` compares the dump with codes that were rounded, cut off
    and rounded down. It is told so that the difference need not be looked for
    twice, and never as the cause of wrong answers.

    ## How to fix
    Nothing has to change. To have the host's codes exactly:

        int q = (int)lroundf(x / scale) + zero_point;

    ## References
    * https://github.com/tensorflow/tflite-micro/issues/342
    * https://github.com/Namburger/edgetpu-ssdlite-mobiledet-retrain/issues/1
    """

    name = "input-rounding-missing"
    severity = "info"
    role = "note"
