"""Cases of the rules about training: what it left undone, or broke."""

import numpy as np
from acceptance_cases.case import Case, negative, positive
from acceptance_cases.ingredients import BIAS, LABELLED, WEIGHTS, classes_of, npz, rows, spec
from models import OpDef, TensorDef, build_model, float_dense
from onnx_writer import onnx_normed

from edgecheck.tensors import Array

SIZE = 16


HIDDEN = 8
FAR = np.array([20, -20, 10, -10], np.float32)
"""What a feature is around, before it is normalized."""


def cases() -> list[Case]:
    """All of them."""
    return [*_not_loaded(), *_dead(), *_vanished(), *_prior(), *_undertrained(), *_norms()]


def _dead() -> list[Case]:
    rule = "dead-activations"
    bias = np.where(np.arange(HIDDEN) % 3, 0.0, -100.0)
    return [
        positive(
            rule,
            "One step of a learning rate that was too high pushed every ReLU below 0.",
            spec(dataset=LABELLED),
            _both(_hidden("RELU", np.full(HIDDEN, -100.0)), count=60),
            role="cause",
            evidence={"operator": "FULLY_CONNECTED", "dead": HIDDEN, "units": HIDDEN},
        ),
        negative(
            rule,
            "A third of the units are dead, as in many healthy networks; the others do the work.",
            spec(dataset=LABELLED),
            _both(_hidden("RELU", bias), count=60),
        ),
    ]


def _vanished() -> list[Case]:
    rule = "saturated-or-vanished"
    steady = float_dense(0.05 * WEIGHTS[:1], np.array([20.0]))
    values = rows(60)
    targets = (0.05 * values @ WEIGHTS[:1].T + 20).astype(np.float32)
    return [
        positive(
            rule,
            "Tiny initial weights in front of sigmoids: nothing of the input was left to learn from.",
            spec(dataset=LABELLED),
            _both(_hidden("LOGISTIC", np.zeros(HIDDEN), factor=0.001), count=60),
            role="cause",
            evidence={"kind": "vanished", "operator": "LOGISTIC"},
        ),
        negative(
            rule,
            "A temperature between 19.8 and 20.2: it varies little, and is right.",
            spec(task="regression", dataset=LABELLED),
            {"model.tflite": steady, "float.tflite": steady, **npz(row=values, label=targets)},
        ),
    ]


def _prior() -> list[Case]:
    rule = "class-prior-collapse"
    values, counts = rows(400), (120, 15, 15)
    classes = classes_of(values)
    kept = np.concatenate([np.flatnonzero(classes == c)[:n] for c, n in enumerate(counts)])
    samples = npz(row=values[kept], label=classes[kept])
    shares = np.log(np.array(counts) / sum(counts)).astype(np.float32)
    return [
        positive(
            rule,
            "Four of five samples are of class 0, and the loss weighed all of them alike.",
            spec(dataset=LABELLED),
            {**_models(float_dense(0.01 * WEIGHTS, shares, softmax=True)), **samples},
            role="cause",
            evidence={"top_class": 0, "share": 1.0, "others": 30, "others_met": 0},
        ),
        negative(
            rule,
            "Four of five samples are of class 0, and the model knows the others all the same.",
            spec(dataset=LABELLED),
            {**_models(float_dense(WEIGHTS, BIAS, softmax=True)), **samples},
        ),
    ]


def _undertrained() -> list[Case]:
    rule = "undertrained"
    weights = np.random.default_rng(8).normal(0, 0.4, WEIGHTS.shape).astype(np.float32)
    values = rows(200)
    labels = classes_of(values)
    hard = npz(row=values, label=np.where(np.arange(200) % 3, labels, 0))
    return [
        positive(
            rule,
            "The checkpoint of the first epoch was exported.",
            spec(dataset=LABELLED),
            {
                **_models(float_dense(weights, np.array([0.1, -0.1, 0.05]), softmax=True)),
                **npz(row=values, label=labels),
            },
            exit_code=0,
            severity="warning",
            role="cause",
            evidence={"labelled": 200, "layers_as_drawn": 0},
        ),
        negative(
            rule,
            "A task so hard that one label in three is not met: that is no lack of training.",
            spec(dataset=LABELLED),
            {**_models(float_dense(WEIGHTS, BIAS, softmax=True)), **hard},
        ),
    ]


