"""Findings in, one ranked explanation out."""

from collections.abc import Sequence
from dataclasses import dataclass

from edgecheck.checks.evidence import Evidence
from edgecheck.diagnosis.ranking import ranked
from edgecheck.diagnosis.scene import scene_of
from edgecheck.diagnosis.undecided import undecided
from edgecheck.findings import Cause, CheckOutcome, Finding, Undecided


@dataclass(frozen=True)
class Diagnosis:
    """What is wrong, as far as it is known."""

    findings: tuple[Finding, ...]
    """All, in their order; one that only follows from a cause has become a symptom."""
    causes: tuple[Cause, ...]
    """The root cause first; empty where nothing is wrong, or nothing explains it."""
    undecided: Undecided | None


def diagnose(
    findings: Sequence[Finding],
    checks: Sequence[CheckOutcome],
    evidence: Evidence | None,
    *,
    has_reference: bool,
) -> Diagnosis:
    """Explain the findings of a run.

    Args:
        findings: all that count.
        checks: what became of all checks.
        evidence: of the run; None where it ended before there was any.
        has_reference: whether the candidate was held against another model than its own twin.
    """
    scene = scene_of(evidence, has_reference=has_reference)
    ranking = ranked(findings, scene)
    open_ = undecided(ranking, checks, evidence, has_reference=has_reference)
    return Diagnosis(ranking.findings, ranking.causes, open_)
