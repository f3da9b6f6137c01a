"""The rule `dead-activations`."""

from dataclasses import dataclass

from edgecheck.rules.base import Rule
from edgecheck.rules.wording import Fed, count, fed_model, plain


@dataclass(frozen=True)
class DeadActivations(Rule):
    """A layer of the trained model is 0 for every sample, so no output moves.

    ## What it means
    A ReLU turns negative sums into 0. Where that happens to (nearly) all
    units of a layer for every sample, nothing gets through: the output is the
    same for every input, and such units do not learn any more. Conversion is
    not at fault.

    ## Why it happens
    * A learning rate so high that one step pushed all biases below 0.
    * A ReLU as the last layer, while targets are negative.
    * Inputs that are far larger, or of the other sign, than those of training.

    ## How edgecheck knows
    Where outputs collapsed or labels are not met, it runs up to 128 samples
    through the float model with all tensors kept. It looks for the first
    layer of which at least 95 % of the units are 0 for every sample, and
    without which no output depends on an input any more. A third of dead
    units is usual and harms nothing. Steps that bring the answers back, and
    wrong ranges, are named instead.

    ## How to fix
    Count the dead units after training, and train anew:

        h = keras.Model(m.input, m.get_layer("dense").output).predict(x)
        print((h.max(axis=0) <= 0).mean())    # healthy: below 0.5

    Lower the learning rate, use `he_normal`, LeakyReLU, or batch
    normalization in front of the ReLU; give a regression a linear last layer.

    ## References
    * https://github.com/keras-team/keras-contrib/pull/115
    * https://github.com/keras-team/keras/issues/3687
    * https://github.com/keras-team/keras/issues/6447
    * https://github.com/keras-team/keras/issues/2975
    """

    name = "dead-activations"
    severity = "error"
    role = "cause"

    who: Fed
    """The model that was looked at."""
    operator: str
    index: int
    """Of the operator in that file."""
    layer: str
    """Name of its output."""
    dead: int
    units: int
    samples: int
    is_last: bool
    """It makes the output itself."""

    def message(self) -> str:
        """What was found, with its numbers."""
        units = count(self.units, "unit")
        share = f"all {units}" if self.dead == self.units else f"{self.dead} of {units}"
        follows = "" if self.is_last else ", and every output depends on an input through it alone"
        return (
            f"In {fed_model(self.who)}, {share} of {plain(self.operator, 40)} {self.index} "
            f'("{plain(self.layer)}") give 0 for each of {count(self.samples, "sample")}{follows}.'
        )

    def fix(self) -> str:
        """What to do."""
        remedy = "with a linear last layer" if self.is_last else "with a lower learning rate"
        return (
            f"Check first that the spec's steps are those of training. If they are, train again "
            f"{remedy}, or LeakyReLU or batch normalization; converting anew cannot help."
        )
