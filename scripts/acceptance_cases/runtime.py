"""Cases of the rules about a runtime that refuses the model, dies on it or hangs in it.

Real models, no pretended runtime.
"""

import numpy as np
from acceptance_cases.case import Case, negative, positive
from acceptance_cases.ingredients import int8_scorer, npz, row_files, rows, scorer, spec
from models import (
    GraphDef,
    OpDef,
    TensorDef,
    build_file,
    build_model,
    finer_than_xnnpack_takes,
    float_dense,
)

COUNTED = spec(task="regression", row={"shape": [1]})


def cases() -> list[Case]:
    """All of them."""
    return [*_load(), *_delegate(), *_crash(), *_timeout()]


def _load() -> list[Case]:
    rule = "load-failed"
    return [
        positive(
            rule,
            "The model holds a custom operator that only the vendor's own runtime registers.",
            spec(task="regression"),
            row_files(_custom_model(), reference=scorer()),
            role="symptom",
        ),
        negative(
            rule,
            "The operator has a version far above 1, which the runtime knows all the same.",
            spec(task="regression"),
            row_files(scorer(version=9), reference=scorer()),
        ),
    ]


def _delegate() -> list[Case]:
    rule = "delegate-not-used"
    values = np.rint(100 * rows(40, 4))
    return [
        positive(
            rule,
            "Calibrated on silence: the output scale is 300 times finer than input scale times "
            "weight scale, and XNNPACK, which requantizes by less than 256, refuses the file.",
            spec(task="regression"),
            row_files(finer_than_xnnpack_takes(), reference=_in_float()) | npz(row=values),
            severity="warning",
            role="cause",
            evidence={"delegate": "XNNPACK"},
        ),
        negative(
            rule,
            "The output scale is fine, but not that fine.",
            spec(task="regression"),
            row_files(int8_scorer(-2, 2), reference=scorer()),
        ),
    ]


def _in_float() -> bytes:
    return float_dense(np.arange(12).reshape(3, 4) - 6, np.array([1, 2, 3]))


def _crash() -> list[Case]:
    rule = "runtime-crash"
    values = npz(row=5 * rows(40, 1))
    return [
        positive(
            rule,
            "A tool that merged subgraphs lost count: the body of the loop is the graph that the "
            "loop is in. Setting it up never comes to a bottom, and the stack overflows.",
            COUNTED,
            {"model.tflite": _loop_of_itself(), "float.tflite": _counting_loop(1), **values},
            role="cause",
            evidence={"phase": "load"},
        ),
        negative(
            rule,
            "A loop in the body of a loop: as deep as it looks, it comes to a bottom.",
            COUNTED,
            {"model.tflite": _nested_loop(), "float.tflite": _counting_loop(1), **values},
        ),
    ]


def _timeout() -> list[Case]:
    rule = "runtime-timeout"
    values = npz(row=5 * rows(40, 1))
    return [
        positive(
            rule,
            "The body of a loop lost its increment: counting to 10 never ends.",
            COUNTED,
            {"model.tflite": _counting_loop(0), "float.tflite": _counting_loop(1), **values},
            arguments=["--timeout", "1"],
            role="cause",
            evidence={"phase": "run", "seconds": 1.0, "sample": "samples.npz[0]"},
        ),
        negative(
            rule,
            "The model holds a loop, and it ends after some ten rounds.",
            COUNTED,
            {"model.tflite": _counting_loop(1), "float.tflite": _counting_loop(1), **values},
            arguments=["--timeout", "10"],
        ),
    ]


def _custom_model() -> bytes:
    tensors = [TensorDef("input", (1, 4)), TensorDef("output", (1, 1))]
    return build_model(tensors, [OpDef("", [0], [1], custom_code="VendorScore")], [0], [1])


def _counting_loop(step: float) -> bytes:
    """A loop: while x < 10, x = x + step."""
    return build_file([_loop("main", 1, 2), _is_below_ten(), _increment(step)])


def _nested_loop() -> bytes:
    """The body of the outer loop is a loop that counts to 10 itself."""
    inner = [_loop("body", 3, 4), _is_below_ten(), _increment(1)]
    return build_file([_loop("main", 1, 2), _is_below_ten(), *inner])


def _loop_of_itself() -> bytes:
    return build_file([_loop("main", 1, 0), _is_below_ten()])


def _loop(name: str, condition: int, body: int) -> GraphDef:
    """A graph that is one loop over its input (1, 1)."""
    tensors = [TensorDef("input", (1, 1)), TensorDef("output", (1, 1))]
    subgraphs = {"CondSubgraphIndex": condition, "BodySubgraphIndex": body}
    return GraphDef(tensors, [OpDef("WHILE", [0], [1], options=subgraphs)], [0], [1], name)


def _is_below_ten() -> GraphDef:
    tensors = [
        TensorDef("x", (1, 1)),
        TensorDef("end", (1, 1), data=np.array([[10]])),
        TensorDef("is_less", (1, 1), "bool"),
        TensorDef("shape", (1,), "int32", data=np.array([1])),
        TensorDef("goes_on", (1,), "bool"),
    ]
    operators = [OpDef("LESS", [0, 1], [2]), OpDef("RESHAPE", [2, 3], [4])]
    return GraphDef(tensors, operators, [0], [4], "condition")


def _increment(step: float) -> GraphDef:
    tensors = [
        TensorDef("x", (1, 1)),
        TensorDef("step", (1, 1), data=np.array([[step]])),
        TensorDef("next", (1, 1)),
    ]
    return GraphDef(tensors, [OpDef("ADD", [0, 1], [2])], [0], [2], "increment")
