"""Steps that the reference does itself and the candidate does not, as their files show."""

from collections.abc import Iterable

import numpy as np

from edgecheck import thresholds
from edgecheck.checks.calibration import Range, expected_range
from edgecheck.checks.evidence import Evidence, input_subject, seen_input
from edgecheck.checks.labels import reference_is_lost
from edgecheck.checks.parity import has_lost_parity
from edgecheck.findings import Finding
from edgecheck.preprocess.pixel_alternatives import written
from edgecheck.preprocess.pixel_lines import RAW
from edgecheck.rules.input.preprocessing_not_in_exported_graph import (
    PreprocessingNotInExportedGraph,
)
from edgecheck.spec.value_steps import Rescale
from edgecheck.tflite.leading import Leading


def may_be_lost(evidence: Evidence) -> bool:
    """Whether it is worth a look at the files: parity is lost, or both models may have collapsed alike."""
    return has_lost_parity(evidence) or reference_is_lost(evidence)


def left_out(evidence: Evidence, name: str) -> Finding | None:
    """That the candidate begins behind what the reference does with its only input."""
    inside = evidence.lost_steps
    if inside is None:
        return None
    columns = _columns(evidence, name, inside)
    fed, made = (_hull(spans) for spans in zip(*columns, strict=True))
    rule = PreprocessingNotInExportedGraph(
        input=name,
        operators=[operator.name for operator in inside.operators],
        spans=[list(fed), list(made)],
        steps=_steps(inside),
    )
    return Finding.of(rule, input_subject(name))


def _steps(inside: Leading) -> list[str]:
    """What does the same as steps of a spec; empty where channels differ."""
    if len(set(inside.scale)) > 1 or len(set(inside.offset)) > 1:
        return []
    return [written(Rescale(scale=inside.scale[0], offset=inside.offset[0]))]


def changes_values(evidence: Evidence, inside: Leading) -> bool:
    """Whether arithmetic makes something else of what the only input of the spec gets."""
    columns = (each for name in evidence.spec.inputs for each in _columns(evidence, name, inside))
    return any(not are_alike(fed, made) for fed, made in columns)


def _columns(evidence: Evidence, name: str, inside: Leading) -> list[tuple[Range, Range]]:
    """What each feature of an input is fed with and what arithmetic makes of it; else of all values."""
    seen = seen_input(evidence, name)
    features = None if seen is None else seen.features
    if features is None or len(inside.scale) != len(features.low):
        expected = expected_range(evidence, name)
        fed = RAW if expected is None else expected[0]
        return [(fed, inside.span(*fed))]
    scale, offset = np.asarray(inside.scale), np.asarray(inside.offset)
    ends = scale * features.low + offset, scale * features.high + offset
    spans = np.stack([features.low, features.high, np.minimum(*ends), np.maximum(*ends)], axis=1)
    known = spans[np.isfinite(spans).all(axis=1)].tolist()
    return [((low, high), (least, most)) for low, high, least, most in known] or [(RAW, RAW)]


def _hull(spans: Iterable[Range]) -> Range:
    lows, highs = zip(*spans, strict=True)
    return min(lows), max(highs)


def are_alike(one: Range, other: Range) -> bool:
    """Whether two ranges are the same, but for what rounding may do to one."""
    width = max(one[1] - one[0], other[1] - other[0])
    most = max(abs(one[0] - other[0]), abs(one[1] - other[1]))
    return most <= thresholds.SAME_FACTOR * width
