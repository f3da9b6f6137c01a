"""The rule `dataset-single-class`."""

from dataclasses import dataclass
from typing import Literal

from edgecheck.rules.base import Rule
from edgecheck.rules.wording import count, percent


@dataclass(frozen=True)
class DatasetSingleClass(Rule):
    """Nearly all labelled samples belong to one class.

    ## What it means
    On this dataset a model that always gives the same answer is nearly always
    right. Accuracy and agreement look good whatever the model does, and one
    dominant answer is no sign of a fault here.

    ## Why it happens
    * The samples were recorded in one place or at one time.
    * Only one class folder was given, or `limit` drew from one only.
    * The task is one-sided by nature, as in anomaly detection.

    ## How edgecheck knows
    It counts the labels or, without labels, the answers of the reference. At a
    share of 90% or more the dataset counts as one-sided, and the rules on
    collapsed classes compare with that share instead of raising an alarm.

    ## How to fix
    Add samples of the other classes, 20 or more of each, as one folder a
    class or with a label file:

        dataset: {path: images, labels: labels.csv}

    If there are none, rely on the comparison with the reference and read
    accuracy with care.

    ## References
    * Chowdhery et al., "Visual Wake Words Dataset" (arXiv 1906.05721): a
      two-class task. On images without people a healthy model of this kind
      gave one class for 99% of them.
    * https://github.com/rykov8/ssd_keras/issues/79
    """

    name = "dataset-single-class"
    severity = "info"
    role = "note"

    label: int
    share: float
    labelled: int
    """Samples that were counted."""
    counted: Literal["labels", "answers"] = "labels"
    """Labels, or the answers of the reference."""

    def message(self) -> str:
        """What was found, with its numbers."""
        if self.counted == "answers":
            return (
                f"The reference answers {self.label} to {percent(self.share)} of "
                f"{count(self.labelled, 'sample')}: on such data one dominant answer shows no fault."
            )
        return (
            f"Label {self.label} is on {percent(self.share)} of "
            f"{count(self.labelled, 'labelled sample')}: a model that always answers "
            f"{self.label} would be right as often."
        )

    def fix(self) -> str:
        """What to do."""
        return f"Add samples of other classes than {self.label}, at least 20 of each."
