"""Which values the layers of a model were made for, as far as the size of their weights tells."""

import math

import numpy as np

from edgecheck.checks.evidence import Evidence
from edgecheck.preprocess.pixel_lines import Range
from edgecheck.tflite.leading import leading
from edgecheck.tflite.weights import Weight, weights_of


def suits_better(evidence: Evidence, name: str, new: Range, old: Range) -> bool:
    """Whether values of one range suit the first weights of the candidate better than another.

    Initializers draw weights so that a layer gives values about as large as it gets (He et al.,
    2015), and training leaves them so: weights that make values hundreds of times larger were not
    made for these values. Where a scaling in the graph is folded into them, they hold it.

    Args:
        evidence: of a model with one input; for several it is not known which weights are whose.
        name: the input.
        new: the lowest and the highest value of the one range.
        old: of the other.
    """
    gain = _gain(evidence, name)
    if gain is None:
        return False
    return _distance(gain, new) < _distance(gain, old)


def passed_on(weight: Weight) -> float:
    """How much larger the sums of a layer are than what it gets, if that is independent."""
    with np.errstate(over="ignore", invalid="ignore"):
        squares = np.einsum("i,i->", weight.values.ravel(), weight.values.ravel(), dtype=np.float64)
        return math.sqrt(float(squares) / len(weight.values))


def _distance(gain: float, span: Range) -> float:
    """How far a layer moves the size of values of this range from 1, as a logarithm."""
    return abs(math.log(gain * max(*map(abs, span), 1e-30)))


def _gain(evidence: Evidence, name: str) -> float | None:
    """How much larger the first layer's values are than those of the input; None if unknown."""
    port = (evidence.bound or {}).get(name)
    if port is None or len(evidence.contract.inputs) > 1 or not evidence.data:
        return None
    weights = weights_of(evidence.data, evidence.model, evidence.contract.subgraph)
    if not weights:
        return None
    each = passed_on(min(weights, key=lambda weight: weight.operator))
    scale = max(map(abs, leading(evidence.data, evidence.model, port).scale))
    gain = each * scale
    return gain if math.isfinite(gain) and gain > 0 else None
