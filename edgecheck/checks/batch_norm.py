"""Statistics of batch normalization that are not those of the data."""

from collections.abc import Iterator

from edgecheck import proof_thresholds, thresholds
from edgecheck.checks.evidence import Evidence, NotApplicable
from edgecheck.checks.proofs import mends_half, names_commonest, reached
from edgecheck.compare.renormalized import Renormalized
from edgecheck.findings import Finding, Proof, Subject
from edgecheck.rules.base import Severity
from edgecheck.rules.training.bn_statistics_unconverged import BnStatisticsUnconverged, Doubt


def check(evidence: Evidence) -> Iterator[Finding]:
    """New statistics, collected on the samples, do not meet clearly more labels."""
    found = evidence.renormalized
    if found is None:
        raise NotApplicable("no statistics of batch normalization were collected anew")
    # Steps without which new statistics do not help were held against all others when they were tried.
    if not found.beside and not outdoes(evidence, reached(evidence)):
        return
    doubt = _doubt(found)
    rule = BnStatisticsUnconverged(
        layers=found.layers,
        worst=found.worst,
        divergence=found.divergence,
        right_before=found.right_before,
        right_after=found.right_after,
        samples=found.samples,
        beside=found.beside,
        doubt=doubt,
    )
    # Samples of another domain have other statistics, too, and gain a little by new ones.
    severity: Severity = "error" if _restores(found) and not doubt else "warning"
    proof = None if doubt else _proof(found)
    yield Finding.of(rule, Subject("model", "batch-normalization"), severity=severity, proof=proof)


def _doubt(found: Renormalized) -> Doubt:
    """Why new statistics that help are no proof that the old ones are wrong."""
    if found.left is None:
        return "alone"
    return "scale" if found.left <= thresholds.NORMS_KL else ""


def _proof(found: Renormalized) -> Proof:
    return Proof(
        action=_action(found.beside),
        metric="accuracy",
        before=found.right_before / found.samples,
        after=found.right_after / found.samples,
    )


def _action(beside: str) -> str:
    fed = f", all fed with {beside}" if beside else ""
    return f"statistics of batch normalization collected anew on other samples{fed}"


def outdoes(evidence: Evidence, met: float) -> bool:
    """Whether new statistics explain more than other steps do that meet such a share of the labels.

    Samples that are prepared otherwise have other statistics, too: new ones must meet clearly more.
    Unless the old ones stay wrong with those steps, which then meet labels by luck.
    """
    right, found = reach(evidence), evidence.renormalized
    if not right or not met or found is None:
        return right > 0
    is_left = found.fed is not None and found.fed > thresholds.NORMS_KL
    margin = -proof_thresholds.TRIAL_GAIN if is_left else proof_thresholds.TRIAL_GAIN
    return right > met + margin


def reach(evidence: Evidence) -> float:
    """Share of the labels that are met with new statistics; 0 if that is not clearly more.

    More than before, and than by the commonest class for all.
    """
    found = evidence.renormalized
    if found is None or found.p >= proof_thresholds.TRIAL_P:
        return 0.0
    gain = found.right_after - max(found.right_before, found.commonest)
    is_more = gain > proof_thresholds.TRIAL_GAIN * found.samples or _restores(found)
    return found.right_after / found.samples if is_more else 0.0


def _restores(found: Renormalized) -> bool:
    """As `proofs.restores`, of new statistics."""
    is_blind = names_commonest(found.right_after, found.samples, found.commonest)
    return mends_half(found.right_before, found.right_after, found.samples) and not is_blind
