"""A normalisation that conversion folded into the first layer, where no operator shows it any more."""

import math
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from edgecheck import thresholds
from edgecheck.checks.evidence import Evidence, input_subject
from edgecheck.checks.first_layer import passed_on
from edgecheck.checks.float_model import judged_by_labels
from edgecheck.checks.labels import reference_is_lost
from edgecheck.checks.parity import has_lost_parity
from edgecheck.checks.saturation import is_true_to_targets
from edgecheck.compare.statistics import OutputComparison
from edgecheck.findings import Finding
from edgecheck.preprocess.pixel_alternatives import scaling_steps, written
from edgecheck.preprocess.ranges import pixel_map
from edgecheck.rules.base import Severity
from edgecheck.rules.input.input_double_normalized import InputDoubleNormalized
from edgecheck.tensors import Array
from edgecheck.tflite.constants import Constants
from edgecheck.tflite.contract import UNPACKING
from edgecheck.tflite.flow import consumers, maker, producers
from edgecheck.tflite.graph import Operator, Subgraph
from edgecheck.tflite.leading import CONVERSIONS, MAX_CHANNELS
from edgecheck.tflite.weights import Weight, weights_of

_PIXEL = 255.0
_LEAST = 1 / thresholds.VANISHED_FACTOR
"""What a layer passes on at least: initializers draw weights that pass on all, and training keeps to
that; of published models only first layers of raw pixels or features have less."""

_BEFORE: Final = CONVERSIONS | {"MIRROR_PAD", "PAD", "PADV2"}
"""Operators that leave the size of pixels as it is."""
_DIVIDES: Final = frozenset({"L2_NORMALIZATION", "RSQRT", "SQRT", "SQUARED_DIFFERENCE"})
"""Operators of a normalisation by what comes in, after which its size means nothing."""
_BOUNDED: Final = frozenset({"LOGISTIC", "SOFTMAX", "TANH"})
"""Operators whose outputs can move by 1 at least, whatever else the model does."""


@dataclass(frozen=True)
class _First:
    """The first layer, and how much of what it gets each layer passes on."""

    weight: Weight
    own: float
    """With the factors that follow it."""
    others: tuple[float, ...]


def check(evidence: Evidence, name: str, *, is_recorded: bool) -> Iterator[Finding]:
    """The first layer passes on what the spec makes of pixels, as the others do of what they get.

    Labels and true values know better: where there are any, trials of other steps decide. The
    range that calibration recorded knows better too, but where all answers are the same: there the
    same steps have fed both.

    Args:
        evidence: of a model that scales nothing in operators of its own.
        name: the input.
        is_recorded: whether calibration saw the range that the spec makes.
    """
    if evidence.comparison is None or not evidence.comparison.outputs:
        return
    made, first = pixel_map(evidence.spec.inputs[name]), _first(evidence)
    if made is None or first is None or not _is_made_for_pixels(first, made.span):
        return
    if evidence.trials or _is_right(evidence) or has_lost_parity(evidence):
        return
    is_seen = reference_is_lost(evidence) or _stands_still(evidence)
    if is_recorded and not is_seen:
        return
    low, high = made.span
    rule = InputDoubleNormalized(
        input=name,
        expected=[low, high],
        operators=[first.weight.op],
        shrunk=[first.own * low, first.own * high],
        raw=[0.0, first.own * _PIXEL],
        steps=[written(step) for step in scaling_steps(evidence.spec.inputs[name])],
        others=[float(f"{end(first.others):.2g}") for end in (min, max)],
        is_seen=is_seen,
    )
    severity: Severity = "error" if is_seen else "warning"
    yield Finding.of(rule, input_subject(name), severity=severity)


def _first(evidence: Evidence) -> _First | None:
    """None where it is not known which layer is first, or there is no other to hold it against."""
    if not evidence.data or len(evidence.contract.inputs) != 1:
        return None
    found = weights_of(evidence.data, evidence.model, evidence.contract.subgraph)
    layers = {each.operator: each for each in found if each.values.size}
    graph = evidence.model.subgraphs[evidence.contract.subgraph]
    reader = _reader(graph, evidence.contract.inputs[0].tensor.index)
    first = None if reader is None else layers.pop(reader.index, None)
    factor = None if first is None or reader is None else _factor(evidence, graph, reader, layers)
    if first is None or factor is None or not layers:
        return None
    own, others = factor * _gain(first), tuple(map(_gain, layers.values()))
    return _First(first, own, others) if all(map(math.isfinite, (own, *others))) else None


