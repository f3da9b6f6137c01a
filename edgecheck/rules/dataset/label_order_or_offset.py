"""The rule `label-order-or-offset`."""

from dataclasses import dataclass, field

from edgecheck.rules.base import Rule
from edgecheck.rules.wording import clause


@dataclass(frozen=True)
class LabelOrderOrOffset(Rule):
    """Labels or class names are in another order than the model's classes.

    ## What it means
    The model is right and its answers get the wrong names: the cat is called
    dog, everything is off by one. No number that comes out of the model
    shows it.

    ## Why it happens
    * One list is alphabetical (class folders), the other as in a file.
    * The model has a background class at index 0 and the list has not, or
      the reverse: 1001 against 1000.
    * The list was sorted, or edited, after training.

    ## How edgecheck knows
    It compares the names in the spec with those packed into the file: the
    same names in another order are an error, one more in front a warning.
    Where labels of samples are often not met, it looks for the order in which
    most of them are (an exact assignment). Each half of the samples is read
    in the order that the other half chose; that must meet most labels, and a
    fifth more than before, or half of those that were not met, by classes that
    take each other's places.

    ## How to fix
    Take the order from the training code:

        print(dataset.class_names)        # Keras, from folders
        print(generator.class_indices)

    Write it into the spec and pack the same list into the file.

    ## References
    * https://github.com/YijinLiu/tf-cpu/issues/3
    * https://github.com/snowzach/doods2/issues/108
    * https://github.com/ultralytics/yolov5/issues/9416
    * https://github.com/tensorflow/tensorflow/issues/7370
    """

    name = "label-order-or-offset"
    severity = "error"
    role = "cause"

    detail: str
    """Which lists differ, and how."""
    order: list[list[int]] = field(default_factory=list)
    """[label, class of the model] where samples show another order; the first fifty."""
    tried: list[int] = field(default_factory=list)
    """Samples answered rightly as they are labelled, in that order, and samples in all."""

    def message(self) -> str:
        """What was found, with its numbers."""
        if self.tried:
            return f"Labels are in another order than the model's classes: {clause(self.detail)}."
        return f"Class names do not stand at the same index everywhere: {clause(self.detail)}."

    def fix(self) -> str:
        """What to do."""
        if self.tried:
            return (
                "Take the order of the classes from the training code, and number the labels, and "
                "the names in the app, as it does."
            )
        return (
            "Take the order from the training code, and use that one list in the spec, in the "
            "file and in the app."
        )
