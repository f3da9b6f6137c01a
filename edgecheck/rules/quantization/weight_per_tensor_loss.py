"""The rule `weight-per-tensor-loss`."""

from dataclasses import dataclass

from edgecheck.rules.base import Rule
from edgecheck.rules.wording import count, number, plain


@dataclass(frozen=True)
class WeightPerTensorLoss(Rule):
    """One weight scale is too coarse for some channels of a layer.

    ## What it means
    With one scale for all channels the largest weight of the layer sets the
    step. A channel whose weights are 30 times smaller is left with a few
    integer codes and computes something else than it was trained to.

    ## Why it happens
    * Per-channel quantization was switched off, or a camera, NPU or old
      tool demands one scale for each tensor.
    * Depthwise layers with folded batch normalization: their channels
      differ most.

    ## How edgecheck knows
    It reads the codes of per-tensor weights. A channel counts as lost if its
    largest code is over 30 times smaller than that of the layer and it has
    fewer than 8 codes; one that is all zero only if it is not so in the
    reference. More than half of a convolution's channels are worth a warning;
    more than one in ten are noted, for models that were trained with
    quantization bear that well. Where the chain shows that the weights lose
    parity, or cost most of it, they are a warning, in any layer.

    ## How to fix
    Quantize weights per channel (the converter's default for int8); else
    equalize the ranges of neighbouring layers, or train with quantization.

    ## References
    * https://github.com/PINTO0309/onnx2tf/issues/192
    * https://github.com/PINTO0309/onnx2tf/issues/444
    """

    name = "weight-per-tensor-loss"
    severity = "warning"
    role = "cause"

    tensor: str
    """The worst one."""
    operator: str
    lost: int
    channels: int
    """Those that are not all zero, or are not so in the reference."""
    ratio: float
    """Largest code of the layer for that of its weakest channel; at least, where `zeroed` is not 0."""
    tensors: int
    """How many layers are like this."""
    zeroed: int = 0
    """Of `lost`, channels that the reference has and of which nothing but zeros is left."""

    def message(self) -> str:
        """What was found, with its numbers."""
        more = f" ({count(self.tensors - 1, 'other layer')} alike)" if self.tensors > 1 else ""
        return (
            f'Weights "{plain(self.tensor)}" of {plain(self.operator)} have one scale, and '
            f"{self.lost} of {count(self.channels, 'channel')} use fewer than 8 codes of "
            f"it{self._none_left()}{number(self.ratio)} times the weakest{more}."
        )

    def _none_left(self) -> str:
        if not self.zeroed:
            return ": the strongest channel is "
        verb = "is" if self.zeroed == 1 else "are"
        return (
            f", and of {self.zeroed}, which {verb} not 0 in the reference, nothing is left: the "
            "strongest channel is over "
        )

    def fix(self) -> str:
        """What to do."""
        return (
            "Quantize weights per channel; where the device does not allow it, equalize the "
            "layers' ranges before conversion or train with quantization."
        )
