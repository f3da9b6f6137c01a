"""A conversion for a person at a terminal: what was tried, what was written, or why not."""

from collections.abc import Iterator
from pathlib import Path
from textwrap import fill
from typing import Final

from edgecheck.conversion.outcome import Conversion, Plan, Trial
from edgecheck.report.text_format import WIDTH, printable

_COLUMNS: Final = (9, 10, 8, 9, 7, 8)


def render(found: Conversion, out: Path) -> str:
    """The conversion as lines of at most 80 columns; stands below the report of its file."""
    return printable("\n".join(_lines(found, out)) + "\n")


def _lines(found: Conversion, out: Path) -> Iterator[str]:
    yield ""
    if len(found.trials) > 1:
        yield from _table(found)
        yield ""
    if found.calibrated:
        seen = "others" if found.is_unseen else "the same and all others: there are too few"
        yield _wrapped("samples", f"{found.calibrated} to calibrate on, {seen} to judge by")
    chosen = found.chosen
    if chosen is None:
        yield _wrapped("DECLINED", "No scheme passes. Nothing was written.")
    elif found.is_written:
        kept = "" if chosen.passes else ", although it does not pass (--keep-failing)"
        size = f"{len(chosen.data):,} bytes, by {chosen.tool}"
        yield _wrapped("WRITTEN", f"{out}: {_named(chosen.plan)}, {size}{kept}.")
    else:
        yield _wrapped("DECLINED", f"{_named(chosen.plan)} does not pass. Nothing was written.")


def _named(plan: Plan) -> str:
    count = len(plan.float_operators)
    ports = f" ({plan.io} in and out)" if plan.scheme == "full-integer" else ""
    return f"{plan.scheme}{ports}" + (f", {count} in float" if count else "")


def _table(found: Conversion) -> Iterator[str]:
    head = ("bytes", "agreement", "SQNR dB", "accuracy", "ms", "verdict")
    yield f"  {'':<27}" + "".join(f"{title:>{w}}" for title, w in zip(head, _COLUMNS, strict=True))
    for trial in found.trials:
        mark = "*" if trial is found.chosen else " "
        yield f"{mark} {_short(trial):<27}" + "".join(
            f"{cell:>{width}}" for cell, width in zip(_cells(trial), _COLUMNS, strict=True)
        )
        if not trial.passes:
            yield _wrapped("", _why_not(trial))


def _why_not(trial: Trial) -> str:
    """The errors by name, else in words."""
    if trial.report is None:
        return trial.reason
    found = trial.report.findings
    rules = dict.fromkeys(each.rule for each in found if each.severity == "error")
    return ", ".join(rules) or trial.report.summary


def _short(trial: Trial) -> str:
    count = len(trial.plan.float_operators)
    return f"{trial.plan.scheme} {trial.plan.io}"[:27] if not count else f"  {count} in float"


def _cells(trial: Trial) -> tuple[str, ...]:
    report = trial.report
    if report is None:
        return ("-", "-", "-", "-", "-", "none")
    metrics, latency = report.metrics, report.latency_ms
    accuracy = None if metrics is None or metrics.accuracy is None else metrics.accuracy.candidate
    cells = [
        (None if metrics is None else metrics.agreement, ".1%"),
        (None if metrics is None else metrics.sqnr_db, ".1f"),
        (accuracy, ".1%"),
        (None if latency is None else latency.p50, ".2f"),
    ]
    verdict = "unknown" if report.verdict == "inconclusive" else report.verdict
    shown = ("-" if value is None else format(value, form) for value, form in cells)
    return (f"{len(trial.data):,}", *shown, verdict)


def _wrapped(title: str, text: str) -> str:
    start = f"{title:<10}"
    return fill(
        text,
        WIDTH,
        initial_indent=start,
        subsequent_indent=" " * len(start),
        break_long_words=False,
        break_on_hyphens=False,
    )
