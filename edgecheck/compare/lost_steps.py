"""Arithmetic with which a reference begins, and its candidate does not: by their files alone.

It needs no answer, so that it shows on samples that tell nothing, too.
"""

from dataclasses import dataclass

from edgecheck import thresholds
from edgecheck.compare.weight_change import weight_change
from edgecheck.tflite.graph import Contract, Model
from edgecheck.tflite.leading import Leading, leading
from edgecheck.tflite.weights import Weight, weights_of


@dataclass(frozen=True)
class ModelFile:
    """A .tflite file, as it was read."""

    data: bytes
    model: Model
    contract: Contract


def lost_steps(candidate: ModelFile, reference: ModelFile) -> Leading | None:
    """What the reference does with its input that the candidate leaves to whoever feeds it.

    A converter may fold a scaling into the weights behind it. Where these are the same in both
    files, nobody did.

    Args:
        candidate: of one input; for several it is not known which weights are whose.
        reference: the float file that it was made from, or is said to be.

    Returns:
        None where the reference begins with no arithmetic, the candidate with some of its own, or
        their first weights differ.
    """
    if any(len(side.contract.inputs) != 1 for side in (candidate, reference)):
        return None
    inside = _begins_with(reference)
    if not inside.operators or _begins_with(candidate).operators:
        return None
    ours, theirs = _first_weights(candidate), _first_weights(reference)
    if ours is None or theirs is None or _sizes(ours) != _sizes(theirs):
        return None
    return inside if weight_change(theirs, ours).plain_db >= thresholds.LAYER_WEIGHTS_DB else None


def _begins_with(side: ModelFile) -> Leading:
    return leading(side.data, side.model, side.contract.inputs[0])


def _first_weights(side: ModelFile) -> Weight | None:
    weights = weights_of(side.data, side.model, side.contract.subgraph)
    return min(weights, key=lambda weight: weight.operator, default=None)


def _sizes(weight: Weight) -> list[int]:
    """The shape without ones: a dense layer is a convolution of 1 x 1, too."""
    return [size for size in weight.values.shape if size != 1]
