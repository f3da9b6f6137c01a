"""Cases of the rules about what a file says of itself."""

import numpy as np
from acceptance_cases.case import Case, negative, positive
from acceptance_cases.ingredients import (
    LABELLED,
    classes_of,
    classifier,
    npz,
    picture_spec,
    pictures,
    rows,
    spec,
)
from metadata_writer import Said, metadata, with_files
from models import OpDef, TensorDef, build_model

NAMES = ["cat", "dog", "bird"]
SIGNED = {"rescale": {"scale": 0.00784313725490196, "offset": -1}}


def cases() -> list[Case]:
    """All of them."""
    return [*_normalization(), *_labels()]


def _normalization() -> list[Case]:
    rule = "metadata-missing"
    described = picture_spec([4, 4, 3], ["decode", SIGNED], range=[-1, 1])
    described["inputs"]["image"]["kind"] = "image"
    return [
        positive(
            rule,
            "The metadata was written for a model of 0..1; this one takes -1..1.",
            described,
            _described_files(Said("image", [0.0], [255.0], "RGB")),
            exit_code=0,
            severity="warning",
            role="cause",
        ),
        negative(
            rule,
            "The metadata says what the steps do.",
            described,
            _described_files(Said("image", [127.5], [127.5], "RGB")),
        ),
    ]


def _labels() -> list[Case]:
    rule = "label-order-or-offset"
    described = spec(model={"labels": NAMES}, dataset=LABELLED)
    return [
        positive(
            rule,
            "The file carries the labels in alphabetical order, the training code had its own.",
            described,
            _labelled_files(sorted(NAMES)),
            role="cause",
        ),
        negative(rule, "One order everywhere.", described, _labelled_files(NAMES)),
    ]


def _described_files(said: Said) -> dict[str, bytes]:
    """A model that gives its input back, with metadata."""
    shape = (1, 4, 4, 3)
    tensors = [
        TensorDef("input", shape),
        TensorDef("zero", (1,), data=np.zeros(1)),
        TensorDef("output", shape),
    ]
    entries = {"TFLITE_METADATA": metadata([said], [Said("image")])}
    operators = [OpDef("ADD", [0, 1], [2])]
    model = build_model(tensors, operators, [0], [2], metadata=entries)
    return {"model.tflite": model, "float.tflite": model, **npz(image=pictures())}


def _labelled_files(names: list[str]) -> dict[str, bytes]:
    """The classifier with label names packed behind it."""
    values = rows()
    return {
        "model.tflite": with_files(classifier(), {"labels.txt": "\n".join(names) + "\n"}),
        "float.tflite": classifier(),
        **npz(row=values, label=classes_of(values)),
    }
