"""The report for a person at a terminal; readable at 80 columns, without colour, in a log."""

import io
import math
import re
from collections.abc import Sequence
from typing import Final

from rich.console import Console, Group
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from edgecheck.findings import Cause, Finding, OutputMetrics, Report

WIDTH: Final = 80
_STYLES: Final = {"pass": "bold green", "fail": "bold red", "inconclusive": "bold yellow"}
_LEVELS: Final = {"error": "red", "warning": "yellow", "info": "cyan"}
_UNPRINTABLE: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def render(report: Report) -> str:
    """Plain text, 80 columns, no colour."""
    stream = io.StringIO()
    console = Console(file=stream, width=WIDTH, no_color=True, highlight=False, emoji=False)
    print_report(report, console)
    return stream.getvalue()


def print_report(report: Report, console: Console) -> None:
    """Print the report to a rich console, in its width and colours."""
    console.print(_verdict(report))
    if report.error is not None and report.error.hint:
        console.print(_indented(f"To fix: {report.error.hint}"))
    explained = {fingerprint for cause in report.causes for fingerprint in cause.explains}
    for number, cause in enumerate(report.causes):
        console.print(_cause(cause, number, report))
    rest = [f for f in report.findings if not _is_cause(f, report) and f.fingerprint not in explained]
    for finding in sorted(rest, key=lambda f: tuple(_LEVELS).index(f.severity)):
        console.print(_finding(finding))
    if report.outputs:
        console.print(_metrics(report.outputs))
    if report.verdict == "fail" and report.worst_samples:
        console.print(_worst(report))
    console.print(_checks(report))
    console.print(_footer(report))


def _verdict(report: Report) -> Group:
    word = Text(report.verdict.upper(), style=_STYLES[report.verdict])
    model = report.environment.get("model", {}).get("path", "")
    head = Text.assemble(word, ("  " + _clean(str(model)) if model else ""))
    return Group(head, _indented(report.error.message if report.error else report.summary))


def _cause(cause: Cause, number: int, report: Report) -> Group:
    """A cause, and below the first one the symptoms that it explains."""
    title = "Cause" if number == 0 else "Also suspected"
    lines = [
        Text(""),
        Text.assemble((f"{title} ({cause.confidence}): ", "bold"), (cause.rule, "bold red")),
    ]
    if number or report.error is not None or cause.summary != report.summary:
        lines.append(_indented(cause.summary))
    lines.append(_indented(f"To fix: {cause.fix}"))
    if number == 0:
        symptoms = [f for f in report.findings if f.fingerprint in cause.explains]
        lines += [Text("  It shows as:", style="dim")] if symptoms else []
        lines += [Padding(_short(finding), (0, 0, 0, 4), expand=False) for finding in symptoms]
    return Group(*lines)


def _finding(finding: Finding) -> Group:
    return Group(
        Text(""),
        Text.assemble(
            (f"{finding.severity}: ", _LEVELS[finding.severity]),
            (finding.rule, "bold"),
            f"  {_clean(finding.subject.kind)} {_clean(finding.subject.name)}",
        ),
        _indented(finding.message),
        _indented(f"To fix: {finding.fix}"),
    )


def _short(finding: Finding) -> Text:
    return Text.assemble((finding.rule, _LEVELS[finding.severity]), f": {_clean(finding.message)}")


def _metrics(outputs: Sequence[OutputMetrics]) -> Group:
    """One column an output, one row a metric that any of them has."""
    rows: list[tuple[str, list[str]]] = [
        ("samples", [str(output.samples) for output in outputs]),
        ("accuracy of the reference", [_accuracy(output, "reference") for output in outputs]),
        ("accuracy of the candidate", [_accuracy(output, "candidate") for output in outputs]),
        ("agreement", [_percent(output.agreement) for output in outputs]),
        ("SQNR", [_unit(output.sqnr_db, "dB") for output in outputs]),
        ("cosine, 5th percentile", [_number(output.cosine_p5) for output in outputs]),
        ("KL divergence, median", [_unit(output.kl_median, "nats") for output in outputs]),
        ("largest error", [_unit(output.max_error_lsb, "LSB") for output in outputs]),
        ("most frequent class", [_top(output) for output in outputs]),
        ("distinct outputs", [_distinct(output) for output in outputs]),
    ]
    table = Table(box=None, padding=(0, 2, 0, 0), show_header=len(outputs) > 1)
    table.add_column("")
    for output in outputs:
        table.add_column(escape(_clean(output.name)), justify="right", overflow="fold")
    for name, values in rows:
        if any(values):
            table.add_row(name, *values)
    return Group(Text(""), Padding(table, (0, 0, 0, 2), expand=False))


