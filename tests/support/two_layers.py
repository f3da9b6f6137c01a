"""Two dense layers, in float and in int8."""

import numpy as np
from models import int8_params
from tflite_writer import OpDef, TensorDef, build_model

from edgecheck.quantization import QuantParams, quantize

RANDOM = np.random.default_rng(9)
ROWS = RANDOM.uniform(-1, 1, (80, 12)).astype(np.float32)
FIRST = RANDOM.normal(0, 0.6, (10, 12)).astype(np.float32)
SECOND = RANDOM.normal(0, 0.6, (5, 10)).astype(np.float32)
BIASES = RANDOM.normal(0, 1, 10).astype(np.float32), RANDOM.normal(0, 1, 5).astype(np.float32)


def float_net(first=FIRST, second=SECOND, biases=BIASES):
    """Two dense layers."""
    tensors = [
        TensorDef("input", (1, 12)),
        TensorDef("w0", first.shape, data=first),
        TensorDef("b0", (10,), data=biases[0]),
        TensorDef("hidden", (1, 10)),
        TensorDef("w1", second.shape, data=second),
        TensorDef("b1", (5,), data=biases[1]),
        TensorDef("output", (1, 5)),
    ]
    operators = [
        OpDef("FULLY_CONNECTED", [0, 1, 2], [3]),
        OpDef("FULLY_CONNECTED", [3, 4, 5], [6]),
    ]
    return build_model(tensors, operators, [0], [6])


def int8_net(first=FIRST, second=SECOND, biases=BIASES, bias_factor=1.0, reach=1.0, own=False):
    """The same in int8, calibrated on the rows: with the healthy weights, or with its `own`.

    `bias_factor` is that of stored bias scales; inputs beyond `reach` are cut off.
    """
    net = (first, second, biases) if own else (FIRST, SECOND, BIASES)
    real = [ROWS * np.float32(reach), ROWS @ net[0].T + net[2][0]]
    real.append(real[1] @ net[1].T + net[2][1])
    spans = [int8_params(float(v.min()), float(v.max())) for v in real]
    tensors, operators = [TensorDef("input", (1, 12), "int8", *_of(spans[0]))], []
    for number, (weights, bias) in enumerate(zip((first, second), biases, strict=True)):
        step = float(np.float32(np.abs(weights).max() / 127))
        scale = spans[number].scales[0] * step * bias_factor
        source, start = 3 * number, len(tensors)
        codes = quantize(weights, QuantParams((step,), (0,)), "int8")
        stored = quantize(bias, QuantParams((scale,), (0,)), "int32")
        tensors += [
            TensorDef(f"w{number}", weights.shape, "int8", step, data=codes),
            TensorDef(f"b{number}", bias.shape, "int32", scale, data=stored),
            TensorDef(f"t{number}", (1, len(bias)), "int8", *_of(spans[number + 1])),
        ]
        inputs = [source, start, start + 1]
        operators.append(OpDef("FULLY_CONNECTED", inputs, [start + 2], version=4))
    return build_model(tensors, operators, [0], [6])


def _of(params):
    return params.scales, params.zero_points
