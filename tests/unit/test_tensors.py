import numpy as np
import pytest

from edgecheck.tensors import DTYPES, NUMPY_DTYPES, dtype_name, flat_rows, integer_range


@pytest.mark.parametrize(
    ("dtype", "expected"),
    [("int8", (-128, 127)), ("uint8", (0, 255)), ("int16", (-32768, 32767)),
     ("int64", (-(2**63), 2**63 - 1)), ("uint64", (0, 2**64 - 1))],
)  # fmt: skip
def test_integer_range_of_a_type(dtype, expected):
    assert integer_range(dtype) == expected


@pytest.mark.parametrize("dtype", ["float32", "bool", "complex64", "int4", "string", "type-99"])
def test_a_type_without_integer_range_is_refused(dtype):
    with pytest.raises(ValueError, match=r"integer|data type"):
        integer_range(dtype)


def test_type_codes_are_those_of_the_schema():
    tflite = pytest.importorskip("tflite", reason="the schema is the oracle here")
    for code, name in enumerate(DTYPES):
        member = {"string": "STRING", "bool": "BOOL"}.get(name, name.upper())
        assert getattr(tflite.TensorType, member, code) == code
    assert dtype_name(0) == "float32"
    assert dtype_name(250) == "type-250"
    assert dtype_name(-1) == "type--1"


def test_numpy_types_carry_their_own_names():
    assert all(dtype.name == name for name, dtype in NUMPY_DTYPES.items())


@pytest.mark.parametrize(
    ("shape", "expected"),
    [((3, 2, 2), (3, 4)), ((3,), (3, 1)), ((0, 2, 2), (0, 4)), ((2, 0), (2, 0))],
)
def test_rows_are_flattened_also_when_there_are_none(shape, expected):
    assert flat_rows(np.zeros(shape)).shape == expected