def _reader(graph: Subgraph, index: int) -> Operator | None:
    """The one operator that does something with the values of a tensor; None where several do."""
    readers = consumers(graph)
    for _ in graph.operators:
        found = [each for each in readers.get(index, []) if each.name != "SHAPE"]
        if len(found) != 1 or index in graph.outputs:
            return None
        if found[0].name not in _BEFORE or not found[0].outputs:
            return found[0]
        index = found[0].outputs[0]
    return None


def _factor(
    evidence: Evidence, graph: Subgraph, first: Operator, layers: Collection[int]
) -> float | None:
    """How much larger constants make what a layer gives, before other layers read it.

    None where it is divided by its own size.
    """
    constants, made_by = Constants.of(evidence.data), producers(graph)
    reached, factor = set(first.outputs), 1.0
    for operator in graph.operators:
        if operator.index in layers or reached.isdisjoint(operator.inputs):
            continue
        if operator.name in _DIVIDES:
            return None
        reached.update(operator.outputs)
        for index in operator.inputs if operator.name in {"DIV", "MUL"} else ():
            stored = graph.tensors[maker(made_by, index, UNPACKING)[1]]
            is_small = stored.is_constant and math.prod(stored.shape) <= MAX_CHANNELS
            values = constants.real(stored) if is_small else None
            if values is not None and values.size:
                factor *= max(1.0, _times(operator.name, np.abs(values)))
    return factor


def _times(name: str, size: Array) -> float:
    """How many times larger a product or a quotient is at most; infinite for a division by 0."""
    if name == "MUL":
        return float(size.max())
    least = float(size.min())
    return 1 / least if least else math.inf


def _gain(weight: Weight) -> float:
    """How much of what it gets a layer passes on.

    Of neighbours that are alike, as pixels are, a unit passes on the sum of its weights; of
    independent values the root of the sum of their squares.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        rows = weight.values.reshape(len(weight.values), -1)
        return max(passed_on(weight), float(np.abs(rows.sum(1, dtype=np.float64)).max()))


def _is_made_for_pixels(first: _First, fed: tuple[float, float]) -> bool:
    """Whether of all layers the first alone passes on next to nothing, and pixels 0..255 suit it."""
    low, high = fed
    lowest, highest = thresholds.UNIT_WIDTH
    is_narrow = (high - low) * thresholds.SHRINK_ERROR < _PIXEL
    is_tiny = first.own * max(abs(low), abs(high)) < _LEAST
    is_alone = all(other >= _LEAST for other in first.others)
    return is_narrow and is_tiny and is_alone and lowest <= first.own * _PIXEL <= highest


def _is_right(evidence: Evidence) -> bool:
    """Whether labels or true values are met on these inputs, as they are fed."""
    if any(is_true_to_targets(output, "candidate") for output in evidence.outputs):
        return True
    judged = judged_by_labels(evidence)
    return judged is not None and judged.chance < 1 and judged.gain >= thresholds.WORKING_GAIN


def _stands_still(evidence: Evidence) -> bool:
    """Whether the float model gives one answer for enough samples, but for next to nothing."""
    if evidence.distinct_inputs < thresholds.MIN_DISTINCT_INPUTS:
        return False
    is_bounded = _is_bounded(evidence)
    return all(_is_still(output, is_bounded=is_bounded) for output in evidence.outputs)


def _is_still(output: OutputComparison, *, is_bounded: bool) -> bool:
    """Whether no deviation, which is half the spread at most, is worth the name.

    An offset would flatter what moves little beside it, so that only a known width is a measure.
    """
    seen = output.reference or output.candidate
    limit = 2 * thresholds.VANISHED if is_bounded else thresholds.FLOAT_CONSTANT * seen.largest
    return seen.spread <= limit


def _is_bounded(evidence: Evidence) -> bool:
    """Whether all outputs come from activations of a known width, through copies or joined."""
    graph = evidence.model.subgraphs[evidence.contract.subgraph]
    made_by = producers(graph)
    waiting = [port.tensor.index for port in evidence.contract.outputs]
    for index in waiting:
        operator, _ = maker(made_by, index, CONVERSIONS)
        if operator is None or len(waiting) > len(graph.tensors):
            return False
        if operator.name == "CONCATENATION":
            waiting.extend(operator.inputs)
        elif operator.name not in _BOUNDED:
            return False
    return True
