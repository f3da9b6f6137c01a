"""Cases of the rules about the graph: head, training left in it, loops, age. Judged statically."""

import numpy as np
from acceptance_cases.case import Case, negative, positive
from acceptance_cases.constants import NOTED, SIGNS, STATIC, WARNED, chain, row, static_spec
from models import OpDef, TensorDef, build_model, float_dense


def cases() -> list[Case]:
    """All of them."""
    return [*_head(), *_training(), *_reach(), *_recurrent(), *_age()]


def _head() -> list[Case]:
    rule = "degenerate-head"
    return [
        positive(
            rule,
            "Two classes, and a last layer of Dense(1, activation='softmax').",
            static_spec(),
            {"model.tflite": float_dense(SIGNS[:1], np.zeros(1), softmax=True)},
            **STATIC,
            role="cause",
            evidence={"output": "output", "kind": "softmax-of-one", "shape": [1, 1]},
        ),
        negative(
            rule,
            "Two classes, and two units of softmax.",
            static_spec(),
            {"model.tflite": float_dense(SIGNS[:2], np.zeros(2), softmax=True)},
            **STATIC,
        ),
    ]


def _training() -> list[Case]:
    rule = "train-mode-export"
    return [
        positive(
            rule,
            "The exported function calls the model with training=True: dropout is still on.",
            static_spec(),
            {"model.tflite": _normalized([0], is_dropout=True)},
            **STATIC,
            role="cause",
            evidence={"operator": "RANDOM_UNIFORM", "kind": "random", "operators": 1},
        ),
        negative(
            rule,
            "Layer normalization takes mean and variance too, but over the values of one sample.",
            static_spec(),
            {"model.tflite": _normalized([1], is_dropout=False)},
            **STATIC,
        ),
    ]


def _reach() -> list[Case]:
    rule = "constant-or-unused-output"
    return [
        positive(
            rule,
            "The table of anchors was exported as a second output.",
            static_spec("detection"),
            {"model.tflite": _two_outputs(1)},
            **WARNED,
            role="note",
            evidence={"output": "anchors", "kind": "unreached"},
        ),
        negative(
            rule,
            "Both outputs are computed from the input.",
            static_spec("detection"),
            {"model.tflite": _two_outputs(0)},
            **STATIC,
        ),
    ]


def _recurrent() -> list[Case]:
    rule, name = "recurrent-quantization", "UNIDIRECTIONAL_SEQUENCE_LSTM"
    return [
        positive(
            rule,
            "An LSTM in full-integer keeps its cell state as codes.",
            static_spec("regression"),
            chain([row("input", "int8", 0.1), row("output", "int8", 0.01)], name),
            **NOTED,
            role="note",
            evidence={"operator": name, "kind": "integer-cells"},
        ),
        negative(
            rule,
            "The same LSTM in float.",
            static_spec("regression"),
            chain([row("input"), row("output")], name),
            **STATIC,
        ),
    ]


def _age() -> list[Case]:
    rule = "old-schema-or-runtime"
    needs = {"min_runtime_version": b"2.11.0".ljust(16, b"\0")}
    data = build_model(
        [row("input"), row("output")], [OpDef("RELU", [0], [1])], [0], [1], (), needs
    )
    return [
        positive(
            rule,
            "Converted on a new desk, for a board with a runtime of 2021.",
            static_spec(target={"runtime": "tflite-runtime==2.5.0"}),
            {"model.tflite": data},
            **WARNED,
            role="note",
            evidence={"kind": "runtime", "found": "2.5.0", "needed": "2.11.0"},
        ),
        negative(
            rule,
            "The same file for a board with a newer runtime.",
            static_spec(target={"runtime": "tflite-runtime==2.14.0"}),
            {"model.tflite": data},
            **STATIC,
        ),
    ]


def _normalized(axes: list[int], *, is_dropout: bool) -> bytes:
    """Input -> normalized over `axes` [-> dropout] -> output."""
    small = (1, 4) if axes == [0] else (1, 1)
    tensors = [
        row("input"),
        TensorDef("axes", (1,), "int32", data=np.array(axes)),
        TensorDef("mean", small),
        row("squares"),
        TensorDef("variance", small),
        TensorDef("root", small),
        row("normalized"),
        TensorDef("shape", (2,), "int32", data=np.array([1, 4])),
        row("random"),
        row("output"),
    ]
    operators = [
        OpDef("MEAN", [0, 1], [2]),
        OpDef("SQUARED_DIFFERENCE", [0, 2], [3]),
        OpDef("MEAN", [3, 1], [4]),
        OpDef("RSQRT", [4], [5]),
        OpDef("MUL", [0, 5], [6]),
    ]
    drop = [OpDef("RANDOM_UNIFORM", [7], [8]), OpDef("MUL", [0, 8], [9])]
    keep = [OpDef("RELU", [6], [9])]
    return build_model(tensors, drop if is_dropout else operators + keep, [0], [9])


def _two_outputs(source: int) -> bytes:
    """Output `scores` of the input, and `anchors` of tensor 0 (the input) or 1 (a constant)."""
    table = TensorDef("table", (1, 4), data=np.ones((1, 4)))
    tensors = [row("input"), table, row("scores"), row("anchors")]
    operators = [OpDef("RELU", [0], [2]), OpDef("RELU", [source], [3])]
    return build_model(tensors, operators, [0], [2, 3])
