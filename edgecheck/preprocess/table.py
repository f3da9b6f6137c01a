"""Which function each step of a spec runs: one line a step."""

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from edgecheck.preprocess import audio, images, steps
from edgecheck.preprocess.context import Context
from edgecheck.spec.audio_steps import (
    Frame,
    LogMel,
    Mfcc,
    Mono,
    PeakNormalize,
    Resample,
    Stft,
    TrimOrPad,
)
from edgecheck.spec.base import PerChannel
from edgecheck.spec.image_steps import CenterCrop, ChannelOrder, Crop, Decode, Resize, ToGray
from edgecheck.spec.presets import Preset
from edgecheck.spec.step_part import StepPart
from edgecheck.spec.value_steps import (
    Cast,
    MinMax,
    Normalize,
    Rescale,
    Reshape,
    Standardize,
    Transpose,
)
from edgecheck.tensors import Array

StepFunction: TypeAlias = Callable[[Any, Array, Context], Array]
"""(step, values (n, ...), context) -> values; the step is of the class it is listed under."""


def _channel_order(step: ChannelOrder, values: Array, at: Context) -> Array:
    return steps.reverse_channels(values, at.channel_axis) if step.order == "BGR" else values


def _normalize(step: Normalize, values: Array, at: Context) -> Array:
    return steps.normalize(values, _each(step.mean), _each(step.std), at.channel_axis)


def _minmax(step: MinMax, values: Array, at: Context) -> Array:
    if step.min is None or step.max is None:
        return steps.minmax_per_sample(values)
    return steps.minmax(values, _each(step.min), _each(step.max), at.channel_axis)


def _preset(step: Preset, values: Array, at: Context) -> Array:
    for part in step.steps:
        values = STEPS[type(part)](part, values, at)
    return values


def _each(numbers: PerChannel) -> tuple[float, ...]:
    return numbers if isinstance(numbers, tuple) else (numbers,)


STEPS: Mapping[type[StepPart], StepFunction] = {
    Decode: images.check_pixels,
    ToGray: lambda _, values, __: steps.to_gray(values),
    ChannelOrder: _channel_order,
    Resize: images.resize,
    Crop: images.crop,
    CenterCrop: images.center_crop,
    Rescale: lambda step, values, _: steps.rescale(values, step.scale, step.offset),
    Normalize: _normalize,
    Standardize: lambda _, values, __: steps.standardize(values),
    MinMax: _minmax,
    Transpose: lambda step, values, _: steps.transpose(values, step.axes),
    Cast: lambda step, values, _: steps.cast(values, step.dtype),
    Preset: _preset,
    Reshape: lambda step, values, _: steps.reshape(values, step.shape),
    Mono: lambda step, values, _: audio.to_mono(values, step.channel),
    Resample: lambda step, values, at: audio.resample(values, at.rate, step.rate),
    TrimOrPad: lambda step, values, _: audio.trim_or_pad(values, step.samples),
    PeakNormalize: lambda step, values, _: audio.peak_normalize(values, step.by),
    Frame: lambda step, values, _: audio.frame(values, step),
    Stft: lambda step, values, _: audio.stft(values, step),
    LogMel: lambda step, values, at: audio.log_mel(values, step, at.rate),
    Mfcc: lambda step, values, _: audio.mfcc(values, step),
}
"""Step class -> its function."""
