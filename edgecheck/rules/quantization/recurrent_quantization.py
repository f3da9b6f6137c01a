"""The rule `recurrent-quantization`."""

from dataclasses import dataclass
from typing import Literal

from edgecheck.rules.base import Rule
from edgecheck.rules.wording import count, plain

_SAYS = {
    "loop-converts": "converts between float and integers in each round of its loop, "
    "{conversions} a round",
    "integer-cells": "keeps its cell state in integers, so that rounding errors feed back",
}


@dataclass(frozen=True)
class RecurrentQuantization(Rule):
    """A recurrent layer is quantized, so that its errors feed back into itself.

    ## What it means
    A recurrent layer reads its own last state. Each rounding error goes
    around once more, and can grow with the length of the sequence: a model
    that is right on short clips may drift on long ones.

    ## Why it happens
    * LSTM and GRU become a WHILE loop, of which some operators have integer
      kernels and others none: every round converts back and forth.
    * Full-integer LSTM kernels keep cell and hidden state as codes.

    ## How edgecheck knows
    A WHILE loop with QUANTIZE or DEQUANTIZE in it, on values that change,
    is a warning. An integer LSTM is only noted: many work well, and the
    comparison of outputs tells.

    ## How to fix
    Validate on sequences as long as the device will see. If it drifts, use
    dynamic-range quantization or 16-bit activations, or export one step of
    the cell with its state as input and output.

    ## References
    * https://github.com/tensorflow/tensorflow/issues/97941
    * https://github.com/tensorflow/model-optimization/issues/803
    * https://github.com/tensorflow/tensorflow/issues/41023
    * https://github.com/tensorflow/tensorflow/issues/38312
    """

    name = "recurrent-quantization"
    severity = "warning"
    role = "note"

    operator: str
    """The first one."""
    kind: Literal["loop-converts", "integer-cells"]
    conversions: int
    """QUANTIZE and DEQUANTIZE operators in loops; 0 for cells."""

    def message(self) -> str:
        """What was found, with its numbers."""
        conversions = count(self.conversions, "conversion")
        return (
            f"Operator {plain(self.operator)} {_SAYS[self.kind].format(conversions=conversions)}."
        )

    def fix(self) -> str:
        """What to do."""
        return (
            "Validate on sequences as long as the device will see; if the answers drift, convert "
            "with dynamic-range quantization or 16-bit activations."
        )
