"""Which function each step of a spec runs: one line a step."""

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from edgecheck.errors import DatasetUnreadable
from edgecheck.preprocess import steps
from edgecheck.preprocess.context import Context
from edgecheck.preprocess.resize import resize_pillow, resize_tensorflow
from edgecheck.spec.base import PerChannel
from edgecheck.spec.presets import PRESETS
from edgecheck.spec.step_part import StepPart
from edgecheck.spec.steps import (
    Cast,
    ChannelOrder,
    Decode,
    MinMax,
    Normalize,
    Preset,
    Rescale,
    Resize,
    Standardize,
    ToGray,
    Transpose,
)
from edgecheck.tensors import Array

StepFunction: TypeAlias = Callable[[Any, Array, Context], Array]
"""(step, values (n, ...), context) -> values; the step is of the class it is listed under."""

CHANNELS: Mapping[str, int] = {"RGB": 3, "RGBA": 4, "L": 1}


def _decode(step: Decode, values: Array, _: Context) -> Array:
    """Samples that are pixels already: only their shape is checked."""
    pixels = values[..., None] if step.color == "L" and values.ndim == 3 else values
    if pixels.ndim != 4 or pixels.shape[3] != CHANNELS[step.color]:
        raise DatasetUnreadable(
            f"decoded images of shape {values.shape[1:]}, expected "
            f"(height, width, {CHANNELS[step.color]}) for color {step.color}",
            hint="Correct `decode: {color: ...}`, or save the arrays with channels last.",
        )
    return pixels


def _resize(step: Resize, values: Array, _: Context) -> Array:
    if values.ndim != 4:
        raise DatasetUnreadable(
            f"resize needs images (height, width, channels), found shape {values.shape[1:]}",
            hint="Save gray images with a channel axis, or start with `- decode: {color: L}`.",
        )
    if step.implementation == "pillow":
        return resize_pillow(values, step.size, step.method)
    return resize_tensorflow(values, step.size, step.method, antialias=step.antialias)


def _channel_order(step: ChannelOrder, values: Array, at: Context) -> Array:
    return steps.reverse_channels(values, at.channel_axis) if step.order == "BGR" else values


def _normalize(step: Normalize, values: Array, at: Context) -> Array:
    return steps.normalize(values, _each(step.mean), _each(step.std), at.channel_axis)


def _minmax(step: MinMax, values: Array, at: Context) -> Array:
    if step.min is None or step.max is None:
        return steps.minmax_per_sample(values)
    return steps.minmax(values, _each(step.min), _each(step.max), at.channel_axis)


def _preset(step: Preset, values: Array, at: Context) -> Array:
    mode = PRESETS[step.name]
    if mode == "tf":
        return steps.preset_tf(values)
    if mode == "torch":
        return steps.preset_torch(values, at.channel_axis)
    return steps.preset_caffe(values, at.channel_axis) if mode == "caffe" else values


def _each(numbers: PerChannel) -> tuple[float, ...]:
    return numbers if isinstance(numbers, tuple) else (numbers,)


STEPS: Mapping[type[StepPart], StepFunction] = {
    Decode: _decode,
    ToGray: lambda _, values, __: steps.to_gray(values),
    ChannelOrder: _channel_order,
    Resize: _resize,
    Rescale: lambda step, values, _: steps.rescale(values, step.scale, step.offset),
    Normalize: _normalize,
    Standardize: lambda _, values, __: steps.standardize(values),
    MinMax: _minmax,
    Transpose: lambda step, values, _: steps.transpose(values, step.axes),
    Cast: lambda step, values, _: steps.cast(values, step.dtype),
    Preset: _preset,
}
"""Step class -> its function."""
