"""Weights that nobody trained: evenly distributed as initializers draw them, with biases of 0; and such
as no initializer draws, too small to pass anything on.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from edgecheck import thresholds
from edgecheck.checks.evidence import Evidence
from edgecheck.checks.first_layer import passed_on
from edgecheck.compare.weight_names import telling
from edgecheck.findings import Finding, Subject
from edgecheck.metrics.evenness import evenness
from edgecheck.rules.base import Severity
from edgecheck.rules.training.weights_not_loaded import WeightsNotLoaded
from edgecheck.tensors import Array
from edgecheck.tflite.constants import Constants
from edgecheck.tflite.flow import constant_uses
from edgecheck.tflite.graph import Model, Operator, Subgraph, Tensor
from edgecheck.tflite.weights import Weight, weights_of

_ORTHOGONAL = "orthogonal"
_EXACT, _NEAR = 0.02, 0.1
"""Of an orthogonal kernel, the furthest that a product of two of its directions is from 1 or 0: what 8
bits leave of one as it was drawn, and what an epoch of training does. Trained ones are off by 1 and more."""
_DIRECTIONS = 4, 64
"""As many at least tell an orthogonal kernel from chance; no more are looked at."""

_FORGET = 1.0
"""What Keras adds to the forget gate of a new LSTM, the second of four: its `unit_forget_bias`."""

_BIAS = {"CONV_2D": 2, "DEPTHWISE_CONV_2D": 2, "FULLY_CONNECTED": 2, "TRANSPOSE_CONV": 3}
"""Operator -> position of its bias."""

_CRITICAL = 1.95
"""Distance times the root of n that one even sample in a thousand exceeds (Kolmogorov)."""


def check(evidence: Evidence) -> Iterator[Finding]:
    """The weights are not those that a new model starts with, and no layer holds zeros alone."""
    layers, zero = _layers(evidence.data, evidence.model)
    if zero:
        rule = WeightsNotLoaded(len(layers), 0, [], zero)
        severity: Severity = "error" if len(zero) == len(layers) else "warning"
        yield Finding.of(rule, Subject("model", "weights"), severity=severity)
        return
    subgraph = evidence.contract.subgraph
    if not _has_new_biases(evidence.data, evidence.model):
        return  # a look at a few numbers spares the one at all weights
    weights = _telling(weights_of(evidence.data, evidence.model, subgraph))
    found = [_initializer(weight) for weight in weights]
    names = [name for name in found if name is not None]
    if not found or len(names) < len(found):
        return
    drawn = [
        (weight, _limits(weight)[name])
        for weight, name in zip(weights, names, strict=True)
        if name != _ORTHOGONAL
    ]
    if drawn and _are_even(drawn, thresholds.INITIAL_SLACK):  # rotations are orthogonal, too
        total = sum(weight.values.size for weight in weights)
        rule = WeightsNotLoaded(len(weights), total, sorted(set(names)))
        yield Finding.of(rule, Subject("model", "weights"))


def _telling(weights: Sequence[Weight]) -> list[Weight]:
    """Layers that together tell training from chance: large ones, else all but the smallest; or none."""
    large = [each for each in weights if each.values.size >= thresholds.INITIAL_WEIGHTS]
    if len(large) >= thresholds.INITIAL_LAYERS:
        return large
    known = _known(weights)
    total = sum(each.values.size for each in known)
    least = thresholds.INITIAL_LAYERS * thresholds.INITIAL_WEIGHTS
    return known if len(known) >= thresholds.INITIAL_LAYERS and total >= least else []


def _known(weights: Sequence[Weight]) -> list[Weight]:
    """Layers of enough weights to look like something."""
    return [each for each in weights if each.values.size >= thresholds.INITIAL_FEW]


def _are_even(drawn: Sequence[tuple[Weight, float]], slack: float) -> bool:
    """Whether all weights together, each for its limit, are even: few of one layer tell little."""
    values = np.concatenate([_sampled(each) / limit for each, limit in drawn])
    return evenness(values, 1.0) < _CRITICAL / math.sqrt(values.size) + slack


def _layers(data: bytes, model: Model) -> tuple[list[str], list[str]]:
    """Names of the layers with constant weights, and of those whose weights are all 0.

    Not of those that have a bias, unless all are 0: it was learned or set, and conversion rounds
    weights to 0 that are tiny beside it.
    """
    constants = Constants.of(data)
    layers, zero, unlearned = [], [], []
    for graph in model.subgraphs:
        for tensor, operator, position in constant_uses(graph):
            if operator.name in _BIAS and position == 1:
                values, params = constants.stored(tensor), tensor.quantization
                nothing = params.zero_points[0] if params is not None and params.is_usable else 0
                name = f"{operator.name} {operator.index}"
                layers.append(name)
                if values is not None and not (values != nothing).any():
                    zero.append(name)
                    unlearned += [] if _has_bias(constants, graph, operator) else [name]
    return layers, zero if len(zero) == len(layers) else unlearned


def _has_bias(constants: Constants, graph: Subgraph, operator: Operator) -> bool:
    """Whether anything but 0 is added behind the weights."""
    index = (*operator.inputs, -1, -1, -1)[_BIAS[operator.name]]
    stored = constants.stored(graph.tensors[index]) if index >= 0 else None
    return stored is not None and bool(stored.any())


def _has_new_biases(data: bytes, model: Model) -> bool:
    """Whether every bias of a layer is 0, or missing, or that of a new LSTM."""
    constants = Constants.of(data)
    for graph in model.subgraphs:
        for tensor, operator, position in constant_uses(graph):
            if _BIAS.get(operator.name) == position:
                values = constants.stored(tensor)
                if values is None or (values.any() and not _is_of_new_lstm(values, tensor)):
                    return False
    return True


def _is_of_new_lstm(stored: Array, tensor: Tensor) -> bool:
    """Whether only the forget gates have a bias, and that is as it was set."""
    if stored.ndim != 1 or len(stored) % 4:
        return False
    params = tensor.quantization
    steps = params.scales if params is not None and params.is_usable else (1.0,)
    if len(steps) not in {1, len(stored)}:
        return False
    gates = (stored.astype(np.float64) * np.asarray(steps)).reshape(4, -1)
    is_set = np.abs(gates[1] - _FORGET) <= thresholds.INITIAL_SLACK
    return bool(is_set.all()) and not gates[[0, 2, 3]].any()


def layers_as_drawn(evidence: Evidence) -> int:
    """How many layers there are, if the weights of all are still nearly as an initializer draws them.

    0 where one is not. For a model that answers like one that was not trained; training may leave
    the weights of a wide layer near to what they were.
    """
    found = weights_of(evidence.data, evidence.model, evidence.contract.subgraph)
    # A small head that was trained tells as much as the frozen layers before it.
    weights = _known(found) if _telling(found) else []
    others = [weight for weight in weights if not _is_orthogonal(weight, _NEAR)]
    drawn = [(weight, limit) for weight in others if (limit := _near_limit(weight)) is not None]
    if not drawn or len(drawn) < len(others):
        return 0
    return len(weights) if _are_even(drawn, thresholds.NEAR_INITIAL) else 0


@dataclass(frozen=True)
class TinyWeights:
    """The layer that passes on most, where none passes on a twentieth of what it gets."""

    layers: int
    """Of the model."""
    operator: str
    index: int
    name: str
    passed: float
    """The size of its sums, for each unit of the size of its inputs."""


def tiny_weights(evidence: Evidence) -> TinyWeights | None:
    """Whether no layer of the candidate passes on a twentieth of what it gets.

    Initializers draw weights that pass on all of it, and biases alone do not shrink every layer.
    """
    if not evidence.data:
        return None
    weights = weights_of(evidence.data, evidence.model, evidence.contract.subgraph)
    passed = [(passed_on(weight), weight) for weight in weights if weight.values.size]
    if not passed or not all(math.isfinite(share) for share, _ in passed):
        return None
    most, layer = max(passed, key=lambda each: each[0])
    if not 0 < most * thresholds.VANISHED_FACTOR <= 1:  # zeros alone are told as such
        return None
    return TinyWeights(len(passed), layer.op, layer.operator, telling(layer.name), most)


def _near_limit(weight: Weight) -> float | None:
    """The limit of the initializer that may have drawn these weights, before a little training."""
    values = _sampled(weight)
    if not np.isfinite(values).all():
        return None
    largest = _CRITICAL / math.sqrt(values.size) + thresholds.NEAR_INITIAL
    reach = float(np.abs(values).max())
    low, high = thresholds.NEAR_REACH
    near = [limit for limit in _limits(weight).values() if low * limit < reach < high * limit]
    even = {evenness(values, limit): limit for limit in near}
    return even[min(even)] if even and min(even) < largest else None


def _sampled(weight: Weight) -> Array:
    """Some of the weights, evenly spread."""
    values = weight.values.reshape(-1)
    return values[:: -(-values.size // thresholds.INITIAL_SAMPLE)]


def _initializer(weight: Weight) -> str | None:
    """The initializer of Keras, uniform or orthogonal, that may have drawn these weights."""
    values = _sampled(weight)
    if not np.isfinite(values).all():
        return None
    if _is_orthogonal(weight, _EXACT):
        return _ORTHOGONAL
    largest = _CRITICAL / math.sqrt(values.size) + thresholds.INITIAL_SLACK
    reach = float(np.abs(values).max())
    for name, limit in _limits(weight).items():
        # That n even values all stay so far below their limit has a chance of exp(-10).
        is_within = (1 - 10 / values.size) * limit < reach < 1.001 * limit
        if is_within and evenness(values, limit) < largest:
            return name
    return None


def _is_orthogonal(weight: Weight, slack: float) -> bool:
    """Whether W^T W is the unit matrix, as Keras draws recurrent kernels (Saxe et al., 2014)."""
    rows = weight.values.reshape(len(weight.values), -1)
    rows = rows if len(rows) <= rows.shape[1] else rows.T
    least, most = _DIRECTIONS
    if len(rows) < least:
        return False
    some = rows[:most].astype(np.float64)
    with np.errstate(over="ignore", invalid="ignore"):
        return bool(np.abs(some @ some.T - np.eye(len(some))).max() <= slack)


def _limits(weight: Weight) -> dict[str, float]:
    """Initializer -> the largest weight that it draws for a layer of this shape.

    As Keras' `VarianceScaling`: sqrt(3 * scale / n), with n the inputs of a unit for He (scale 2)
    and LeCun (scale 1), and their mean with the outputs for Glorot (scale 1). The kernel of a
    depthwise convolution counts all channels as inputs.
    """
    shape = weight.values.shape
    field = math.prod(shape[1:3]) if len(shape) > 2 else 1
    if weight.op == "DEPTHWISE_CONV_2D":
        fan_in, fan_out = field * shape[0], field
    else:
        fan_in, fan_out = math.prod(shape[1:]), field * shape[0]
    if weight.op == "TRANSPOSE_CONV":
        fan_in, fan_out = fan_out, fan_in
    return {
        "glorot_uniform": math.sqrt(6 / (fan_in + fan_out)),
        "he_uniform": math.sqrt(6 / fan_in),
        "lecun_uniform": math.sqrt(3 / fan_in),
    }
