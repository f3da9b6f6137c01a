"""The rule `calibration-preprocessing-mismatch`."""

from dataclasses import dataclass
from typing import Literal

from edgecheck.rules.base import Rule
from edgecheck.rules.wording import number, percent, plain, span


@dataclass(frozen=True)
class CalibrationPreprocessingMismatch(Rule):
    """The model was calibrated on values prepared in another way than yours.

    ## What it means
    Scale and zero point of an integer input record the range of values seen
    during calibration. If it is narrower than that of your values, they are
    clipped; if it is much wider, they share a few integer codes.

    ## Why it happens
    * `representative_dataset` yields raw pixels, pixels scaled in another way
      or twice, random numbers, or a single picture.
    * Or the spec states other steps than training used.

    ## How edgecheck knows
    The representable range is scale times (qmin - zero_point) to (qmax -
    zero_point). It is compared with the spec's `range` or the prepared values.

    ## How to fix
    Calibrate with the very function that prepares your inputs:

        def representative_dataset():
            yield from ([prepare(path)[np.newaxis]] for path in paths[:100])

    ## References
    * https://github.com/Tencent/PocketFlow/issues/152
    * https://github.com/PINTO0309/onnx2tf/issues/610
    """

    name = "calibration-preprocessing-mismatch"
    severity = "error"
    role = "cause"

    input: str
    representable: list[float]
    expected: list[float]
    expected_from: Literal["spec", "data"]
    coverage: float
    """Share of the expected range that can be represented."""
    width_ratio: float
    clip_fraction: float | None
    levels_used: int | None

    def message(self) -> str:
        """What was found, with its numbers."""
        giver = "the spec promises" if self.expected_from == "spec" else "your preprocessing gives"
        return (
            f'Input "{plain(self.input)}" was calibrated on values from {span(self.representable)},'
            f" but {giver} {span(self.expected)}: {self._damage()}."
        )

    def fix(self) -> str:
        """What to do."""
        return (
            f"If training used the spec's steps ({span(self.expected)}), let representative_dataset "
            f"go through them, on 100 samples or more, and convert again. If not, correct the "
            f"steps: this file takes {span(self.representable)}."
        )

    def _damage(self) -> str:
        parts = []
        if self.coverage < 1:
            parts.append(f"only {percent(self.coverage)} of that range can be represented")
        if self.clip_fraction:
            parts.append(f"{percent(self.clip_fraction)} of all values are clipped")
        if self.width_ratio > 1.5:  # less is no waste worth a sentence
            parts.append(f"the calibrated range is {number(self.width_ratio)} times the needed one")
            if self.levels_used is not None:
                parts.append(f"only {self.levels_used} integer codes are ever used")
        return ", ".join(parts) or "the two do not agree"
