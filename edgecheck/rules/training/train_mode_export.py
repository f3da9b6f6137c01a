"""The rule `train-mode-export`."""

from dataclasses import dataclass
from typing import Literal

from edgecheck.rules.base import Rule
from edgecheck.rules.wording import count, plain

_SAYS = {
    "random": "draws random numbers, and the outputs depend on it",
    "batch-statistics": "normalizes with the mean and variance of the batch at hand",
}
_FIX = {
    "random": "Export the inference graph: call the model with `training=False`, without dropout "
    "and noise.",
    "batch-statistics": "Export the inference graph: call the model with `training=False`, so that "
    "the stored mean and variance are folded into the weights.",
}


@dataclass(frozen=True)
class TrainModeExport(Rule):
    """The graph was exported as it runs in training, not in inference.

    ## What it means
    Dropout still drops values at random, or batch normalization takes mean
    and variance from the one sample that the device feeds. The same input
    then gives different answers, or answers that training never saw.

    ## Why it happens
    * The function that was exported calls `model(x, training=True)`, or a
      frozen graph was made with `is_training=True`.
    * A layer has `training=True` fixed (Monte Carlo dropout).

    ## How edgecheck knows
    It looks for random number operators that an output depends on: an error,
    unless the task is one that may sample (`autoencoder`, `other`). And it
    looks for a variance taken over the batch axis in front of a square root:
    a warning. Layer and instance normalization, which leave the batch axis
    alone, are not meant.

    ## How to fix
    Export what inference runs:

        f = tf.function(lambda x: model(x, training=False))

    ## References
    * https://github.com/tensorflow/tensorflow/issues/26075
    * https://github.com/tensorflow/tensorflow/issues/25170
    * https://github.com/tensorflow/tensorflow/issues/50502
    * https://github.com/Samsung/ONE/issues/12087
    """

    name = "train-mode-export"
    severity = "error"
    role = "cause"

    operator: str
    """The first one."""
    kind: Literal["random", "batch-statistics"]
    operators: int
    """How many operators are like this."""

    def message(self) -> str:
        """What was found, with its numbers."""
        more = f" ({count(self.operators, 'such operator')})" if self.operators > 1 else ""
        return f"Operator {plain(self.operator)} {_SAYS[self.kind]}{more}."

    def fix(self) -> str:
        """What to do."""
        return _FIX[self.kind]
