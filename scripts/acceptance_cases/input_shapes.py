"""Cases of the rules about the inputs of the spec and of the model: number, axes, sizes."""

import numpy as np
from acceptance_cases.case import Case, negative, positive
from acceptance_cases.ingredients import (
    BIAS,
    TO_UNIT,
    WEIGHTS,
    echo_image_files,
    image_spec,
    npz,
    picture_files,
    picture_spec,
    pictures,
    row_files,
    rows,
    spec,
)
from models import OpDef, TensorDef, build_model, identity


def cases() -> list[Case]:
    """All of them."""
    return [*_count(), *_rank(), *_layout(), *_channels(), *_shape()]


def _count() -> list[Case]:
    rule = "input-count-mismatch"
    left = {"kind": "array", "shape": [4]}
    right = {"kind": "array", "shape": [3]}
    model = _two_inputs()
    files = {
        "model.tflite": model,
        "float.tflite": model,
        **npz(left=rows(), right=rows(size=3, seed=1)),
    }
    return [
        positive(
            rule,
            "The model was given a second input, and the spec knows only the first.",
            spec(task="regression", inputs={"left": left}),
            files,
            role="cause",
            evidence={"spec_inputs": ["left"], "model_inputs": ["left", "right"]},
        ),
        negative(
            rule,
            "Two inputs, listed in another order than in the file: names bind them.",
            spec(task="regression", inputs={"right": right, "left": left}),
            files,
        ),
    ]


def _rank() -> list[Case]:
    rule = "input-rank-or-batch-missing"
    grey = {"shape": [4, 4]}
    flat = rows(40, 16).reshape(40, 4, 4)
    open_batch = _open_classifier()
    return [
        positive(
            rule,
            "The model takes pictures with a channel axis, the spec prepares them without one.",
            spec(task="other", row=grey),
            {
                "model.tflite": identity((1, 4, 4, 1)),
                "float.tflite": identity((1, 4, 4, 1)),
                **npz(row=flat),
            },
            role="cause",
            evidence={"spec_shape": [4, 4], "model_shape": [1, 4, 4, 1]},
        ),
        negative(
            rule,
            "The size of the batch axis is left open (-1) in the file.",
            spec(),
            row_files(open_batch),
        ),
    ]


def _layout() -> list[Case]:
    rule = "layout-nchw-nhwc"
    return [
        positive(
            rule,
            "Training was in PyTorch (channels first); the converter moved the channels to the "
            "end, and the spec was not changed.",
            picture_spec([3, 4, 4], [TO_UNIT, {"transpose": [2, 0, 1]}]),
            picture_files((1, 4, 4, 3)),
            role="cause",
            evidence={"spec_shape": [3, 4, 4], "model_shape": [1, 4, 4, 3]},
        ),
        negative(
            rule,
            "The model does take channels first, and the spec says so.",
            picture_spec([3, 4, 4], [TO_UNIT, {"transpose": [2, 0, 1]}], layout="NCHW"),
            picture_files((1, 3, 4, 4)),
        ),
    ]


def _channels() -> list[Case]:
    rule = "channel-count-mismatch"
    return [
        positive(
            rule,
            "The model takes one channel of luminance, the spec prepares three of colour.",
            picture_spec([4, 4, 3], [TO_UNIT]),
            picture_files((1, 4, 4, 1)),
            role="cause",
            evidence={"spec_channels": 3, "model_channels": 1},
        ),
        negative(
            rule,
            "The files are in colour; the spec makes one channel of them before the model.",
            image_spec([4, 4, 1], ["to-gray", TO_UNIT]),
            echo_image_files((1, 4, 4, 1)),
        ),
    ]


def _shape() -> list[Case]:
    rule = "input-shape-mismatch"
    return [
        positive(
            rule,
            "The model was exported for pictures of 8x8, the spec still prepares 4x4.",
            picture_spec([4, 4, 3], [TO_UNIT]),
            picture_files((1, 8, 8, 3)),
            role="cause",
            evidence={"spec_shape": [4, 4, 3], "model_shape": [1, 8, 8, 3]},
        ),
        negative(
            rule,
            "The file stores 1x1, but leaves height and width open: it takes 4x4, too.",
            picture_spec([4, 4, 3], [TO_UNIT]),
            {
                "model.tflite": _open_identity(),
                "float.tflite": _open_identity(),
                **npz(image=pictures()),
            },
        ),
    ]


def _two_inputs() -> bytes:
    """The sum (1, 3) of weights x left (1, 4) and right (1, 3)."""
    tensors = [
        TensorDef("left", (1, 4)),
        TensorDef("right", (1, 3)),
        TensorDef("weights", (3, 4), data=WEIGHTS),
        TensorDef("bias", (3,), data=BIAS),
        TensorDef("product", (1, 3)),
        TensorDef("sum", (1, 3)),
    ]
    operators = [OpDef("FULLY_CONNECTED", [0, 2, 3], [4]), OpDef("ADD", [4, 1], [5])]
    return build_model(tensors, operators, [0, 1], [5])


def _open_classifier() -> bytes:
    tensors = [
        TensorDef("input", (1, 4), shape_signature=(-1, 4)),
        TensorDef("weights", (3, 4), data=WEIGHTS),
        TensorDef("bias", (3,), data=BIAS),
        TensorDef("logits", (1, 3), shape_signature=(-1, 3)),
        TensorDef("output", (1, 3), shape_signature=(-1, 3)),
    ]
    operators = [
        OpDef("FULLY_CONNECTED", [0, 1, 2], [3]),
        OpDef("SOFTMAX", [3], [4], options={"Beta": 1.0}),
    ]
    return build_model(tensors, operators, [0], [4])


def _open_identity() -> bytes:
    sides = {"shape_signature": (1, -1, -1, 3)}
    tensors = [
        TensorDef("input", (1, 1, 1, 3), **sides),
        TensorDef("zero", (1,), data=np.zeros(1)),
        TensorDef("output", (1, 1, 1, 3), **sides),
    ]
    return build_model(tensors, [OpDef("ADD", [0, 1], [2])], [0], [2])
