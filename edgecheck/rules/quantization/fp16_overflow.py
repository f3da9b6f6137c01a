"""The rule `fp16-overflow`."""

from dataclasses import dataclass
from typing import Literal

from edgecheck.rules.base import Rule
from edgecheck.rules.wording import count, number, plain

_SAYS = {
    "infinity": "is stored in float16 as infinity",
    "clamped": "is stored in float16 with the largest value that there is, 65504: what it was "
    "before is lost",
    "activation": "reaches {largest} on these samples, beyond the 65504 of float16, which this "
    "model is meant for",
    "too-large": "reaches {largest}, beyond the 65504 of float16, which this model is meant for",
}


@dataclass(frozen=True)
class Fp16Overflow(Rule):
    """A value is too large for float16.

    ## What it means
    The largest float16 is 65504. Beyond it lies infinity, and infinity
    times 0, or minus infinity, is NaN: a mask of -1e30 that does nothing in
    float32 wipes out the answer in float16.

    ## Why it happens
    * Attention masks made of `-1e9` or `-1e30`, or padding with the lowest
      float32.
    * Weights that grew without regularization, or a batch normalization
      that divided by almost nothing.
    * Some converters clamp such a value to 65504 without a word.

    ## How edgecheck knows
    It reads the float constants of files that are float16, or that the spec
    says are. Infinity in weights and multiplications is an error, elsewhere
    (in a mask it may be meant) a warning, and so is a weight that was
    clamped or does not fit. Where the layers are walked through, an
    activation beyond 65504 is a warning: on a CPU it is harmless.

    ## How to fix
    Write masks as -1e4 and convert again, or keep the model in float32. On
    a GPU, allow no loss of precision (`precisionLossAllowed = false`).

    ## References
    * https://github.com/tensorflow/tensorflow/issues/43719
    * https://github.com/google-ai-edge/LiteRT/issues/9249
    * https://github.com/tensorflow/tensorflow/issues/48523
    * https://github.com/tensorflow/tensorflow/issues/52794
    """

    name = "fp16-overflow"
    severity = "error"
    role = "cause"

    tensor: str
    """The first one."""
    operator: str
    kind: Literal["infinity", "clamped", "too-large", "activation"]
    largest: float
    """Largest absolute value of this tensor."""
    tensors: int
    """How many tensors are like this."""

    def message(self) -> str:
        """What was found, with its numbers."""
        more = f"; so do {count(self.tensors - 1, 'other tensor')}" if self.tensors > 1 else ""
        says = _SAYS[self.kind].format(largest=number(self.largest))
        what = "Activation" if self.kind == "activation" else "Constant"
        return f'{what} "{plain(self.tensor)}" of {plain(self.operator)} {says}{more}.'

    def fix(self) -> str:
        """What to do."""
        return (
            "Use a smaller constant (masks: -1e4) and convert again; or keep this model in float32."
        )
