"""Whether the float model itself is in trouble, and what other checks already blame for it."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Final

from edgecheck import thresholds
from edgecheck.checks import (
    batch_norm,
    collapse,
    constants,
    initial_weights,
    inputs,
    label_order,
    labels,
    normalization,
    structure,
    tables,
    tried_steps,
)
from edgecheck.checks.evidence import Evidence, NotApplicable
from edgecheck.checks.float_model import judged_by_labels
from edgecheck.checks.initial_weights import TinyWeights, tiny_weights
from edgecheck.checks.near_proofs import near_proof, words_of
from edgecheck.checks.rivals import believed
from edgecheck.findings import Finding
from edgecheck.rules.dataset.inputs_nonfinite import InputsNonfinite
from edgecheck.tflite.contract import quantization_scheme

_Check = Callable[[Evidence], Iterator[Finding]]

_SYMPTOMS: Final[tuple[_Check, ...]] = (
    collapse.check_zero,
    collapse.check_constant,
    collapse.check_classes,
    labels.check_reference,
)
_OTHERS: Final[tuple[_Check, ...]] = (
    inputs.check_finite,
    inputs.check_range,
    inputs.check_variation,
    normalization.check,
    tables.check,
    label_order.check,
    batch_norm.check,
    initial_weights.check,
    constants.check_finite,
    structure.check_head,
    structure.check_random,
    structure.check_batch_statistics,
)
"""Checks whose causes explain why a float model does not know the samples."""


@dataclass(frozen=True)
class Trouble:
    """What shows that something is wrong, before anybody knows why."""

    anywhere: bool
    """In the candidate, or in the float model."""
    in_float_model: bool
    """In the float model itself: the reference, or a float candidate."""
    is_held: bool
    """Labels, targets or a collapse show it beyond doubt."""
    instead: str = ""
    """A trial that explains it but for too few samples, as a sentence."""
    tiny: TinyWeights | None = None
    """In all layers, where they are: then hardly any signal is left, and biases of any size outweigh it."""


def trouble(evidence: Evidence) -> Trouble:
    """Whether outputs collapsed, or the float model does not meet labels or targets."""
    found = _found(_SYMPTOMS, evidence)
    is_float = quantization_scheme(evidence.model) == "none"
    alone = evidence.comparison is None or not any(o.reference for o in evidence.outputs)
    own = [f for f in found if f.subject.kind == "reference" or (is_float and alone)]
    judged = judged_by_labels(evidence)
    is_lost = judged is not None and judged.is_lost
    is_held = any(f.rule == "reference-inaccurate" or f.severity == "error" for f in own)
    is_own = is_lost and judged is not None and judged.is_float
    near = near_proof(evidence, judged) if judged is not None and is_lost else None
    return Trouble(
        bool(found) or is_lost,
        bool(own) or is_own,
        is_held or is_lost,
        words_of(near),
        tiny_weights(evidence) if found or is_lost else None,
    )


def blamed_elsewhere(evidence: Evidence, *, for_sure: bool = False) -> str:
    """What explains a lost float model, as another check finds it: a rule, or words; else empty.

    Args:
        evidence: of the run.
        for_sure: whether a mere suspicion is none.
    """
    if any(believed(evidence, name) for name in evidence.spec.inputs):
        return "feeding it otherwise"
    found = [f for f in _found(_OTHERS, evidence) if not _is_beside(f, evidence)]
    found += [f for f in _found((tried_steps.check,), evidence) if f.severity == "error"]
    grave = {"error"} if for_sure else {"error", "warning"}
    return next((f.rule for f in found if f.role == "cause" and f.severity in grave), "")


def _is_beside(finding: Finding, evidence: Evidence) -> bool:
    """Whether samples without a NaN are in trouble, too: those with one spoil no answers but their own,
    unless a state goes from sample to sample.
    """
    if finding.rule != InputsNonfinite.name or evidence.spec.state == "stream":
        return False
    hit = sum(entry.nonfinite_sample_count for entry in evidence.observed.inputs)
    judged = judged_by_labels(evidence)
    if judged is None:
        return evidence.signal is not None  # which follows the others alone
    finite = judged.labels.labelled - hit
    if finite < thresholds.MIN_DISTINCT_INPUTS:
        return False
    # At most so many of them are answered rightly: as many as of all.
    right = min(judged.accuracy * judged.labels.labelled / finite, 1.0)
    return replace(judged, accuracy=right).is_lost


def _found(checks: tuple[_Check, ...], evidence: Evidence) -> list[Finding]:
    found: list[Finding] = []
    for check in checks:
        with suppress(NotApplicable):
            found += evidence.found_by(check)
    return found
