"""Cases of ranges and operators inside the model, found by the walk beside the float twin."""

import numpy as np
from acceptance_cases.case import Case, negative, positive
from acceptance_cases.ingredients import npz, spec
from models import float_dense, int8_dense, int8_params
from tflite_writer import OpDef, TensorDef, build_model

from edgecheck.tensors import Array

_RANDOM = np.random.default_rng(11)
_ROWS = _RANDOM.uniform(-1, 1, (60, 4)).astype(np.float32)
_WEIGHTS = _RANDOM.normal(0, 1, (3, 4)).astype(np.float32)
_BIAS = np.zeros(3, np.float32)
_FITS = (-4.0, 4.0)
_STEP = np.float32(100 / 127)
_PAIRS = _RANDOM.uniform(-1, 1, (60, 8)).astype(np.float32)
_SIGNS = _RANDOM.choice([-1, 1], (60, 1))
_TOGETHER = np.repeat(_SIGNS * _RANDOM.uniform(0.6, 1, (60, 1)), 32, axis=1)
_APART = _RANDOM.uniform(-1, 1, (60, 32))
_HALF = _RANDOM.normal(0, 1, (3, 16))


def cases() -> list[Case]:
    """All of them."""
    return [*_unrepresentative(), *_foreign(), *_outlier(), *_sensitive(), *_kernels()]


def _unrepresentative() -> list[Case]:
    rule = "calibration-unrepresentative"
    return [
        positive(
            rule,
            "The representative dataset was dark: the logits were small, and most are cut off.",
            spec(),
            _dense((-0.4, 0.3)),
            role="cause",
            evidence={"operator": "FULLY_CONNECTED", "tensors": 1},
        ),
        negative(
            rule, "The same model, calibrated on all kinds of samples.", spec(), _dense(_FITS)
        ),
    ]


def _outlier() -> list[Case]:
    rule = "quant-range-outlier"
    return [
        positive(
            rule,
            "One sample of the representative dataset was broken, and its logits reached 900.",
            spec(),
            _dense((-4.0, 900.0)),
            role="cause",
            evidence={"operator": "FULLY_CONNECTED", "codes": 256},
        ),
        negative(
            rule,
            "Calibration saw values three times as large as the samples: a quarter of the steps "
            "is used, and that is enough.",
            spec(),
            _dense((-12.0, 12.0)),
        ),
    ]


def _sensitive() -> list[Case]:
    rule = "activation-sensitive-op"
    return [
        positive(
            rule,
            "The model subtracts two branches of about 100 whose difference is about 1: what is "
            "left is their rounding.",
            spec(row={"shape": [8]}),
            _difference(cancels=True),
            role="cause",
            evidence={"operator": "ADD", "index": 2},
        ),
        negative(
            rule,
            "The same graph with a second branch that does not cancel the first.",
            spec(row={"shape": [8]}),
            _difference(cancels=False),
        ),
    ]


def _foreign() -> list[Case]:
    rule = "inputs-out-of-domain"
    return [
        positive(
            rule,
            "The features of the training data vary one by one; those of these samples all move "
            "together, so that their sums go far beyond what calibration saw.",
            spec("regression", row={"shape": [32]}),
            _sums(_TOGETHER),
            role="cause",
            evidence={"tensors": 4, "activations": 4, "tensor": "hidden0"},
        ),
        negative(
            rule,
            "The same model on samples of the kind that it was calibrated with.",
            spec("regression", row={"shape": [32]}),
            _sums(_APART),
        ),
    ]


def _sums(rows: Array) -> dict[str, bytes]:
    """Four layers; the first adds up the features, and all can hold -11 to 11."""
    source, inner = int8_params(-1, 1), int8_params(-11, 11)
    tensors = [
        TensorDef("input", (1, 32), "int8", source.scales, source.zero_points),
        TensorDef("sums", (4, 32), "int8", 1 / 127, data=np.full((4, 32), 127)),
        TensorDef("same", (4, 4), "int8", 1 / 127, data=127 * np.eye(4)),
        TensorDef("bias", (4,), "int32", source.scales[0] / 127, data=np.zeros(4)),
        TensorDef("zero", (4,), "int32", inner.scales[0] / 127, data=np.zeros(4)),
    ]
    operators = []
    for number in range(4):
        name = "output" if number == 3 else f"hidden{number}"
        tensors.append(TensorDef(name, (1, 4), "int8", inner.scales, inner.zero_points))
        reads = [4 + number, 2, 4] if number else [0, 1, 3]
        operators.append(OpDef("FULLY_CONNECTED", reads, [5 + number], version=4))
    return {
        "model.tflite": build_model(tensors, operators, [0], [8]),
        "float.tflite": float_dense(np.ones((4, 32), np.float32), np.zeros(4, np.float32)),
        **npz(row=rows.astype(np.float32)),
    }


