"""The rule `bn-statistics-unconverged`."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from edgecheck.rules.base import Rule
from edgecheck.rules.wording import count, number, percent, plain

Doubt: TypeAlias = Literal["", "scale", "alone"]
"""Why it may be the samples that are scaled or shifted: the layers that others come before fit with
new statistics of the first ones, or there are none."""

_DOUBTS: Final[Mapping[Doubt, str]] = {
    "": "",
    "scale": " Those of later layers fit as soon as the first ones have new ones: rather, the samples "
    "are scaled or shifted otherwise than in training.",
    "alone": " No other layer comes after these, so samples that are scaled or shifted otherwise than "
    "in training would look the same.",
}


@dataclass(frozen=True)
class BnStatisticsUnconverged(Rule):
    """Batch normalization stored statistics that are not those of the data.

    ## What it means
    In training each batch is normalized by its own mean and variance; at
    inference by averages that were collected on the way. If these are not
    those of the data, the model that trained well answers badly as soon as it
    is exported, or evaluated. Weights and conversion are not at fault.

    ## Why it happens
    * Few steps with a high momentum: after 200 steps at 0.999 the averages
      still hold 82 % of their initial values (0 and 1).
    * Batches of one or two samples, or of one class each.
    * Layers were frozen, or statistics reset, when the model was assembled.

    ## How edgecheck knows
    It runs half of the samples through the trained model (Keras, ONNX) while
    batch normalization collects its statistics anew, in memory, and asks the
    other half: clearly more labels are met. Statistics also differ where samples
    are prepared in another way than in training; other steps with which the
    labels are met are named instead, unless the stored statistics are not those
    of samples prepared so either. Where neither restores the answers, both are
    changed at once. It is a warning where less than half of the wrong answers
    become right, as with samples of another domain; and, without a proof, where
    new statistics of the first layers make the later ones fit, or there are no
    later ones: they make up for any scale and offset of the samples.

    ## How to fix
    Let the averages settle before the export; weights stay as they are:

        for layer in model.layers:
            if isinstance(layer, keras.layers.BatchNormalization):
                layer.momentum = 0.9
        for x in batches: model(x, training=True)    # dropout set to 0

    ## References
    * https://github.com/tensorflow/tensorflow/issues/22803
    * https://github.com/keras-team/keras/issues/6447
    """

    name = "bn-statistics-unconverged"
    severity = "error"
    role = "cause"

    layers: int
    """Layers of batch normalization."""
    worst: str
    """The one whose statistics are furthest off."""
    divergence: float
    """Median over its channels of the Kullback-Leibler divergence, nats."""
    right_before: int
    right_after: int
    samples: int
    """Labelled samples that were asked before and after."""
    beside: str = ""
    """What all samples were fed with, where it takes other steps, too."""
    doubt: Doubt = ""

    def message(self) -> str:
        """What was found, with its numbers."""
        fed = f" and {plain(self.beside, 90)}" if self.beside else ""
        also = " The input is wrong, too: neither alone restores them." if self.beside else ""
        also = _DOUBTS[self.doubt] or also
        return (
            f"The statistics that {count(self.layers, 'layer')} of batch normalization stored are "
            f'not those of the samples (most in "{plain(self.worst)}": a divergence of '
            f"{number(self.divergence)}). With statistics from half of the samples{fed} "
            f"{percent(self.right_after / self.samples)} of {self.samples} others are answered "
            f"rightly, with the stored ones {percent(self.right_before / self.samples)}.{also}"
        )

    def fix(self) -> str:
        """What to do."""
        right = "With the right steps," if self.beside else ""
        steps = right or "If the spec's steps are those of training,"
        first = "Compare the spec's scale and offset with those of training. " if self.doubt else ""
        return (
            f"{first}{steps} run some hundred training batches with a "
            "momentum of 0.9 and the weights frozen, then export again; or train longer, with "
            "larger batches."
        )
