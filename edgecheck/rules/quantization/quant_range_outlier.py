"""The rule `quant-range-outlier`."""

from dataclasses import dataclass

from edgecheck.rules.base import Rule
from edgecheck.rules.wording import REPAIR, number, plain, span


@dataclass(frozen=True)
class QuantRangeOutlier(Rule):
    """A few extreme values decide the range; all others share a few steps.

    ## What it means
    The representable range of a tensor is much wider than its values. An
    8-bit tensor has 256 steps; if values use ten of them, the rest of the
    model works with three bits.

    ## Why it happens
    * One calibration sample was extreme: a hot pixel, a missing value stored
      as -999, a file with a broken scale.
    * One channel of the layer is a hundred times larger than the others.
    * An unbounded activation with a long tail, calibrated by min and max.

    ## How edgecheck knows
    The model is run beside its dequantized twin. A tensor is named where 99.8 %
    of the twin's values fit in a tenth of its steps, the operator alone has an
    SQNR below 15 dB, and what it reads has more than 25 dB. An error where
    parity is lost too, or fewer than 8 steps are left and answers differ (where
    none are known, the outputs); else a warning. An input counts where one end
    of its range lies far beyond all samples, the other does not move, and no
    other steps give that range. Of channels: half of them use less than a tenth
    of the steps, and the operator behind is left with less than 15 dB, or 10 dB
    below what it reads (that of the large channels) and its own error, which do
    not explain it. Proof: taking that operator's output from the twin.

    ## How to fix
    Calibrate again without the odd samples, or with percentile ranges instead
    of min and max; clip the activation (ReLU6); or use 16-bit activations.
    `edgecheck repair` tries new ranges on the file as it is.

    No range suits channels of unequal size: divide the large ones in their
    layer and multiply them in the next before converting (cross-layer
    equalization), or train with quantization.

    ## References
    * https://github.com/tensorflow/tensorflow/issues/46444
    * https://github.com/tensorflow/tensorflow/issues/58633
    * https://github.com/tensorflow/tensorflow/issues/58206
    """

    name = "quant-range-outlier"
    severity = "error"
    role = "cause"

    tensor: str
    operator: str
    core_range: list[float]
    """99.8 % of the twin's values."""
    representable_range: list[float]
    levels_used: float
    """By these values; with `channel`, by each channel of the smaller half at most."""
    codes: int
    isolated_sqnr_db: float
    upstream_sqnr_db: float | None
    """None at an input of the model."""
    channel: int | None = None
    """The widest, where others have too few steps beside it; None where single values are odd."""
    channels: int | None = None
    reader: str | None = None
    """The operator that is lost for it."""
    index: int | None = None
    """Of the reader in the file."""
    reader_sqnr_db: float | None = None

    def message(self) -> str:
        """What was found, with its numbers."""
        if self.channel is not None:
            return self._of_channels()
        return (
            f'Tensor "{plain(self.tensor)}" ({plain(self.operator)}) has {self.codes} steps for '
            f"{span(self.representable_range)}, and 99.8% of its values, {span(self.core_range)}, "
            f"use {number(round(self.levels_used, 1))} of them: "
            f"{number(round(self.isolated_sqnr_db, 1))} dB of SQNR are left."
        )

    def _of_channels(self) -> str:
        return (
            f'Tensor "{plain(self.tensor)}" ({plain(self.operator)}) has {self.codes} steps for '
            f"{span(self.representable_range)}: channel {self.channel} needs them all, and half of "
            f"its {self.channels} channels use at most {number(round(self.levels_used, 1))} each. "
            f"{plain(self.reader or '')} {self.index}, which reads it, keeps "
            f"{number(round(self.reader_sqnr_db or 0.0, 1))} dB of SQNR."
        )

    def fix(self) -> str:
        """What to do."""
        if self.channel is not None:
            return (
                "Bring the channels of this layer to one size before converting (cross-layer "
                "equalization), or train with quantization; else use 16-bit activations."
            )
        return (
            "Calibrate again with percentile ranges, or without the samples that stretch the "
            f"range. {REPAIR}"
        )
