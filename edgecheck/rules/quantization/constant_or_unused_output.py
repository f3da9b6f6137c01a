"""The rule `constant-or-unused-output`."""

from dataclasses import dataclass
from typing import Literal

from edgecheck.rules.base import Rule
from edgecheck.rules.wording import plain

_SAYS = {
    "unreached": "depends on no input of the model: it is the same whatever is fed",
    "still": "gives one value for all of these samples, and so does its float twin, while other "
    "outputs move",
    "flat": "was 0 for every calibration sample, while other outputs were not",
}
_FIX = {
    "unreached": "Export the output that depends on the input; if a constant is meant, keep it in "
    "your program and not in the model.",
    "still": "Leave the output out of the exported graph if nothing uses it.",
    "flat": "Leave the output out of the exported graph if nothing uses it; else calibrate on "
    "samples that move it.",
}


@dataclass(frozen=True)
class ConstantOrUnusedOutput(Rule):
    """An output of the model says nothing about its input.

    ## What it means
    One output is a constant, or was one during calibration. If the device
    reads it, it reads nothing; if nobody does, it costs memory and makes
    comparisons look worse than they are.

    ## Why it happens
    * An anchor table or another constant was exported as an output.
    * A branch was cut while the graph was simplified.
    * A head that training never used was 0 on all calibration samples.

    ## How edgecheck knows
    It walks the graph from the inputs. An output that the walk does not
    reach is a warning; values of variables count as reached. An integer
    output with a scale below 1e-6, where others have a larger one, is noted,
    and so is one that stands still in the float twin while others move.

    ## How to fix
    Export only the outputs that the application reads.

    ## References
    * https://github.com/tensorflow/tensorflow/issues/47551
    * https://github.com/tensorflow/tflite-micro/issues/913
    """

    name = "constant-or-unused-output"
    severity = "warning"
    role = "note"

    output: str
    kind: Literal["unreached", "flat", "still"]

    def message(self) -> str:
        """What was found, with its numbers."""
        return f'Output "{plain(self.output)}" {_SAYS[self.kind]}.'

    def fix(self) -> str:
        """What to do."""
        return _FIX[self.kind]
