"""Whether new ranges may be what a file needs: the samples and the steps must be above doubt."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from edgecheck.checks.evidence import Evidence
from edgecheck.checks.labels import reference_is_lost, reference_works
from edgecheck.compare.calibration_ranges import calibrated_keys
from edgecheck.compare.experiment import Setup
from edgecheck.diagnosis.experiments.new_ranges import SAMPLES_SUSPECT
from edgecheck.findings import Finding, Report
from edgecheck.repair_report import Overruled, errors_of
from edgecheck.runs.draft import Draft
from edgecheck.tflite.dequantize.twin import Twin
from edgecheck.verdict import RUNTIME_REFUSALS

_SUSPECTS: Final = SAMPLES_SUSPECT | {"calibration-preprocessing-mismatch"}
"""Rules that say: the samples are not prepared as the model expects them."""


class Declined(Exception):
    """Why nothing can be repaired."""

    def __init__(self, reason: str, exit_code: int = 1) -> None:
        super().__init__(reason)
        self.exit_code = exit_code


@dataclass(frozen=True)
class Ready:
    """What to work on."""

    setup: Setup
    data: bytes
    twin: Twin
    overruled: tuple[Overruled, ...]


def prepared(draft: Draft, before: Report) -> Ready:
    """What to work on.

    Raises:
        Declined: ranges are not, or cannot be shown to be, what is wrong.
    """
    evidence, setup = draft.evidence, draft.setup
    if evidence is None or setup is None or draft.observation is None:
        raise Declined(_why_not_run(draft, before), before.exit_code)
    twin = draft.files.twin(evidence)
    if isinstance(twin, str):
        raise Declined(twin)
    if setup.candidate.contract.subgraph:
        raise Declined(
            "the signature runs another graph than the first of the file, and only that one can "
            "be recalibrated"
        )
    if not calibrated_keys(evidence.data, twin):
        raise Declined("the file stores no activation range that could be chosen anew")
    if reference_is_lost(evidence):
        raise Declined(
            "without any quantization the model does not meet the labels either, so the steps of "
            "the spec, the labels or the training are suspect, not the ranges"
        )
    doubts = dict(_doubts(evidence, (*errors_of(before), *before.ignored)))
    overruled = tuple(_overruled(draft, [f for f in before.ignored if f.rule in doubts]))
    counted = next((f.rule for f in errors_of(before) if f.rule in doubts), None)
    if counted is not None:
        raise Declined(doubts[counted])
    return Ready(setup, evidence.data, twin, overruled)


def _why_not_run(draft: Draft, before: Report) -> str:
    """The fault in the file, where a runtime refused it; else what was missing."""
    errors = errors_of(before)
    if any(finding.rule in RUNTIME_REFUSALS for finding in errors):
        return f"the model does not run: {errors[0].rule}: {errors[0].message}"
    return f"the model was not run: {draft.why_not_run}"


def _doubts(evidence: Evidence, findings: Iterable[Finding]) -> Iterator[tuple[str, str]]:
    """(rule, reason to decline) of the findings that say: it is the samples, not the ranges."""
    works = reference_works(evidence)
    for finding in findings:
        if finding.rule == "inputs-out-of-domain":
            yield finding.rule, f"the samples are not what the model is for: {finding.message}"
        elif finding.rule in _SUSPECTS and finding.severity == "error" and not works:
            why = "either the spec's steps or the stored ranges are wrong, and no labels tell which"
            yield finding.rule, f"{why}: {finding.message}"


def _overruled(draft: Draft, ignored: Iterable[Finding]) -> Iterator[Overruled]:
    """What the spec ignores, with the words of the spec: it answers for it, and must be told so."""
    entries = () if draft.spec is None else draft.spec.spec.ignore
    reasons = {entry.rule: entry.reason for entry in entries}
    for finding in ignored:
        yield Overruled(finding.rule, finding.message, reasons[finding.rule])
