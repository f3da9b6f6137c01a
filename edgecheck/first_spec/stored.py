"""What the file itself says about the values of an input."""

import math
from dataclasses import dataclass

from edgecheck.first_spec.facts import Fact, StepFact
from edgecheck.first_spec.scalings import PIXELS, RAW, UNIT, Range, Scaling, scaling_of
from edgecheck.quantization import representable_range
from edgecheck.spec.step_part import StepPart
from edgecheck.spec.value_steps import Normalize
from edgecheck.tflite.contract import input_fossil
from edgecheck.tflite.graph import Model, Port, Tensor
from edgecheck.tflite.leading import Leading, leading
from edgecheck.tflite.metadata import FileMetadata, TensorMetadata

_DIGITS = 4
"""Significant digits of a range that is shown."""


@dataclass(frozen=True)
class Stored:
    """One input of the file."""

    tensor: Tensor
    said: TensorMetadata | None
    """Its metadata, if the file has any."""
    range: Range | None
    """What its scale and zero point can represent: about what calibration saw."""
    step: float
    """One quantization step; 0 where there is no range."""
    leading: Leading
    """The arithmetic that the graph begins with."""

    def range_example(self) -> Fact[Range] | None:
        """The range as a comment, where steps cannot be told from it."""
        if self.range is None:
            return None
        why = (
            "write what the steps make; scale and zero point of the file are of about this range, "
            "which its calibration chose and may have got wrong"
        )
        return Fact(rounded(self.range), why, "unknown")

    def scaling_example(self) -> tuple[StepFact, ...]:
        """For numbers that are no pixels: what metadata says, or what is often needed."""
        said = normalization(self.said)
        if said is not None:
            return tuple(Fact(step, "the metadata of the file") for step in said)
        why = "if training scaled its numbers, the same mean and std, one a column or one for all"
        return (Fact(Normalize(mean=0.0, std=1.0), why, "unknown"),)

    def taken(self, channels: int) -> Scaling | None:
        """The scaling whose result the graph goes on to normalise by itself."""
        for fed in (PIXELS, UNIT):
            made = scaling_of(self.leading.span(*fed), 0.0, channels)
            if self.leading.operators and made is not None and made.range != fed and made != RAW:
                return scaling_of(fed, 0.0, channels)
        return None

    @property
    def arithmetic(self) -> str:
        """Names of the leading operators; empty where there are none."""
        return ", ".join(operator.name for operator in self.leading.operators)


def stored_of(
    data: bytes, model: Model, said: FileMetadata | None, port: Port, position: int
) -> Stored:
    """Read what the file says about its input at `position`.

    Args:
        data: the file, verified.
        model: `read_model(data)`.
        said: its metadata.
        port: the input.
        position: among the inputs of the main graph.
    """
    entries = () if said is None else said.inputs
    found, step = None, 0.0
    fossil = input_fossil(model, port)
    if fossil is not None and fossil.quantization is not None:
        step = max(fossil.quantization.scales)
        found = representable_range(fossil.quantization, fossil.dtype)
    if found is not None and not all(math.isfinite(end) for end in found):
        found, step = None, 0.0
    entry = entries[position] if position < len(entries) else None
    return Stored(port.tensor, entry, found, step, leading(data, model, port))


def normalization(said: TensorMetadata | None) -> tuple[StepPart, ...] | None:
    """Mean and std of the metadata as steps; none for 0 and 1. None where nothing usable is said."""
    if said is None or not said.std:
        return None
    mean, std = said.mean or (0.0,), said.std
    usable = all(map(math.isfinite, (*mean, *std))) and min(std) > 0
    if not usable or len({len(mean), len(std)} - {1}) > 1:
        return None
    if set(mean) == {0.0} and set(std) == {1.0}:
        return ()
    return (Normalize(mean=_one_or_each(mean), std=_one_or_each(std)),)


def rounded(found: Range) -> Range:
    """A range to four significant digits, outwards where rounding would cut something off."""
    width = found[1] - found[0]
    if not 0 < width < math.inf:
        return found
    unit = 10.0 ** (math.floor(math.log10(width)) + 1 - _DIGITS)
    slack = 0.01 * unit
    low = math.floor((found[0] + slack) / unit) * unit
    high = math.ceil((found[1] - slack) / unit) * unit
    return float(f"{low:.10g}"), float(f"{high:.10g}")


def _one_or_each(values: tuple[float, ...]) -> float | tuple[float, ...]:
    return values[0] if len(set(values)) == 1 else values
