"""The rule `input-double-normalized`."""

from dataclasses import dataclass, field

from edgecheck.rules.base import Rule
from edgecheck.rules.tried import Tried
from edgecheck.rules.wording import listed, number, plain, quoted_steps, span


@dataclass(frozen=True)
class InputDoubleNormalized(Rule):
    """Pixels are scaled twice.

    ## What it means
    A scaling layer was exported inside the model: it expects raw pixels,
    0..255. The steps scale before, so that what arrives behind that layer is
    nearly one constant, and the model gives one answer for everything. Or the
    stored samples were scaled already, and the steps scale them again.

    ## Why it happens
    * Keras EfficientNet and MobileNetV3 (`include_preprocessing=True`) hold a
      Rescaling layer; their `preprocess_input` does nothing, on purpose.
    * A Rescaling or Normalization layer was put on top for export, and the
      app kept its own mean and deviation.

    ## How edgecheck knows
    It follows the input through operators that multiply, add, subtract or
    divide by constants. They make pixels 0..255 about unit wide; what the spec
    feeds is less than a twentieth of that. Folded into the first layer, it alone
    passes on a twentieth at most: an error only where outputs stand still, too.
    Where labels show that the model is often wrong, raw pixels are tried, and
    pixels scaled once: clearly more right answers prove it. Without any, that
    calibration recorded the stored values, and the steps make them far smaller.

    ## How to fix
    Normalise once. Feed raw pixels, in the spec and on the device:

        range: [0, 255]
        steps:
          - decode

    or export the model without its scaling layer.

    ## References
    * https://github.com/shaqian/flutter_tflite/issues/222
    * https://github.com/tensorflow/tensorflow/issues/48412
    * https://github.com/HimaxWiseEyePlus/himax_tflm/issues/18
    """

    name = "input-double-normalized"
    severity = "error"
    role = "cause"

    input: str
    expected: list[float]  # [lowest, highest] that the spec feeds
    operators: list[str]
    """The operators at the start of the model that scale; empty where `tried` says that samples
    or steps scale twice."""
    shrunk: list[float]  # what `expected` becomes behind them
    raw: list[float]
    """What 0..255 becomes behind them, or once scaled; with `recorded`, the stored values."""
    steps: list[str] = field(default_factory=list)
    """The steps of the spec that scale, as it has them."""
    tried: Tried | None = None  # the trial of pixels that are scaled once
    recorded: list[float] = field(default_factory=list)
    """[lowest, highest] that calibration recorded, where `raw`, the stored values, fit that."""
    is_reference: bool = False
    """The operators are those of the reference, which the candidate does not have."""
    others: list[float] = field(default_factory=list)
    """[least, most] that other layers pass on, where the first has the scaling folded into it."""
    is_seen: bool = True  # whether outputs show it; else the size of weights alone does

    def message(self) -> str:
        """What was found, with its numbers."""
        verb = "is" if self.is_seen else "may be"
        twice, fed = f'Input "{plain(self.input)}" {verb} normalised twice:', span(self.expected)
        if self.tried is not None:
            return f"{twice} it gets values from {fed}. {self.tried.told()}"
        if self.recorded:
            return (
                f"{twice} the steps make {fed} of stored values from {span(self.raw)}, and the "
                f".tflite file was calibrated with {span(self.recorded)}, which are the stored ones."
            )
        who = "reference model" if self.is_reference else "model"
        factor = 255 / max(self.expected[1] - self.expected[0], 1e-30)
        scales = f"itself scales it ({listed(self.operators)}) to {span(self.shrunk)}"
        if self.others:
            least = f"passes on {self.raw[1] / 255:.2g} of what it gets, others {span(self.others)}"
            scales = f"scales it in its first layer ({listed(self.operators)}), which {least}"
        made = "It is made" if self.is_seen else "That suits weights made"
        return (
            f"{twice} the spec feeds {fed}, and the {who} {scales}. {made} for pixels 0 to "
            f"255, {number(float(f'{factor:.3g}'))} times wider, which become {span(self.raw)}."
        )

    def fix(self) -> str:
        """What to do."""
        if self.tried is not None:
            return self.tried.fix("Scale once: in the stored samples, or in the steps.")
        which = quoted_steps(self.steps) if self.steps else "the scaling steps"
        taken = f"take {which} out of the spec and the same out of the app."
        if self.recorded:
            return f"Scale once: {taken}"
        how, whose = ("with", "its reference") if self.is_reference else ("without", "it")
        either = "And" if self.is_reference else "Or"
        return (
            f"Feed raw pixels (0 to 255): {taken} {either} export the model {how} the scaling "
            f"layer that {whose} begins with."
        )