def _worst(report: Report) -> Group:
    table = Table(box=None, padding=(0, 2, 0, 0), title_justify="left")
    for name in ("worst samples", "label", "reference", "candidate", "SQNR"):
        table.add_column(name, overflow="fold", style="" if name == "worst samples" else "")
    for worst in report.worst_samples:
        table.add_row(
            escape(_clean(worst.id)),
            worst.label or "",
            "" if worst.reference_class is None else str(worst.reference_class),
            "" if worst.candidate_class is None else str(worst.candidate_class),
            _unit(worst.sqnr_db, "dB"),
        )
    return Group(Text(""), Padding(table, (0, 0, 0, 2), expand=False))


def _checks(report: Report) -> Group:
    """How many checks passed, and the name and reason of each that did not run."""
    count = {status: 0 for status in ("passed", "failed", "skipped", "crashed")}
    for check in report.checks:
        count[check.status] += 1
    summary = ", ".join(f"{number} {status}" for status, number in count.items() if number)
    lines = [Text(""), Text(f"Checks: {summary or 'none ran'}")]
    reasons: dict[tuple[str, str], list[str]] = {}
    for check in report.checks:
        if check.status in {"skipped", "crashed"}:
            reasons.setdefault((check.status, check.reason), []).append(check.name)
    for (status, reason), names in reasons.items():
        lines.append(_indented(f"{status} {', '.join(names)}: {reason}"))
    return Group(*lines)


def _footer(report: Report) -> Group:
    environment = report.environment
    runtime = environment.get("runtime", {})
    parts = [f"edgecheck {environment.get('edgecheck', '')}"]
    if runtime:
        parts.append(f"{runtime['name']} {runtime['version']}")
    if report.latency_ms is not None:
        parts.append(f"{report.latency_ms.p50:.3g} ms a run on this host")
    lines = [Text("  ".join(parts), style="dim")]
    lines += [_indented(f"passed over: {why}") for why in runtime.get("passed_over", [])]
    names = [f.rule for f in report.findings if f.severity != "info"]
    if names:
        lines.append(Text(f"`edgecheck explain {names[0]}` tells more.", style="dim"))
    return Group(*lines)


def _is_cause(finding: Finding, report: Report) -> bool:
    return any(
        cause.rule == finding.rule and cause.summary == finding.message for cause in report.causes
    )


def _indented(text: str) -> Padding:
    return Padding(Text(_clean(text)), (0, 0, 0, 2), expand=False)


def _clean(text: str) -> str:
    """Text without what could steer a terminal: names come from files of strangers."""
    return _UNPRINTABLE.sub("?", text)


def _accuracy(output: OutputMetrics, who: str) -> str:
    return "" if output.accuracy is None else _percent(getattr(output.accuracy, who))


def _top(output: OutputMetrics) -> str:
    if output.top_class_share is None:
        return ""
    other = output.reference_top_class_share
    beside = "" if other is None else f" (reference {_percent(other)})"
    return f"{output.top_class}: {_percent(output.top_class_share)}{beside}"


def _distinct(output: OutputMetrics) -> str:
    other = output.reference_distinct_outputs
    return f"{output.distinct_outputs}" + ("" if other is None else f" (reference {other})")


def _percent(share: float | None) -> str:
    return "" if share is None else f"{100 * share:.1f} %"


def _number(value: float | None) -> str:
    return "" if value is None or math.isnan(value) else f"{value:.3f}"


def _unit(value: float | None, unit: str) -> str:
    return "" if value is None or math.isnan(value) else f"{value:.3g} {unit}"
