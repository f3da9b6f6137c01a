"""The rule `quant-scale-degenerate`."""

from dataclasses import dataclass

from edgecheck.rules.base import Rule
from edgecheck.rules.wording import listed, number, plain


@dataclass(frozen=True)
class QuantScaleDegenerate(Rule):
    """A tensor's quantization scale is zero, negative or not a number.

    ## What it means
    The scale is the step between two neighbouring integer codes. With a scale
    of 0 all codes stand for the same value, and whatever passes through this
    tensor is lost. Some runtimes refuse such a file.

    ## Why it happens
    * Calibration saw only zeros or one constant image: files were not found,
      failed to decode, or a generator yielded its first item for ever.
    * The layer is dead: it gave 0 for every calibration sample.
    * An integer tensor that is not quantized has the scale 0 as a mark for
      "none", and is dequantized all the same.

    ## How edgecheck knows
    It reads the scales of the integer tensors in the file and flags those
    that are not finite or not positive. A scale that is only tiny is not
    flagged: values in a small unit have one, and so has a channel that is
    always 0. TensorFlow's converter writes 7.84e-09 where calibration saw
    only zeros; what that destroys shows in the outputs.

    ## How to fix
    Look at what calibration really gets, then convert again:

        seen = [x[0] for x in representative_dataset()]
        print(len(seen), min(map(np.min, seen)), max(map(np.max, seen)))
        print(len({x.tobytes() for x in seen}), "different samples")

    In your own code treat a scale of 0 as "these are the real values".

    ## References
    * https://github.com/ultralytics/ultralytics/issues/9159
      (outputs of an unquantized file multiplied by the scale 0.0)
    * https://github.com/tensorflow/tensorflow/issues/44289
    * https://github.com/NVIDIA/TensorRT/issues/1480
    """

    name = "quant-scale-degenerate"
    severity = "error"
    role = "cause"

    tensor: str
    """The first one."""
    scale: float
    others: list[str]
    """The next few."""
    tensors: int
    """How many tensors are like this."""

    def message(self) -> str:
        """What was found, with its numbers."""
        has = f'Tensor "{plain(self.tensor)}" has the quantization scale {number(self.scale)}'
        more = f" ({self.tensors} tensors are alike; next {listed(self.others)})"
        end = f"{more if self.others else ''}."
        if self.scale == 0:
            return f"{has}: all its integer codes stand for the same value{end}"
        return f"{has}, no positive finite number: its integer codes have no meaning{end}"

    def fix(self) -> str:
        """What to do."""
        return (
            "Print number, range and distinct count of the samples that representative_dataset "
            "yields, repair what loads them, and convert again."
        )