def _norms() -> list[Case]:
    rule, needs = "bn-statistics-unconverged", ["onnx", "onnxruntime"]
    trained = spec(model={"reference": "trained.onnx"}, dataset=LABELLED)
    return [
        positive(
            rule,
            "Batch normalization with a momentum of 0.999, and training ended after 100 steps.",
            trained,
            _normed(0.1 * FAR, np.full(4, 0.93)),
            severity="warning",  # of one layer: other values of the samples would look the same
            role="cause",
            evidence={"layers": 1, "samples": 60},
            needs=needs,
        ),
        negative(
            rule,
            "The same network after 10000 steps.",
            trained,
            _normed(FAR, np.full(4, 1 / 3)),
            needs=needs,
        ),
    ]


def _normed(mean: Array, variance: Array) -> dict[str, bytes]:
    """A classifier of far rows behind batch normalization, and its conversion, which folds it."""
    values = rows(120)
    folded = WEIGHTS / np.sqrt(variance + 1e-5)
    return {
        "model.tflite": float_dense(folded, -folded @ mean, softmax=True),
        "trained.onnx": onnx_normed(mean, variance, WEIGHTS, BIAS),
        **npz(row=values + FAR, label=classes_of(values)),
    }


def _hidden(activation: str, bias: Array, *, factor: float = 1.0) -> bytes:
    """Rows -> 8 units -> activation -> scores -> softmax, which knows the classes of `rows`.

    The units give each of the four features twice, which the scores read.
    """
    first = factor * np.repeat(np.vstack([np.eye(4)]), 2, axis=0)[:, :4]
    second = np.repeat(WEIGHTS, 2, axis=1)
    tensors = [
        TensorDef("row", (1, 4)),
        TensorDef("first", first.shape, data=first),
        TensorDef("bias", (HIDDEN,), data=bias),
        TensorDef("sums", (1, HIDDEN)),
        TensorDef("hidden", (1, HIDDEN)),
        TensorDef("second", second.shape, data=second),
        TensorDef("offset", (3,), data=np.array([0.1, 0.0, -0.1])),
        TensorDef("scores", (1, 3)),
        TensorDef("output", (1, 3)),
    ]
    is_fused = activation == "RELU"
    operators = [
        OpDef("FULLY_CONNECTED", [0, 1, 2], [3], options={"FusedActivationFunction": is_fused}),
        *([] if is_fused else [OpDef(activation, [3], [4])]),
        OpDef("FULLY_CONNECTED", [3 if is_fused else 4, 5, 6], [7]),
        OpDef("SOFTMAX", [7], [8], options={"Beta": 1.0}),
    ]
    return build_model(tensors, operators, [0], [8])


def _both(model: bytes, *, count: int) -> dict[str, bytes]:
    values = rows(count)
    return {**_models(model), **npz(row=values, label=classes_of(values))}


def _models(model: bytes) -> dict[str, bytes]:
    return {"model.tflite": model, "float.tflite": model}


def _not_loaded() -> list[Case]:
    rule = "weights-not-loaded"
    random = np.random.default_rng(11)
    limit = np.sqrt(6 / (SIZE + SIZE))
    drawn = [random.uniform(-limit, limit, (SIZE, SIZE)) for _ in range(2)]
    trained = [random.normal(0, limit / 3, (SIZE, SIZE)) for _ in range(2)]
    samples = npz(row=random.uniform(-1, 1, (40, SIZE)).astype(np.float32))
    return [
        positive(
            rule,
            "The model was built anew for the export, and nobody loaded its weights.",
            _spec(),
            {"model.tflite": _dense(*drawn), "float.tflite": _dense(*drawn), **samples},
            role="cause",
            evidence={"layers": 2, "weights": 512, "initializers": ["glorot_uniform"]},
        ),
        negative(
            rule,
            "A trained model without biases: its weights are not evenly distributed any more.",
            _spec(),
            {"model.tflite": _dense(*trained), "float.tflite": _dense(*trained), **samples},
        ),
    ]


def _spec() -> dict[str, object]:
    return {
        "version": 1,
        "model": {"task": "other", "reference": "float.tflite"},
        "inputs": {"row": {"kind": "array", "shape": [SIZE]}},
        "dataset": {"path": "samples.npz"},
    }


def _dense(first: Array, second: Array) -> bytes:
    """Two layers with biases of 0."""
    tensors = [
        TensorDef("row", (1, SIZE)),
        TensorDef("first", first.shape, data=first),
        TensorDef("bias", (SIZE,), data=np.zeros(SIZE)),
        TensorDef("hidden", (1, SIZE)),
        TensorDef("second", second.shape, data=second),
        TensorDef("output", (1, SIZE)),
    ]
    relu = {"FusedActivationFunction": 1}
    operators = [
        OpDef("FULLY_CONNECTED", [0, 1, 2], [3], options=relu),
        OpDef("FULLY_CONNECTED", [3, 4, 2], [5]),
    ]
    return build_model(tensors, operators, [0], [5])
