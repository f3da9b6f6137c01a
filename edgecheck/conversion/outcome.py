"""What is tried, and what comes of it: plain data."""

from dataclasses import dataclass, field

from edgecheck.conversion.schemes import CALIBRATED, Io, Scheme
from edgecheck.errors import EdgecheckError
from edgecheck.findings import Report


@dataclass(frozen=True)
class Plan:
    """One way to convert."""

    scheme: Scheme
    io: Io = "float32"
    float_operators: tuple[str, ...] = ()

    @property
    def is_calibrated(self) -> bool:
        """Whether it needs a representative dataset."""
        return self.scheme in CALIBRATED


@dataclass(frozen=True)
class Trial:
    """What came of a plan."""

    plan: Plan
    data: bytes = field(default=b"", repr=False)
    report: Report | None = None
    """Of the validation; None where there is nothing to validate."""
    error: EdgecheckError | None = None
    """Why there is no file."""
    tool: str = ""

    @property
    def passes(self) -> bool:
        """Whether the file may be written."""
        report = self.report
        return report is not None and (report.verdict, report.exit_code) == ("pass", 0)

    @property
    def exit_code(self) -> int:
        """Of its report, else of its error."""
        if self.report is not None:
            return self.report.exit_code
        return 1 if self.error is None else self.error.exit_code

    @property
    def reason(self) -> str:
        """Why it does not pass: the errors by name, else in words; empty where it passes."""
        if self.passes:
            return ""
        if self.report is None:
            return "" if self.error is None else self.error.message
        found = self.report.findings
        rules = dict.fromkeys(each.rule for each in found if each.severity == "error")
        return ", ".join(rules) or self.report.summary
