"""From findings, causes and check outcomes to one verdict, one exit code and one sentence."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from edgecheck.errors import EdgecheckError
from edgecheck.findings import Cause, CheckOutcome, Finding, Verdict

FailOn = Literal["error", "warning", "never"]

_FAILING: Final[dict[FailOn, frozenset[str]]] = {
    "error": frozenset({"error"}),
    "warning": frozenset({"error", "warning"}),
    "never": frozenset({"error"}),
}


RUNTIME_REFUSALS: Final = frozenset({"load-failed", "runtime-crash", "runtime-timeout"})
"""Rules that say that a runtime did not take the file."""

CAUSE_UNKNOWN: Final = "The cause was not found."
"""Ends the summary where only symptoms are known."""


@dataclass(frozen=True)
class Judgement:
    """The verdict, and what the process exits with."""

    verdict: Verdict
    exit_code: int


def reaches(finding: Finding, fail_on: FailOn) -> bool:
    """Whether a finding is grave enough to fail ("never" is judged as "error")."""
    return finding.severity in _FAILING[fail_on]


def judge(
    findings: Sequence[Finding],
    checks: Sequence[CheckOutcome],
    error: EdgecheckError | None,
    *,
    fail_on: FailOn,
    is_conclusive: bool,
) -> Judgement:
    """The verdict and exit code of a run.

    Args:
        findings: those that count, ignored ones taken out.
        checks: outcomes of all planned checks.
        error: what stopped the run, if anything did; its exit code wins.
        fail_on: the gravity from which a finding fails the run.
        is_conclusive: something was compared (or only static checks were asked for).
    """
    failed = any(reaches(finding, fail_on) for finding in findings)
    crashed = any(check.status == "crashed" for check in checks)
    if failed:
        verdict: Verdict = "fail"
    elif crashed or error is not None or not is_conclusive:
        verdict = "inconclusive"
    else:
        verdict = "pass"
    if error is not None:
        return Judgement(verdict, error.exit_code)
    if fail_on == "never":
        return Judgement(verdict, 0)
    return Judgement(verdict, {"pass": 0, "fail": 1, "inconclusive": 3}[verdict])


def summary_of(judgement: Judgement, findings: Sequence[Finding], causes: Sequence[Cause]) -> str:
    """One sentence for the verdict."""
    if judgement.verdict == "pass":
        warnings = sum(finding.severity == "warning" for finding in findings)
        noted = f", {warnings} warning{'s' * (warnings != 1)}" if warnings else ""
        return f"No error found{noted}."
    if judgement.verdict == "inconclusive":
        return "Nothing was proven either way."
    if causes:
        return causes[0].summary
    gravity = ("error", "warning", "info")
    first = min(findings, key=lambda f: (gravity.index(f.severity), f.role != "symptom"))
    return f"{first.message} {CAUSE_UNKNOWN}" if first.role == "symptom" else first.message
