"""The rule `degenerate-head`."""

from dataclasses import dataclass
from typing import Literal

from edgecheck.rules.base import Rule
from edgecheck.rules.wording import plain, shape

_SAYS = {
    "softmax-of-one": "is a softmax over one value, which is 1 for every input",
    "sigmoid-read-as-softmax": "is one sigmoid, while the spec says softmax: its top class is "
    "always 0",
}
_FIX = {
    "softmax-of-one": "Train with `Dense(1, activation='sigmoid')` and a threshold, or with one "
    "unit for each class.",
    "sigmoid-read-as-softmax": "Write `activation: sigmoid` and a `threshold` for this output in "
    "the spec, and compare the value with it on the device.",
}


@dataclass(frozen=True)
class DegenerateHead(Rule):
    """The last layer cannot tell classes apart, whatever it is fed.

    ## What it means
    A softmax over a single value is exactly 1 for every input. A single
    sigmoid is a fine classifier, but not if its arg max is taken: that is
    always 0. Neither has anything to do with conversion.

    ## Why it happens
    * `Dense(1, activation="softmax")` was used for two classes, where
      `Dense(1, activation="sigmoid")` or two units were meant.
    * The classes lie along another axis than the last, over which the
      softmax runs.

    ## How edgecheck knows
    It looks at the operator that makes each output. A SOFTMAX over a last
    axis of fixed size 1 is an error. A LOGISTIC of one value is only noted,
    and only if the spec says that the output is a softmax.

    ## How to fix
    For two classes use one sigmoid with a threshold, or two softmax units,
    and train again.

    ## References
    * https://github.com/keras-team/keras/issues/12865
      (one unit with softmax: every image is class 1)
    """

    name = "degenerate-head"
    severity = "error"
    role = "cause"

    output: str
    kind: Literal["softmax-of-one", "sigmoid-read-as-softmax"]
    shape: list[int]

    def message(self) -> str:
        """What was found, with its numbers."""
        return f'Output "{plain(self.output)}" of shape {shape(self.shape)} {_SAYS[self.kind]}.'

    def fix(self) -> str:
        """What to do."""
        return _FIX[self.kind]
