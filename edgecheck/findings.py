"""Findings, check outcomes and the report: plain data, with no behaviour that needs a model.

The JSON of `Report` is what users and pipelines rely on. A field whose default is None is absent
from the JSON when it is None; a field without a default is always there, as null if need be.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from edgecheck.rules.base import Role, Rule, Severity

SCHEMA_VERSION = 1

Verdict = Literal["pass", "fail", "inconclusive"]
CheckStatus = Literal["passed", "failed", "skipped", "crashed"]
Confidence = Literal["proven", "likely", "suspected"]
SubjectKind = Literal[
    "model", "reference", "input", "output", "operator", "tensor", "dataset", "spec", "runtime",
    "check",
]  # fmt: skip


@dataclass(frozen=True)
class Subject:
    """What a finding is about."""

    kind: SubjectKind
    name: str


@dataclass(frozen=True)
class Finding:
    """A rule that fired on a subject. `evidence` is typed by the rule: nobody parses messages."""

    rule: str
    severity: Severity
    role: Role
    subject: Subject
    message: str
    evidence: Mapping[str, Any]
    fix: str
    location: str | None
    """Where in the user's files, as `spec.yaml:12:5`."""
    fingerprint: str
    """Stable over runs: made of rule and subject only, never of measured numbers."""

    @classmethod
    def of(
        cls,
        rule: Rule,
        subject: Subject,
        *,
        severity: Severity | None = None,
        location: str | None = None,
    ) -> "Finding":
        """A finding of `rule`, with the rule's own severity unless another is given."""
        identity = f"{rule.name}\0{subject.kind}\0{subject.name}"
        return cls(
            rule=rule.name,
            severity=severity or rule.severity,
            role=rule.role,
            subject=subject,
            message=rule.message(),
            evidence=rule.evidence(),
            fix=rule.fix(),
            location=location,
            fingerprint=hashlib.sha256(identity.encode()).hexdigest()[:16],
        )


@dataclass(frozen=True)
class CheckOutcome:
    """What became of one planned check. One that did not run is skipped or crashed, never passed."""

    name: str
    status: CheckStatus
    reason: str
    seconds: float


@dataclass(frozen=True)
class Proof:
    """An experiment: what was undone in memory, and one metric before and after."""

    action: str
    metric: str
    before: float
    after: float


@dataclass(frozen=True)
class Cause:
    """One explanation of what went wrong, and the findings it explains (fingerprints)."""

    rule: str
    confidence: Confidence
    summary: str
    fix: str
    proof: Proof | None
    explains: tuple[str, ...]


@dataclass(frozen=True)
class Interval:
    """A 95 % interval."""

    low: float
    high: float


@dataclass(frozen=True)
class Accuracy:
    """Share of samples whose top class is an acceptable label; each is absent without its model."""

    candidate: float
    samples: int
    reference: float | None = None
    mcnemar_p: float | None = None
    """Exact two-sided McNemar test of candidate against reference on the same samples."""


@dataclass(frozen=True)
class OutputMetrics:
    """One output of the candidate over the dataset; comparisons only where there is a reference."""

    name: str
    samples: int
    distinct_outputs: int
    nonfinite_values: int
    top_class_share: float | None = None
    top_class: int | None = None
    agreement: float | None = None
    agreement_interval: Interval | None = None
    sqnr_db: float | None = None
    sqnr_db_interval: Interval | None = None
    cosine_p5: float | None = None
    kl_median: float | None = None
    max_error_lsb: float | None = None
    max_abs_error: float | None = None
    reference_distinct_outputs: int | None = None
    reference_top_class_share: float | None = None
    reference_nonfinite_values: int | None = None
    accuracy: Accuracy | None = None


@dataclass(frozen=True)
class Metrics:
    """The headline: those of the primary output, else of the worst one."""

    samples: int
    output: str | None = None
    agreement: float | None = None
    sqnr_db: float | None = None
    cosine_p5: float | None = None
    kl_median: float | None = None
    max_error_lsb: float | None = None
    accuracy: Accuracy | None = None


@dataclass(frozen=True)
class WorstSample:
    """A sample on which candidate and reference differ most."""

    id: str
    output: str
    sqnr_db: float
    candidate_class: int | None = None
    reference_class: int | None = None
    label: str | None = None


@dataclass(frozen=True)
class Latency:
    """Wall time of one invocation of the candidate on this host, not on the device."""

    p50: float
    p95: float
    max: float


@dataclass(frozen=True)
class ErrorInfo:
    """Why edgecheck could not do its work."""

    kind: str
    message: str
    hint: str
    exit_code: int


@dataclass(frozen=True)
class Report:
    """The result of one validation."""

    verdict: Verdict
    summary: str
    root_cause: Cause | None
    causes: tuple[Cause, ...]
    findings: tuple[Finding, ...]
    checks: tuple[CheckOutcome, ...]
    settings: Mapping[str, Any]
    environment: Mapping[str, Any]
    exit_code: int
    schema_version: int = SCHEMA_VERSION
    metrics: Metrics | None = None
    outputs: tuple[OutputMetrics, ...] = ()
    worst_samples: tuple[WorstSample, ...] = ()
    latency_ms: Latency | None = None
    error: ErrorInfo | None = None
    ignored: tuple[Finding, ...] = field(default=())
    """Findings that the spec's `ignore` section took out of the verdict."""
