"""Whether a recalibrated file is better than the one that it came from, on unseen samples."""

from math import isnan
from typing import Final

from edgecheck.findings import Finding, OutputMetrics, Report

MIN_GAIN_DB: Final = 1.0
"""Below this a new file is not worth shipping."""


def objection(before: Report, after: Report) -> str:
    """Why the new file must not replace the old one; empty where it is better.

    Args:
        before: of the old file.
        after: of the new file, on the same samples, held against the same model.
    """
    if after.verdict != "pass":
        return f"the recalibrated file does not pass either: {after.summary}"
    pairs = _pairs(before, after)
    if not pairs:
        return "no output could be compared with a float model"
    worse = [old.name for old, new in pairs if _is_worse(old, new)]
    if worse:
        return (
            f"new ranges make output {worse[0]!r} worse on samples that they were not chosen from"
        )
    gains = [level(new) - level(old) for old, new in pairs]
    best = max(range(len(pairs)), key=lambda index: gains[index])
    old, new = pairs[best]
    if gains[best] < MIN_GAIN_DB or not _is_beyond_noise(old, new):
        return (
            f"new ranges gain nothing that {old.samples} unseen samples can show: "
            f"SQNR {level(old):.1f} dB before, {level(new):.1f} dB after"
        )
    return ""


def level(output: OutputMetrics) -> float:
    """SQNR of an output, dB: of its movement, where the values are measured ones.

    -inf where there is none.
    """
    for value in (output.variation_sqnr_db, output.sqnr_db):
        if value is not None and not isnan(value):
            return value
    return float("-inf")


def errors_of(report: Report) -> tuple[Finding, ...]:
    """The findings that are errors, causes first."""
    found = [finding for finding in report.findings if finding.severity == "error"]
    return tuple(sorted(found, key=lambda finding: finding.role != "cause"))


def _pairs(before: Report, after: Report) -> list[tuple[OutputMetrics, OutputMetrics]]:
    new = {output.name: output for output in after.outputs}
    return [
        (old, new[old.name])
        for old in before.outputs
        if old.name in new and level(new[old.name]) > float("-inf")
    ]


def _is_worse(old: OutputMetrics, new: OutputMetrics) -> bool:
    """Less like the float model, or fewer right answers than both the old file and that."""
    if level(new) < level(old) - MIN_GAIN_DB:
        return True
    if old.agreement is not None and new.agreement is not None and new.agreement < old.agreement:
        return True
    if old.accuracy is None or new.accuracy is None:
        return False
    aim = new.accuracy.reference
    enough = old.accuracy.candidate if aim is None else min(old.accuracy.candidate, aim)
    return new.accuracy.candidate < enough


def _is_beyond_noise(old: OutputMetrics, new: OutputMetrics) -> bool:
    """Whether the 95 % interval of the new SQNR lies above the old value.

    Both come from the same samples. Their intervals may still overlap: both widen where the same
    few samples carry the error.
    """
    now = new.sqnr_db_interval
    if new.variation_sqnr_db is not None:
        now = new.variation_sqnr_db_interval
    return now is not None and now.low > level(old)
