"""What both models made of a few samples."""

from dataclasses import dataclass

import numpy as np

from edgecheck.tensors import Array


@dataclass(frozen=True)
class Page:
    """One output of both models for a few samples; arrays are (n, ...) with the model's shape."""

    candidate: Array
    reference: Array | None
    weights: Array
    """Bootstrap weights (n, REPLICATES)."""
    truth: Array | None
    """What the answer should be, (n, ...): targets, or the input of an autoencoder."""


def along(output: Array, axis: int) -> Array:
    """Rows (n, ...) of an output with `axis`, counted with the model's batch axis, moved last."""
    return np.moveaxis(output, axis if axis < 0 else axis + 1, -1)
