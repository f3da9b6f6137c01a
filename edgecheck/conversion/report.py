"""The report of a conversion: plain data, as `findings.py` for a validation, with the same JSON."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from edgecheck.conversion.outcome import Trial
from edgecheck.conversion.schemes import Io, Scheme
from edgecheck.errors import as_edgecheck_error
from edgecheck.findings import ErrorInfo, Report, Verdict
from edgecheck.measurements import ModelErrors

SCHEMA_VERSION = 1


@dataclass(frozen=True, kw_only=True)
class ConversionTrial:
    """One scheme: the file that it gave, in short, or why it gave none."""

    scheme: Scheme
    io: Io
    float_operators: tuple[str, ...] = ()
    """Names of outputs of operators that stayed in float, with full-integer."""
    size_bytes: int | None = None
    """Absent where there is no file, as all that follows from it."""
    agreement: float | None = None
    sqnr_db: float | None = None
    accuracy: float | None = None
    errors: ModelErrors | None = None
    """Of the candidate, against true values of a regression or the input of an autoencoder."""
    latency_ms: float | None = None
    """Median of one run on this host."""
    verdict: Verdict | None = None
    reason: str
    """Why it does not pass, or is no file; empty where it passes."""


@dataclass(frozen=True, kw_only=True)
class ConversionReport:
    """What came of one conversion."""

    kind: Literal["conversion"] = "conversion"
    schema_version: int = SCHEMA_VERSION
    written: str | None
    """Path of the new file; None where nothing was written."""
    reason: str
    """Why nothing was written; empty where the file was."""
    exit_code: int
    """0 where a file that passes was written; else as of its report, or of what stopped it."""
    scheme: Scheme | None = None
    """Of the file that was chosen, like the rest of this; absent where none was."""
    io: Io | None = None
    float_operators: tuple[str, ...] = ()
    size_bytes: int | None = None
    tool: str = ""
    """What converted, with its version."""
    calibrated: int = 0
    """Samples that ranges were chosen from; 0 where the scheme needs none."""
    unseen: int = 0
    """Other samples, which the file was validated on."""
    trials: tuple[ConversionTrial, ...] = ()
    report: Report | None = None
    """The validation of the chosen file, else of the first that there was."""
    error: ErrorInfo | None = None


def trial_of(trial: Trial) -> ConversionTrial:
    """A trial in short."""
    plan, report = trial.plan, trial.report
    metrics = None if report is None else report.metrics
    accuracy = None if metrics is None else metrics.accuracy
    errors = None if metrics is None else metrics.errors
    latency = None if report is None else report.latency_ms
    return ConversionTrial(
        scheme=plan.scheme,
        io=plan.io,
        float_operators=plan.float_operators,
        size_bytes=None if report is None else len(trial.data),
        agreement=None if metrics is None else metrics.agreement,
        sqnr_db=None if metrics is None else metrics.sqnr_db,
        accuracy=None if accuracy is None else accuracy.candidate,
        errors=None if errors is None else errors.candidate,
        latency_ms=None if latency is None else latency.p50,
        verdict=None if report is None else report.verdict,
        reason=trial.reason,
    )


def stopped(error: Exception) -> ConversionReport:
    """The report of a conversion that an error of ours, or a bug in edgecheck, ended."""
    known = as_edgecheck_error(error)
    return ConversionReport(
        written=None,
        reason=known.message,
        exit_code=known.exit_code,
        error=ErrorInfo.of(known),
    )


def report_of(trials: Sequence[Trial], chosen: Trial | None, calibrated: int) -> ConversionReport:
    """The report of a conversion, as if nothing were written.

    Args:
        trials: all that was tried, at least one.
        chosen: the one that may be written; None where none is.
        calibrated: samples that ranges were chosen from, where any were.
    """
    shown = chosen or next((each for each in trials if each.report), None)
    judged = None if shown is None or shown.report is None else shown.report.metrics
    reason = "no scheme passes" if chosen is None else chosen.reason
    has_ranges = chosen is None or chosen.plan.is_calibrated
    plan = None if chosen is None else chosen.plan
    return ConversionReport(
        written=None,
        reason=reason,
        exit_code=min(each.exit_code for each in trials) if chosen is None else chosen.exit_code,
        scheme=None if plan is None else plan.scheme,
        io=None if plan is None else plan.io,
        float_operators=() if plan is None else plan.float_operators,
        size_bytes=None if chosen is None else len(chosen.data),
        tool="" if chosen is None else chosen.tool,
        calibrated=calibrated if has_ranges else 0,
        unseen=0 if judged is None else judged.samples,
        trials=tuple(map(trial_of, trials)),
        report=None if shown is None else shown.report,
        error=None if chosen is None or chosen.report is None else chosen.report.error,
    )
