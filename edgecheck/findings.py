"""Findings, check outcomes and the report: plain data, with no behaviour that needs a model.

The JSON of `Report` is what users and pipelines rely on. A field whose default is None is absent
from the JSON when it is None; a field without a default is always there, as null if need be.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from edgecheck.chain import Stage
from edgecheck.errors import EdgecheckError
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
class Proof:
    """An experiment: what was undone in memory, and one metric before and after."""

    action: str
    metric: str
    before: float
    after: float


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
    proof: Proof | None = None
    """An experiment that undid what was found."""

    @classmethod
    def of(
        cls,
        rule: Rule,
        subject: Subject,
        *,
        severity: Severity | None = None,
        location: str | None = None,
        proof: Proof | None = None,
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
            proof=proof,
        )


@dataclass(frozen=True)
class CheckOutcome:
    """What became of one planned check. One that did not run is skipped or crashed, never passed."""

    name: str
    status: CheckStatus
    reason: str
    seconds: float


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
class ModelErrors:
    """One model against true values, in their unit."""

    mae: float
    rmse: float
    r2: float | None = None
    """Explained variance; absent where the true values do not vary."""


@dataclass(frozen=True)
class TruthErrors:
    """Errors against true values."""

    against: Literal["targets", "input"]
    """The targets of a regression, or the input that an autoencoder gives again."""
    samples: int
    candidate: ModelErrors
    reference: ModelErrors | None = None
    r2_loss: float | None = None
    """R2 of the reference minus that of the candidate."""
    r2_loss_interval: Interval | None = None
    ratio: float | None = None
    """Mean squared error of the candidate for each of the reference."""
    ratio_interval: Interval | None = None


@dataclass(frozen=True)
class WorstElement:
    """The element of measured values that follows the reference worst, along the last axis."""

    index: int
    variation_sqnr_db: float
    r2_loss: float | None = None
    """Absent without targets of it that vary."""


@dataclass(frozen=True)
class MapOverlap:
    """Mean IoU of class maps with the true ones."""

    candidate: float
    reference: float | None = None
    loss_interval: Interval | None = None


@dataclass(frozen=True)
class OutputMetrics:
    """One output, or channel group, of the candidate; comparisons only where there is a reference."""

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
    variation_sqnr_db: float | None = None
    """SQNR with the movement of the reference over samples as signal; of measured values."""
    variation_sqnr_db_interval: Interval | None = None
    mean_abs_error: float | None = None
    """Against the reference; of measured values."""
    errors: TruthErrors | None = None
    neighbour_agreement: float | None = None
    """Share of samples whose nearest neighbour among the first 256 stays; of embeddings."""
    pixel_agreement: float | None = None
    pixel_agreement_interval: Interval | None = None
    mean_iou: float | None = None
    """Against the class maps of the reference."""
    mean_iou_interval: Interval | None = None
    map_overlap: MapOverlap | None = None
    levels: float | None = None
    """Steps of the output that the reference's range covers; of channel groups."""
    regret: float | None = None
    """Mean probability, by the reference, of its own class minus that of the candidate's."""
    regret_interval: Interval | None = None
    regret_share: float | None = None
    """`regret` for each that a blind choice of class would cost."""
    worst_element: WorstElement | None = None
    """Of measured values, where there are several; the other metrics pool them."""


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
    variation_sqnr_db: float | None = None
    errors: TruthErrors | None = None
    pixel_agreement: float | None = None
    mean_iou: float | None = None
    map_overlap: MapOverlap | None = None


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
class WeightError:
    """The weights of a layer beside those of the layer of the reference that it comes from."""

    reference: str
    """Name of the weights in the reference."""
    score: float
    """0..1: how sure it is that these two belong together."""
    matched_by: Literal["values", "name", "order"]
    sqnr_db: float
    correlation: float | None = None
    """Median of |r| over output channels; absent where there are too few weights to tell."""


@dataclass(frozen=True)
class Layer:
    """One activation of the candidate beside the float value that its twin gives it."""

    index: int
    """Of the operator that writes it; -1 for an input of the model."""
    op: str
    tensor: str
    sqnr_db: float
    clip_fraction: float
    """Share of the twin's values outside the representable range; 0 where that has no end."""
    clip_below: float
    clip_above: float
    range: tuple[float, float]
    """Of the twin."""
    channels: int
    dead_channels: int
    """0 in the twin for every sample."""
    constant_channels: int
    """One value in the twin for every sample, 0 among them."""
    is_first_bad: bool
    """The first whose damage is its operator's own."""
    isolated_sqnr_db: float | None = None
    """Of the operator alone, on what the candidate's one read."""
    upstream_sqnr_db: float | None = None
    """The worst of its inputs."""
    representable_range: tuple[float, float] | None = None
    levels_used: float | None = None
    """Steps between the 0.1 % and 99.9 % quantiles of the twin."""
    codes: int | None = None
    """Steps that the type has."""
    weights: WeightError | None = None
    """Absent without weights, or without a reference file that has them."""


@dataclass(frozen=True)
class BatchNorm:
    """Batch normalization of the reference: stored statistics against those of these samples.

    Medians are over channels. Data that are prepared as in training give small divergences.
    """

    layer: str
    channels: int
    kl_median: float
    """Of the observed normal distribution from the stored one, nats."""
    kl_largest: float
    shift_median: float
    """Distance of the means, in stored standard deviations."""
    variance_ratio_median: float
    """Observed variance for each of the stored one."""


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

    @classmethod
    def of(cls, error: EdgecheckError) -> "ErrorInfo":
        """What a report says of an error."""
        return cls(error.kind, error.message, error.hint, error.exit_code)


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
    layers: tuple[Layer, ...] = ()
    """In order of execution; empty where no walk was made."""
    batch_norm: tuple[BatchNorm, ...] = ()
    """Of a trained reference that still has such layers; empty where nobody looked."""
    stages: tuple[Stage, ...] = ()
    """In the order of the chain; empty where it was not followed."""
    latency_ms: Latency | None = None
    error: ErrorInfo | None = None
    ignored: tuple[Finding, ...] = field(default=())
    """Findings that the spec's `ignore` section took out of the verdict."""
