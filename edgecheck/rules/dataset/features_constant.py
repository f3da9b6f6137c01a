"""The rule `features-constant`."""

from dataclasses import dataclass

from edgecheck.rules.base import Rule
from edgecheck.rules.wording import count, plain

_SHOWN = 10


@dataclass(frozen=True)
class FeaturesConstant(Rule):
    """Some features never change over the dataset.

    ## What it means
    These columns have the same value in every sample. The dataset cannot show
    how the model reacts to them, and calibration on it gives them no range.

    ## Why it happens
    * A sensor was off or not connected during the recording.
    * A column was filled with a default, or its name did not match.
    * Scaling by a standard deviation of the wrong column flattened it.
    * The recording covers one operating state only.

    ## How edgecheck knows
    It keeps the smallest and largest prepared value of each feature over the
    dataset; where they are equal, the feature is constant.

    ## How to fix
    Look at the raw columns first:

        print(table.nunique().sort_values().head(10))

    If a raw column varies, correct the step that flattens it. If it does not,
    add recordings in which it does, or take it out of the model.

    ## References
    * TFLite documentation, "Post-training integer quantization", on the
      representative dataset: it has to cover the values that occur in use.
    * https://github.com/scikit-learn/scikit-learn/issues/3722
    """

    name = "features-constant"
    severity = "warning"
    role = "note"

    input: str
    indices: list[int]
    """The first ten, counted from 0."""
    count: int
    features: int

    def message(self) -> str:
        """What was found, with its numbers."""
        shown = ", ".join(str(index) for index in self.indices[:_SHOWN])
        more = ", ..." if self.count > len(self.indices[:_SHOWN]) else ""
        verb = "never changes" if self.count == 1 else "never change"
        return (
            f'Input "{plain(self.input)}": {self.count} of {count(self.features, "feature")} '
            f"{verb} over the dataset (counted from 0: {shown}{more})."
        )

    def fix(self) -> str:
        """What to do."""
        return (
            "Compare with the raw columns: correct the step that flattens them, add samples in "
            "which they vary, or drop them from the model."
        )
