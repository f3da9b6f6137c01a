"""The line of C that a report recommends computes what the host feeds."""

import numpy as np
import pytest

from edgecheck.match.right_code import right_input, right_output
from edgecheck.mistakes.mistake import Receiver
from edgecheck.quantization import QuantParams, quantize
from edgecheck.tflite.graph import Tensor


def receiver(params, lines, dtype="int8"):
    quantization = None if params is None else QuantParams((params[0],), (params[1],))
    made = Tensor(0, "x", (1, 2, 2, 1), (), dtype, quantization, 0, False, False)
    return Receiver("x", (2, 2, 1), made, 2, is_picture=True, lines=lines)


def run(code, pixel):
    """The assignments of a line of C, the last first, as Python does them."""
    code = code.replace("f)", ")").replace("f,", ",").replace("f *", " *")
    code = code.removesuffix("f")
    steps = [part.strip() for part in code.replace(", x =", "; x =").split(";")][::-1]
    names = {
        "pixel": pixel,
        "lroundf": lambda x: np.floor(np.abs(x) + 0.5) * np.sign(x),
        "clamp": np.clip,
    }
    for step in steps:
        name, value = step.split(" = ", 1)
        names[name] = eval(value, {"__builtins__": {}}, names)
    return names


@pytest.mark.parametrize(
    ("params", "line"),
    [((1 / 127.5, -1), (1 / 127.5, -1.0)), ((1 / 255, -128), (1 / 255, 0.0)),
     ((0.0186, -14), (0.0171, -2.118)), ((1.0, -128), (1.0, 0.0)), ((0.02, 3), (1 / 127.5, -1.0))],
)  # fmt: skip
def test_the_line_gives_the_codes_of_every_pixel(params, line):
    pixel = np.arange(256.0)
    code = right_input(receiver(params, (line,)))
    values = (line[0] * pixel + line[1]).astype(np.float32)
    right = quantize(values, QuantParams((params[0],), (params[1],)), "int8")
    assert np.abs(run(code, pixel)["q"] - right).max() <= 1


def test_a_plain_offset_is_said_as_one():
    assert right_input(receiver((1 / 127.5, -1), ((1 / 127.5, -1.0),))) == "q = pixel - 128"
    assert right_input(receiver((1.0, 0), ((1.0, 0.0),), "uint8")) == "q = pixel"


def test_channels_with_lines_of_their_own_are_listed():
    code = right_input(receiver((0.02, 0), ((0.5, 1.0), (0.25, -2.0), (1.0, 0.0))))
    assert "a = {0.5f, 0.25f, 1.0f}" in code
    assert "b = {1.0f, -2.0f, 0.0f}" in code


def test_floats_are_only_scaled_and_unknown_lines_left_out():
    assert right_input(receiver(None, ((0.5, -1.0),), "float32")) == "x = 0.5f * pixel - 1.0f"
    assert right_input(receiver(None, None, "float32")) == ""
    assert right_input(receiver((0.5, 1), None)) == "q = clamp(lroundf(x / 0.5f) + 1, -128, 127)"


def test_an_output_is_dequantized_with_its_own_numbers():
    assert right_output(receiver((0.00390625, -128), None).tensor) == (
        "value = 0.00390625f * ((int)q + 128)"
    )
    assert right_output(receiver(None, None, "float32").tensor) == ""


@pytest.mark.parametrize("bad", [np.inf, -np.inf, np.nan, 1e39])
def test_what_no_float_holds_is_not_written(bad):
    for line in ((bad, 0.0), (1.0, bad)):
        assert right_input(receiver(None, (line,), "float32")) == ""
        code = right_input(receiver((0.5, 1), (line,)))
        assert code == "q = clamp(lroundf(x / 0.5f) + 1, -128, 127)"
