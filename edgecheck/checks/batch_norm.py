"""Statistics of batch normalization that are not those of the data."""

from collections.abc import Iterator

from edgecheck.checks import thresholds
from edgecheck.checks.evidence import Evidence, NotApplicable
from edgecheck.checks.proofs import best_by_labels
from edgecheck.findings import Finding, Proof, Subject
from edgecheck.rules.training.bn_statistics_unconverged import BnStatisticsUnconverged


def check(evidence: Evidence) -> Iterator[Finding]:
    """New statistics, collected on the samples, do not meet clearly more labels."""
    found = evidence.renormalized
    if found is None:
        raise NotApplicable("no statistics of batch normalization were collected anew")
    gain = found.right_after - found.right_before
    if gain <= thresholds.TRIAL_GAIN * found.samples or found.p >= thresholds.TRIAL_P:
        return
    if any(best_by_labels(evidence, name) for name in evidence.spec.inputs):
        return  # samples that are prepared otherwise have other statistics, too
    rule = BnStatisticsUnconverged(
        layers=found.layers,
        worst=found.worst,
        divergence=found.divergence,
        right_before=found.right_before,
        right_after=found.right_after,
        samples=found.samples,
    )
    proof = Proof(
        action="statistics of batch normalization collected anew on other samples",
        metric="accuracy",
        before=found.right_before / found.samples,
        after=found.right_after / found.samples,
    )
    yield Finding.of(rule, Subject("model", "batch-normalization"), proof=proof)
