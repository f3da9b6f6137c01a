"""Batch normalization as a witness: what training saw, stored in the reference, against these samples."""

from math import inf
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

from edgecheck import thresholds
from edgecheck.checks.evidence import Evidence
from edgecheck.checks.labels import reference_misses
from edgecheck.checks.parity import has_lost_parity
from edgecheck.compare.entrant import Entrant
from edgecheck.compare.experiment import Setup
from edgecheck.compare.renormalized import Renormalized
from edgecheck.conversion.representative import write_representative
from edgecheck.errors import EdgecheckError
from edgecheck.measurements import BatchNorm
from edgecheck.metrics.paired import mcnemar_p
from edgecheck.runs.draft import Draft
from edgecheck.runs.recollected import SECONDS, recollected, spread_samples
from edgecheck.runs.refed import refed
from edgecheck.runtime.trained.batch_norm import ObservedNorm, observed_norms


def hear_witness(draft: Draft, evidence: Evidence, setup: Setup) -> tuple[BatchNorm, ...]:
    """Look at the normalization layers of a trained reference, if anything is wrong.

    Args:
        draft: told the outcome, unless it was not wanted.
        evidence: with the comparison of the pass before.
        setup: of that pass.
    """
    reference = setup.reference
    if reference is None or reference.trained is None or not _is_wanted(draft, evidence):
        return ()
    start = perf_counter()
    try:
        found = _observed(setup, reference, draft.options.timeout)
    except EdgecheckError as error:
        draft.conclude("batch-normalization", "skipped", error.message)
        return ()
    said = "" if found else "the reference has no batch normalization"
    draft.conclude("batch-normalization", "passed" if found else "skipped", said, start)
    return tuple(
        BatchNorm(
            layer=norm.name,
            channels=norm.channels,
            kl_median=norm.kl_median,
            kl_largest=norm.kl_largest,
            shift_median=norm.shift_median,
            variance_ratio_median=norm.variance_ratio_median,
        )
        for norm in found
    )


def renormalize(
    draft: Draft, evidence: Evidence, setup: Setup, norms: tuple[BatchNorm, ...]
) -> Renormalized | None:
    """Let a trained reference collect its statistics anew, where they are off and labels are not met.

    None where there is no reason to, where other steps explain it, or where it cannot be done.

    Args:
        draft: of a run that has ended; keeps which answers are right.
        evidence: with the comparison and the trials of that run.
        setup: of that run.
        norms: what `hear_witness` found.
    """
    reference, worst = setup.reference, max(norms, key=_divergence, default=None)
    if reference is None or reference.trained is None or reference.trained.format == "saved-model":
        return None
    is_off = worst is not None and worst.kl_median > thresholds.NORMS_KL
    if worst is None or not is_off or not reference_misses(evidence):
        return None
    try:
        least = _least_divergence(evidence, setup, reference, draft.options.timeout)
        if _is_explained(evidence, least):
            return None
        right = recollected(setup, reference, draft.options.timeout)
    except EdgecheckError:
        return None  # it was only to tell more
    if right is None:
        return None
    draft.recollected = right
    before, after = right.before, right.after
    return Renormalized(
        layers=len(norms),
        worst=worst.layer,
        divergence=worst.kl_median,
        samples=len(before),
        right_before=int(before.sum()),
        right_after=int(after.sum()),
        p=mcnemar_p(int((before & ~after).sum()), int((after & ~before).sum())),
        commonest=right.commonest,
        left=right.left,
        fed=least,
    )


def _least_divergence(
    evidence: Evidence, setup: Setup, reference: Entrant, timeout: float
) -> float | None:
    """Of the worst layer, with other steps that meet more labels; None where there are none."""
    least = None
    for other in refed(evidence, setup, reference):
        try:
            norms = _observed(other, reference, timeout)
        except EdgecheckError:
            continue  # these steps do not fit the reference, say; others may
        found = max((norm.kl_median for norm in norms), default=inf)
        least = found if least is None else min(least, found)
        if least <= thresholds.NORMS_KL:
            break
    return least


def _is_explained(evidence: Evidence, least: float | None) -> bool:
    """Whether other steps are all that is wrong: by what they leave, if it could be seen, or by labels."""
    if least is not None:
        return least <= thresholds.NORMS_KL
    return any(trial.restores for trial in evidence.trials if trial.fed is None)


def _divergence(norm: BatchNorm) -> float:
    return norm.kl_median


def _is_wanted(draft: Draft, evidence: Evidence) -> bool:
    is_wrong = has_lost_parity(evidence) or reference_misses(evidence)
    return draft.options.look_closer(has_reason=is_wrong)


def _observed(setup: Setup, reference: Entrant, timeout: float) -> tuple[ObservedNorm, ...]:
    job = reference.job(setup.spec, (), threads=1)
    with TemporaryDirectory(prefix="edgecheck-") as folder:
        samples = spread_samples(setup, reference)
        feeds = write_representative(samples, setup.spec.inputs, Path(folder))
        return observed_norms(job, feeds, timeout + SECONDS, setup.kept)
