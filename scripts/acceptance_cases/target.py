"""Cases of the rules about what the model will run on."""

from typing import Any

from acceptance_cases.case import Case, negative, positive
from acceptance_cases.ingredients import int8_classifier, row_files, scorer, spec
from models import OpDef, TensorDef, build_model

STATIC = ["--static"]


def cases() -> list[Case]:
    """All of them."""
    return [*_version(), *_custom(), *_memory()]


def _on(**target: str) -> dict[str, Any]:
    """A spec of the regression, for a target."""
    return spec(task="regression", target=target)


def _version() -> list[Case]:
    rule = "op-version-unsupported"
    facts = {"operator": "FULLY_CONNECTED", "version": 12, "highest": 10, "is_certain": True}
    return [
        positive(
            rule,
            "A new TensorFlow wrote version 12 of the dense layer; the board has the last "
            "tflite-runtime, which knows it up to version 10.",
            _on(runtime="tflite-runtime==2.14.0"),
            row_files(scorer(version=12), reference=scorer()),
            arguments=STATIC,
            role="cause",
            evidence={"runtime": "tflite-runtime", "release": "2.14.0", **facts},
        ),
        negative(
            rule,
            "The same version of the dense layer, for a board with LiteRT, which knows it.",
            _on(device="raspberry-pi-5"),
            row_files(scorer(version=12), reference=scorer()),
            arguments=STATIC,
        ),
    ]


def _custom() -> list[Case]:
    rule = "flex-or-custom-op-required"
    return [
        positive(
            rule,
            "The file that the Edge TPU compiler wrote went to a board without an Edge TPU.",
            _on(device="raspberry-pi-zero-2"),
            row_files(_compiled(), reference=scorer()),
            arguments=STATIC,
            role="cause",
            evidence={"operator": "edgetpu-custom-op", "kind": "custom", "is_certain": True},
        ),
        negative(
            rule,
            "The file that the Edge TPU compiler wrote, for a board with an Edge TPU.",
            _on(device="coral-dev-board"),
            row_files(_compiled(), reference=scorer()),
            arguments=STATIC,
        ),
    ]


def _memory() -> list[Case]:
    rule = "device-memory-exceeded"
    return [
        positive(
            rule,
            "The input was planned for a camera and a larger chip: it alone is more than the "
            "board has memory.",
            {
                "version": 1,
                "model": {"task": "other"},
                "inputs": {"image": {"kind": "array", "shape": [320, 320, 3]}},
                "target": {"device": "arduino-nano-33-ble"},
            },
            {"model.tflite": _doubling((1, 320, 320, 3))},
            arguments=STATIC,
            role="cause",
            evidence={"memory": "ram", "needed_bytes": 2 * 4 * 320 * 320 * 3},
        ),
        negative(
            rule,
            "A small full-integer classifier, for the same board.",
            spec(target={"device": "arduino-nano-33-ble"}),
            row_files(int8_classifier()),
            arguments=STATIC,
        ),
    ]


def _compiled() -> bytes:
    """What is left of the regression when its compiler is done: one operator."""
    tensors = [TensorDef("input", (1, 4)), TensorDef("output", (1, 1))]
    operator = OpDef("", [0], [1], custom_code="edgetpu-custom-op")
    return build_model(tensors, [operator], [0], [1])


def _doubling(shape: tuple[int, ...]) -> bytes:
    """A model that adds its input to itself, float32."""
    tensors = [TensorDef("image", shape), TensorDef("output", shape)]
    return build_model(tensors, [OpDef("ADD", [0, 0], [1])], [0], [1])
