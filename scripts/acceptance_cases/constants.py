"""Cases of the rules about stored values: weights, biases, scales. All are judged statically."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from acceptance_cases.case import Case, negative, positive
from models import OpDef, TensorDef, build_model, float_dense, int8_dense

from edgecheck.tensors import Array

STATIC = {"arguments": ["--static"]}
WARNED = {**STATIC, "exit_code": 0, "severity": "warning"}
NOTED = {**STATIC, "exit_code": 0, "severity": "info"}
SIGNS = np.array([[1, -1, 0.5, 0], [-1, 1, 0, 0.5], [0, -0.5, -1, 1]], np.float32)


def cases() -> list[Case]:
    """All of them."""
    return [
        *_not_finite(),
        *_float16(),
        *_biases(),
        *_channels(),
        *_calibration(),
        *_copies(),
        *_fixed(),
        *_twice(),
        *_int16(),
    ]


def static_spec(task: str = "classification", **sections: object) -> dict[str, Any]:
    """A spec that says only what the model is for."""
    return {
        "version": 1,
        "model": {"task": task},
        "inputs": {"row": {"kind": "array", "shape": [4]}},
        **sections,
    }


def chain(tensors: Sequence[TensorDef], *names: str) -> dict[str, bytes]:
    """model.tflite: tensor 0 -> first operator -> tensor 1 -> second operator -> ..."""
    operators = [OpDef(name, [at], [at + 1]) for at, name in enumerate(names)]
    return {"model.tflite": build_model(tensors, operators, [0], [len(tensors) - 1])}


def row(name: str, dtype: str = "float32", scale: float | None = None, zero: int = 0) -> TensorDef:
    """A tensor of one row of four values."""
    return TensorDef(name, (1, 4), dtype, scale, zero)


def _not_finite() -> list[Case]:
    rule = "nan-or-inf-weights"
    broken = SIGNS.copy()
    broken[1, 2] = np.nan
    return [
        positive(
            rule,
            "Training diverged in the last epoch, and its last checkpoint was exported.",
            static_spec(),
            {"model.tflite": float_dense(broken, np.zeros(3))},
            **STATIC,
            role="cause",
            evidence={"tensor": "weights", "operator": "FULLY_CONNECTED", "nan": 1, "inf": 0},
        ),
        negative(
            rule,
            "Two weights are as large as float32 allows: odd, and finite.",
            static_spec(),
            {"model.tflite": float_dense(np.where(SIGNS == 0.5, 3e38, SIGNS), np.zeros(3))},
            **STATIC,
        ),
    ]


def _float16() -> list[Case]:
    rule = "fp16-overflow"
    return [
        positive(
            rule,
            "The attention mask was 1e30, which float16 stores as infinity: infinity times 0 is "
            "NaN.",
            static_spec(),
            _masked(np.inf),
            **STATIC,
            role="cause",
            evidence={"tensor": "mask", "operator": "MUL", "kind": "infinity"},
        ),
        negative(rule, "The same mask, made with 1e4.", static_spec(), _masked(1e4), **STATIC),
    ]


def _biases() -> list[Case]:
    rule = "bias-overflow"
    return [
        positive(
            rule,
            "The weights of the layer are almost zero, and so is the step of its biases: a bias "
            "of 1 would need the code 5e12.",
            static_spec(),
            {"model.tflite": int8_dense(1e-9 * SIGNS, np.array([1, 0, 0]), (-1, 1), (-4, 4))},
            **STATIC,
            role="cause",
            evidence={"kind": "clipped", "channels": 1, "of": 3},
        ),
        negative(
            rule,
            "A bias far larger than what the weights add up to; its code fits.",
            static_spec(),
            {"model.tflite": int8_dense(SIGNS, np.array([500, 0, 0]), (-1, 1), (-4, 600))},
            **STATIC,
        ),
    ]


def _channels() -> list[Case]:
    rule = "weight-per-tensor-loss"
    return [
        positive(
            rule,
            "Per-channel quantization was switched off for a camera's chip; three of the four "
            "channels of the depthwise layer are left with a few codes.",
            static_spec(inputs={"row": {"kind": "array", "shape": [1, 4, 4]}}),
            _depthwise([127, 3, 2, 1]),
            **WARNED,
            role="cause",
            evidence={"lost": 3, "channels": 4, "ratio": 127.0},
        ),
        negative(
            rule,
            "One scale too, but two of the channels are pruned and the others alike.",
            static_spec(inputs={"row": {"kind": "array", "shape": [1, 4, 4]}}),
            _depthwise([127, 90, 0, 0]),
            **STATIC,
        ),
    ]


def _calibration() -> list[Case]:
    rule = "calibration-degenerate"
    return [
        positive(
            rule,
            "The representative dataset yielded np.zeros, to make the conversion work.",
            static_spec(),
            chain([row("input", "int8", 2e-6 / 255), row("output", "int8", 0.02)], "RELU"),
            **STATIC,
            role="cause",
            evidence={"tensor": "input", "degenerate": 1},
        ),
        negative(
            rule,
            "A layer inside is dead: it was 0 for all samples, while input and output were not.",
            static_spec(),
            chain(
                [
                    row("input", "int8", 0.01),
                    row("dead", "int8", 2e-6 / 255),
                    row("output", "int8", 0.02),
                ],
                "RELU",
                "ABS",
            ),
            **STATIC,
        ),
    ]


def _copies() -> list[Case]:
    rule = "concat-scale-mismatch"
    return [
        positive(
            rule,
            "Boxes in pixels and scores meet in one tensor: the scores share four codes.",
            static_spec("detection"),
            _joined(1 / 255, 640 / 255),
            **WARNED,
            role="cause",
            evidence={"kind": "lost-branch", "tensor": "scores", "output": "head"},
        ),
        negative(
            rule,
            "Boxes were divided by the image size before they are joined with the scores.",
            static_spec("detection"),
            _joined(1 / 255, 1.2 / 255),
            **STATIC,
        ),
    ]


def _fixed() -> list[Case]:
    rule = "softmax-output-resolution"
    return [
        positive(
            rule,
            "The alarm is raised at a probability of 0.001; the output has steps of 0.0039.",
            static_spec(outputs={"output": {"activation": "softmax", "threshold": 0.001}}),
            _softmax(),
            **NOTED,
            role="note",
            evidence={"kind": "threshold", "scale": 0.00390625},
        ),
        negative(
            rule,
            "The same output with a threshold of one half.",
            static_spec(outputs={"output": {"activation": "softmax", "threshold": 0.5}}),
            _softmax(),
            **STATIC,
        ),
    ]


def _twice() -> list[Case]:
    rule = "input-double-quantized"
    return [
        positive(
            rule,
            "A model calibrated on -1..1 was wrapped in a QUANTIZE for pixels of 0..255.",
            static_spec(),
            chain(
                [row("input"), row("pixels", "int8", 1.0, -128), row("scaled", "int8", 2 / 255)],
                "QUANTIZE",
                "QUANTIZE",
            ),
            **WARNED,
            role="cause",
            evidence={"input": "input", "first": [0.0, 255.0]},
        ),
        negative(
            rule,
            "The usual step from uint8 pixels to int8: the range stays.",
            static_spec(),
            chain(
                [
                    row("input", "uint8", 2 / 255, 127),
                    row("signed", "int8", 2 / 255, -1),
                    row("output", "int8", 0.02),
                ],
                "QUANTIZE",
                "RELU",
            ),
            **STATIC,
        ),
    ]


def _int16() -> list[Case]:
    rule = "int16x8-unsupported-or-overflow"
    wide = [row("input", "int16", 1e-4), row("output", "int16", 1e-4)]
    return [
        positive(
            rule,
            "MobileNetV3 was converted with 16-bit activations, for which HARD_SWISH has no "
            "kernel.",
            static_spec(),
            chain(wide, "HARD_SWISH"),
            **WARNED,
            role="cause",
            evidence={"operator": "HARD_SWISH", "kind": "unsupported"},
        ),
        negative(rule, "The same with RELU.", static_spec(), chain(wide, "RELU"), **STATIC),
    ]


def _masked(value: float) -> dict[str, bytes]:
    """Input * mask, the mask stored in float16."""
    mask = np.array([[0, 0, value, 0]], np.float16)
    tensors = [row("input"), TensorDef("mask", (1, 4), "float16", data=mask), row("unpacked")]
    operators = [OpDef("DEQUANTIZE", [1], [2]), OpDef("MUL", [0, 2], [3])]
    return {"model.tflite": build_model([*tensors, row("output")], operators, [0], [3])}


def _depthwise(largest: list[int]) -> dict[str, bytes]:
    """A depthwise layer with one weight scale; `largest` code of each channel."""
    codes: Array = np.array([largest, np.negative(largest)], np.int8).reshape(1, 1, 2, 4)
    tensors = [
        TensorDef("input", (1, 1, 4, 4), "int8", 0.01),
        TensorDef("weights", codes.shape, "int8", 0.01, data=codes),
        TensorDef("output", (1, 1, 3, 4), "int8", 0.02),
    ]
    operator = OpDef("DEPTHWISE_CONV_2D", [0, 1], [2])
    return {"model.tflite": build_model(tensors, [operator], [0], [2])}


def _joined(score: float, box: float) -> dict[str, bytes]:
    """Input -> scores and boxes, joined in one uint8 tensor with the scale of the larger."""
    tensors = [
        row("input", "uint8", 1 / 255),
        row("scores", "uint8", score),
        row("boxes", "uint8", box),
        TensorDef("head", (1, 8), "uint8", max(score, box)),
    ]
    operators = [
        OpDef("RELU", [0], [1]),
        OpDef("RELU6", [0], [2]),
        OpDef("CONCATENATION", [1, 2], [3]),
    ]
    return {"model.tflite": build_model(tensors, operators, [0], [3])}


def _softmax() -> dict[str, bytes]:
    return chain([row("input", "int8", 0.1), row("output", "int8", 1 / 256, -128)], "SOFTMAX")
