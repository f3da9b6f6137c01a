"""What came of a conversion: plain data."""

from dataclasses import dataclass, field

from edgecheck.conversion.schemes import Io, Scheme
from edgecheck.findings import Report


@dataclass(frozen=True)
class Plan:
    """One way to convert."""

    scheme: Scheme
    io: Io = "float32"
    float_operators: tuple[str, ...] = ()


@dataclass(frozen=True)
class Trial:
    """What came of a plan."""

    plan: Plan
    data: bytes = field(default=b"", repr=False)
    report: Report | None = None
    """Of the validation; None where there is nothing to validate."""
    reason: str = ""
    """Why there is no file."""
    tool: str = ""

    @property
    def passes(self) -> bool:
        """Whether the file may be written."""
        report = self.report
        return report is not None and (report.verdict, report.exit_code) == ("pass", 0)


@dataclass(frozen=True)
class Conversion:
    """What came of all of them."""

    trials: tuple[Trial, ...]
    chosen: Trial | None
    """The smallest that passes; of a single plan that one, whatever came of it."""
    calibrated: int
    """Samples that ranges were chosen from."""
    is_unseen: bool
    """Whether the verdict is about other samples than those."""
    is_written: bool

    @property
    def exit_code(self) -> int:
        """That of the report: 0 only where the file passed."""
        if self.chosen is None:
            return 1
        return 1 if self.chosen.report is None else self.chosen.report.exit_code
