"""A chain of dense layers in int8, calibrated on given rows with plain arithmetic."""

import numpy as np
from models import int8_params
from tflite_writer import OpDef, TensorDef, build_model

from edgecheck.tensors import Array

SIZE = 20
LAYERS = 4
_RANDOM = np.random.default_rng(5)
STEP = 1 / 64
CODES = _RANDOM.integers(-20, 65, (LAYERS, SIZE, SIZE)).astype(np.float32)
"""Weights in steps of `STEP`, so that the twin has the very values of the formula. Most are above
0: inputs that move together add up."""


def mixed(count: int = 120, *, seed: int = 3) -> Array:
    """float32 (count, 20): samples whose sizes and mixtures differ."""
    random = np.random.default_rng(seed)
    sizes = random.uniform(0.2, 1, (count, 1))
    return (sizes * random.uniform(-1, 1, (count, SIZE))).astype(np.float32)


def alike(count: int = 120, *, seed: int = 4) -> Array:
    """float32 (count, 20) in [-1, 1]: all features are high or low together, as noise never is."""
    random = np.random.default_rng(seed)
    levels = random.choice([-1, 1], (count, 1)) * random.uniform(0.5, 1, (count, 1))
    rows = levels + random.normal(0, 0.05, (count, SIZE))
    return np.clip(rows, -1, 1).astype(np.float32)


def activations(rows: Array) -> list[Array]:
    """The rows and what each layer makes of them."""
    found = [rows]
    for codes in CODES:
        found.append(found[-1] @ (codes * np.float32(STEP)).T)
    return found


def ranges(rows: Array) -> list[tuple[float, float]]:
    """Of each activation over all rows, extended to hold 0."""
    return [(min(float(v.min()), 0.0), max(float(v.max()), 0.0)) for v in activations(rows)]


def calibrated_on(rows: Array) -> bytes:
    """The int8 file whose ranges are those of these rows (n, 20)."""
    params = [int8_params(low, high) for low, high in ranges(rows)]
    tensors = [
        TensorDef(f"t{index}", (1, SIZE), "int8", own.scales, own.zero_points)
        for index, own in enumerate(params)
    ]
    operators = []
    for index, codes in enumerate(CODES):
        bias_scale = params[index].scales[0] * STEP
        weights = len(tensors)
        tensors.append(TensorDef(f"w{index}", (SIZE, SIZE), "int8", STEP, data=codes))
        tensors.append(TensorDef(f"b{index}", (SIZE,), "int32", bias_scale, data=np.zeros(SIZE)))
        inputs = [index, weights, weights + 1]
        operators.append(OpDef("FULLY_CONNECTED", inputs, [index + 1], version=4))
    return build_model(tensors, operators, [0], [LAYERS])


def smallest(rows: Array) -> int:
    """The row with the narrowest ranges."""
    return int(np.abs(activations(rows)[-1]).max(axis=1).argmin())
