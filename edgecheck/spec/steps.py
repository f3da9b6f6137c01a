"""The preprocessing steps, as they are written in a spec.

A step is written as a mapping with one key, `- resize: {size: [96, 96]}`, or, when all its
settings have defaults, as its bare name, `- to-gray`. Steps with a single setting take it
directly: `- cast: float32`. What each step computes is in `edgecheck.preprocess`.
"""

from typing import Annotated, TypeAlias

from pydantic import Discriminator, Tag

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


def key_of(written: object) -> str | None:
    """The name of a step from any of its written forms; None when it is no step at all."""
    if isinstance(written, str):
        return written
    if isinstance(written, dict) and len(written) == 1:
        return str(next(iter(written)))
    return written.key if isinstance(written, StepPart) else None


Step: TypeAlias = Annotated[
    Annotated[Decode, Tag("decode")]
    | Annotated[ToGray, Tag("to-gray")]
    | Annotated[ChannelOrder, Tag("channel-order")]
    | Annotated[Resize, Tag("resize")]
    | Annotated[Crop, Tag("crop")]
    | Annotated[CenterCrop, Tag("center-crop")]
    | Annotated[Rescale, Tag("rescale")]
    | Annotated[Normalize, Tag("normalize")]
    | Annotated[Standardize, Tag("standardize")]
    | Annotated[MinMax, Tag("minmax")]
    | Annotated[Transpose, Tag("transpose")]
    | Annotated[Reshape, Tag("reshape")]
    | Annotated[Cast, Tag("cast")]
    | Annotated[Preset, Tag("preset")]
    | Annotated[Mono, Tag("mono")]
    | Annotated[Resample, Tag("resample")]
    | Annotated[TrimOrPad, Tag("trim-or-pad")]
    | Annotated[PeakNormalize, Tag("peak-normalize")]
    | Annotated[Frame, Tag("frame")]
    | Annotated[Stft, Tag("stft")]
    | Annotated[LogMel, Tag("log-mel")]
    | Annotated[Mfcc, Tag("mfcc")],
    Discriminator(key_of),
]
"""One preprocessing step."""
