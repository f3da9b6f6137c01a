"""Cases of the rules about what calibration left in the file."""

import numpy as np
from acceptance_cases.case import Case, negative, positive
from acceptance_cases.ingredients import (
    BIAS,
    WEIGHTS,
    int8_classifier,
    npz,
    row_files,
    rows,
    spec,
)
from models import OpDef, TensorDef, build_model, float_dense, int8_dense, int8_params

from edgecheck.quantization import QuantParams, quantize

TINY = 1e-9


def cases() -> list[Case]:
    """All of them."""
    return [*_calibration(), *_scales(), *_trained()]


def _calibration() -> list[Case]:
    rule, promised = "calibration-preprocessing-mismatch", {"range": [-1, 1]}
    return [
        positive(
            rule,
            "Calibration ran on raw values from 0 to 255; what the device feeds is scaled to -1..1.",
            spec(row=promised),
            row_files(int8_classifier(low=0, high=255)),
            role="cause",
            evidence={"expected": [-1.0, 1.0], "expected_from": "spec", "levels_used": 2},
        ),
        negative(
            rule,
            "Calibration saw some values beyond the promised range, so the input is calibrated on "
            "a wider one; that costs a little resolution and nothing else.",
            spec(row=promised),
            row_files(int8_classifier(low=-1.4, high=1.4)),
        ),
    ]


def _scales() -> list[Case]:
    rule = "quant-scale-degenerate"
    amperes = {
        "model.tflite": int8_dense(WEIGHTS / TINY, np.zeros(3), (-TINY, TINY), (-4, 4)),
        "float.tflite": float_dense(WEIGHTS / TINY, np.zeros(3)),
        **npz(row=(TINY * rows()).astype(np.float32)),
    }
    return [
        positive(
            rule,
            "Calibration ran on zeros: the scale of the layer's activation is 0.",
            spec(),
            row_files(_classifier_without_scale()),
            role="cause",
            evidence={"tensor": "logits", "scale": 0.0},
        ),
        negative(
            rule,
            "The scale of the input is below 1e-11, because its values are currents in amperes.",
            spec(task="regression"),
            amperes,
        ),
    ]


def _trained() -> list[Case]:
    rule = "qat-conversion-mismatch"
    wide, narrow = (-4, 4), (-0.25, 0.25)
    return [
        positive(
            rule,
            "The model was trained with quantization, and calibrated once more when it was "
            "converted: on samples that gave a sixteenth of the trained range.",
            spec(),
            row_files(_int8(narrow), reference=_fake_quantized(wide)),
            role="cause",
            evidence={"operators": 2, "stage": "activations", "compared": 2, "differing": 1,
                      "tensor": "logits"},
        ),
        negative(
            rule,
            "The same model, converted with the ranges that training chose.",
            spec(),
            row_files(_int8(wide), reference=_fake_quantized(wide)),
            arguments=["--layers", "always"],
        ),
    ]  # fmt: skip


def _int8(logits: tuple[float, float]) -> bytes:
    return int8_dense(WEIGHTS, BIAS, (-1, 1), logits, softmax=True)


def _fake_quantized(logits: tuple[float, float]) -> bytes:
    """The float classifier, with FAKE_QUANT behind its input and its logits."""
    tensors = [
        TensorDef("input", (1, 4)),
        TensorDef("input/fake_quantized", (1, 4)),
        TensorDef("weights", (3, 4), data=WEIGHTS),
        TensorDef("bias", (3,), data=BIAS),
        TensorDef("logits", (1, 3)),
        TensorDef("logits/fake_quantized", (1, 3)),
        TensorDef("output", (1, 3)),
    ]
    ends = [
        {"Min": float(low), "Max": float(high), "NumBits": 8} for low, high in ((-1, 1), logits)
    ]
    operators = [
        OpDef("FAKE_QUANT", [0], [1], options=ends[0]),
        OpDef("FULLY_CONNECTED", [1, 2, 3], [4]),
        OpDef("FAKE_QUANT", [4], [5], options=ends[1]),
        OpDef("SOFTMAX", [5], [6], options={"Beta": 1.0}),
    ]
    return build_model(tensors, operators, [0], [6])


def _classifier_without_scale() -> bytes:
    """The int8 classifier; the scale of its logits is 0."""
    source = int8_params(-1, 1)
    step = float(np.float32(2 / 127))
    codes = quantize(WEIGHTS, QuantParams((step,), (0,)), "int8")
    tensors = [
        TensorDef("input", (1, 4), "int8", source.scales, source.zero_points),
        TensorDef("weights", (3, 4), "int8", step, data=codes),
        TensorDef("bias", (3,), "int32", source.scales[0] * step, data=BIAS),
        TensorDef("logits", (1, 3), "int8", 0.0, 0),
        TensorDef("output", (1, 3), "int8", 1 / 256, -128),
    ]
    operators = [
        OpDef("FULLY_CONNECTED", [0, 1, 2], [3], version=4),
        OpDef("SOFTMAX", [3], [4], version=2, options={"Beta": 1.0}),
    ]
    return build_model(tensors, operators, [0], [4])
