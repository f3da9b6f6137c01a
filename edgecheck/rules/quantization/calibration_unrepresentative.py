"""The rule `calibration-unrepresentative`."""

from dataclasses import dataclass

from edgecheck.rules.base import Rule
from edgecheck.rules.wording import REPAIR, count, percent, plain, span


@dataclass(frozen=True)
class CalibrationUnrepresentative(Rule):
    """Calibration did not see values that the model now meets: they are cut off.

    ## What it means
    An integer tensor can hold a fixed range of real values, chosen when the
    model was converted from what calibration samples gave. On your samples
    values lie outside of it, and each of them becomes the end of the range.
    Where that hits the logits, classes become equal that were far apart.

    ## Why it happens
    * The representative dataset was random noise, or one picture, or a few
      samples of one class.
    * It went through other preprocessing than the samples do, or came from
      another place than the ones that the device meets.

    ## How edgecheck knows
    It runs the model beside its dequantized twin and counts, for each tensor,
    values of the twin more than half a step outside the representable range:
    more than 1 % of an inner tensor, or 0.1 % of what decides the output,
    where the operator alone (fed with what the model's own operator read)
    has less than 25 dB. An error where parity is lost too, else a note:
    published models of a hundred percent agreement clip 14 % of their logits.
    Clipping that costs nothing, as of white pixels, is left alone.
    An input counts where its range lies within that of the samples and is none
    that other steps would give; else it is calibration-preprocessing-mismatch.

    ## How to fix
    Calibrate again on a hundred samples or more of what the device will meet,
    through the steps of the spec.

    `edgecheck repair` tries new ranges on the file as it is.

    ## References
    * https://github.com/tensorflow/tensorflow/issues/36548
    * https://github.com/tensorflow/tpu/issues/669
    * https://github.com/google-ai-edge/ai-edge-quantizer/issues/474
    * https://github.com/espressif/esp-dl/issues/105
    """

    name = "calibration-unrepresentative"
    severity = "error"
    role = "cause"

    tensor: str
    """The one that loses most, what decides the output first."""
    operator: str
    clip_below: float
    clip_above: float
    float_range: list[float]
    representable_range: list[float]
    isolated_sqnr_db: float
    tensors: int
    """How many are clipped like this."""
    activations: int
    """How many integer activations there are."""

    def message(self) -> str:
        """What was found, with its numbers."""
        more = f" ({count(self.tensors, 'tensor')} of {self.activations} clipped)"
        return (
            f'Tensor "{plain(self.tensor)}" ({plain(self.operator)}) can hold '
            f"{span(self.representable_range)} but is {span(self.float_range)} on these samples: "
            f"{percent(self.clip_below + self.clip_above)} of its values are cut off"
            f"{more if self.tensors > 1 else ''}."
        )

    def fix(self) -> str:
        """What to do."""
        return (
            "Convert again with a representative dataset of 100 samples or more that go through "
            f"the steps of the spec. {REPAIR}"
        )
