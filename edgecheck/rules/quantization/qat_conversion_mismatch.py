"""The rule `qat-conversion-mismatch`."""

from dataclasses import dataclass
from typing import Literal

from edgecheck.rules.base import Rule
from edgecheck.rules.wording import count, number, percent, plain, span


@dataclass(frozen=True)
class QatConversionMismatch(Rule):
    """The file does not follow a reference that was trained with quantization.

    ## What it means
    Training taught the model to live with 8 bits, in ranges of its own. The
    reference still rounds as it was trained and works, but the file is off:
    the conversion did not keep what was trained.

    ## Why it happens
    * It was calibrated again, or the wrappers of training were stripped.
    * The converter dropped the ranges of an operator, as old ones do.
    * Training was short: ranges are moving averages of about 1000 steps.

    ## How edgecheck knows
    It counts fake quantization in the reference (FAKE_QUANT, its TensorFlow
    operators, QUANTIZE with DEQUANTIZE right behind it, layers of the Keras
    toolkit). Parity is lost in the weights or activations, and no label shows
    that the reference fails, too. In a float .tflite it compares trained
    ranges with those of the file, by name of tensor: one that moved by more
    than 10 % of its width was lost. If the activations are at fault, that
    comes before calibration as a cause.

    ## How to fix
    Convert the quantization-aware model itself, with DEFAULT optimizations
    and without a representative dataset. If it was made so, train longer,
    freeze BatchNormalization, take a newer converter.

    ## References
    * https://github.com/tensorflow/model-optimization/issues/368
    * https://github.com/tensorflow/model-optimization/issues/1107
    * https://github.com/tensorflow/model-optimization/issues/771
    * https://github.com/tensorflow/tensorflow/issues/45394
    """

    name = "qat-conversion-mismatch"
    severity = "error"
    role = "cause"

    reference: str
    operators: int
    """Fake-quantization operators of the reference."""
    stage: Literal["weights", "activations"]
    """Where parity is lost."""
    output: str
    agreement: float | None
    sqnr_db: float
    """Both of that output, candidate against reference."""
    compared: int
    """Trained ranges that have a counterpart in the file."""
    differing: int
    """Those that moved by more than 10 % of their width."""
    tensor: str | None
    """The one that moved most; it and its ranges are None where none differs."""
    trained: list[float] | None
    stored: list[float] | None

    def message(self) -> str:
        """What was found, with its numbers."""
        agreement = "" if self.agreement is None else f", agreement {percent(self.agreement)}"
        head = (
            f'The reference "{plain(self.reference)}" holds '
            f"{count(self.operators, 'fake-quantization operator')}, as training with quantization "
            f'leaves, but output "{plain(self.output)}" of the file does not follow it (SQNR '
            f"{number(self.sqnr_db)} dB{agreement}), which begins in the {self.stage}"
        )
        return f"{head}{self._ranges()}."

    def _ranges(self) -> str:
        if self.tensor is None or self.trained is None or self.stored is None:
            kept = f". Of {count(self.compared, 'trained range')} that were compared, none was lost"
            return kept if self.compared else ""
        return (
            f". {self.differing} of {count(self.compared, 'trained range')} "
            f"{'is' if self.differing == 1 else 'are'} not in the file: "
            f'"{plain(self.tensor)}" was trained for {span(self.trained)} and can hold '
            f"{span(self.stored)}"
        )

    def fix(self) -> str:
        """What to do."""
        convert = (
            "Convert the quantization-aware model itself with `optimizations = "
            "[tf.lite.Optimize.DEFAULT]` and no representative dataset"
        )
        if self.differing:
            return f"{convert}, so that the trained ranges are kept, with a newer converter if not."
        return (
            f"{convert}. If it was made so: train longer (ranges are moving averages of about 1000 "
            "steps), freeze BatchNormalization, take a newer converter."
        )
