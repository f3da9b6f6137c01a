"""A repair for a person at a terminal: what was done or why not, before and after."""

from collections.abc import Iterator
from typing import Final

from edgecheck.findings import Report
from edgecheck.measurements import OutputMetrics
from edgecheck.repair_report import RepairReport, errors_of
from edgecheck.report.text_lines import flat, titled

_MOST: Final = 5
"""Findings and outputs that are shown."""
_TITLE: Final = 46
_VALUE: Final = 14


def render(found: RepairReport) -> str:
    """The repair as lines of at most 80 columns, where no name is longer."""
    return "\n".join(_lines(found)) + "\n"


def _lines(found: RepairReport) -> Iterator[str]:
    if found.error is not None:
        yield titled("STOPPED", f"{found.error.message.rstrip('.')}. Nothing was written.")
        yield titled("to fix", found.error.hint)
    elif found.written is None:
        yield titled("DECLINED", f"{found.reason.rstrip('.')}. Nothing was written.")
    else:
        yield titled("REPAIRED", f"{found.written} is better, and was written.")
    if found.before is not None and found.after is not None:
        yield ""
        yield from _table(found.unseen, found.before, found.after)
        yield ""
        yield _ranges(found)
    yield from _notes(found)


def _notes(found: RepairReport) -> Iterator[str]:
    for entry in found.overruled:
        said = f"{entry.rule} is ignored by the spec ({entry.reason}), so repair went on: "
        yield titled("ignored", said + entry.message)
    if found.written is not None:
        yield from _ports(found)
        if found.untouched:
            names = ", ".join(f'"{name}"' for name in found.untouched[:_MOST])
            more = f" and {len(found.untouched) - _MOST} more" if found.untouched[_MOST:] else ""
            yield titled("left", f"other signatures keep their ranges: {names}{more}")
    elif found.before is not None:
        told = [each for each in errors_of(found.before) if each.message not in found.reason]
        for finding in told[:_MOST]:
            yield titled("found", f"{finding.rule}: {finding.message}")
        for finding in [each for each in found.before.findings if each.severity == "warning"]:
            yield titled("warning", f"{finding.rule}: {finding.message}")


def _table(unseen: int, before: Report, after: Report) -> Iterator[str]:
    yield _row(f"on {unseen} unseen samples", "before", "after")
    yield _row("verdict", before.verdict, after.verdict)
    new = {output.name: output for output in after.outputs}
    for old in before.outputs[:_MOST]:
        if old.name in new:
            yield from _rows(old, new[old.name])


def _rows(old: OutputMetrics, new: OutputMetrics) -> Iterator[str]:
    rows = [("SQNR, dB", old.sqnr_db, new.sqnr_db, ".1f")]
    rows += [("SQNR of the movement, dB", old.variation_sqnr_db, new.variation_sqnr_db, ".1f")]
    rows += [("agreement", old.agreement, new.agreement, ".1%")]
    accuracies = [None if o.accuracy is None else o.accuracy.candidate for o in (old, new)]
    rows += [("accuracy", accuracies[0], accuracies[1], ".1%")]
    for title, was, now, form in rows:
        if was is not None and now is not None:
            name = flat(old.name)[: _TITLE - 2 - len(title)]
            yield _row(f"{title} ({name})", format(was, form), format(now, form))


def _row(title: str, was: str, now: str) -> str:
    return f"  {title:<{_TITLE}.{_TITLE}}{was:>{_VALUE}}{now:>{_VALUE}}"


def _ranges(found: RepairReport) -> str:
    changed = found.changed_activations
    tried = ", ".join(f"{name} {score:.1f} dB" for name, score in found.scores_db.items())
    return titled(
        "ranges",
        f"{found.method}, from {found.calibrated} samples; {changed} "
        f"activation{'s' * (changed != 1)} changed. Tried: {tried}",
    )


def _ports(found: RepairReport) -> Iterator[str]:
    for port in found.ports:
        was, now = port.before, port.after
        yield titled(
            "changed",
            f'{port.kind} "{port.name}": scale {was.scale:.8g} -> {now.scale:.8g}, zero point '
            f"{was.zero_point} -> {now.zero_point}. Device code that holds the old values must "
            "change.",
        )
