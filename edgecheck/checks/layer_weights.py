"""Single layers whose weights or biases are not those of the reference, while those of others are."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Literal

from edgecheck import thresholds
from edgecheck.checks.evidence import Evidence, NotApplicable
from edgecheck.checks.origin import computes_the_same
from edgecheck.checks.parity import is_beyond_limits
from edgecheck.checks.rivals import proven
from edgecheck.compare.weight_change import WeightChange
from edgecheck.compare.weight_match import LayerWeights, WeightComparison, WeightPair
from edgecheck.findings import Finding, Subject
from edgecheck.rules.base import Severity
from edgecheck.rules.file.layer_weights_differ import LayerWeightsDiffer
from edgecheck.tflite.layers import layer_of

_SHOWN_BIASES = 16
_HALF_STEP = 0.51
"""Rounding, and what float32 loses of it."""


@dataclass(frozen=True)
class _Known:
    """A layer that surely comes from the reference, or has nothing left by which to tell."""

    layer: LayerWeights
    change: WeightChange

    @property
    def weights_db(self) -> float:
        return self.change.sqnr_db

    @property
    def biases_db(self) -> float:
        """NaN where they are not judged."""
        return math.nan if self.change.bias is None else self.change.bias.sqnr_db


def check(evidence: Evidence) -> Iterator[Finding]:
    """No layer is far more off its counterpart in the reference than the others are.

    An error as soon as an output shows it: the wide limits of parity are for what quantization may
    cost, and this is none of it.
    """
    if evidence.weights is None:
        raise NotApplicable("there is no reference file to compare weights with")
    known = _known(evidence.weights)
    found = [rule for one in known if (rule := _rule(one, known, evidence.weights)) is not None]
    rules = [rule for rule in found if not _is_rounding(rule, evidence)]
    if not rules or (computes_the_same(evidence) and not _is_fed_otherwise(evidence)):
        return
    severity: Severity = "error" if is_beyond_limits(evidence) else "info"
    for rule in rules[: thresholds.MOST_NAMED]:
        where = Subject("operator", f"{rule.operator} {rule.index}")
        yield Finding.of(rule, where, severity=severity)


def _is_fed_otherwise(evidence: Evidence) -> bool:
    """Whether labels prove that the model was made for other values.

    Then outputs that agree clear no layer: beside sums that are far too large no bias counts.
    """
    return any(proven(evidence, name) for name in evidence.spec.inputs)


def _is_rounding(rule: LayerWeightsDiffer, evidence: Evidence) -> bool:
    """Whether a bias is off only by its rounding, to steps that input and weights give it."""
    error = rule.bias_error
    is_bias = rule.part == "biases" and error is not None
    return is_bias and (error or 0.0) <= _HALF_STEP * _bias_step(rule.index, evidence)


def _bias_step(index: int, evidence: Evidence) -> float:
    """The largest scale of the bias of an operator; 0 where it has none."""
    graph = evidence.model.subgraphs[evidence.contract.subgraph]
    found = (op for op in graph.operators if op.index == index)
    stored = next((layer_of(graph, operator) for operator in found), None)
    bias = None if stored is None else stored.bias
    params = None if bias is None else bias.quantization
    return max(params.scales, default=0.0) if params is not None else 0.0


def kept_weights(weights: WeightComparison | None) -> float | None:
    """Lowest SQNR (dB) of a layer's weights, where all layers are the reference's.

    None where a layer is not, has no counterpart, or cannot be judged; or where channels have
    factors of their own, which may be wrong.
    """
    if weights is None or weights.unmatched or weights.left_over:
        return None
    known = _known(weights)
    levels = [one.weights_db for one in known if one.change.factor is not None]
    levels += [one.biases_db for one in known if one.change.bias is not None]
    is_whole = len(known) == len(weights.pairs) and all(one.change.factor for one in known)
    if not is_whole or not levels or not min(levels) >= thresholds.KEPT_WEIGHTS_DB:
        return None
    return min(one.weights_db for one in known)


def _known(weights: WeightComparison) -> list[_Known]:
    return [
        _Known(pair.candidate, pair.change)
        for pair in weights.pairs
        if pair.change is not None and (pair.change.is_zero or _is_of_reference(pair, pair.change))
    ]


def _is_of_reference(pair: WeightPair, change: WeightChange) -> bool:
    """Whether weights vary like the reference's; where a channel has too few of them to tell, whether
    most channels are the reference's, weight for weight.
    """
    if pair.correlation is not None:
        return pair.correlation >= thresholds.RELATED_WEIGHTS
    return change.factor is not None and 2 * change.changed < change.channels


def _rule(one: _Known, known: Sequence[_Known], weights: WeightComparison) -> (
    LayerWeightsDiffer | None
):  # fmt: skip
    others = [other for other in known if other is not one]
    weights_db = [other.weights_db for other in others]
    biases_db = [other.biases_db for other in others]
    if _is_off(one.weights_db, weights_db, thresholds.LAYER_WEIGHTS_DB):
        return _told(one, "weights", weights_db, weights.reference)
    if _is_off(one.biases_db, biases_db, thresholds.LAYER_BIASES_DB):
        return _told(one, "biases", biases_db, weights.reference)
    return None


def _is_off(level: float, others: Sequence[float], low: float) -> bool:
    known = [value for value in others if not math.isnan(value)]
    return bool(known) and level < low and level < median(known) - thresholds.LAYER_DROP_DB


def _told(
    one: _Known, part: Literal["weights", "biases"], others: Sequence[float], reference: str
) -> LayerWeightsDiffer:
    change = one.change
    bias = change.bias
    known = [value for value in others if not math.isnan(value)]
    return LayerWeightsDiffer(
        operator=one.layer.op,
        index=one.layer.operator,
        weights=one.layer.name,
        reference=reference,
        part=part,
        sqnr_db=one.weights_db if part == "weights" else one.biases_db,
        others_db=[min(known), max(known)],
        channels=change.channels,
        zeroed=change.zeroed,
        changed=change.changed,
        factor=change.factor,
        biases=None if bias is None else list(bias.channels[:_SHOWN_BIASES]),
        bias_error=None if bias is None else bias.largest,
    )
