"""Experiments after the checks: when they are made, on which samples, and what they leave behind.

A healthy run makes none. The findings get a proof, or a refutation, before causes are ranked.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Final

from edgecheck.checks.evidence import Evidence, NotApplicable
from edgecheck.compare.budget import affordable
from edgecheck.compare.experiment import Setup
from edgecheck.compare.stream import Progress, SideFault
from edgecheck.diagnosis.experiments.bench import Bench, Impossible
from edgecheck.diagnosis.experiments.effect import Outcome
from edgecheck.diagnosis.experiments.new_ranges import recalibrate
from edgecheck.diagnosis.experiments.table import Experiment, experiment_of
from edgecheck.errors import EdgecheckError
from edgecheck.findings import Finding
from edgecheck.runs.baselines import reference_weights
from edgecheck.runs.draft import Draft, fewer

_MOST: Final = 128
"""Samples that an experiment measures on; ranges are chosen by at most half as many others."""
_LEAST: Final = 32
"""The same for slow models: fewer show too little."""


def prove(draft: Draft, evidence: Evidence, setup: Setup, progress: Progress) -> None:
    """Undo each suspected cause, if something is wrong, and write into the findings what came of it.

    Args:
        draft: with the findings of all checks; told the outcome, unless nothing was to be undone.
        evidence: with the comparison.
        setup: of the run, without a twin as reference.
        progress: told as in a pass, of every pass.
    """
    jobs = list(_jobs(draft, evidence))
    if not jobs or draft.observation is None:
        return
    start = perf_counter()
    with TemporaryDirectory(prefix="edgecheck-") as folder:
        bench = _bench(draft, evidence, setup, Path(folder), progress)
        said = [_make(draft, bench, experiment, found) for experiment, found in jobs]
    is_any = any(not reason for reason in said)
    reasons = "; ".join(dict.fromkeys(reason for reason in said if reason))
    few = fewer(bench.most, min(_MOST, len(setup.dataset)), draft.observation.comparison.slower_ms)
    reasons = "; ".join(filter(None, [reasons, few if is_any else ""]))
    draft.conclude("experiments", "passed" if is_any else "skipped", reasons, start)


def _jobs(draft: Draft, evidence: Evidence) -> Iterator[tuple[Experiment, list[Finding]]]:
    """(experiment, findings that it is to undo) where an error is to be explained."""
    try:
        is_compared = bool(evidence.pairs)
    except NotApplicable:
        return
    kept = [f for f in draft.findings if f.rule not in draft.ignored_rules]
    if not is_compared or not any(_is_symptom(finding) for finding in kept):
        return
    groups: dict[tuple[Experiment, str], list[Finding]] = defaultdict(list)
    for finding in kept:
        experiment = experiment_of(finding)
        if experiment is not None and _is_open(finding):
            group = "ranges" if experiment is recalibrate else finding.rule
            groups[experiment, group].append(finding)
    for (experiment, _), found in groups.items():
        errors = [finding for finding in found if finding.severity == "error"]
        yield experiment, errors or found


def _is_symptom(finding: Finding) -> bool:
    return finding.role == "symptom" and finding.severity == "error"


def _is_open(finding: Finding) -> bool:
    """Whether it may be a cause that nothing has been tried against yet."""
    return finding.severity != "info" and finding.proof is None


def _bench(
    draft: Draft, evidence: Evidence, setup: Setup, folder: Path, progress: Progress
) -> Bench:
    seen = draft.observation
    if seen is None:
        raise ValueError("nothing was run")
    twin = draft.files.twin(evidence)
    return Bench(
        evidence=evidence,
        setup=replace(setup, backends=(seen.desk,)),
        most=_most(seen.comparison.slower_ms),
        kernels=seen.runtime.kernels,
        twin=None if isinstance(twin, str) else twin,
        reference_weights=reference_weights(draft) if setup.reference is not None else (),
        folder=folder,
        progress=progress,
    )


def _most(latency_ms: float) -> int:
    """Samples to measure on, by what one run of the slower model takes."""
    return affordable(latency_ms, 1, _LEAST, _MOST)


def _make(draft: Draft, bench: Bench, experiment: Experiment, found: Sequence[Finding]) -> str:
    """Make one experiment, and write it into its findings; why not, if it could not be made."""
    try:
        outcome = experiment(bench, found, draft.findings)
    except Impossible as reason:
        return str(reason)
    except (EdgecheckError, SideFault, ValueError) as error:
        return f"{found[0].rule}: {error}"  # it was only to tell more
    undone = {id(finding) for finding in found}
    draft.findings = [_told(f, outcome) if id(f) in undone else f for f in draft.findings]
    return ""


def _told(finding: Finding, outcome: Outcome) -> Finding:
    """The finding with what came out of its experiment; what was a note becomes a proven cause."""
    if outcome.effect == "restored":
        return replace(finding, proof=outcome.proof, role="cause")
    return replace(finding, refuted=outcome.proof) if outcome.effect == "none" else finding
