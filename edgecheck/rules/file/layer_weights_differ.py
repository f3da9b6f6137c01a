"""The rule `layer-weights-differ`."""

from dataclasses import dataclass
from typing import Literal

from edgecheck.rules.base import Rule
from edgecheck.rules.weight_words import changed_biases, changed_weights, levels
from edgecheck.rules.wording import plain


@dataclass(frozen=True)
class LayerWeightsDiffer(Rule):
    """One layer's weights or biases are not the reference's; others are.

    ## What it means
    The model comes from the reference, but one layer was changed: set to 0 in
    part, multiplied, or given other biases. No calibration makes that good.

    ## Why it happens
    * The weights of a layer were not loaded, or were pruned before export.
    * A tool that edits the file wrote a wrong buffer or scale.
    * Training went on for this layer after the conversion.

    ## How edgecheck knows
    It compares dequantized weights and biases with those of the layer they
    come from. Weights below 15 dB, and 20 dB below the median of the other
    layers, are named; so are biases below 10 dB. Training with quantization,
    pruning and fine-tuning change all layers alike. Folded batch
    normalization gives channels factors: they are taken out, and then biases
    are not judged, nor are those of Keras and ONNX references. One channel
    of eight or more with a factor of its own is not folded but changed, as
    are others where half of the channels have kept weights and biases; and
    a bias that is off by half a step is only rounded. A layer with
    the weights of another model is `wrong-model-file`. It is an error where
    an output shows it by a warning of parity or more, else a note.

    ## How to fix
    Find the step after training that changes this layer, and convert again.

    ## References
    * https://github.com/tensorflow/tensorflow/issues/27460
    """

    name = "layer-weights-differ"
    severity = "info"
    role = "cause"

    operator: str
    index: int
    """Of the operator in the file."""
    weights: str
    reference: str
    part: Literal["weights", "biases"]
    """What was changed; weights where both were. Both SQNRs are of it."""
    sqnr_db: float
    others_db: list[float]
    """Lowest and highest of the other layers."""
    channels: int
    zeroed: int
    changed: int
    """Output channels whose weights have less than 10 dB, the zeroed ones among them."""
    factor: float | None
    biases: list[int] | None
    """Channels with another bias, sixteen at most; None where biases were not judged."""
    bias_error: float | None

    def message(self) -> str:
        """What was found, with its numbers."""
        found = [changed_biases(self.biases or (), self.bias_error or 0.0)]
        if self.part == "weights":
            weights = changed_weights(self.channels, self.zeroed, self.changed, self.factor)
            found = [weights, *found]
        layer = f'{plain(self.operator)} {self.index} ("{plain(self.weights)}")'
        head = f"The {self.part} of {layer} are not those of the reference: "
        rest = f" of SQNR (the other layers: {levels(*self.others_db)})"
        return (
            "; ".join([head + levels(self.sqnr_db, self.sqnr_db) + rest, *filter(None, found)])
            + "."
        )

    def fix(self) -> str:
        """What to do."""
        return f'Convert again from "{plain(self.reference)}", and look for what changes the layer.'
