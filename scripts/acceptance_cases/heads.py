"""Cases of outputs that hold boxes and scores together."""

import numpy as np
from acceptance_cases.case import Case, negative, positive
from acceptance_cases.ingredients import npz, spec
from models import float_dense, int8_dense

from edgecheck.tensors import Array

_PIXELS = 640.0
_ROWS = np.random.default_rng(5).uniform(0, 1, (40, 4)).astype(np.float32)


def cases() -> list[Case]:
    """All of them."""
    rule = "head-shared-scale"
    groups = {"output": {"groups": {"boxes": [0, 4], "scores": [4, 6]}}}
    return [
        positive(
            rule,
            "The detector gives boxes in pixels and scores of 0 to 1 in one tensor.",
            spec(task="detection", outputs=groups),
            _files(_PIXELS),
            role="cause",
            evidence={"group": "group scores", "widest": "group boxes"},
        ),
        negative(
            rule,
            "The same detector with its boxes divided by the size of the image. One of its two "
            "classes hardly occurs in the samples.",
            spec(task="detection"),
            _files(1.0, rare=0.02),
        ),
    ]


def _files(size: float, rare: float = 1.0) -> dict[str, bytes]:
    """Two corners times `size`, and two scores; the second score never exceeds `rare`."""
    weights, bias = _head(size, rare), np.zeros(6, np.float32)
    return {
        "model.tflite": int8_dense(weights, bias, (0, 1), (0, size)),
        "float.tflite": float_dense(weights, bias),
        **npz(row=_ROWS),
    }


def _head(size: float, rare: float) -> Array:
    """Weights (6, 4): four box sides, two scores."""
    rows = [*np.eye(4) * size, [0.5, 0.5, 0, 0], [0, 0, rare / 2, rare / 2]]
    return np.array(rows, np.float32)
