import math
import struct

import numpy as np
import pytest
from receivers import IMAGENET, SIGNED, receiver

from edgecheck.mistakes.integers import integers, low_bytes
from edgecheck.quantization import QuantParams

SHAPE = (4, 4, 3)
PIXELS = np.random.default_rng(0).integers(0, 256, (3, *SHAPE)).astype(np.float64)
SIZES = {"int8": (-128, 127), "uint8": (0, 255), "int16": (-32768, 32767)}
PARAMS = {
    "int8": QuantParams((0.01,), (-3,)),
    "uint8": QuantParams((0.02,), (110,)),
    "int16": QuantParams((1e-4,), (0,)),
}


def own(dtype, *steps):
    return receiver(SHAPE, *(steps or (SIGNED,)), dtype=dtype, params=PARAMS[dtype])


def arrived(key, receiving, values):
    """The codes that a mistake makes, read back from what they mean."""
    mistake = next(each for each in integers(receiving) if each.key == key)
    params = receiving.tensor.quantization
    real = mistake.apply(np.asarray(values, np.float32), receiving).astype(np.float64)
    return np.rint(real / params.scales[0] + params.zero_points[0]).astype(np.int64)


def kept(value, dtype):
    """The low bytes of a whole number, as a number of the type."""
    low, high = SIZES[dtype]
    return (int(value) - low) % (high - low + 1) + low


def clipped(value, dtype):
    return min(max(int(value), SIZES[dtype][0]), SIZES[dtype][1])


def by_hand(key, value, dtype):
    """One element, as a line of C does it."""
    quotient = float(np.float32(value) / np.float32(PARAMS[dtype].scales[0]))
    zero = PARAMS[dtype].zero_points[0]
    right = clipped(round(quotient) + zero, dtype)
    again = round(float(np.float32(right) / np.float32(PARAMS[dtype].scales[0])))
    return {
        "cast-without-scale": kept(math.trunc(value), dtype),
        "wrap-without-clip": kept(round(quotient) + zero, dtype),
        "quantized-twice": clipped(again + zero, dtype),
        "truncated": clipped(math.trunc(quotient + zero), dtype),
        "floored": clipped(math.floor(quotient) + zero, dtype),
        "truncated-quotient": clipped(math.trunc(quotient) + zero, dtype),
    }[key]


@pytest.mark.parametrize("dtype", list(PARAMS))
@pytest.mark.parametrize(
    "key",
    ["cast-without-scale", "wrap-without-clip", "quantized-twice", "truncated", "floored",
     "truncated-quotient"],
)  # fmt: skip
def test_every_element_is_what_a_line_of_c_makes_of_it(key, dtype):
    values = np.random.default_rng(1).uniform(-7, 7, (2, *SHAPE)).astype(np.float32)
    right = [by_hand(key, float(value), dtype) for value in values.ravel()]
    assert arrived(key, own(dtype), values).ravel().tolist() == right


def test_a_pixel_byte_is_read_as_a_signed_one():
    receiving = own("int8", IMAGENET)
    scale, offset = np.asarray(receiving.lines).T
    codes = arrived("uint8-as-int8", receiving, PIXELS * scale + offset)
    right = [struct.unpack("b", struct.pack("B", int(pixel)))[0] for pixel in PIXELS.ravel()]
    assert codes.ravel().tolist() == right


def test_codes_for_int8_are_128_off_in_uint8():
    values = PIXELS / 127.5 - 1
    codes = arrived("int8-as-uint8", own("uint8"), values)
    right = np.rint(np.float32(values) / np.float32(0.02)) + 110
    np.testing.assert_array_equal(codes, (right + 128) % 256)


@pytest.mark.parametrize(("dtype", "shift"), [("int8", 128), ("uint8", 0), ("int16", 0)])
def test_pixels_take_the_place_of_codes(dtype, shift):
    codes = arrived("pixels-as-codes", own(dtype), PIXELS / 127.5 - 1)
    np.testing.assert_array_equal(codes, PIXELS - shift)


def test_pixels_that_are_the_codes_are_no_mistake():
    params = QuantParams((1 / 127.5,), (-1,))
    natural = receiver(SHAPE, SIGNED, dtype="int8", params=params)
    assert "pixels-as-codes" not in {each.key for each in integers(natural)}


def test_bytes_are_swapped_and_swapped_back():
    codes = arrived("byte-swapped", own("int16"), np.full((1, *SHAPE), 0.0258, np.float32))
    assert set(codes.ravel().tolist()) == {0x0201}  # 258 is 0x0102
    floats = receiver(SHAPE, SIGNED)
    swap = next(each for each in integers(floats) if each.key == "byte-swapped")
    values = np.asarray(PIXELS / 127.5 - 1, np.float32)
    np.testing.assert_array_equal(swap.apply(swap.apply(values, floats), floats), values)
    with_one = swap.apply(np.ones((1, *SHAPE), np.float32), floats).ravel()[0]
    assert with_one == np.float32(struct.unpack("<f", struct.pack(">f", 1.0))[0])


@pytest.mark.parametrize(
    ("value", "dtype", "right"),
    [
        (3.9, "int8", 3),
        (-3.9, "int8", -3),
        (200.0, "int8", -56),
        (-1.0, "uint8", 255),
        (300.7, "uint8", 44),
        (1e20, "int8", -1),
        (-1e20, "int8", 0),
        (float("nan"), "int8", 0),
        (40000.0, "int16", -25536),
    ],
)
def test_a_cast_goes_through_int32(value, dtype, right):
    assert int(low_bytes(np.asarray([value], np.float32), dtype)[0]) == right


def test_floats_without_codes_have_no_mistakes_with_codes():
    assert {each.key for each in integers(receiver(SHAPE))} == {"byte-swapped", "whole-numbers"}


def test_only_roundings_are_harmless():
    found = {each.key for each in integers(own("int8")) if each.is_harmless}
    assert found == {"truncated", "floored", "truncated-quotient"}


def test_codes_of_a_uint8_input_are_128_off_where_pixels_are_no_codes():
    own = receiver(SHAPE, IMAGENET, dtype="int8", params=PARAMS["int8"])
    values = np.random.default_rng(1).uniform(-1, 1, (2, *SHAPE)).astype(np.float32)
    right = np.rint(values.astype(np.float64) / np.float64(np.float32(0.01))) - 3
    found = arrived("uint8-codes-as-int8", own, values)
    assert set(np.unique(np.abs(found - right.clip(-128, 127)))) == {128}
    direct = receiver(SHAPE, SIGNED, dtype="int8", params=QuantParams((1 / 127.5,), (-1,)))
    keys = [[each.key for each in integers(one)] for one in (own, direct)]
    assert ["uint8-codes-as-int8" in each for each in keys] == [True, False]
