"""Why it failed: each cause with its proof, its fix and what it shows as; or what would tell."""

from collections.abc import Sequence
from typing import Final

from rich.console import Group
from rich.padding import Padding
from rich.text import Text

from edgecheck.findings import Cause, Finding, Report, Undecided
from edgecheck.report.text_lines import one_line, printable
from edgecheck.report.text_proof import told

_RULED_OUT: Final = 4
_WANTED: Final = 2
"""How many of each are shown; the JSON has all."""


def causes(report: Report) -> list[Group]:
    """The causes, the root cause first, and what none of them explains."""
    blocks, shown = [], set[str]()
    for place, cause in enumerate(report.causes):
        blocks.append(_cause(cause, report, shown, is_root=place == 0))
        shown |= set(cause.explains)
    if report.undecided is not None:
        blocks.append(_undecided(report.undecided, report))
    return blocks


def _cause(cause: Cause, report: Report, shown: set[str], *, is_root: bool) -> Group:
    """A cause with its symptoms; those that stand under one above are only named."""
    title = "Cause" if is_root else "Also"
    lines: list[Text | Padding] = [
        Text(""),
        Text.assemble(
            (f"{title} ({cause.confidence}): ", "bold"), (one_line(cause.rule), "bold red")
        ),
    ]
    if not is_root or report.error is not None or cause.summary != report.summary:
        lines.append(_indented(cause.summary))
    if cause.proof is not None:
        lines.append(_indented(f"Proof: {told(cause.proof)}"))
    if cause.refuted is not None:
        lines.append(_indented(f"Tried in vain: {told(cause.refuted)}"))
    lines.append(_indented(f"To fix: {cause.fix}"))
    order = {fingerprint: place for place, fingerprint in enumerate(cause.explains)}
    symptoms = [f for f in report.findings if f.fingerprint in order]
    symptoms.sort(key=lambda f: order[f.fingerprint])
    again = [finding for finding in symptoms if finding.fingerprint in shown]
    new = [finding for finding in symptoms if finding.fingerprint not in shown]
    lines += [Text("  It shows as:", style="dim")] if new else []
    lines += [Padding(_short(finding), (0, 0, 0, 4), expand=False) for finding in new]
    if again:
        lines.append(_indented(f"It may be behind {_rules(again)} too."))
    return Group(*lines)


def _undecided(left: Undecided, report: Report) -> Group:
    """What is not explained, what it is not, and what would tell."""
    symptoms = [f for f in report.findings if f.fingerprint in left.symptoms]
    is_suspected = any(set(cause.explains) & set(left.symptoms) for cause in report.causes)
    known = "is only suspected" if is_suspected else "was not found"
    lines: list[Text | Padding] = [
        Text(""),
        Text(f"The cause of {_rules(symptoms)} {known}.", style="bold"),
    ]
    if left.ruled_out:
        listed = _listed([entry.what for entry in left.ruled_out], _RULED_OUT)
        lines.append(_indented(f"Ruled out: {listed}."))
    if left.would_decide:
        listed = _listed(left.would_decide, _WANTED)
        lines.append(_indented(f"What would decide it: {listed}."))
    return Group(*lines)


def _listed(entries: Sequence[str], most: int) -> str:
    more = f"; and {len(entries) - most} more (see the JSON)" if len(entries) > most else ""
    return "; ".join(entries[:most]) + more


def _rules(findings: Sequence[Finding]) -> str:
    return ", ".join(dict.fromkeys(one_line(finding.rule) for finding in findings))


def _short(finding: Finding) -> Text:
    style = "red" if finding.severity == "error" else "yellow"
    return Text.assemble((one_line(finding.rule), style), f": {printable(finding.message)}")


def _indented(text: str) -> Padding:
    return Padding(Text(printable(text)), (0, 0, 0, 2), expand=False)
