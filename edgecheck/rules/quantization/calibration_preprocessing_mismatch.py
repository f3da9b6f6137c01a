"""The rule `calibration-preprocessing-mismatch`."""

from dataclasses import dataclass, field
from typing import Literal

from edgecheck.rules.base import Rule
from edgecheck.rules.wording import REPAIR, listed, number, only, percent, plain, span

_GIVERS = {"spec": "the spec promises", "data": "your preprocessing gives"}


@dataclass(frozen=True)
class CalibrationPreprocessingMismatch(Rule):
    """The model was calibrated on values prepared in another way than yours.

    ## What it means
    Scale and zero point of an integer input record the range of values seen
    during calibration. If it is narrower than that of your values, they are
    clipped; if it is much wider, they share a few integer codes.

    ## Why it happens
    Calibration used raw pixels, pixels scaled in another way or random data;
    or the spec states other steps than training used.

    ## How edgecheck knows
    The representable range is scale times (qmin - zero_point) to (qmax -
    zero_point), compared with the spec's `range`, steps or prepared values.
    With labels it looks who is wrong, the spec or calibration: a candidate that
    gains by what is cut off, or a float model that does, speaks against the
    spec. Where nothing tells, the steps are named beside it, as a suspicion.

    ## How to fix
    Calibrate with the function that prepares your inputs:

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
    expected_from: Literal["spec", "data", "steps"]
    coverage: float
    """Share of the expected range that can be represented."""
    width_ratio: float
    clip_fraction: float | None
    levels_used: int
    channels: list[str] = field(default_factory=list)  # that do not fit, where channels differ

    def message(self) -> str:
        """What was found, with its numbers."""
        giver = _GIVERS.get(self.expected_from, "your steps give")
        return (
            f'Input "{plain(self.input)}" was calibrated on values from {span(self.representable)},'
            f" but {giver} {span(self.expected)}: {self._damage()}."
        )

    def fix(self) -> str:
        """What to do."""
        return (
            f"If training used the spec's steps ({span(self.expected)}), calibrate on 100 samples "
            f"made by them. {REPAIR} If not, correct them: this file takes {span(self.representable)}."
        )

    def _damage(self) -> str:
        share = f"{only(self.coverage)} of that range can be represented"
        parts = [share] if self.coverage < 1 else []
        if self.clip_fraction:
            parts.append(f"{percent(self.clip_fraction)} of all values are clipped")
        if self.width_ratio > 1.5:  # less is no waste worth a sentence
            parts.append(f"the calibrated range is {number(self.width_ratio)} times the needed one")
            parts.append(f"only {self.levels_used} integer codes are ever used")
        parts += [f"channels beyond it: {listed(self.channels)}"] if self.channels else []
        return ", ".join(parts) or "the two do not agree"
