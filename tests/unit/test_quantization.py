"""Quantization against exact rational arithmetic, and against the operators of a runtime."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tflite_writer import OpDef, TensorDef, build_model

from edgecheck.quantization import (
    QuantParams,
    dequantize,
    params_of_range,
    quantize,
    representable_range,
)
from edgecheck.tensors import integer_range

TYPES = ("int8", "uint8", "int16")
DENORMAL = float(np.float32(1e-45))
LARGEST = float(np.finfo(np.float32).max)
ODD_VALUES = [0.0, -0.0, 1e-45, -1e-45, 1e-30, 0.5, -0.5, LARGEST, -LARGEST, math.inf, -math.inf]

scales = st.floats(float(np.float32(1e-30)), float(np.float32(1e6)), width=32)
values = st.floats(width=32, allow_nan=False)


def exact_code(value, scale, zero_point, dtype):
    """The definition, one value at a time: rounded quotient of float32, then ties to even."""
    low, high = integer_range(dtype)
    if math.isnan(value):
        return min(max(zero_point, low), high)
    quotient = nearest_float32(value, scale)
    if math.isinf(quotient):
        return high if quotient > 0 else low
    return min(max(round(Fraction(quotient)) + zero_point, low), high)


def nearest_float32(value, scale):
    """value / scale as the float32 nearest to the exact quotient, ties to even; no numpy."""
    if math.isinf(value):
        return value
    exact = Fraction(value) / Fraction(scale)
    if exact == 0:
        return 0.0
    size = abs(exact)
    exponent = max(size.numerator.bit_length() - size.denominator.bit_length() - 1, -126)
    while size >= Fraction(2) ** (exponent + 1):
        exponent += 1
    step = Fraction(2) ** (exponent - 23)
    rounded = round(exact / step) * step
    return math.copysign(math.inf, rounded) if abs(rounded) >= 2**128 else float(rounded)


@given(values, scales, st.sampled_from(TYPES), st.data())
def test_code_is_that_of_exact_arithmetic(value, scale, dtype, data):
    zero_point = data.draw(st.integers(*integer_range(dtype)))
    params = QuantParams((scale,), (zero_point,))
    found = quantize(np.array([value], np.float32), params, dtype)
    assert found[0] == exact_code(value, scale, zero_point, dtype)
    assert found.dtype == dtype


@pytest.mark.parametrize("scale", [DENORMAL, 3 * DENORMAL, 1.0, 0.1, 1e38])
@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("value", [*ODD_VALUES, math.nan])
def test_extreme_values_and_scales_have_a_code(value, scale, dtype):
    scale = float(np.float32(scale))
    zero_point = integer_range(dtype)[0] + 7
    found = quantize(np.array([value], np.float32), QuantParams((scale,), (zero_point,)), dtype)
    assert found[0] == exact_code(value, scale, zero_point, dtype)


@pytest.mark.parametrize("dtype", TYPES)
def test_ties_go_to_the_even_quotient(dtype):
    real = np.array([0.5, 1.5, 2.5, -0.5, -1.5, -2.5], np.float32)
    zero_point = integer_range(dtype)[0] + 51
    codes = quantize(real, QuantParams((1.0,), (zero_point,)), dtype).astype(int)
    assert (codes - zero_point).tolist() == [0, 2, 2, 0, -2, -2]


@pytest.mark.parametrize("dimension", [0, 1, 2])
def test_each_channel_has_its_own_scale(dimension):
    random = np.random.default_rng(0)
    real = random.normal(0, 20, (3, 3, 3)).astype(np.float32)
    params = QuantParams((0.5, 0.1, 2.0), (0, 3, -5), dimension)
    codes = quantize(real, params, "int8")
    back = dequantize(codes, params)
    for index in np.ndindex(real.shape):
        scale = float(np.float32(params.scales[index[dimension]]))
        zero_point = params.zero_points[index[dimension]]
        assert codes[index] == exact_code(float(real[index]), scale, zero_point, "int8")
        assert back[index] == np.float32(float(scale) * (int(codes[index]) - zero_point))


@given(st.sampled_from(TYPES), scales, st.data())
def test_value_of_a_code_is_exact_to_one_rounding(dtype, scale, data):
    low, high = integer_range(dtype)
    code, zero_point = data.draw(st.integers(low, high)), data.draw(st.integers(low, high))
    found = dequantize(np.array([code], dtype), QuantParams((scale,), (zero_point,)))
    exact = Fraction(scale) * (code - zero_point)
    assert found.dtype == np.float32
    assert abs(Fraction(float(found[0])) - exact) <= Fraction(float(np.spacing(abs(found[0])))) / 2


@given(st.sampled_from(TYPES), scales, st.floats(0, 1), st.data())
def test_round_trip_is_within_half_an_lsb_inside_the_range(dtype, scale, share, data):
    params = QuantParams((scale,), (data.draw(st.integers(*integer_range(dtype))),))
    low, high = representable_range(params, dtype)
    real = np.array([low + share * (high - low)], np.float32)
    back = dequantize(quantize(real, params, dtype), params)
    room = 4 * float(np.spacing(np.float32(max(abs(low), abs(high)))))
    assert abs(float(back[0]) - float(real[0])) <= scale / 2 + room


@given(st.sampled_from(TYPES), scales, st.floats(1, 1e6), st.data())
def test_values_outside_the_range_are_clipped_to_its_ends(dtype, scale, factor, data):
    zero_point = data.draw(st.integers(*integer_range(dtype)))
    params = QuantParams((scale,), (zero_point,))
    low, high = representable_range(params, dtype)
    beyond = np.array([low - factor * 2 * scale, high + factor * 2 * scale], np.float32)
    assert tuple(quantize(beyond, params, dtype)) == integer_range(dtype)


@given(st.sampled_from(TYPES), scales, st.lists(values, min_size=2, max_size=30), st.data())
def test_quantizing_keeps_the_order(dtype, scale, real, data):
    zero_point = data.draw(st.integers(*integer_range(dtype)))
    codes = quantize(np.sort(np.float32(real)), QuantParams((scale,), (zero_point,)), dtype)
    assert (np.diff(codes.astype(np.int64)) >= 0).all()


@given(st.sampled_from(TYPES), scales, st.data())
def test_zero_has_the_zero_point_as_code(dtype, scale, data):
    zero_point = data.draw(st.integers(*integer_range(dtype)))
    params = QuantParams((scale,), (zero_point,))
    assert quantize(np.zeros(1, np.float32), params, dtype)[0] == zero_point
    assert dequantize(np.array([zero_point], dtype), params)[0] == 0


@pytest.mark.parametrize("dtype", ["int8", "int16", "int32"])
def test_real_values_can_be_written_to_a_place(dtype):
    params = QuantParams((0.5, 0.1), (1, -3), 1)
    codes = np.arange(-6, 6).reshape(6, 2).astype(dtype)
    place = np.full((6, 2), np.nan, np.float32)
    assert dequantize(codes, params, out=place) is place
    assert np.array_equal(place, dequantize(codes, params))
    assert np.array_equal(place, np.float32((codes - [1.0, -3]) * np.float32([0.5, 0.1])))


@pytest.mark.parametrize("shape", [(), (0,), (0, 3), (1,), (2, 1)])
def test_shape_is_kept(shape):
    params = QuantParams((0.5,), (1,))
    codes = quantize(np.ones(shape, np.float32), params, "int8")
    assert isinstance(codes, np.ndarray)
    assert codes.shape == shape
    assert isinstance(dequantize(codes, params), np.ndarray)
    assert dequantize(codes, params).shape == shape


@pytest.mark.parametrize("dtype", ["int32", "uint32", "int64", "uint64"])
def test_wide_types_keep_low_bits_and_never_wrap(dtype):
    real = np.array([math.inf, LARGEST, -math.inf, 12345], np.float64)
    codes = quantize(real, QuantParams((1.0,), (1 << 24,)), dtype).tolist()
    low, high = integer_range(dtype)
    assert codes[0] == codes[1]
    assert high - 2048 <= codes[0] <= high
    assert codes[2:] == [low, 12345 + (1 << 24)]


def test_a_value_beyond_float32_dequantizes_to_infinity():
    params = QuantParams((float(np.float32(3e38)),), (0,))
    assert dequantize(np.array([127, -127], np.int8), params).tolist() == [math.inf, -math.inf]


@pytest.mark.parametrize("scale", [0.0, -1.0, math.inf, math.nan])
def test_unusable_scales_are_refused(scale):
    params = QuantParams((scale,), (0,))
    assert not params.is_usable
    with pytest.raises(ValueError, match="positive and finite"):
        quantize(np.zeros(1, np.float32), params, "int8")


def test_no_scale_is_not_usable():
    assert not QuantParams((), ()).is_usable


@pytest.mark.parametrize(
    ("params", "dtype", "expected"),
    [
        (QuantParams((0.5,), (0,)), "int8", (-64.0, 63.5)),
        (QuantParams((1.0,), (0,)), "uint8", (0.0, 255.0)),
        (QuantParams((2.0,), (-128,)), "int8", (0.0, 510.0)),
        (QuantParams((0.5, 1.0), (0, -128)), "int8", (-64.0, 255.0)),
    ],
)
def test_representable_range(params, dtype, expected):
    assert representable_range(params, dtype) == expected


@st.composite
def ranges(draw):
    """(low, high) with sizes from 1e-30 to 1e30, on one side of 0 or around it."""
    ends = st.floats(-1, 1, allow_subnormal=False)
    low, high = sorted((draw(ends), draw(ends)))
    size = 10.0 ** draw(st.integers(-30, 30))
    return low * size, high * size


@given(st.sampled_from(TYPES), scales, st.data())
def test_a_representable_range_gives_back_its_parameters(dtype, scale, data):
    zero_point = 0 if dtype == "int16" else data.draw(st.integers(*integer_range(dtype)))
    params = QuantParams((scale,), (zero_point,))
    assert params_of_range(*representable_range(params, dtype), dtype) == params


@given(st.sampled_from(TYPES), ranges())
def test_every_value_of_a_range_is_within_half_a_step_of_a_code(dtype, ends):
    params = params_of_range(*ends, dtype)
    values = np.linspace(*ends, 50).astype(np.float32)
    back = dequantize(quantize(values, params, dtype), params)
    room = 4 * float(np.spacing(np.abs(values).max()))
    worst = np.abs(back.astype(np.float64) - values).max()
    assert worst <= params.scales[0] * (0.5 + 1e-4) + room


@given(ranges())
def test_no_step_of_a_range_is_wasted(ends):
    low, high = min(ends[0], 0.0), max(ends[1], 0.0)
    for dtype in TYPES:
        qmin, qmax = integer_range(dtype)
        (scale,), (zero_point,) = (getattr(params_of_range(low, high, dtype), name)
                                   for name in ("scales", "zero_points"))  # fmt: skip
        if high == low:
            assert scale == 1
        elif dtype == "int16":
            assert zero_point == 0
            used = max(Fraction(high) / qmax, Fraction(low) / qmin)
            assert scale == pytest.approx(max(float(used), 2.0**-126), rel=1e-6)
        else:
            exact = (Fraction(high) - Fraction(low)) / 255
            assert scale == pytest.approx(max(float(exact), 2.0**-126), rel=1e-6)
            assert abs(qmin - Fraction(low) / Fraction(scale) - zero_point) <= 0.5 + 1e-4


@given(ranges())
def test_uint8_is_int8_shifted_by_128(ends):
    signed, unsigned = (params_of_range(*ends, dtype) for dtype in ("int8", "uint8"))
    assert signed.scales == unsigned.scales
    assert signed.zero_points[0] + 128 == unsigned.zero_points[0]


@pytest.mark.parametrize(
    ("low", "high", "dtype", "expected"),
    [
        (0.0, 255.0, "uint8", ((1.0,), (0,))),
        (-1.0, 254.0, "int8", ((1.0,), (-127,))),
        (10.0, 51.0, "int8", ((float(np.float32(0.2)),), (-128,))),
        (-51.0, -10.0, "uint8", ((float(np.float32(0.2)),), (255,))),
        (-65536.0, 5.0, "int16", ((2.0,), (0,))),
        (0.0, 0.0, "int8", ((1.0,), (-128,))),
        (0.0, 0.0, "int16", ((1.0,), (0,))),
        (0.0, 1e-44, "uint8", ((2.0**-126,), (0,))),
        (-5e-324, 0.0, "int8", ((2.0**-126,), (-128,))),
        (-LARGEST, LARGEST, "int16", ((float(np.float32(LARGEST / 32767)),), (0,))),
    ],
)
def test_parameters_of_a_range(low, high, dtype, expected):
    found = params_of_range(low, high, dtype)
    assert (found.scales, found.zero_points) == expected
    assert found.is_usable


@pytest.mark.parametrize(
    ("low", "high"),
    [(1.0, -1.0), (math.nan, 1.0), (0.0, math.nan), (-math.inf, 0.0), (0.0, math.inf), (0.0, 1e39)],
)
def test_what_is_no_range_is_refused(low, high):
    with pytest.raises(ValueError, match="low <= high"):
        params_of_range(low, high, "int8")


@pytest.mark.parametrize("dtype", ["int32", "float32", "string"])
def test_only_types_of_activations_have_parameters(dtype):
    with pytest.raises(ValueError, match="no type of quantized activations"):
        params_of_range(0.0, 1.0, dtype)


# The QUANTIZE and DEQUANTIZE operators of the runtime, with its builtin and its default kernels.


def _run(model, values, *, is_builtin):
    litert = pytest.importorskip("ai_edge_litert.interpreter", reason="LiteRT is the oracle here")
    types = litert.OpResolverType
    kind = types.BUILTIN_WITHOUT_DEFAULT_DELEGATES if is_builtin else types.AUTO
    interpreter = litert.Interpreter(model_content=model, experimental_op_resolver_type=kind)
    interpreter.allocate_tensors()
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], values)
    interpreter.invoke()
    return interpreter.get_tensor(interpreter.get_output_details()[0]["index"])


def _quantize_model(size, dtype, scale, zero_point, version=1):
    tensors = [TensorDef("real", (size,)), TensorDef("codes", (size,), dtype, scale, zero_point)]
    return build_model(tensors, [OpDef("QUANTIZE", [0], [1], version=version)], [0], [1])


def _dequantize_model(size, dtype, scale, zero_point):
    tensors = [TensorDef("codes", (size,), dtype, scale, zero_point), TensorDef("real", (size,))]
    return build_model(tensors, [OpDef("DEQUANTIZE", [0], [1], version=3)], [0], [1])


def _awkward(scale, dtype, zero_point):
    """Random values over and beyond the range, exact ties, and the ends."""
    low, high = representable_range(QuantParams((scale,), (zero_point,)), dtype)
    random = np.random.default_rng(1)
    spread = random.uniform(low - 20 * scale, high + 20 * scale, 4000)
    ties = (np.arange(-300, 300) + 0.5) * scale
    return np.concatenate([spread, ties, [low, high, 0.0, -0.0]]).astype(np.float32)


CASES = [(0.0078125, 3), (0.1, -20), (1 / 255, 0), (3.7e-6, 100), (123.456, 11)]


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize(("scale", "zero_point"), CASES)
@pytest.mark.parametrize("is_builtin", [True, False], ids=["builtin", "default"])
def test_codes_are_those_of_the_quantize_operator(dtype, scale, zero_point, is_builtin):
    scale = float(np.float32(scale))
    zero_point = {"int8": zero_point, "uint8": zero_point + 100, "int16": 0}[dtype]
    real = _awkward(scale, dtype, zero_point)
    model = _quantize_model(len(real), dtype, scale, zero_point)
    expected = _run(model, real, is_builtin=is_builtin).astype(np.int64)
    found = quantize(real, QuantParams((scale,), (zero_point,)), dtype).astype(np.int64)
    # Kernels that multiply by 1 / scale or round half away differ at ties, and only there.
    differ = found != expected
    distance = np.abs(real.astype(np.float64) / scale % 1 - 0.5)
    assert np.abs(found - expected).max() <= 1
    assert (distance[differ] < 1e-2 if dtype == "int16" else distance[differ] < 1e-4).all()


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize(
    ("scale", "zero_point", "is_builtin"),
    [(*case, is_builtin) for case in [*CASES, (1e33, 0)] for is_builtin in (True, False)]
    + [(DENORMAL, 5, True)],  # the default kernels refuse such a scale
)
def test_values_are_those_of_the_dequantize_operator(dtype, scale, zero_point, is_builtin):
    scale = float(np.float32(scale))
    zero_point = {"int8": zero_point, "uint8": zero_point + 100, "int16": 0}[dtype]
    low, high = integer_range(dtype)
    codes = np.arange(low, high + 1).astype(dtype)
    expected = _run(
        _dequantize_model(len(codes), dtype, scale, zero_point), codes, is_builtin=is_builtin
    )
    found = dequantize(codes, QuantParams((scale,), (zero_point,)))
    # The builtin kernels compute scale * q - scale * zero_point and round each term.
    room = 2 * np.spacing(np.float32(scale * max(abs(low), high))) if is_builtin else 0
    np.testing.assert_allclose(found, expected, rtol=0, atol=room)


# int16 has no default kernel, and the builtin one overflows int32 where we clip.
@pytest.mark.parametrize("dtype", ["int8", "uint8"])
def test_huge_values_clip_as_in_the_operator(dtype):
    real = np.float32([1e6, -1e6, LARGEST, -LARGEST, math.inf, -math.inf])
    expected = _run(_quantize_model(len(real), dtype, 0.1, 0), real, is_builtin=False)
    found = quantize(real, QuantParams((float(np.float32(0.1)),), (0,)), dtype)
    assert found.tolist() == expected.tolist()


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int16"])
@pytest.mark.parametrize("zero_point", [-(2**31), -129, 0, 3, 255, 32767, 2**31 - 1])
@pytest.mark.parametrize("scale", [1e-38, 0.1, 1 / 3, 0.00784313725, 1e36])
def test_real_values_are_the_exact_products_rounded_once(dtype, zero_point, scale):
    low, high = integer_range(dtype)
    codes = np.arange(low, high + 1).astype(dtype)
    params = QuantParams((scale,), (zero_point,))
    with np.errstate(over="ignore"):
        exact = (codes.astype(np.float64) - zero_point) * np.float64(np.float32(scale))
        expected = exact.astype(np.float32)
    assert np.array_equal(dequantize(codes, params), expected)
