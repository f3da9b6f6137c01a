"""The rule `bias-overflow`."""

from dataclasses import dataclass
from typing import Literal

from edgecheck.rules.base import Rule
from edgecheck.rules.weight_words import BIAS_FIX, BIAS_SAYS, too_wide
from edgecheck.rules.wording import count, number, plain


@dataclass(frozen=True)
class BiasOverflow(Rule):
    """A bias does not fit into the integers that its layer computes with.

    ## What it means
    Biases are stored as int32 in steps of input scale times weight scale.
    Where that step is tiny the bias needs more than 32 bits; it is clipped,
    and the channel then has a wrong constant on every output. Kernels never
    read the scale of the bias: a bias in other steps adds a wrong amount.

    ## Why it happens
    * The weights of one channel are almost zero (a dead channel behind a
      folded batch normalization), and with them the weight scale.
    * Another tool than TFLite's converter quantized or edited the file.

    ## How edgecheck knows
    It reads biases of convolutions and dense layers. Values at the limits of
    int32 are errors. A bias that may overflow the accumulator together with
    the largest products of its own weights is a warning, and so is a scale
    that shifts an output by more than a 256th of its codes: one step of int8.
    TFLite itself refuses a file whose two scales differ by over 2% of the
    output scale, but per-tensor weights only.

    ## How to fix
    Prune the dead channel, or convert with a current TensorFlow, which
    raises the weight scale until the bias fits.

    ## References
    * https://github.com/tensorflow/tensorflow/issues/33735
    * https://github.com/microsoft/onnxruntime/pull/25278
    * https://github.com/Samsung/ONE/issues/6970
    """

    name = "bias-overflow"
    severity = "error"
    role = "cause"

    tensor: str
    """The first one."""
    operator: str
    kind: Literal["clipped", "accumulator", "scale"]
    channels: int
    of: int
    worst: float
    """Largest absolute bias code; for a scale, the largest error in output steps."""
    tensors: int
    """How many biases are like this."""
    input_used: list[float] | None = None
    input_held: list[float] | None = None
    """What the layer's input is and can hold, where its range is far too wide."""

    def message(self) -> str:
        """What was found, with its numbers."""
        says = BIAS_SAYS[self.kind].format(
            channels=self.channels, of=self.of, worst=number(self.worst)
        )
        more = f" ({count(self.tensors - 1, 'other layer')} alike)" if self.tensors > 1 else ""
        wide = too_wide(self.input_used, self.input_held)
        return f'Bias "{plain(self.tensor)}" of {plain(self.operator)}: {says}{more}.{wide}'

    def fix(self) -> str:
        """What to do."""
        return BIAS_FIX["input" if self.input_held is not None else self.kind]
