"""The rule `undertrained`."""

from dataclasses import dataclass

from edgecheck.rules.base import Rule
from edgecheck.rules.wording import Fed, count, fed_model, percent, plain


@dataclass(frozen=True)
class Undertrained(Rule):
    """The trained model hardly knows the task, and no usual mistake explains it.

    ## What it means
    The float model meets the labels hardly more often than an answer that
    never changes. `reference-inaccurate` says so much; this says that nothing
    was found that feeds the model wrongly, so that training itself is the
    next suspect. Conversion is not at fault.

    ## Why it happens
    * Too few epochs, a learning rate that is too small or too large, frozen
      layers, or an early checkpoint was exported.
    * Labels that belong to other samples, in training or in the spec.
    * Steps of training that the spec does not have and edgecheck does not try.
    * A task that cannot be solved from these inputs.

    ## How edgecheck knows
    (accuracy - commonest) / (1 - commonest), with the share of the commonest
    label, is below 0.2 on 20 labelled samples or more: an error where all
    weights still look nearly as an initializer draws them. Where they do, up to
    0.5 is a suspicion, and so it is below 0.2 where they do not. The usual
    ranges, channel orders and scalings were tried, labels were read in other
    orders, no layer is dead, vanished or as it was drawn, and no input was
    calibrated on other values than the spec gives. Answers that have the shares
    of the labels, and yet meet them by chance only, are said to be.

    ## How to fix
    Evaluate the very model that was exported with the code of training:

        loss, accuracy = model.evaluate(test_data)

    If that is low too, train longer and watch `history.history`. If it is
    high, compare what both feed: print(x.shape, x.min(), x.max()), and y.

    ## References
    * https://github.com/keras-team/keras/issues/2975
    * https://github.com/tensorflow/models/issues/9413
    """

    name = "undertrained"
    severity = "warning"
    role = "cause"

    who: Fed
    """The model that was looked at."""
    output: str
    labelled: int
    accuracy: float
    chance: float
    """Share of the commonest label."""
    tried: int
    """Other steps that were tried."""
    layers_as_drawn: int
    """Layers whose weights look nearly as an initializer draws them; 0 unless all do."""
    has_shares_of_labels: bool = False
    """It is right no more often than by chance, and names each class about as often as the labels do."""
    has_learned: bool = False
    """It has learned something, and less than half of what there is."""

    def message(self) -> str:
        """What was found, with its numbers."""
        start = (
            f'By output "{plain(self.output)}" {fed_model(self.who)} itself is right on '
            f"{percent(self.accuracy)} of {count(self.labelled, 'labelled sample')}, where always "
            f"naming the commonest label is right on {percent(self.chance)}"
        )
        if self.layers_as_drawn:
            drawn = (
                f"{start}. The weights of all {count(self.layers_as_drawn, 'layer')} are still "
                "nearly as an initializer draws them: it "
            )
            # Wide layers need to move little to learn what can be learned.
            hard = "may be hardly trained, unless the task is hard and its layers are wide."
            return drawn + (hard if self.has_learned else "was hardly trained.")
        tried = f"None of {count(self.tried, 'other way')} to feed it"
        tried = f"{tried if self.tried else 'No other finding'} explains it"
        if self.has_shares_of_labels:
            return (
                f"{start}. {tried}. It names every class about as often as the labels do, so that "
                "these may be out of step with the samples; else it may be hardly trained."
            )
        return f"{start}. {tried}, so it may be hardly trained."

    def fix(self) -> str:
        """What to do."""
        rows = (
            "Look at a few samples beside their labels: one row too many shifts all behind it. "
            if self.has_shares_of_labels
            else ""
        )
        return rows + (
            "Measure the exported model with training's own evaluation. If that is low too, train "
            "longer, or with another learning rate; if not, compare its inputs and labels with "
            "these."
        )
