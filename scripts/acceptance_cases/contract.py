"""Cases of the rules about the contract of a model: orders, open sizes, scaling inside the graph."""

import numpy as np
from acceptance_cases.case import Case, negative, positive
from acceptance_cases.ingredients import image_spec, npz, picture_spec, pictures, rows, spec
from models import OpDef, SignatureDef, TensorDef, build_model, int8_params, two_input_add

NOTED = {"exit_code": 0, "severity": "warning"}
SHAPE = (1, 4, 4, 3)


def cases() -> list[Case]:
    """All of them."""
    return [*_orders(), *_dynamic(), *_double(), *_inside()]


def _orders() -> list[Case]:
    pair = {"left": {"kind": "array", "shape": [4]}, "right": {"kind": "array", "shape": [4]}}
    described = spec(task="other", inputs=pair)
    values = npz(left=rows(), right=rows(seed=1))
    one = {**described["inputs"]}
    sides = spec(task="other")
    return [
        positive(
            "io-order-swapped",
            "The signature names the two inputs of one shape the other way round than the file.",
            {**described, "inputs": {"b": one["left"], "a": one["right"]}},
            {**_both(_named_add("b", "a")), **npz(b=rows(), a=rows(seed=1))},
            **NOTED,
            role="note",
            evidence={"by_position": ["b", "a"], "by_name": ["a", "b"]},
        ),
        negative(
            "io-order-swapped",
            "Two inputs of one shape, in alphabetical order everywhere.",
            described,
            {**_both(_named_add("left", "right")), **values},
        ),
        positive(
            "output-order-changed",
            "The converter met the second output first.",
            sides,
            {**_both(_two_outputs("b", "a")), **npz(row=rows())},
            **NOTED,
            role="note",
            evidence={"by_position": ["b", "a"], "by_name": ["a", "b"]},
        ),
        negative(
            "output-order-changed",
            "Two outputs of one shape, in alphabetical order everywhere.",
            sides,
            {**_both(_two_outputs("a", "b")), **npz(row=rows())},
        ),
    ]


def _dynamic() -> list[Case]:
    rule = "dynamic-shape-unresolved"
    model = _open_identity()
    steps = [{"resize": {"size": [4, 4]}}]
    files = {**_both(model), **npz(image=pictures())}
    return [
        positive(
            rule,
            "The model was exported for images of any size, and the spec names none.",
            {"version": 1, "model": {"task": "other"}, "inputs": {"image": {"kind": "image"}}},
            {"model.tflite": model},
            exit_code=3,
            severity="warning",
            role="cause",
            evidence={"shape_signature": [-1, -1, -1, 3]},
        ),
        negative(
            rule,
            "Any size is open in the file, and the spec settles it.",
            picture_spec([4, 4, 3], steps),
            files,
        ),
    ]


def _double() -> list[Case]:
    rule = "input-double-normalized"
    signed = {"rescale": {"scale": 0.00784313725490196, "offset": -1}}
    files = {**_both(_rescaling()), **npz(image=pictures())}
    described = image_spec([4, 4, 3], [signed], range=[-1, 1])
    raw = picture_spec([4, 4, 3], [], range=[0, 255])
    return [
        positive(
            rule,
            "The model scales inside, and the app kept the scaling of the model before.",
            {**described, "dataset": {"path": "samples.npz"}},
            files,
            role="cause",
            evidence={"operators": ["MUL", "SUB"], "expected": [-1.0, 1.0]},
        ),
        negative(rule, "The model scales inside, and gets raw pixels.", raw, files),
    ]


def _inside() -> list[Case]:
    rule = "in-graph-normalization-int8"
    described = picture_spec([4, 4, 3], [], range=[0, 255])
    values = {"float.tflite": _rescaling(), **npz(image=pictures())}
    return [
        positive(
            rule,
            "Calibration saw dark pictures only: the scaled values of bright ones are cut off.",
            described,
            {"model.tflite": _int8_rescaling(-1, 0.2), **values},
            severity="warning",
            role="cause",
            evidence={"operators": ["MUL", "ADD"]},
        ),
        negative(
            rule,
            "Scaling inside a quantized model whose ranges fit costs nothing.",
            described,
            {"model.tflite": _int8_rescaling(-1, 1), **values},
        ),
    ]


def _both(model: bytes) -> dict[str, bytes]:
    """The same file as candidate and reference."""
    return {"model.tflite": model, "float.tflite": model}


def _named_add(first: str, second: str) -> bytes:
    signature = SignatureDef("serving_default", {first: 0, second: 1}, {"sum": 2})
    return two_input_add((1, 4), [signature])


def _two_outputs(first: str, second: str) -> bytes:
    """Input + 1 and input + 2, in this order."""
    tensors = [
        TensorDef("input", (1, 4)),
        TensorDef("one", (1,), data=np.ones(1)),
        TensorDef("two", (1,), data=np.full(1, 2)),
        TensorDef("plus_one", (1, 4)),
        TensorDef("plus_two", (1, 4)),
    ]
    operators = [OpDef("ADD", [0, 1], [3]), OpDef("ADD", [0, 2], [4])]
    signature = SignatureDef("serving_default", {"row": 0}, {first: 3, second: 4})
    return build_model(tensors, operators, [0], [3, 4], [signature])


def _open_identity() -> bytes:
    """Input + 0 for images of any size."""
    open_shape = {"shape_signature": (-1, -1, -1, 3)}
    tensors = [
        TensorDef("input", (1, 1, 1, 3), **open_shape),
        TensorDef("zero", (1,), data=np.zeros(1)),
        TensorDef("output", (1, 1, 1, 3), **open_shape),
    ]
    return build_model(tensors, [OpDef("ADD", [0, 1], [2])], [0], [2])


def _rescaling() -> bytes:
    """Pixels times 2 / 255, minus 1."""
    tensors = [
        TensorDef("input", SHAPE),
        TensorDef("scale", (1,), data=np.full(1, 2 / 255)),
        TensorDef("scaled", SHAPE),
        TensorDef("one", (1,), data=np.ones(1)),
        TensorDef("output", SHAPE),
    ]
    operators = [OpDef("MUL", [0, 1], [2]), OpDef("SUB", [2, 3], [4])]
    return build_model(tensors, operators, [0], [4])


def _int8_rescaling(low: float, high: float) -> bytes:
    """The same in int8, whose result is calibrated from `low` to `high`."""
    pixels, scaled, result = int8_params(0, 255), int8_params(0, 2), int8_params(low, high)
    step = float(np.float32(2 / 255 / 127))
    tensors = [
        TensorDef("input", SHAPE, "int8", pixels.scales, pixels.zero_points),
        TensorDef("scale", (1,), "int8", step, data=np.full(1, 127)),
        TensorDef("scaled", SHAPE, "int8", scaled.scales, scaled.zero_points),
        TensorDef("minus_one", (1,), "int8", float(np.float32(1 / 127)), data=np.full(1, -127)),
        TensorDef("output", SHAPE, "int8", result.scales, result.zero_points),
    ]
    operators = [OpDef("MUL", [0, 1], [2], version=2), OpDef("ADD", [2, 3], [4], version=2)]
    return build_model(tensors, operators, [0], [4])
