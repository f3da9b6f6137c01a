"""The rule `saturated-or-vanished`."""

from dataclasses import dataclass
from typing import Literal

from edgecheck.rules.base import Rule
from edgecheck.rules.wording import Fed, count, fed_model, number, percent, plain


@dataclass(frozen=True)
class SaturatedOrVanished(Rule):
    """Inside the trained model samples stop making a difference.

    ## What it means
    Either the sigmoids or tanhs of a layer stand at an end of their range for
    nearly all samples, or the differences between samples shrink from layer
    to layer until nothing is left. What comes out is about the same for every
    input. Conversion is not at fault.

    ## Why it happens
    * Tiny initial weights in a stack of sigmoids: each divides a difference
      by four or more, and the gradient too, so that nothing was learned.
    * Large weights, or features in raw units, in front of sigmoid or tanh.

    ## How edgecheck knows
    Where outputs collapsed or labels are not met, it runs up to 128 samples
    through the float model with all tensors kept. That model must be in
    trouble itself: its outputs collapsed, it does not meet labels, or they
    deviate by less than 1 % of their size. Vanished is the first inner layer
    whose values deviate over the samples by less than 1 % of their size, and
    20 times less than the inputs do. Saturated is a sigmoid or tanh inside
    the model of which 95 % of the values are beyond those of -6 or 6. All
    outputs must depend on that layer alone. Confident outputs do not count.
    A layer of zeros has vanished, too, where no layer passes on a twentieth
    of what it gets; that alone is told where another cause is sure.

    It is an error where labels, true values or a collapse of the float model
    show the trouble beyond doubt, or where the layer does not move at all;
    else a warning, as where other steps or another cause are suspected to
    explain it. Another cause that is sure is named instead.

    ## How to fix
    Look at the deviation over samples, layer by layer, right after building
    the model: it should stay of one size.

        print(h.std(axis=0).mean() / abs(h).mean())

    Use ReLU inside, the default initializers (`glorot_uniform`), batch
    normalization, and standardised features; then train again.

    ## References
    * https://github.com/keras-team/keras/issues/6447
    """

    name = "saturated-or-vanished"
    severity = "error"
    role = "cause"

    who: Fed
    """The model that was looked at."""
    kind: Literal["saturated", "vanished", "shrunk"]
    """Shrunk: seen in the weights alone; the operator is the one that passes on most."""
    operator: str
    index: int
    """Of the operator in that file."""
    layer: str
    """Name of its output."""
    deviation: float
    """Over samples, for each unit of the layer's own size; if shrunk, what is left of a unit behind it."""
    input_deviation: float
    """The same of the inputs."""
    railed: float | None
    """Share of the values at the ends of a sigmoid or tanh."""
    samples: int
    instead: str = ""
    """A trial of other steps that explains it as well, and what would decide, as a sentence."""

    def message(self) -> str:
        """What was found, with its numbers."""
        where = f'{plain(self.operator, 40)} {self.index} ("{plain(self.layer)}")'
        samples, who = count(self.samples, "sample"), f"In {fed_model(self.who)}"
        instead = f" {plain(self.instead, 300)}" if self.instead else ""
        if self.kind == "shrunk":
            return (
                f"{who}, every layer shrinks what it gets; {where} does so least, and passes on "
                f"{percent(self.deviation)}. Whatever is fed, next to nothing of it is left."
            )
        if self.kind == "saturated":
            return (
                f"{who}, {percent(self.railed or 0.0)} of the values of {where} stand at an end of "
                f"their range over {samples}: it is saturated.{instead}"
            )
        return (
            f"{who}, the signal is lost from {where} on: over {samples} it deviates by "
            f"{percent(self.deviation)} of its size, the inputs by {percent(self.input_deviation)} "
            f"of theirs ({number(self.deviation)} and {number(self.input_deviation)}).{instead}"
        )

    def fix(self) -> str:
        """What to do."""
        remedy = (
            "smaller weights or standardised features in front of it"
            if self.kind == "saturated"
            else "ReLU in place of sigmoid or tanh, the default initializers, or batch normalization"
        )
        return (
            f"Check first that the spec's steps are those of training. If they are, train again "
            f"with {remedy}; converting anew cannot help."
        )