def _kernels() -> list[Case]:
    rule = "kernel-divergence"
    always = ["--layers", "always"]
    return [
        positive(
            rule,
            "The layer adds millions that cancel out: the rest depends on the order in which a "
            "kernel adds them.",
            spec(row={"shape": [32]}),
            _rounded(np.hstack([1e7 * _HALF, -1e7 * _HALF])),
            arguments=always,
            exit_code=0,
            severity="warning",
        ),
        negative(
            rule,
            "The same graph with ordinary weights.",
            spec(row={"shape": [32]}),
            _rounded(np.hstack([_HALF, _HALF])),
            arguments=always,
        ),
    ]


def _rounded(weights: Array) -> dict[str, bytes]:
    """A float layer with an int8 output; the reference ends before it."""
    rows = np.tile(_APART[:, :16], 2)
    codes = int8_params(-20, 20)
    tensors = [
        TensorDef("input", (1, 32)),
        TensorDef("weights", (3, 32), data=weights),
        TensorDef("bias", (3,), data=np.array([0.5, 1.0, 1.5])),
        TensorDef("real", (1, 3)),
        TensorDef("output", (1, 3), "int8", codes.scales, codes.zero_points),
    ]
    operators = [OpDef("FULLY_CONNECTED", [0, 1, 2], [3]), OpDef("QUANTIZE", [3], [4])]
    return {
        "model.tflite": build_model(tensors, operators, [0], [4]),
        "float.tflite": build_model(tensors[:4], operators[:1], [0], [3]),
        **npz(row=rows.astype(np.float32)),
    }


def _dense(outputs: tuple[float, float]) -> dict[str, bytes]:
    """One layer whose output can hold `outputs`."""
    return {
        "model.tflite": int8_dense(_WEIGHTS, _BIAS, (-1, 1), outputs),
        "float.tflite": float_dense(_WEIGHTS, _BIAS),
        **npz(row=_ROWS),
    }


def _branches(*, cancels: bool) -> tuple[Array, Array]:
    """Weights (4, 8) of two layers, in steps of int8."""
    one, none = np.eye(4), np.zeros((4, 4))
    first = np.hstack([127 * one, none])
    return first, np.hstack([-127 * one, 2 * one] if cancels else [none, 127 * one])


def _difference(*, cancels: bool) -> dict[str, bytes]:
    """A graph of two layers and their sum."""
    first, second = _branches(cancels=cancels)
    source, branch = int8_params(-1, 1), int8_params(-101.6, 101.6)
    total = int8_params(-1.6, 1.6) if cancels else int8_params(-200, 200)
    bias_scale = source.scales[0] * float(_STEP)
    tensors = [
        TensorDef("input", (1, 8), "int8", source.scales, source.zero_points),
        TensorDef("first", (4, 8), "int8", float(_STEP), data=first),
        TensorDef("second", (4, 8), "int8", float(_STEP), data=second),
        TensorDef("bias", (4,), "int32", bias_scale, data=np.zeros(4)),
        TensorDef("left", (1, 4), "int8", branch.scales, branch.zero_points),
        TensorDef("right", (1, 4), "int8", branch.scales, branch.zero_points),
        TensorDef("output", (1, 4), "int8", total.scales, total.zero_points),
    ]
    operators = [
        OpDef("FULLY_CONNECTED", [0, 1, 3], [4], version=4),
        OpDef("FULLY_CONNECTED", [0, 2, 3], [5], version=4),
        OpDef("ADD", [4, 5], [6], version=2),
    ]
    weights = ((first + second) * _STEP).astype(np.float32)
    return {
        "model.tflite": build_model(tensors, operators, [0], [6]),
        "float.tflite": float_dense(weights, np.zeros(4, np.float32)),
        **npz(row=_PAIRS),
    }
