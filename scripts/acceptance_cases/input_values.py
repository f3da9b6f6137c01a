"""Cases of the rules about the values that the spec prepares: their type and their range."""

import numpy as np
from acceptance_cases.case import Case, negative, positive
from acceptance_cases.ingredients import (
    TO_UNIT,
    echo_image_files,
    image_spec,
    npz,
    picture_files,
    picture_spec,
    spec,
)
from models import OpDef, TensorDef, build_model


def cases() -> list[Case]:
    """All of them."""
    return [*_dtype(), *_ranges()]


def _dtype() -> list[Case]:
    rule = "input-dtype-mismatch"
    ids = np.arange(160).reshape(40, 4) % 97
    values = npz(row=ids.astype(np.float32))
    models = {"model.tflite": _id_model(), "float.tflite": _id_model()}
    return [
        positive(
            rule,
            "The model takes ids, but the spec scales them like measurements.",
            spec(task="regression", row={"steps": [{"rescale": {"scale": 0.01}}]}),
            {**models, **values},
            role="cause",
            evidence={"dtype": "int32"},
        ),
        negative(
            rule,
            "The input is an integer without a scale, and it gets whole numbers.",
            spec(task="regression"),
            {**models, **values},
        ),
    ]


def _ranges() -> list[Case]:
    signed = {"rescale": {"scale": 0.00784313725490196, "offset": -1}}
    files = picture_files((1, 4, 4, 3))
    return [
        positive(
            "input-range-mismatch",
            "The spec promises 0..1, but its steps were taken from a model trained on -1..1.",
            picture_spec([4, 4, 3], [signed], range=[0, 1]),
            files,
            role="cause",
            evidence={"promised": [0.0, 1.0], "observed": [-1.0, 1.0]},
        ),
        negative(
            "input-range-mismatch",
            "The pictures use 0..1 of a promised 0..1.5: part of a promise is enough.",
            picture_spec([4, 4, 3], [TO_UNIT], range=[0, 1.5]),
            files,
        ),
        positive(
            "input-not-normalized",
            "The scaling of the training code was forgotten: the model gets raw pixels.",
            image_spec([4, 4, 3], [], range=[-1, 1]),
            echo_image_files((1, 4, 4, 3)),
            role="cause",
            evidence={"promised": [-1.0, 1.0], "observed": [0.0, 255.0]},
        ),
        negative(
            "input-not-normalized",
            "The model scales inside: raw pixels are what it was trained on.",
            image_spec([4, 4, 3], [], range=[0, 255]),
            echo_image_files((1, 4, 4, 3)),
        ),
    ]


def _id_model() -> bytes:
    """Ids (1, 4) int32, without a scale, as floats."""
    tensors = [TensorDef("ids", (1, 4), "int32"), TensorDef("output", (1, 4))]
    return build_model(tensors, [OpDef("CAST", [0], [1])], [0], [1])
