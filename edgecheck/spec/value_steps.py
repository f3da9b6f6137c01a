"""The steps that work on the numbers of any sample, as they are written in a spec."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from edgecheck.spec.base import Misfit, PerChannel
from edgecheck.spec.step_part import StepPart


class Rescale(StepPart):
    """x * scale + offset, for every element."""

    key = "rescale"

    scale: float = 1.0
    """Factor, applied first."""
    offset: float = 0.0
    """Added after scaling, in the scaled unit."""


class Normalize(StepPart):
    """(x - mean) / std, per channel."""

    key = "normalize"

    mean: PerChannel
    """Subtracted, in the unit of the values that reach this step; one number or one a channel."""
    std: PerChannel
    """Divisor, greater than 0, in the same unit; one number or one a channel."""

    @model_validator(mode="after")
    def _std_is_positive(self) -> "Normalize":
        _check_lengths("mean", self.mean, "std", self.std)
        for index, value in enumerate(_each(self.std)):
            if value <= 0:
                where = ("std", index) if isinstance(self.std, tuple) else ("std",)
                raise Misfit(where, f"found {value:g}, expected a std greater than 0")
        return self


class Standardize(StepPart):
    """Zero mean and unit variance of each sample, as tf.image.per_image_standardization."""

    key = "standardize"


class MinMax(StepPart):
    """(x - min) / (max - min), with given bounds or with those of each sample."""

    key = "minmax"

    min: PerChannel | None = None
    """Becomes 0; one number or one a channel. Without min and max: those of each sample."""
    max: PerChannel | None = None
    """Becomes 1; greater than min; one number or one a channel."""

    @model_validator(mode="after")
    def _bounds_are_ordered(self) -> "MinMax":
        if self.min is None and self.max is None:
            return self
        if self.min is None or self.max is None:
            raise Misfit((), "give both min and max, or neither to take them from each sample")
        _check_lengths("min", self.min, "max", self.max)
        for index, (low, high) in enumerate(_pairs(self.min, self.max)):
            if high <= low:
                where = ("max", index) if isinstance(self.max, tuple) else ("max",)
                raise Misfit(where, f"found max {high:g}, expected more than min, which is {low:g}")
        return self


class Transpose(StepPart):
    """Reorder the axes of each sample, as numpy.transpose; the batch axis is not counted."""

    key = "transpose"
    direct = "axes"

    axes: tuple[int, ...] = Field(min_length=1, examples=[[2, 0, 1]])
    """Old axis at each new position, from 0: [2, 0, 1] turns NHWC into NCHW."""

    @model_validator(mode="after")
    def _is_permutation(self) -> "Transpose":
        count = len(self.axes)
        if sorted(self.axes) != list(range(count)):
            raise Misfit(
                ("axes",), f"expected each axis from 0 to {count - 1} exactly once, in a new order"
            )
        return self


class Reshape(StepPart):
    """Give each sample another shape, its values in the same order, as numpy.reshape."""

    key = "reshape"
    direct = "shape"

    shape: tuple[Annotated[int, Field(ge=1)], ...] = Field(min_length=1, examples=[[49, 10, 1]])
    """The new shape, without the batch axis; as many elements as before."""


class Cast(StepPart):
    """Change the type of the values."""

    key = "cast"
    direct = "dtype"

    dtype: Literal["float32", "uint8", "int8", "int16", "int32"] = Field(examples=["float32"])
    """The new type."""


def _each(values: PerChannel) -> tuple[float, ...]:
    return values if isinstance(values, tuple) else (values,)


def _pairs(low: PerChannel, high: PerChannel) -> list[tuple[float, float]]:
    """Elementwise pairs; a single number goes with every element of the other."""
    lows, highs = _each(low), _each(high)
    count = max(len(lows), len(highs))
    return list(zip(lows * (count // len(lows)), highs * (count // len(highs)), strict=True))


def _check_lengths(name: str, first: PerChannel, other: str, second: PerChannel) -> None:
    if isinstance(first, tuple) and isinstance(second, tuple) and len(first) != len(second):
        raise Misfit(
            (other,),
            f"found {len(second)} numbers, expected {len(first)} as in {name}, or a single one",
        )
