"""The rule `softmax-output-resolution`."""

from dataclasses import dataclass
from typing import Literal

from edgecheck.rules.base import Rule
from edgecheck.rules.wording import number, plain

_SAYS = {
    "classes": "gives {classes} classes in steps of {scale}: most probabilities are the same code",
    "threshold": "has steps of {scale}, and the spec's threshold is finer than that",
    "scale": "has the scale {scale} and zero point {zero_point}, where its kernel always writes "
    "another one",
}
_FIX = {
    "classes": "Leave the softmax out of the graph and compare logits, or convert with a float "
    "output, if more than the top classes matter.",
    "threshold": "Choose a threshold of at least one step, or convert with a float output.",
    "scale": "Convert again with TFLite's converter: in 8 bits SOFTMAX and LOGISTIC have the "
    "scale 1/256 and TANH has 1/128.",
}


@dataclass(frozen=True)
class SoftmaxOutputResolution(Rule):
    """Probabilities in 8 bits come in steps of 1/256.

    ## What it means
    SOFTMAX and LOGISTIC write 8-bit codes with the fixed scale 1/256, TANH
    with 1/128. The largest probability is 0.996, small ones are exactly 0,
    and with many classes most of them tie. A file that states another scale
    for such an output is refused, or is read wrongly.

    ## Why it happens
    * It is how the kernels are made, and harmless where only the top class
      counts.
    * A tool other than TFLite's converter calibrated a fixed output.

    ## How edgecheck knows
    An output of SOFTMAX or LOGISTIC in 8 bits is noted if it has over 256
    classes, or if the spec's `threshold` for it is below 1/256. It is a
    warning where 8-bit outputs of SOFTMAX, LOGISTIC or TANH have another
    scale or zero point than the fixed one.

    ## How to fix
    Compare logits in place of probabilities, or use a float output.

    ## References
    * https://github.com/tensorflow/model-optimization/issues/918
    * https://github.com/microsoft/onnxruntime/pull/29728
    * https://github.com/tensorflow/tensorflow/pull/34537
    """

    name = "softmax-output-resolution"
    severity = "info"
    role = "note"

    tensor: str
    operator: str
    kind: Literal["classes", "threshold", "scale"]
    scale: float
    zero_point: int
    classes: int

    def message(self) -> str:
        """What was found, with its numbers."""
        says = _SAYS[self.kind].format(
            classes=self.classes, scale=number(self.scale), zero_point=self.zero_point
        )
        return f'Tensor "{plain(self.tensor)}" of {plain(self.operator)} {says}.'

    def fix(self) -> str:
        """What to do."""
        return _FIX[self.kind]
