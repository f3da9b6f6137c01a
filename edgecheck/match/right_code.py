"""The line of C that is right for a tensor: how a pixel becomes what the model takes."""

from dataclasses import replace
from itertools import chain
from math import isfinite

from edgecheck.mistakes.mistake import Line, Receiver
from edgecheck.quantization import QuantParams
from edgecheck.tensors import QUANTIZED_DTYPES, integer_range
from edgecheck.tflite.graph import Tensor

_MOST_LINES = 4
_HALF = 0.51
"""Of a code: pixels that are nearer are only rounded otherwise."""
_LARGEST = 3.4028234e38
"""Of float32."""


def right_input(receiver: Receiver) -> str:
    """What to write for one value of an input; empty where there is nothing to compute."""
    if not all(map(_is_float, chain(*(receiver.lines or ())))):
        receiver = replace(receiver, lines=None)
    tensor, params = receiver.tensor, receiver.tensor.quantization
    if params is None or not params.is_usable or tensor.dtype not in QUANTIZED_DTYPES:
        return "" if receiver.lines is None else f"x = {_scaled(receiver.lines)}"
    low, high = integer_range(tensor.dtype)
    direct = _direct(receiver, params)
    if direct:
        return direct
    code = f"q = clamp(lroundf(x / {_float(params.scales[0])}){_plus(params.zero_points[0])}, {low}, {high})"
    return code if receiver.lines is None else f"{code}, x = {_scaled(receiver.lines)}"


def right_output(tensor: Tensor) -> str:
    """What to write for one value of a quantized output; empty for others."""
    params = tensor.quantization
    if params is None or not params.is_usable or params.is_per_channel:
        return ""
    return f"value = {_float(params.scales[0])} * ((int)q{_plus(-params.zero_points[0])})"


def _direct(receiver: Receiver, params: QuantParams) -> str:
    """Codes that are pixels but for an offset, as `q = pixel - 128`; empty where they are not."""
    if receiver.lines is None or len(receiver.lines) > 1 or not receiver.is_picture:
        return ""
    scale, offset = receiver.lines[0]
    slope, start = scale / params.scales[0], offset / params.scales[0] + params.zero_points[0]
    nearest = round(start) if isfinite(start) else 0
    ends = [slope * pixel + start - (pixel + nearest) for pixel in (0, 255)]
    low, high = integer_range(receiver.tensor.dtype)
    fits = max(map(abs, ends)) <= _HALF and low <= nearest and nearest + 255 <= high
    return f"q = pixel{_plus(nearest)}" if fits else ""


def _scaled(lines: tuple[Line, ...]) -> str:
    if len(lines) == 1:
        scale, offset = lines[0]
        return f"{_float(scale)} * pixel{_plus(offset)}"
    shown = lines[:_MOST_LINES]
    scales = ", ".join(_float(scale) for scale, _ in shown)
    offsets = ", ".join(_float(offset) for _, offset in shown)
    return f"a[c] * pixel + b[c], a = {{{scales}}}, b = {{{offsets}}}"


def _is_float(value: float) -> bool:
    """A float of C holds it."""
    return abs(value) <= _LARGEST


def _float(value: float) -> str:
    """A literal of C."""
    text = f"{value:.9g}" if abs(value) < 1 else f"{value:.7g}"
    return f"{text}f" if "." in text or "e" in text else f"{text}.0f"


def _plus(summand: float) -> str:
    if summand == 0:
        return ""
    amount = str(abs(summand)) if isinstance(summand, int) else _float(abs(summand))
    return f" {'-' if summand < 0 else '+'} {amount}"
