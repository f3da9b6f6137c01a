"""The rule `activation-sensitive-op`."""

from dataclasses import dataclass

from edgecheck.rules.base import Rule
from edgecheck.rules.wording import number, plain


@dataclass(frozen=True)
class ActivationSensitiveOp(Rule):
    """An operator that bears 8 bits badly loses the signal.

    ## What it means
    Up to this operator the integer model follows its float twin; behind it,
    it does not, and nothing was cut off. Some operators need more than 8 bits:
    they subtract large values, average away a signal of less than a step, or
    bend it where the steps are coarse.

    ## Why it happens
    * HARD_SWISH and SiLU (LOGISTIC and MUL) with a wide range.
    * Global average pools (MEAN, AVERAGE_POOL_2D, SUM) over maps that are
      nearly zero.
    * ADD of branches of very different size.

    ## How edgecheck knows
    The model is run beside its dequantized twin. The operator is named where it
    is the first bad one and of the kinds above, reads values of more than 25 dB
    SQNR and writes less than 15, while less than 1 % is clipped and a tenth of
    the steps is used: then no other range would help. What it has on the very
    inputs that the integer operator read tells its rounding from what it made
    of small errors before it. An error where parity is lost, else a warning.

    ## How to fix
    Keep this operator in float (the converter's debugger has a list of operators
    to leave out), use 16-bit activations, or replace SiLU by ReLU in training.

    ## References
    * https://github.com/PINTO0309/onnx2tf/issues/444
    * https://github.com/tensorflow/models/issues/10809
    * https://github.com/tensorflow/model-optimization/issues/805
    """

    name = "activation-sensitive-op"
    severity = "warning"
    role = "cause"

    operator: str
    index: int
    """Position in the order of execution."""
    tensor: str
    sqnr_db: float
    isolated_sqnr_db: float | None
    """None where it could not be run alone."""
    upstream_sqnr_db: float

    def message(self) -> str:
        """What was found, with its numbers."""
        own = self.isolated_sqnr_db
        alone = "" if own is None else f", and from exact inputs {number(round(own, 1))} dB"
        return (
            f"{plain(self.operator)} (operator {self.index}) gets good values (SQNR "
            f"{number(round(self.upstream_sqnr_db, 1))} dB) and writes bad ones to "
            f'"{plain(self.tensor)}" ({number(round(self.sqnr_db, 1))} dB{alone}), though its range '
            "fits: it needs more than 8 bits."
        )

    def fix(self) -> str:
        """What to do."""
        return "Keep this operator in float, or convert the model with 16-bit activations."
