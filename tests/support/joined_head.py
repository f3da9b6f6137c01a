"""Boxes and scores of one input, in int8, joined behind one scale."""

import numpy as np
from models import int8_params
from tflite_writer import OpDef, TensorDef, build_model

RANDOM = np.random.default_rng(8)
ROWS = RANDOM.uniform(-1, 1, (90, 6)).astype(np.float32)
STEP = 1 / 64
CODES = [RANDOM.integers(-60, 60, (4, 6)), RANDOM.integers(-60, 60, (2, 6))]
WIDE, NARROW = 640.0, 1.0


def head(*, own, behind=(), signatures=(), low=-WIDE):
    """boxes and scores of one input, joined in the range of the boxes.

    `own` gives the branches ranges of their own before a QUANTIZE, else they are computed in the
    joint one.
    """
    joint = int8_params(low, WIDE)
    tensors = [TensorDef("input", (1, 6), "int8", *_of(int8_params(-1, 1)))]
    operators, joined = [], []
    for codes, reach in zip(CODES, (WIDE, NARROW), strict=True):
        units = len(codes)
        step = STEP * reach / 8
        scale = tensors[0].scale[0] * step
        params = int8_params(-reach, reach) if own else joint
        start = len(tensors)
        tensors += [
            TensorDef(f"w{start}", (units, 6), "int8", step, data=codes),
            TensorDef(f"b{start}", (units,), "int32", scale, data=np.zeros(units)),
            TensorDef(f"branch{start}", (1, units), "int8", *_of(params)),
        ]
        operators.append(OpDef("FULLY_CONNECTED", [0, start, start + 1], [start + 2], version=4))
        joined.append(start + 2)
        if own:
            tensors.append(TensorDef(f"same{start}", (1, units), "int8", *_of(joint)))
            operators.append(OpDef("QUANTIZE", [joined[-1]], [len(tensors) - 1], version=2))
            joined[-1] = len(tensors) - 1
    tensors.append(TensorDef("joined", (1, 6), "int8", *_of(joint)))
    operators.append(OpDef("CONCATENATION", joined, [len(tensors) - 1], options={"Axis": 1}))
    for name in behind:
        tensors.append(TensorDef(name.lower(), (1, 6)))
        operators.append(OpDef(name, [len(tensors) - 2], [len(tensors) - 1], version=2))
    return build_model(tensors, operators, [0], [len(tensors) - 1], signatures)


def _of(params):
    return params.scales, params.zero_points
