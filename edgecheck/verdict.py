"""From findings and check outcomes to one verdict, one exit code, and ranked causes."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

from edgecheck.chain import StageName
from edgecheck.errors import EdgecheckError
from edgecheck.findings import Cause, CheckOutcome, Confidence, Finding, Verdict

FailOn = Literal["error", "warning", "never"]

_FAILING: Final[dict[FailOn, frozenset[str]]] = {
    "error": frozenset({"error"}),
    "warning": frozenset({"error", "warning"}),
    "never": frozenset({"error"}),
}


_SPECIFIC: Final = frozenset(
    {"audio-feature-mismatch", "calibrated-on-noise", "calibrated-on-one-sample",
     "calibration-degenerate", "features-unscaled", "input-double-normalized",
     "input-not-normalized", "layer-weights-differ", "nan-or-inf-weights"}
)  # fmt: skip
"""They say why a range does not fit; `calibration-preprocessing-mismatch` only that it does not."""

_OF_WEIGHTS: Final = frozenset(
    {"layer-weights-differ", "nan-or-inf-weights", "weight-per-tensor-loss", "weights-not-loaded"}
)
"""What is wrong with weights: it comes before calibration where the weights lose parity."""

_LOST_TRAINING: Final = "qat-conversion-mismatch"
"""It comes before calibration, which took the place of training, where it shows lost ranges."""

_HARMLESS: Final = frozenset(
    {"delegate-not-used", "device-memory-exceeded", "metadata-missing", "old-schema-or-runtime",
     "partially-quantized-or-hybrid"}
)  # fmt: skip
"""Faults that make no output wrong."""

_BLAMED_FIRST: Final = frozenset({"wrong-model-file"})
"""Against another model nothing else can be made good."""

_BLAMED_LAST: Final = frozenset({"load-failed", "runtime-crash", "runtime-timeout"})
"""What a runtime does about a file is often only the consequence of another fault in it."""


_KEEPS_FROM_LOADING: Final = frozenset({"op-version-unsupported", "flex-or-custom-op-required"})
"""Found in the file itself; that the runtime then refuses it only follows."""

_FOLLOWS_FROM: Final = {
    "load-failed": _KEEPS_FROM_LOADING,
    "wrong-model-file": frozenset({"weights-not-loaded"}),
}
"""Rule -> those whose errors explain it."""


@dataclass(frozen=True)
class Judgement:
    """The verdict, and what the process exits with."""

    verdict: Verdict
    exit_code: int


def reaches(finding: Finding, fail_on: FailOn) -> bool:
    """Whether a finding is grave enough to fail ("never" is judged as "error")."""
    return finding.severity in _FAILING[fail_on]


def judge(
    findings: Sequence[Finding],
    checks: Sequence[CheckOutcome],
    error: EdgecheckError | None,
    *,
    fail_on: FailOn,
    is_conclusive: bool,
) -> Judgement:
    """The verdict and exit code of a run.

    Args:
        findings: those that count, ignored ones taken out.
        checks: outcomes of all planned checks.
        error: what stopped the run, if anything did; its exit code wins.
        fail_on: the gravity from which a finding fails the run.
        is_conclusive: something was compared (or only static checks were asked for).
    """
    failed = any(reaches(finding, fail_on) for finding in findings)
    crashed = any(check.status == "crashed" for check in checks)
    if failed:
        verdict: Verdict = "fail"
    elif crashed or error is not None or not is_conclusive:
        verdict = "inconclusive"
    else:
        verdict = "pass"
    if error is not None:
        return Judgement(verdict, error.exit_code)
    if fail_on == "never":
        return Judgement(verdict, 0)
    return Judgement(verdict, {"pass": 0, "fail": 1, "inconclusive": 3}[verdict])


def related(findings: Sequence[Finding]) -> list[Finding]:
    """The findings, with a cause as a symptom where what explains it was found too."""
    errors = {finding.rule for finding in findings if _is_error(finding)}
    return [
        f if errors.isdisjoint(_FOLLOWS_FROM.get(f.rule, ())) else replace(f, role="symptom")
        for f in findings
    ]


def causes_of(findings: Sequence[Finding], guilty: Collection[StageName] = ()) -> tuple[Cause, ...]:
    """The findings that are causes, gravest first, each with the symptoms it may explain.

    A warning is only suspected, and only where there is an error to explain. Proven is what an
    experiment has undone, with the effect that its proof tells; such causes come first.

    Args:
        findings: all that count.
        guilty: the stages in which parity is lost, as far as they are known.
    """
    symptoms = tuple(f.fingerprint for f in findings if f.role == "symptom" and _is_error(f))
    suspects = [f for f in findings if f.role == "cause" and f.subject.kind != "reference"]
    suspects = [f for f in suspects if _is_error(f) or (symptoms and _may_explain(f))]
    in_weights = "weights" in guilty
    ranked = sorted(
        suspects,
        key=lambda f: (not _is_error(f), f.proof is None, _place(f, in_weights=in_weights)),
    )
    return tuple(
        Cause(
            rule=finding.rule,
            confidence=_confidence(finding),
            summary=finding.message,
            fix=finding.fix,
            proof=finding.proof,
            explains=symptoms if finding.rule not in _HARMLESS else (),
        )
        for finding in ranked
    )


def _confidence(finding: Finding) -> Confidence:
    """How sure it is that this finding is a cause."""
    if finding.proof is not None:
        return "proven"
    return "likely" if _is_error(finding) else "suspected"


def _may_explain(finding: Finding) -> bool:
    """Whether a finding below an error may be behind wrong outputs."""
    return finding.severity == "warning" and finding.rule not in _HARMLESS


def _place(finding: Finding, *, in_weights: bool) -> int:
    """Specific causes first, what follows from others last."""
    if in_weights and finding.rule in _OF_WEIGHTS:
        return 0
    if finding.rule == _LOST_TRAINING and _lost_ranges(finding):
        return 0
    if finding.rule in _BLAMED_FIRST | _SPECIFIC:
        return 0 if finding.rule in _BLAMED_FIRST else 1
    return 3 if finding.rule in _BLAMED_LAST | _HARMLESS else 2


def _lost_ranges(finding: Finding) -> bool:
    facts = finding.evidence
    return facts.get("stage") == "activations" and bool(facts.get("differing"))


def summary_of(judgement: Judgement, findings: Sequence[Finding], causes: Sequence[Cause]) -> str:
    """One sentence for the verdict."""
    if judgement.verdict == "pass":
        warnings = sum(finding.severity == "warning" for finding in findings)
        noted = f", {warnings} warning{'s' * (warnings != 1)}" if warnings else ""
        return f"No error found{noted}."
    if judgement.verdict == "inconclusive":
        return "Nothing was proven either way."
    if causes:
        return causes[0].summary
    gravity = ("error", "warning", "info")
    first = min(findings, key=lambda finding: gravity.index(finding.severity))
    return f"{first.message} The cause was not found." if first.role == "symptom" else first.message


def _is_error(finding: Finding) -> bool:
    return finding.severity == "error"
