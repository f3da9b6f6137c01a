import numpy as np
import pytest
from models import OpDef, TensorDef, build_model, int8_params

from edgecheck.tflite.contract import contract_of
from edgecheck.tflite.leading import leading
from edgecheck.tflite.reader import read_model

SHAPE = (1, 2, 2, 3)


def chain(*steps, shape=SHAPE, outputs=None):
    """A model of (operator, constant or None, constant first) in a row."""
    tensors, operators = [TensorDef("input", shape)], []
    for number, (name, constant, *first) in enumerate(steps):
        inputs = [len(tensors) - 1]
        if constant is not None:
            values = np.asarray(constant, np.float32)
            tensors.append(TensorDef(f"c{number}", values.shape or (1,), data=values))
            inputs.append(len(tensors) - 1)
            inputs = inputs[::-1] if first else inputs
        tensors.append(TensorDef(f"t{number}", shape))
        operators.append(OpDef(name, inputs, [len(tensors) - 1]))
    return build_model(tensors, operators, [0], outputs or [len(tensors) - 1])


def follow(data):
    model = read_model(data)
    return leading(data, model, contract_of(model).inputs[0])


def names(found):
    return [operator.name for operator in found.operators]


@pytest.mark.parametrize(
    ("steps", "scale", "offset"),
    [
        ([("MUL", 0.5), ("ADD", -1)], (0.5,), (-1,)),
        ([("MUL", 0.5, 1), ("SUB", 1)], (0.5,), (-1,)),
        ([("SUB", 4, 1), ("DIV", 2)], (-0.5,), (2,)),
        ([("SUB", [1, 2, 3]), ("DIV", [2, 4, 8])], (0.5, 0.25, 0.125), (-0.5, -0.5, -0.375)),
        ([("ADD", [[[[1, 2, 3]]]]), ("MUL", 2)], (2, 2, 2), (2, 4, 6)),
    ],
)
def test_constants_are_composed(steps, scale, offset):
    found = follow(chain(*steps, ("RELU", None)))
    assert found.scale == pytest.approx(scale)
    assert found.offset == pytest.approx(offset)
    assert names(found) == [name for name, *_ in steps]


def test_the_span_is_that_of_all_channels():
    found = follow(chain(("MUL", [1, -2, 0.5]), ("ADD", [0, 0, 7])))
    values = np.array([-1, 0, 3])[:, None] * [1, -2, 0.5] + [0, 0, 7]
    assert found.span(-1, 3) == (values.min(), values.max())


@pytest.mark.parametrize(
    "steps",
    [
        [("RELU", None), ("MUL", 2)],
        [("DIV", 2, 1)],  # 2 / x is no straight line
        [("DIV", 0)],
        [("MUL", np.nan)],
        [("MUL", np.ones((2, 3)))],  # along two axes
        [("POW", 2)],
    ],
)
def test_anything_else_ends_the_walk(steps):
    found = follow(chain(*steps))
    assert (found.scale, found.offset, names(found)) == ((1,), (0,), [])


def test_values_that_are_used_twice_end_the_walk():
    tensors = [TensorDef("input", (1, 3)), TensorDef("c", (1,), data=np.ones(1)),
               TensorDef("a", (1, 3)), TensorDef("b", (1, 3))]  # fmt: skip
    both = build_model(tensors, [OpDef("MUL", [0, 1], [2]), OpDef("ADD", [0, 2], [3])], [0], [3])
    assert names(follow(both)) == []
    also_output = build_model(tensors, [OpDef("MUL", [0, 1], [2])], [0], [2, 0])
    assert names(follow(also_output)) == []


def test_channels_of_different_number_end_the_walk():
    assert names(follow(chain(("MUL", [1, 2, 3]), ("ADD", [1, 2])))) == ["MUL"]


def test_conversions_are_walked_through_and_codes_read_as_values():
    pixels, unit = int8_params(0, 255), int8_params(-1, 1)
    tensors = [
        TensorDef("input", SHAPE, "uint8"),
        TensorDef("float", SHAPE),
        TensorDef("codes", SHAPE, "int8", pixels.scales, pixels.zero_points),
        TensorDef("factor", (1,), "int8", 1 / 12700, data=np.full(1, 127)),
        TensorDef("scaled", SHAPE, "int8", unit.scales, unit.zero_points),
        TensorDef("flat", (1, 12), "int8", unit.scales, unit.zero_points),
    ]
    operators = [OpDef("CAST", [0], [1]), OpDef("QUANTIZE", [1], [2]), OpDef("MUL", [2, 3], [4]),
                 OpDef("RESHAPE", [4], [5])]  # fmt: skip
    found = follow(build_model(tensors, operators, [0], [5]))
    assert found.scale == pytest.approx((0.01,))
    assert (names(found), found.result.name) == (["MUL"], "scaled")


def test_a_circle_of_operators_ends():
    tensors = [TensorDef("a", (1, 3)), TensorDef("b", (1, 3)), TensorDef("c", (1, 3))]
    operators = [OpDef("RESHAPE", [0], [1]), OpDef("RESHAPE", [1], [0])]
    assert names(follow(build_model(tensors, operators, [0], [2]))) == []


def test_constants_that_float16_files_unpack_are_read():
    half = np.array([0.5], np.float16)
    tensors = [
        TensorDef("input", SHAPE),
        TensorDef("stored", (1,), "float16", data=half),
        TensorDef("unpacked", (1,)),
        TensorDef("output", SHAPE),
    ]
    operators = [OpDef("DEQUANTIZE", [1], [2]), OpDef("MUL", [0, 2], [3])]
    found = follow(build_model(tensors, operators, [0], [3]))
    assert (names(found), found.scale) == (["MUL"], (0.5,))
