"""Codes that are copied between tensors of different ranges."""

from collections.abc import Sequence

from edgecheck.diagnosis.experiments.bench import Bench
from edgecheck.diagnosis.experiments.effect import Outcome
from edgecheck.diagnosis.experiments.new_ranges import recalibrate
from edgecheck.diagnosis.experiments.split_head import split_head
from edgecheck.findings import Finding


def tie_or_split(bench: Bench, findings: Sequence[Finding], others: Sequence[Finding]) -> Outcome:
    """Tie the ranges that must be one, or split those that are one and lose a branch by it.

    Raises:
        Impossible: as `recalibrate` and `split_head`.
        SideFault: a model was refused, crashed or hung.
    """
    lost = [finding for finding in findings if finding.evidence.get("kind") == "lost-branch"]
    return split_head(bench, lost, others) if lost else recalibrate(bench, findings, others)
