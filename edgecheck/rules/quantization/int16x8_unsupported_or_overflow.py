"""The rule `int16x8-unsupported-or-overflow`."""

from dataclasses import dataclass
from typing import Literal

from edgecheck.rules.base import Rule
from edgecheck.rules.wording import count, plain

_SAYS = {
    "unsupported": "takes 16-bit activations, for which TFLite has no kernel",
    "accumulator": "adds up 16-bit products without a 64-bit bias: on a kernel with a 32-bit "
    "accumulator the sum may overflow",
}
_FIX = {
    "unsupported": "Replace the operator (HARD_SWISH by RELU6, say), or let the converter leave "
    "it in float.",
    "accumulator": "Give the layer a bias (one of zeros will do) and convert again, or update "
    "TFLite Micro on the device.",
}


@dataclass(frozen=True)
class Int16X8UnsupportedOrOverflow(Rule):
    """The model asks 16-bit kernels for something they cannot do.

    ## What it means
    16-bit activations with 8-bit weights keep precision where 8 bits lose
    it, but fewer kernels exist for them. A file with an operator that has
    none loads and then stops at that operator. And sums of 16-bit products
    outgrow 32 bits: layers with a bias use 64.

    ## Why it happens
    * Operators such as HARD_SWISH, ELU, LOG_SOFTMAX, L2_NORMALIZATION or
      DEPTH_TO_SPACE stand in the model.
    * A layer has no bias, or a 32-bit one; kernels then choose a 32-bit
      accumulator.

    ## How edgecheck knows
    The operators named are those that LiteRT 2.3 runs in 8 bits and refused
    in 16 when each was tried alone. For layers without a 64-bit bias it adds
    up the absolute weight codes of each channel: largest sum times 32768 is
    the largest value that the accumulator may see.

    ## How to fix
    Replace the operator, or leave it in float; give the layer a bias.

    ## References
    * https://github.com/tensorflow/tflite-micro/pull/3598
    * https://github.com/tensorflow/tensorflow/issues/56899
    * https://github.com/tensorflow/tensorflow/issues/47746
    * https://github.com/PINTO0309/onnx2tf/issues/192
    """

    name = "int16x8-unsupported-or-overflow"
    severity = "warning"
    role = "cause"

    operator: str
    """The first one."""
    kind: Literal["unsupported", "accumulator"]
    operators: int
    """How many operators are like this."""

    def message(self) -> str:
        """What was found, with its numbers."""
        more = f" ({count(self.operators - 1, 'other')} alike)" if self.operators > 1 else ""
        return f"Operator {plain(self.operator)} {_SAYS[self.kind]}{more}."

    def fix(self) -> str:
        """What to do."""
        return _FIX[self.kind]
