"""Cases of the rules about what comes out of the model."""

import numpy as np
from acceptance_cases.case import Case, negative, positive
from acceptance_cases.ingredients import (
    BIAS,
    LABELLED,
    WEIGHTS,
    classes_of,
    classifier,
    int8_classifier,
    int8_scorer,
    npz,
    row_files,
    rows,
    scorer,
    spec,
)
from models import OpDef, TensorDef, build_model, constant_dense, float_dense

REGRESSION = spec(task="regression")


def cases() -> list[Case]:
    """All of them."""
    return [
        *_nonfinite(),
        *_zero(),
        *_constant(),
        *_classes(),
        *_insensitive(),
        *_distinct(),
        *_parity(),
    ]


def _nonfinite() -> list[Case]:
    rule = "nonfinite-output"
    guarded = _log_energy(floor=1e-6)
    return [
        positive(
            rule,
            "The export lost the guard of a logarithm: rows with a sum below 0 give NaN.",
            REGRESSION,
            row_files(_log_energy(floor=None), reference=guarded),
            role="symptom",
            evidence={"values": 40, "who": "candidate"},
        ),
        negative(
            rule,
            "The same logarithm with its guard.",
            REGRESSION,
            row_files(guarded, reference=guarded),
        ),
    ]


def _zero() -> list[Case]:
    rule = "zero-output"
    return [
        positive(
            rule,
            "The output was calibrated on values up to 2000: a whole score is less than one step.",
            REGRESSION,
            row_files(int8_scorer(-2000, 2000), reference=scorer()),
            role="symptom",
            evidence={"samples": 40, "zero_fraction": 1.0, "who": "candidate"},
        ),
        negative(
            rule,
            "A ReLU at the end: about every second score is 0, in the reference as well.",
            REGRESSION,
            row_files(scorer(activation=1), reference=scorer(activation=1)),
        ),
    ]


def _constant() -> list[Case]:
    rule = "constant-output"
    small = float_dense(0.01 * WEIGHTS[:1], np.ones(1, np.float32))
    return [
        positive(
            rule,
            "The weights were not restored before the export: only the bias comes out.",
            REGRESSION,
            row_files(constant_dense(), reference=float_dense(WEIGHTS, BIAS)),
            role="symptom",
            evidence={"samples": 40, "spread": 0.0, "who": "candidate"},
        ),
        negative(
            rule,
            "The score hardly moves around 1, by a few steps of the output, as in the reference.",
            REGRESSION,
            row_files(int8_scorer(0, 1.1, bias=1, gain=0.01), reference=small),
        ),
    ]


def _classes() -> list[Case]:
    rule = "class-collapse"
    lopsided = np.array([2, 0, 0], np.float32)
    values = _mostly_first_class()
    return [
        positive(
            rule,
            "The bias of the first class came out of the conversion far too large.",
            spec(dataset=LABELLED),
            row_files(int8_classifier(2 * lopsided)),
            role="symptom",
            evidence={"top_class": 0, "who": "candidate", "samples": 40},
        ),
        negative(
            rule,
            "The model answers class 0 for nearly all samples because nearly all belong to it.",
            spec(dataset=LABELLED),
            {
                "model.tflite": int8_classifier(),
                "float.tflite": classifier(),
                **npz(row=values, label=classes_of(values)),
            },
        ),
    ]


def _insensitive() -> list[Case]:
    rule = "input-insensitive"
    inputs = {
        "signal": {"kind": "array", "shape": [4]},
        "context": {"kind": "array", "shape": [4]},
    }
    two = spec(task="regression", inputs=inputs)
    values = npz(signal=rows(), context=rows(seed=1))
    whole = {"float.tflite": _with_context(0.5), **values}
    return [
        positive(
            rule,
            "The branch of the second input was cut off at the export.",
            two,
            {"model.tflite": _with_context(0), **whole},
            role="symptom",
            evidence={"input": "context"},
        ),
        negative(
            rule,
            "The second input moves the output a little, as training found right.",
            two,
            {"model.tflite": _with_context(0.01), "float.tflite": _with_context(0.01), **values},
        ),
    ]


def _distinct() -> list[Case]:
    rule = "quant-output-collapse"
    return [
        positive(
            rule,
            "One outlier in calibration: a step of the output is as large as its true range.",
            REGRESSION,
            row_files(int8_scorer(-510, 510), reference=scorer(), count=200),
            role="symptom",
            evidence={"samples": 200, "distinct": 3, "reference_distinct": 200},
        ),
        negative(
            rule,
            "Integer codes repeat: the model tells far fewer scores apart than its reference, and "
            "enough of them.",
            REGRESSION,
            row_files(int8_scorer(-16, 16), reference=scorer(), count=200),
        ),
    ]


def _parity() -> list[Case]:
    rule = "parity-loss"
    return [
        positive(
            rule,
            "Two columns changed places in the weights.",
            spec(dataset=LABELLED),
            row_files(int8_classifier(weights=WEIGHTS[:, [1, 0, 2, 3]])),
            role="symptom",
            evidence={"output": "output", "metric": "accuracy", "samples": 40},
        ),
        negative(
            rule,
            "Some answers near a tie flip; so few are within the luck of the draw.",
            spec(dataset=LABELLED),
            row_files(int8_classifier(low=-5, high=5)),
        ),
    ]


def _mostly_first_class() -> np.ndarray:
    """38 rows of class 0 and 2 others, all different."""
    values = rows(400)
    is_first = classes_of(values) == 0
    return np.concatenate([values[is_first][:38], values[~is_first][:2]])


def _log_energy(floor: float | None) -> bytes:
    """log(max(score, floor)), float; without a floor the logarithm of negative scores is NaN."""
    tensors = [
        TensorDef("input", (1, 4)),
        TensorDef("weights", (1, 4), data=WEIGHTS[:1]),
        TensorDef("bias", (1,), data=np.zeros(1)),
        TensorDef("score", (1, 1)),
        TensorDef("floor", (1, 1), data=np.array([[floor or 0.0]])),
        TensorDef("guarded", (1, 1)),
        TensorDef("output", (1, 1)),
    ]
    operators = [OpDef("FULLY_CONNECTED", [0, 1, 2], [3])]
    if floor is not None:
        operators.append(OpDef("MAXIMUM", [3, 4], [5]))
    operators.append(OpDef("LOG", [3 if floor is None else 5], [6]))
    return build_model(tensors, operators, [0], [6])


def _with_context(share: float) -> bytes:
    """The sum of weights x signal and share x weights x context."""
    tensors = [
        TensorDef("signal", (1, 4)),
        TensorDef("context", (1, 4)),
        TensorDef("weights", (3, 4), data=WEIGHTS),
        TensorDef("context_weights", (3, 4), data=share * WEIGHTS),
        TensorDef("bias", (3,), data=BIAS),
        TensorDef("first", (1, 3)),
        TensorDef("second", (1, 3)),
        TensorDef("output", (1, 3)),
    ]
    operators = [
        OpDef("FULLY_CONNECTED", [0, 2, 4], [5]),
        OpDef("FULLY_CONNECTED", [1, 3, 4], [6]),
        OpDef("ADD", [5, 6], [7]),
    ]
    return build_model(tensors, operators, [0, 1], [7])
