"""Cases of the rules about samples and labels."""

import numpy as np
from acceptance_cases.case import Case, negative, positive
from acceptance_cases.ingredients import (
    LABELLED,
    WEIGHTS,
    classes_of,
    classifier,
    int8_classifier,
    npz,
    rows,
    spec,
)
from models import OpDef, TensorDef, build_model, two_input_add

from edgecheck.tensors import Array

NOTED = {"exit_code": 0, "severity": "warning", "role": "note"}


def cases() -> list[Case]:
    """All of them."""
    return [
        *_nonfinite(),
        *_constant(),
        *_label_count(),
        *_duplicates(),
        *_features(),
        *_single_class(),
        *_reference(),
    ]


def _nonfinite() -> list[Case]:
    rule = "inputs-nonfinite"
    gaps = rows()
    gaps[7, 2] = gaps[31, 0] = np.nan
    return [
        positive(
            rule,
            "Two cells of the table were empty and became NaN.",
            spec(),
            _files(gaps),
            role="cause",
            evidence={"nonfinite": 2, "samples_hit": 2, "example": "samples.npz[7]"},
        ),
        negative(
            rule,
            "The file holds NaN, but in an array that no input takes.",
            spec(dataset={"arrays": {"row": "row"}}),
            {**_files(rows()), **npz(row=rows(), measured_later=gaps)},
        ),
    ]


def _constant() -> list[Case]:
    rule = "input-constant"
    halved = {"steps": [{"rescale": {"scale": 0.5, "offset": 0.5}}, {"cast": "uint8"}]}
    alike = np.tile(rows(1), (40, 1))
    alike[:, 3] = rows(40, 1)[:, 0]
    return [
        positive(
            rule,
            "A cast to whole numbers stands behind the scaling to 0..1: every value becomes 0.",
            spec(row=halved),
            _files(rows()),
            role="cause",
            evidence={"samples": 40, "distinct": 1},
        ),
        negative(
            rule,
            "The samples differ in one feature of four only: that is a note, not a dead input.",
            spec(),
            _files(alike),
        ),
    ]


def _label_count() -> list[Case]:
    rule = "label-count-mismatch"
    two_names = {"labels": ["idle", "running"]}
    values = rows()
    positive_score = (values @ WEIGHTS[0] > 0).astype(np.int64)
    return [
        positive(
            rule,
            "The model has a background class in front, which the list of names does not have.",
            spec(model={"labels": "labels.txt"}),
            {**_files(rows()), "labels.txt": b"cat\ndog\n"},
            role="cause",
            evidence={"labels": 2, "classes": 3},
        ),
        negative(
            rule,
            "Two names for an output of one number: a sigmoid tells two classes apart.",
            spec(model=two_names, dataset=LABELLED),
            {
                "model.tflite": _sigmoid(),
                "float.tflite": _sigmoid(),
                **npz(row=values, label=positive_score),
            },
        ),
    ]


def _duplicates() -> list[Case]:
    rule = "dataset-duplicates"
    repeated = np.concatenate([rows(30), rows(10)])
    inputs = {name: {"kind": "array", "shape": [4]} for name in ("left", "right")}
    add = two_input_add()
    return [
        positive(
            rule,
            "Ten files were copied into the folder twice.",
            spec(),
            _files(repeated),
            **NOTED,
            evidence={
                "samples": 40,
                "distinct": 30,
                "example": ["samples.npz[0]", "samples.npz[30]"],
            },
        ),
        negative(
            rule,
            "One input repeats itself, but never together with the other: no sample repeats.",
            spec(task="regression", inputs=inputs),
            {
                "model.tflite": add,
                "float.tflite": add,
                **npz(left=repeated, right=rows(seed=1)),
            },
        ),
    ]


def _features() -> list[Case]:
    rule = "features-constant"
    flat, rare = rows(), rows()
    flat[:, 2] = rare[:, 2] = 0.25
    rare[39, 2] = 0.26
    return [
        positive(
            rule,
            "The sensor behind the third column was not connected during the recording.",
            spec(),
            _files(flat),
            **NOTED,
            evidence={"indices": [2], "count": 1, "features": 4},
        ),
        negative(rule, "The third column moves, if in one sample only.", spec(), _files(rare)),
    ]


def _single_class() -> list[Case]:
    rule = "dataset-single-class"
    labelled = spec(dataset=LABELLED)
    return [
        positive(
            rule,
            "All but two samples were recorded in front of the same object.",
            labelled,
            _files(_first_class(38)),
            exit_code=0,
            severity="info",
            role="note",
            evidence={"label": 0, "share": 0.95, "labelled": 40},
        ),
        negative(
            rule,
            "Four of five samples belong to one class: one-sided, and still telling.",
            labelled,
            _files(_first_class(32)),
        ),
    ]


def _reference() -> list[Case]:
    rule = "reference-inaccurate"
    values = rows(200)
    labels = classes_of(values)
    models = {"model.tflite": int8_classifier(), "float.tflite": classifier()}
    return [
        positive(
            rule,
            "The labels were written in another order than the samples.",
            spec(dataset=LABELLED),
            {**models, **npz(row=values, label=np.random.default_rng(1).permutation(labels))},
            exit_code=0,
            severity="warning",
            role="symptom",
            evidence={"labelled": 200},
        ),
        negative(
            rule,
            "A task so hard that one label in three is not met: far better than guessing.",
            spec(dataset=LABELLED),
            {**models, **npz(row=values, label=np.where(np.arange(200) % 3, labels, 0))},
        ),
    ]


def _first_class(count: int) -> Array:
    """40 different rows, `count` of them of class 0."""
    values = rows(400)
    is_first = classes_of(values) == 0
    return np.concatenate([values[is_first][:count], values[~is_first][: 40 - count]])


def _files(values: Array) -> dict[str, bytes]:
    """The healthy int8 classifier and its reference, on these rows."""
    labels = classes_of(np.nan_to_num(values))
    return {
        "model.tflite": int8_classifier(),
        "float.tflite": classifier(),
        **npz(row=values, label=labels),
    }


def _sigmoid() -> bytes:
    """One probability: sigmoid of the first score."""
    tensors = [
        TensorDef("input", (1, 4)),
        TensorDef("weights", (1, 4), data=WEIGHTS[:1]),
        TensorDef("bias", (1,), data=np.zeros(1)),
        TensorDef("score", (1, 1)),
        TensorDef("output", (1, 1)),
    ]
    operators = [OpDef("FULLY_CONNECTED", [0, 1, 2], [3]), OpDef("LOGISTIC", [3], [4])]
    return build_model(tensors, operators, [0], [4])
