"""Tables: features that training standardised and the spec does not."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from edgecheck import thresholds
from edgecheck.checks.calibration import Range
from edgecheck.checks.evidence import Evidence, input_subject
from edgecheck.checks.float_model import float_model_is_lost
from edgecheck.checks.labels import reference_is_lost, reference_works
from edgecheck.checks.normalization import normalises_inside
from edgecheck.checks.proofs import proof_of
from edgecheck.checks.rivals import proven
from edgecheck.compare.trials import Trial
from edgecheck.findings import Finding
from edgecheck.metrics.moments import ColumnMoments
from edgecheck.preprocess.feature_alternatives import standardizing
from edgecheck.preprocess.pixel_alternatives import written
from edgecheck.quantization import representable_range
from edgecheck.rules.base import Severity
from edgecheck.rules.dataset.features_unscaled import FeaturesUnscaled
from edgecheck.spec.model import InputSpec
from edgecheck.spec.value_steps import MinMax, Normalize, Rescale, Standardize
from edgecheck.tensors import Array
from edgecheck.tflite.contract import input_fossil
from edgecheck.tflite.graph import Port

_NAMED = 5
_PRINTED = 12
"""Columns up to which the whole step is printed."""


def check(evidence: Evidence) -> Iterator[Finding]:
    """Features arrive on the scale that training gave them."""
    features = {entry.name: entry.features for entry in evidence.observed.inputs}
    for name, port in evidence.ports.items():
        moments = features.get(name)
        if moments is None or len(moments.std) < 2:
            continue
        trial = _standardized(evidence, name)
        if trial is not None:
            yield _tried(_rule(evidence, name, moments, None), trial)
            continue
        if _is_scaled(evidence.spec.inputs[name], moments) or normalises_inside(evidence, port):
            continue
        found = _judge(evidence, port, moments)
        if found is not None and not reference_works(evidence):
            rule = _rule(evidence, name, moments, found[1])
            yield Finding.of(rule, input_subject(name), severity=found[0])


def _standardized(evidence: Evidence, name: str) -> Trial | None:
    """The trial by labels that proves that features need standardising."""
    best = None if evidence.comparison is None else proven(evidence, name)
    return best if best is not None and best.change.kind == "features" else None


def _tried(rule: FeaturesUnscaled, trial: Trial) -> Finding:
    tried = [trial.right_before, trial.right_after, trial.samples]
    rule = replace(rule, tried=tried)
    return Finding.of(rule, input_subject(rule.input), severity="error", proof=proof_of(trial))


def _is_scaled(spec: InputSpec, moments: ColumnMoments) -> bool:
    """Whether steps of the spec scale features, and bring them on one scale, as far as they vary."""
    steps = spec.steps
    has_steps = any(isinstance(step, (MinMax, Normalize, Rescale, Standardize)) for step in steps)
    is_varied = bool((moments.std > 0).any())
    return has_steps and is_varied and moments.spread <= thresholds.UNSCALED_SPREAD


def _judge(
    evidence: Evidence, port: Port, moments: ColumnMoments
) -> tuple[Severity, Range | None] | None:
    """How sure it is that features need standardising, and the calibrated range that says so."""
    if not np.isfinite(moments.std).all():
        return None
    stored = _calibrated(evidence, port)
    if stored is not None:
        is_proven = _looks_standardised(stored) and _explains(moments, stored)
        return ("error", stored) if is_proven else None
    is_lost = reference_is_lost(evidence) or float_model_is_lost(evidence)
    if moments.spread > thresholds.UNSCALED_SPREAD and is_lost:
        return "warning", None
    return None


def _calibrated(evidence: Evidence, port: Port) -> Range | None:
    """None too where calibration saw nothing, which says nothing about features."""
    fossil = input_fossil(evidence.model, port)
    if fossil is None or fossil.quantization is None:
        return None
    if max(fossil.quantization.scales, default=0.0) < thresholds.SCALE_TINY:
        return None
    return representable_range(fossil.quantization, fossil.dtype)


def _looks_standardised(stored: Range) -> bool:
    """A few units to either side of 0; even columns of equal steps reach 1.7, and -1..1 is none."""
    low, high = stored
    largest = max(-low, high)
    return low <= -0.5 and high >= 0.5 and 1.2 <= largest <= thresholds.UNSCALED_LARGEST


def _explains(moments: ColumnMoments, stored: Range) -> bool:
    """The raw data reach far beyond the calibrated range, and standardising makes them fit."""
    half = (stored[1] - stored[0]) / 2
    reach = max(stored[0] - moments.low.min(), moments.high.max() - stored[1]) / half
    low, high = (_standardised(moments, ends) for ends in (moments.low, moments.high))
    beyond = max(stored[0] - low.min(), high.max() - stored[1]) / half
    return bool(reach > thresholds.UNSCALED_REACH and beyond < 1)


def _standardised(moments: ColumnMoments, values: Array) -> Array:
    """Deviations from the mean; 0 where a column never changes."""
    return np.asarray((values - moments.mean) / np.where(moments.std > 0, moments.std, np.inf))


def _rule(
    evidence: Evidence, name: str, moments: ColumnMoments, stored: Range | None
) -> FeaturesUnscaled:
    largest = np.maximum(np.abs(moments.low), np.abs(moments.high))
    worst = np.argsort(-largest, kind="stable")[:_NAMED].tolist()
    columns = columns_of(evidence, name, len(moments.std))
    return FeaturesUnscaled(
        input=name,
        calibrated=None if stored is None else list(stored),
        worst=[columns[index] for index in worst],
        ranges=[[float(moments.low[index]), float(moments.high[index])] for index in worst],
        step=_step(moments),
    )


def columns_of(evidence: Evidence, name: str, count: int) -> list[str]:
    """The names of the columns, from the spec; else their numbers."""
    dataset = evidence.spec.dataset
    features = None if dataset is None else dataset.features
    named = features.get(name) if isinstance(features, dict) else features
    if named is not None and len(named) == count:
        return list(named)
    return [f"column {index}" for index in range(count)]


def _step(moments: ColumnMoments) -> str:
    """The step that standardises these samples, to be pasted; empty where it would be too long."""
    step = standardizing(moments) if len(moments.std) <= _PRINTED else None
    return "" if step is None else written(step)
