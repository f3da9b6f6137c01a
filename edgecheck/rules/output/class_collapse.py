"""The rule `class-collapse`."""

from dataclasses import dataclass

from edgecheck.rules.base import Rule
from edgecheck.rules.wording import Who, count, model, percent, plain


@dataclass(frozen=True)
class ClassCollapse(Rule):
    """The model picks one class for far too many samples.

    ## What it means
    One class wins on many more samples than it should. The scores still
    vary, but the decision hardly depends on the input.

    ## Why it happens
    * The values fed are scaled in another way than training scaled them, or
      scaled twice: once in the model, once before it.
    * Calibration saw other values than the model gets.
    * If the reference does it: training learned the most frequent answer.

    ## How edgecheck knows
    The share of the most frequent top class exceeds the reference's share and
    the labels' share by more than 0.3, on at least 20 distinct inputs. On a
    one-sided dataset a healthy model picks one class 99% of the time, so with
    neither reference nor labels only a model that never picks another class
    is reported, as a warning.

    ## How to fix
    First remove the causes in the same report. Then test the scaling: feed
    the same samples raw, scaled to 0..1 and scaled to -1..1. If one of them
    brings the classes back, that is what training used. Look for a scaling
    layer inside the model (MUL and ADD as its first operators):

        MobileNetV3Small(include_preprocessing=True)    # wants 0..255

    ## References
    * https://github.com/shaqian/flutter_tflite/issues/222
      (scaled in the model and again in the app)
    * https://github.com/PINTO0309/onnx2tf/issues/610
    * https://github.com/google-coral/tflite/issues/20
    """

    name = "class-collapse"
    severity = "error"
    role = "symptom"

    output: str
    samples: int
    top_class: int
    share: float
    reference_share: float | None
    label_share: float | None
    who: Who

    def message(self) -> str:
        """What was found, with its numbers."""
        return (
            f'By output "{plain(self.output)}" {model(self.who)} picks class {self.top_class} for '
            f"{percent(self.share)} of {count(self.samples, 'sample')}{self._against()}."
        )

    def fix(self) -> str:
        """What to do."""
        if self.who == "reference":
            return (
                "The trained model does this by itself on these inputs. Check the spec's steps "
                "first (range, channel order, layout), then the training; converting cannot help."
            )
        return (
            "Remove the causes in this report first. If there are none, feed the same samples "
            "raw, scaled to 0..1 and to -1..1, and keep what brings the classes back."
        )

    def _against(self) -> str:
        parts = (self.reference_share, "reference's answers"), (self.label_share, "labels")
        known = [f"{percent(share)} of the {whose}" for share, whose in parts if share is not None]
        return f", where the commonest class has {' and '.join(known)}" if known else ""
