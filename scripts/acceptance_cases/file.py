"""Cases of the rules about the model file."""

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
from models import (
    OpDef,
    TensorDef,
    build_model,
    float_dense,
    float_io_int8_dense,
    int8_dense,
)
from onnx_writer import onnx_dense

from edgecheck.tensors import Array

_POINTER = b"""version https://git-lfs.github.com/spec/v1
oid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393
size 3480592
"""


def cases() -> list[Case]:
    """All of them."""
    return [*_invalid(), *_origin(), *_layers(), *_conversion(), *_scheme()]


def _invalid() -> list[Case]:
    rule = "model-file-invalid"
    # As the TFLite metadata writer does it: a zip with the label file behind the model.
    appended = npz(labels=np.arange(3))["samples.npz"]
    return [
        positive(
            rule,
            "The repository was cloned without Git LFS: the model is three lines of text.",
            spec(),
            row_files(_POINTER),
            exit_code=3,
            role="cause",
        ),
        negative(
            rule,
            "A zip archive with associated files is appended to the model, as TFLite metadata "
            "writers do.",
            spec(),
            row_files(int8_classifier() + appended),
        ),
    ]


def _origin() -> list[Case]:
    rule = "wrong-model-file"
    trained, other = _trained(1), _trained(2)
    return [
        positive(
            rule,
            "Two runs of the same training, with different seeds, got mixed up.",
            spec(row={"shape": [16]}),
            _wide_files(other, reference=trained),
            role="cause",
            evidence={"reference": "float.tflite", "layers": ["weights"], "share": 1.0},
        ),
        negative(
            rule,
            "The weights were trained on with quantization: a little off, but the same model.",
            spec(row={"shape": [16]}),
            _wide_files(trained + 0.03 * other, reference=trained),
        ),
    ]


def _trained(seed: int) -> Array:
    """What a training with this seed ends at: rows of 16 features into three classes."""
    return np.random.default_rng(seed).normal(size=(3, 16)).astype(np.float32)


def _wide_files(weights: Array, *, reference: Array) -> dict[str, bytes]:
    return {
        "model.tflite": int8_dense(weights, BIAS, (-1, 1), (-12, 12), softmax=True),
        "float.tflite": float_dense(reference, BIAS, softmax=True),
        **npz(row=rows(size=16)),
    }


def _layers() -> list[Case]:
    rule = "layer-weights-differ"
    hidden, head = _normal(3, (8, 16)), _normal(4, (3, 8))
    half = np.where(np.arange(8)[:, None] < 4, 0, hidden)
    trained_on = [0.01 * _normal(5, layer.shape) + layer for layer in (hidden, head)]
    wide = spec(row={"shape": [16]})
    return [
        positive(
            rule,
            "A script that prunes small layers took half of the channels out of one of them.",
            wide,
            _deep_files(half, head, reference=(hidden, head)),
            role="cause",
            evidence={"part": "weights", "index": 0, "channels": 8, "zeroed": 4, "changed": 4},
        ),
        negative(
            rule,
            "Training went on a little with quantization: all layers are a little off.",
            wide,
            _deep_files(trained_on[0], trained_on[1], reference=(hidden, head)),
        ),
    ]


def _normal(seed: int, shape: tuple[int, ...]) -> Array:
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def _deep_files(hidden: Array, head: Array, *, reference: tuple[Array, Array]) -> dict[str, bytes]:
    return {
        "model.tflite": _two_layers(hidden, head, is_quantized=True),
        "float.tflite": _two_layers(*reference, is_quantized=False),
        **npz(row=rows(size=16)),
    }


def _two_layers(hidden: Array, head: Array, *, is_quantized: bool) -> bytes:
    """Rows of 16 through 8 units into three classes; weights in int8 or float, all else float."""
    tensors = [TensorDef("input", (1, 16))]
    for name, weights in (("hidden", hidden), ("head", head)):
        scale = float(np.float32(np.abs(weights).max() / 127))
        kernel = TensorDef(f"{name}/kernel", weights.shape, data=weights)
        if is_quantized:
            codes = np.rint(weights / scale)
            kernel = TensorDef(kernel.name, weights.shape, "int8", scale, data=codes)
        bias = np.linspace(-0.5, 0.5, len(weights))
        tensors += [
            kernel,
            TensorDef(f"{name}/bias", (len(weights),), data=bias),
            TensorDef(name, (1, len(weights))),
        ]
    version = 3 if is_quantized else 1
    operators = [
        OpDef("FULLY_CONNECTED", [0, 1, 2], [3], version=version),
        OpDef("FULLY_CONNECTED", [3, 4, 5], [6], version=version),
    ]
    return build_model(tensors, operators, [0], [6])


def _conversion() -> list[Case]:
    rule = "conversion-divergence"
    square = np.random.default_rng(6).normal(0, 2, (4, 4)).astype(np.float32)
    needs = ["onnx", "onnxruntime"]
    trained = spec(model={"reference": "trained.onnx"})
    return [
        positive(
            rule,
            "The converter guessed the axes of a square weight, and guessed wrong.",
            trained,
            _converted(square, square.T),
            role="cause",
            evidence={"output": "output", "against": "size", "samples": 40},
            needs=needs,
        ),
        negative(
            rule,
            "The same weights: the two libraries differ in the last bits only.",
            trained,
            _converted(square, square),
            needs=needs,
        ),
    ]


def _converted(trained: Array, weights: Array) -> dict[str, bytes]:
    bias = np.zeros(4, np.float32)
    return {
        "model.tflite": float_dense(weights, bias, softmax=True),
        "trained.onnx": onnx_dense(trained, bias),
        **npz(row=rows()),
    }


def _scheme() -> list[Case]:
    rule, promised = "partially-quantized-or-hybrid", {"quantization": "full-integer"}
    return [
        positive(
            rule,
            "The converter had no representative dataset, so it quantized the weights only.",
            spec(model=promised),
            row_files(_hybrid_classifier()),
            role="cause",
            evidence={"promised": "full-integer", "found": "dynamic-range"},
        ),
        negative(
            rule,
            "Inputs and outputs are float, but every operator between them computes on codes.",
            spec(task="regression", model=promised),
            row_files(
                float_io_int8_dense(WEIGHTS, BIAS, (-1, 1), (-4, 4)),
                reference=float_dense(WEIGHTS, BIAS),
            ),
        ),
    ]


def _hybrid_classifier() -> bytes:
    """int8 weights, float activations: what dynamic-range quantization writes."""
    scale = float(np.float32(2 / 127))
    codes = np.rint(WEIGHTS / scale)
    tensors = [
        TensorDef("input", (1, 4)),
        TensorDef("weights", (3, 4), "int8", scale, data=codes),
        TensorDef("bias", (3,), data=BIAS),
        TensorDef("logits", (1, 3)),
        TensorDef("output", (1, 3)),
    ]
    operators = [
        OpDef("FULLY_CONNECTED", [0, 1, 2], [3], version=3),
        OpDef("SOFTMAX", [3], [4], options={"Beta": 1.0}),
    ]
    return build_model(tensors, operators, [0], [4])
