"""The difference of two reports: pure, from plain data to plain data.

A regression is a worse verdict, a new error (or one that was milder before), or a measure that is
worse by more than its limits, by more than other samples explain, and on the same footing: latency
and peak memory are told apart only where host and runtime are the same.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from edgecheck.difference import (
    Difference,
    DifferenceReport,
    FindingChange,
    MeasureChange,
    Other,
    Side,
)
from edgecheck.findings import Finding, Report
from edgecheck.report.json_format import to_dict
from edgecheck.report.measure_changes import compare_measures
from edgecheck.report.order import ranked
from edgecheck.rules.measure_words import worsened
from edgecheck.rules.wording import count, plain

_VERDICTS: Final = ("pass", "inconclusive", "fail")
_GRAVITY: Final = ("error", "warning", "info")
_CONDITIONS: Final = {
    "host": ("environment", "host"),
    "runtime": ("environment", "runtime", "name"),
    "runtime version": ("environment", "runtime", "version"),
    "kernels": ("environment", "runtime", "kernels"),
    "bundle": ("environment", "bundle", "model", "sha256"),
    "spec": ("environment", "spec", "sha256"),
    "samples": ("metrics", "samples"),
    "python": ("environment", "python"),
    "edgecheck": ("environment", "edgecheck"),
}
_OF_SPEED: Final = frozenset({"host", "runtime", "runtime version", "kernels", "bundle"})
_SETTINGS_OF_SPEED: Final = frozenset({"delegate", "threads", "reference"})
"""The reference runs beside the candidate, and slows it down."""
_UNTOLD: Final = frozenset({"baseline", "fail_on"})
"""Settings that change nothing of what is compared."""


def difference_report(before: Report, after: Report) -> DifferenceReport:
    """What `edgecheck compare` says of two reports."""
    found = differences(before, after)
    amount = len(found.regressions)
    summary = (
        f"{count(amount, 'regression')}: {found.regressions[0]}" if amount else "No regression."
    )
    return DifferenceReport(summary=summary, exit_code=min(amount, 1), difference=found)


def differences(before: Report, after: Report) -> Difference:
    """A later report against an earlier one."""
    was, now = to_dict(before), to_dict(after)
    conditions = tuple(_conditions(was, now))
    settings = tuple(_others(was["settings"], now["settings"]))
    measures, not_compared = compare_measures(before, after, _obstacle(conditions, settings))
    old, new = _by_fingerprint(before), _by_fingerprint(after)
    added = tuple(_change(each) for key, each in new.items() if key not in old)
    kept = tuple(_change(each, old[key]) for key, each in new.items() if key in old)
    return Difference(
        regressions=(
            *_worse_verdict(before, after),
            *_graver(added, kept),
            *_worse_measures(measures),
        ),
        before=side_of(before),
        after=side_of(after),
        new=added,
        fixed=tuple(_change(each) for key, each in old.items() if key not in new),
        unchanged=kept,
        measures=measures,
        not_compared=not_compared,
        conditions=conditions,
        settings=settings,
    )


def _worse_verdict(before: Report, after: Report) -> Iterator[str]:
    if _VERDICTS.index(after.verdict) > _VERDICTS.index(before.verdict):
        yield f"the verdict was {before.verdict} and is {after.verdict}"


def _graver(added: Sequence[FindingChange], kept: Sequence[FindingChange]) -> Iterator[str]:
    for each in added:
        if each.severity == "error":
            yield f"new error {plain(each.rule)} ({plain(each.subject)})"
    for each in kept:
        if each.severity == "error" and each.was is not None:
            yield f"{plain(each.rule)} ({plain(each.subject)}) was {each.was} and is an error"


def _worse_measures(measures: Sequence[MeasureChange]) -> Iterator[str]:
    for each in measures:
        if each.state == "worse":
            yield worsened(each.measure, each.before, each.after, each.allowed, each.output)


def _by_fingerprint(report: Report) -> dict[str, Finding]:
    """The gravest finding of each fingerprint, the gravest first, causes before symptoms."""
    found: dict[str, Finding] = {}
    for each in sorted(ranked(report), key=lambda each: _GRAVITY.index(each.severity)):
        found.setdefault(each.fingerprint, each)
    return found


def _change(found: Finding, old: Finding | None = None) -> FindingChange:
    return FindingChange(
        rule=found.rule,
        severity=found.severity,
        subject=f"{found.subject.kind} {found.subject.name}",
        message=found.message,
        fingerprint=found.fingerprint,
        was=None if old is None or old.severity == found.severity else old.severity,
    )


def _obstacle(conditions: Sequence[Other], settings: Sequence[Other]) -> str:
    """Why speed says nothing; empty where it was measured on the same footing."""
    names = [each.name for each in conditions if each.name in _OF_SPEED]
    names += [each.name for each in settings if each.name in _SETTINGS_OF_SPEED]
    return f"not the same {', '.join(names)}" if names else ""


def _conditions(was: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[Other]:
    for name, path in _CONDITIONS.items():
        old, new = _at(was, path), _at(now, path)
        if old != new:
            yield Other(name, old, new)


def _others(was: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[Other]:
    """Settings that differ; both are JSON values, so that NaN is a word and equal to itself."""
    for name in dict.fromkeys([*was, *now]):
        if name not in _UNTOLD and was.get(name) != now.get(name):
            yield Other(name, was.get(name), now.get(name))


def side_of(report: Report) -> Side:
    """What tells a report from others."""
    fields = {"environment": report.environment}

    def told(*path: str) -> str | None:
        found = _at(fields, ("environment", *path))
        return found if isinstance(found, str) else None

    return Side(
        verdict=report.verdict,
        summary=report.summary,
        created=told("created"),
        edgecheck=told("edgecheck"),
        model=told("model", "path"),
        model_sha256=told("model", "sha256"),
    )


def _at(value: object, path: Sequence[str]) -> object:
    """What a path of keys leads to, None where it leads nowhere."""
    for key in path:
        if not isinstance(value, Mapping):
            return None
        value = value.get(key)
    return value
