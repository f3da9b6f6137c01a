import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgecheck.spec.scalars import tag_of, value_of


def read(text):
    return value_of(tag_of(text), text)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-3", 1e-3), ("1E5", 1e5), (".5", 0.5), ("5.", 5.0), ("-1.25e+2", -125.0), ("+.5", 0.5),
        ("-.inf", -math.inf), (".Inf", math.inf), ("+.INF", math.inf),
        ("0o17", 15), ("0x1F", 31), ("0777", 777), ("-12", -12), ("+3", 3),
        ("true", True), ("True", True), ("TRUE", True), ("false", False), ("False", False),
        ("null", None), ("Null", None), ("NULL", None), ("~", None), ("", None),
    ],
)  # fmt: skip
def test_plain_scalar_is_read_as_core_schema(text, value):
    assert read(text) == value
    assert type(read(text)) is type(value)


@pytest.mark.parametrize("text", [".nan", ".NaN", ".NAN"])
def test_nan_is_a_number(text):
    assert math.isnan(read(text))


@pytest.mark.parametrize(
    "text",
    [
        "no", "yes", "on", "off", "y", "tRUE", "12:30:00", "1:30", "2020-01-01", "1_000", "0b11",
        "0o8", "-0o7", "0xG", "inf", "nan", "-.nan", ".", "e5", ".e5", "1e", "1e5.0", "+", "-",
        "<<", "=", "nULL", "1 2", "0.0.1",
    ],
)  # fmt: skip
def test_other_plain_scalars_are_text(text):
    assert read(text) == text


@given(st.integers(min_value=-(2**63), max_value=2**63 - 1))
def test_every_64_bit_integer_is_exact(value):
    assert read(str(value)) == value


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_finite_float_is_exact(value):
    assert read(repr(value)) == value


@pytest.mark.parametrize(
    "text", [str(2**63), str(-(2**63) - 1), "0x" + "f" * 17, "9" * 1000000, "0o" + "7" * 5000]
)
def test_integer_beyond_64_bits_is_refused(text):
    with pytest.raises(ValueError, match="64 bits"):
        read(text)


@pytest.mark.parametrize("text", ["1e400", "-1e400", "1." + "1" * 1000000, "9" * 500 + ".0"])
def test_float_beyond_64_bits_is_refused(text):
    with pytest.raises(ValueError, match="64 bits") as caught:
        read(text)
    assert len(str(caught.value)) < 120
