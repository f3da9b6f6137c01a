"""Why it failed: each cause with its proof, its fix and what it shows as; or what would tell."""

from collections.abc import Sequence
from typing import Final

from rich.console import Group
from rich.padding import Padding
from rich.text import Text

from edgecheck.findings import Cause, Finding, Report, Undecided
from edgecheck.report.text_lines import one_line, printable
from edgecheck.report.text_proof import told
from edgecheck.verdict import CAUSE_UNKNOWN

_RULED_OUT: Final = 4
_WANTED: Final = 2
"""How many of each the short form shows."""


def causes(report: Report, *, is_detailed: bool) -> list[Group]:
    """The causes, the root cause first, and what none of them explains.

    The short form names a mere suspicion beside a root cause that is known, without its fix.
    """
    blocks, shown = [], set[str]()
    is_known = bool(report.causes) and report.causes[0].confidence != "suspected"
    for place, cause in enumerate(report.causes):
        is_root = place == 0
        is_aside = is_known and cause.confidence == "suspected" and not is_detailed
        symptoms = _symptoms(cause, report, shown)
        blocks.append(Group(*_cause(cause, is_root=is_root, has_fix=not is_aside), *symptoms))
        shown |= set(cause.explains)
    if report.undecided is not None:
        left = _undecided(report.undecided, report, is_detailed=is_detailed)
        blocks.append(Group(*([Text("")] if blocks else []), *left))
    return blocks


def _cause(cause: Cause, *, is_root: bool, has_fix: bool) -> list[Text | Padding]:
    """What it is, with proof and fix; the root cause follows on the verdict without a gap."""
    title = "Cause" if is_root else "Also"
    lines: list[Text | Padding] = [
        *([] if is_root else [Text("")]),
        Text.assemble(
            (f"{title} ({cause.confidence}): ", "bold"), (one_line(cause.rule), "bold red")
        ),
        _indented(cause.summary),
    ]
    if cause.proof is not None:
        lines.append(_indented(f"Proof: {told(cause.proof)}"))
    if cause.refuted is not None:
        lines.append(_indented(f"Tried in vain: {told(cause.refuted)}"))
    return [*lines, _indented(f"To fix: {cause.fix}")] if has_fix else lines


def _symptoms(cause: Cause, report: Report, shown: set[str]) -> list[Text | Padding]:
    """What it shows as; symptoms that stand under a cause above are only named."""
    order = {fingerprint: place for place, fingerprint in enumerate(cause.explains)}
    symptoms = [f for f in report.findings if f.fingerprint in order]
    symptoms.sort(key=lambda f: order[f.fingerprint])
    again = [finding for finding in symptoms if finding.fingerprint in shown]
    new = [finding for finding in symptoms if finding.fingerprint not in shown]
    lines: list[Text | Padding] = [Text("  It shows as:", style="dim")] if new else []
    lines += [Padding(_short(finding), (0, 0, 0, 4), expand=False) for finding in new]
    if again:
        lines.append(_indented(f"It may be behind {_rules(again)} too."))
    return lines


def _undecided(left: Undecided, report: Report, *, is_detailed: bool) -> list[Text | Padding]:
    """What is not explained, what it is not, and what would tell."""
    symptoms = [f for f in report.findings if f.fingerprint in left.symptoms]
    is_suspected = any(set(cause.explains) & set(left.symptoms) for cause in report.causes)
    known = "is only suspected" if is_suspected else "was not found"
    title = Text(f"The cause of {_rules(symptoms)} {known}.", style="bold")
    lines: list[Text | Padding] = [] if report.summary.endswith(CAUSE_UNKNOWN) else [title]
    if left.ruled_out and not is_detailed:
        listed = _listed([entry.what for entry in left.ruled_out], _RULED_OUT)
        lines.append(_indented(f"Ruled out: {listed}."))
    elif left.ruled_out:
        lines.append(Text("  Ruled out:"))
        lines += [_indented(f"{entry.what}: {entry.why}", 4) for entry in left.ruled_out]
    if left.would_decide:
        listed = _listed(left.would_decide, len(left.would_decide) if is_detailed else _WANTED)
        lines.append(_indented(f"What would decide it: {listed}."))
    return lines


def _listed(entries: Sequence[str], most: int) -> str:
    more = f"; and {len(entries) - most} more (-v)" if len(entries) > most else ""
    return "; ".join(entries[:most]) + more


def _rules(findings: Sequence[Finding]) -> str:
    return ", ".join(dict.fromkeys(one_line(finding.rule) for finding in findings))


def _short(finding: Finding) -> Text:
    style = "red" if finding.severity == "error" else "yellow"
    return Text.assemble((one_line(finding.rule), style), f": {printable(finding.message)}")


def _indented(text: str, columns: int = 2) -> Padding:
    return Padding(Text(printable(text)), (0, 0, 0, columns), expand=False)
