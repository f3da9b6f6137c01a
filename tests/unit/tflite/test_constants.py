import numpy as np
import pytest
from evidence import tensor
from hypothesis import given
from hypothesis import strategies as st
from models import OpDef, TensorDef, build_model

from edgecheck.quantization import QuantParams
from edgecheck.tflite.buffers import Span
from edgecheck.tflite.constants import Constants
from edgecheck.tflite.reader import read_model


def stored(raw, **changes):
    """What is read of a constant whose bytes are `raw`."""
    constants = Constants(raw, (Span(0, len(raw)),))
    return constants.stored(tensor(is_constant=True, quantization=None, **changes))


def test_values_are_those_that_were_written_and_are_no_copy():
    weights = np.arange(6, dtype=np.float32).reshape(2, 3)
    tensors = [TensorDef("x", (1, 3)), TensorDef("w", (2, 3), data=weights), TensorDef("y", (1, 2))]
    data = build_model(tensors, [OpDef("FULLY_CONNECTED", [0, 1], [2])], [0], [2])
    values = Constants.of(data).stored(read_model(data).subgraphs[0].tensors[1])
    np.testing.assert_array_equal(values, weights)
    assert not values.flags.owndata
    assert not values.flags.writeable


@given(st.lists(st.integers(-8, 7), min_size=1, max_size=9))
def test_int4_is_unpacked_with_the_lower_nibble_first(codes):
    padded = [*codes, 0] if len(codes) % 2 else codes
    raw = bytes((b & 15) << 4 | a & 15 for a, b in zip(padded[::2], padded[1::2], strict=True))
    assert stored(raw, dtype="int4", shape=(len(codes),)).tolist() == codes


@pytest.mark.parametrize(
    ("raw", "dtype", "shape"),
    [
        (b"\0" * 11, "float32", (3,)),
        (b"\0" * 4, "float32", (-1,)),
        (b"\0" * 4, "float32", (0, 1)),
        (b"\0" * 4, "string", (1,)),
        (b"\0" * 4, "float32", (1,) * 40),
        (b"\0" * 4, "int8", (2**31 - 1,) * 8),
        (b"\0" * 2, "int4", (5,)),
    ],
)
def test_bytes_that_do_not_fit_the_shape_are_not_read(raw, dtype, shape):
    assert stored(raw, dtype=dtype, shape=shape) is None


def test_what_is_no_constant_has_no_values():
    assert Constants.of(b"").stored(tensor(is_constant=True)) is None
    assert Constants(b"", (Span(0, 0),)).stored(tensor()) is None


def test_real_values_follow_the_scale_of_each_channel():
    codes = np.array([[1, -2], [3, 4]], np.int8)
    params = QuantParams((0.5, 2.0), (0, 1), quantized_dimension=1)
    constant = tensor(is_constant=True, shape=(2, 2), quantization=params)
    real = Constants(codes.tobytes(), (Span(0, 4),)).real(constant)
    np.testing.assert_array_equal(real, [[0.5, -6.0], [1.5, 6.0]])


def test_float16_is_real_as_it_is():
    values = np.array([1.5, -np.inf, 65504], np.float16)
    constant = tensor(is_constant=True, dtype="float16", shape=(3,), quantization=None)
    real = Constants(values.tobytes(), (Span(0, 6),)).real(constant)
    assert real.dtype == np.float32
    np.testing.assert_array_equal(real, values)


@pytest.mark.parametrize(
    "params",
    [
        QuantParams((0.0,), (0,)),
        QuantParams((1.0, 2.0), (0, 0), 7),
        QuantParams((1.0,) * 3, (0,) * 3),
    ],
)
def test_scales_that_cannot_be_used_give_no_real_values(params):
    constant = tensor(is_constant=True, shape=(2, 2), quantization=params)
    assert Constants(b"\1\2\3\4", (Span(0, 4),)).real(constant) is None
