"""Cases of the rules about training: weights that nobody trained."""

import numpy as np
from acceptance_cases.case import Case, negative, positive
from acceptance_cases.ingredients import npz
from models import OpDef, TensorDef, build_model

from edgecheck.tensors import Array

SIZE = 16


def cases() -> list[Case]:
    """All of them."""
    rule = "weights-not-loaded"
    random = np.random.default_rng(11)
    limit = np.sqrt(6 / (SIZE + SIZE))
    drawn = [random.uniform(-limit, limit, (SIZE, SIZE)) for _ in range(2)]
    trained = [random.normal(0, limit / 3, (SIZE, SIZE)) for _ in range(2)]
    samples = npz(row=random.uniform(-1, 1, (40, SIZE)).astype(np.float32))
    return [
        positive(
            rule,
            "The model was built anew for the export, and nobody loaded its weights.",
            _spec(),
            {"model.tflite": _dense(*drawn), "float.tflite": _dense(*drawn), **samples},
            role="cause",
            evidence={"layers": 2, "weights": 512, "initializers": ["glorot_uniform"]},
        ),
        negative(
            rule,
            "A trained model without biases: its weights are not evenly distributed any more.",
            _spec(),
            {"model.tflite": _dense(*trained), "float.tflite": _dense(*trained), **samples},
        ),
    ]


def _spec() -> dict[str, object]:
    return {
        "version": 1,
        "model": {"task": "other", "reference": "float.tflite"},
        "inputs": {"row": {"kind": "array", "shape": [SIZE]}},
        "dataset": {"path": "samples.npz"},
    }


def _dense(first: Array, second: Array) -> bytes:
    """Two layers with biases of 0."""
    tensors = [
        TensorDef("row", (1, SIZE)),
        TensorDef("first", first.shape, data=first),
        TensorDef("bias", (SIZE,), data=np.zeros(SIZE)),
        TensorDef("hidden", (1, SIZE)),
        TensorDef("second", second.shape, data=second),
        TensorDef("output", (1, SIZE)),
    ]
    relu = {"FusedActivationFunction": 1}
    operators = [
        OpDef("FULLY_CONNECTED", [0, 1, 2], [3], options=relu),
        OpDef("FULLY_CONNECTED", [3, 4, 2], [5]),
    ]
    return build_model(tensors, operators, [0], [5])
