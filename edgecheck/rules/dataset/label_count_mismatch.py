"""The rule `label-count-mismatch`."""

from dataclasses import dataclass
from typing import Literal

from edgecheck.rules.base import Rule
from edgecheck.rules.wording import clause, count

_FIX = {
    "labels": "Correct these labels; if all of them count from 1, subtract 1.",
    "targets": "Give one true value for each value of the output, in the order of the output.",
    "maps": "Give maps of the output's size with one class number a pixel; from one-hot maps save "
    "argmax(axis=-1).",
}


@dataclass(frozen=True)
class LabelCountMismatch(Rule):
    """The labels do not fit the classes, or the true values do not fit the output.

    ## What it means
    The list of label names has another length than the model's output, or a
    sample is labelled with a class that the model does not have. Names and
    classes are then shifted against each other, or an app reads past the end
    of its list. Where the truth is values or maps of classes, a sample has
    more or fewer of them than the output, so that nothing can be compared.

    ## Why it happens
    * The model has a background class at index 0 and the list has not, or the
      reverse: 1001 against 1000.
    * The list ends in an empty line, begins with a heading, or comes from
      another dataset.
    * Classes were added after the model was trained.

    ## How edgecheck knows
    It compares the length of `model.labels`, and the largest label of the
    dataset, with the number of values in the model's output; a single
    probability stands for two classes. True values and maps must have as many
    values a sample as the output.

    ## How to fix
    Print both, and make the list match the training code's order:

        print(len(open("labels.txt").read().splitlines()))
        print(interpreter.get_output_details()[0]["shape"])

    For a model with a background class put `background` on the first line.

    ## References
    * https://github.com/YijinLiu/tf-cpu/issues/3
      (names off by one: adding 1 to the class set it right)
    * https://github.com/tensorflow/tpu/issues/521 (1000 against 1001 names)
    * https://github.com/tensorflow/tensorflow/issues/42948
    """

    name = "label-count-mismatch"
    severity = "error"
    role = "cause"

    labels: int
    """Or true values of a sample."""
    classes: int
    """Or values of the output."""
    detail: str
    """Which labels do not fit."""
    counted: Literal["names", "labels", "targets", "maps"] = "names"
    """What does not fit: the list of names, labels of samples, true values, maps of classes."""

    def message(self) -> str:
        """What was found, with its numbers."""
        if self.counted != "names":
            return f"{clause(self.detail)}."
        return (
            f"Found {count(self.labels, 'label')} for the {self.classes} classes of the model's "
            f"output: {clause(self.detail)}."
        )

    def fix(self) -> str:
        """What to do."""
        if not self.labels:
            return "Fill in the labels, one for each sample, or take `labels` out of the spec."
        if self.counted != "names":
            return _FIX[self.counted]
        if self.classes == self.labels + 1:
            return (
                'If class 0 of the model is the background, put "background" first in the labels; '
                "else add the name that is missing, where the training code has it."
            )
        return f"Give exactly {self.classes} labels, in the order in which the model was trained."
