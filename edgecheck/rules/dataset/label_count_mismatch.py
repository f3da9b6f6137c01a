"""The rule `label-count-mismatch`."""

from dataclasses import dataclass
from typing import Literal

from edgecheck.rules.base import Rule
from edgecheck.rules.wording import clause, count

_SAYS = {
    "labels": "Labels of samples do not fit the {classes} classes of the model's output",
    "targets": "The true values do not fit the model's output",
    "maps": "The true maps do not fit the model's output",
}
_FIX = {
    "labels": "Correct these labels; if all of them count from 1, subtract 1.",
    "targets": "Give one true value for each value of the output, in its order.",
    "maps": "Give one class number a pixel of the output; of one-hot maps, save argmax(axis=-1).",
}


@dataclass(frozen=True)
class LabelCountMismatch(Rule):
    """The labels do not fit the classes, or the true values not the output.

    ## What it means
    The list of label names has another length than the model's output, or a
    sample is labelled with a class that the model does not have. Names and
    classes are then shifted against each other, or an app reads past the end
    of its list. True values or maps of another size cannot be compared.

    ## Why it happens
    * The model has a background class and the list has not, or the reverse.
    * The list ends in an empty line, begins with a heading, or comes from
      another dataset; classes were added after training.

    ## How edgecheck knows
    It compares `model.labels`, the largest label of the dataset, or the true
    values of a sample with the values of the model's output; a single
    probability stands for two classes.

    ## How to fix
    Print both, and make the list match the training code's order:

        print(len(open("labels.txt").read().splitlines()))
        print(interpreter.get_output_details()[0]["shape"])

    ## References
    * https://github.com/YijinLiu/tf-cpu/issues/3
    * https://github.com/tensorflow/tpu/issues/521 (1000 against 1001 names)
    """

    name = "label-count-mismatch"
    severity = "error"
    role = "cause"

    labels: int  # or true values of a sample
    classes: int  # or values of the output
    detail: str
    counted: Literal["names", "labels", "targets", "maps"] = "names"

    def message(self) -> str:
        """What was found, with its numbers."""
        names = (
            f"Found {count(self.labels, 'label')} for the {{classes}} classes of the model's output"
        )
        says = _SAYS.get(self.counted, names).format(classes=self.classes)
        return f"{says}: {clause(self.detail)}."

    def fix(self) -> str:
        """What to do."""
        if not self.labels:
            return "Fill in the labels, one for each sample, or take `labels` out of the spec."
        if self.counted == "names" and self.classes == self.labels + 1:
            return (
                'If class 0 of the model is the background, put "background" first in the labels; '
                "else add the name that is missing, where the training code has it."
            )
        names = f"Give exactly {self.classes} labels, in the order in which the model was trained."
        return _FIX.get(self.counted, names)
