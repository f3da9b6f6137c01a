"""Arithmetic with which a reference begins, and its candidate does not: by their files alone.

It needs no answer, so that it shows on samples that tell nothing, too.
"""

from dataclasses import dataclass

import numpy as np

from edgecheck import thresholds
from edgecheck.compare.weight_change import weight_change
from edgecheck.tflite.graph import Contract, Model
from edgecheck.tflite.leading import ARITHMETIC, Leading, leading
from edgecheck.tflite.weights import Weight, weights_of


@dataclass(frozen=True)
class ModelFile:
    """A .tflite file, as it was read."""

    data: bytes
    model: Model
    contract: Contract


def lost_steps(candidate: ModelFile, reference: ModelFile) -> Leading | None:
    """What the reference does with its input that the candidate leaves to whoever feeds it.

    A converter may fold a scaling into the weights behind it, and an offset into their biases. Where
    these are the same in both files, nobody did.

    Args:
        candidate: of one input; for several it is not known which weights are whose.
        reference: the float file that it was made from, or is said to be.

    Returns:
        None where the reference begins with no arithmetic, the candidate computes something before
        its first weights, or these or their biases differ.
    """
    if any(len(side.contract.inputs) != 1 for side in (candidate, reference)):
        return None
    inside = leading(reference.data, reference.model, reference.contract.inputs[0])
    ours, theirs = _first_weights(candidate), _first_weights(reference)
    if not inside.operators or not any(inside.scale) or ours is None or theirs is None:
        return None
    graph = candidate.model.subgraphs[candidate.contract.subgraph]
    if any(operator.name in ARITHMETIC for operator in graph.operators[: ours.operator]):
        return None
    return inside if _are_same(theirs, ours) else None


def _are_same(reference: Weight, candidate: Weight) -> bool:
    if _sizes(reference) != _sizes(candidate) or not _has_same_bias(reference, candidate):
        return False
    return weight_change(reference, candidate).plain_db >= thresholds.LAYER_WEIGHTS_DB


def _has_same_bias(reference: Weight, candidate: Weight) -> bool:
    """One that is missing adds nothing."""
    zeros = np.zeros(len(reference.values))
    real, other = (zeros if each.bias is None else each.bias for each in (reference, candidate))
    error = np.abs(real.astype(np.float64) - other)
    return bool(error.max() <= thresholds.SAME_BIAS * np.abs(real).max())


def _first_weights(side: ModelFile) -> Weight | None:
    weights = weights_of(side.data, side.model, side.contract.subgraph)
    return min(weights, key=lambda weight: weight.operator, default=None)


def _sizes(weight: Weight) -> list[int]:
    """Channels, then the sizes without ones: a dense layer is a convolution of 1 x 1, too."""
    channels, *others = weight.values.shape
    return [channels, *(size for size in others if size != 1)]
