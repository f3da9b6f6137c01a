"""Whether a recalibrated file is better than the one that it came from, on unseen samples."""

from edgecheck import proof_thresholds, thresholds
from edgecheck.findings import Report
from edgecheck.measurements import OutputMetrics
from edgecheck.metrics.sqnr import telling_db


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
    worse = next(filter(None, (_worsening(old, new) for old, new in pairs)), "")
    if worse:
        return f"new ranges make it worse on {pairs[0][0].samples} unseen samples: {worse}"
    gains = [level(new) - level(old) for old, new in pairs]
    best = max(range(len(pairs)), key=lambda index: gains[index])
    old, new = pairs[best]
    if gains[best] < proof_thresholds.GAIN_DB or not _is_beyond_noise(old, new):
        return (
            f"new ranges gain nothing that {old.samples} unseen samples can show: "
            f"SQNR {level(old):.1f} dB before, {level(new):.1f} dB after"
        )
    return ""


def level(output: OutputMetrics) -> float:
    """SQNR of what tells most of an output, dB; -inf where nothing is known."""
    known = telling_db(output.sqnr_db, output.variation_sqnr_db)
    return float("-inf") if known is None else known


def _pairs(before: Report, after: Report) -> list[tuple[OutputMetrics, OutputMetrics]]:
    new = {output.name: output for output in after.outputs}
    return [
        (old, new[old.name])
        for old in before.outputs
        if old.name in new and level(new[old.name]) > float("-inf")
    ]


def _worsening(old: OutputMetrics, new: OutputMetrics) -> str:
    """What got worse: less like the float model, or fewer right answers than that and the old; or far
    fewer than the old, where the float model is as bad.
    """
    if level(new) < level(old) - proof_thresholds.GAIN_DB:
        return f"SQNR {level(old):.1f} dB before, {level(new):.1f} dB after"
    if old.agreement is not None and new.agreement is not None and new.agreement < old.agreement:
        return f"agreement {old.agreement:.1%} before, {new.agreement:.1%} after"
    if old.accuracy is None or new.accuracy is None:
        return ""
    was, now, aim = old.accuracy.candidate, new.accuracy.candidate, new.accuracy.reference
    enough = was if aim is None else min(was, aim)
    if now < enough:
        return f"accuracy {was:.1%} before, {now:.1%} after"
    if was - now > thresholds.ACCURACY_DROP_ERROR:
        return (
            f"accuracy {was:.1%} before, {now:.1%} after, as little as that of the float model: the "
            "steps of the spec are in doubt, not the ranges"
        )
    return ""


def _is_beyond_noise(old: OutputMetrics, new: OutputMetrics) -> bool:
    """Whether the 95 % interval of the new SQNR lies above the old value.

    Both come from the same samples. Their intervals may still overlap: both widen where the same
    few samples carry the error.
    """
    now = new.sqnr_db_interval
    if new.variation_sqnr_db is not None:
        now = new.variation_sqnr_db_interval
    return now is not None and now.low > level(old)
