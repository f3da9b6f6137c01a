"""One mistake, and what it is applied to."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from edgecheck.tensors import Array
from edgecheck.tflite.graph import Tensor

Step = Literal["geometry", "channels", "values", "integers"]
"""Where on the way from pixel to tensor it happens, in this order."""

Line = tuple[float, float]
"""(scale, offset): prepared value = scale * pixel + offset, of pixels 0..255; of what is no picture,
scale * stored value + offset."""


@dataclass(frozen=True)
class Receiver:
    """An input of a model, and what its values are made of."""

    name: str
    shape: tuple[int, ...]
    """Of one sample as the model takes it."""
    tensor: Tensor
    """Of the candidate: its dtype and quantization say what integers mean."""
    channel_axis: int | None = None
    """Of a sample, where it is a picture with an axis of channels."""
    is_picture: bool = False
    lines: tuple[Line, ...] | None = None
    """How the steps scale pixels, by channel (of tables: by column) or once for all; None where
    that is unknown, or no straight line."""
    is_sound: bool = False
    """A sample is a waveform, as the steps leave it."""


@dataclass(frozen=True)
class Mistake:
    """One thing that goes wrong on the way into a model.

    `apply` takes prepared values, float32 (n, *shape), as the spec's steps make them, and gives
    those that the model gets by mistake, float32 of the same shape: for mistakes with integers, what
    the codes mean that arrive.
    """

    key: str
    """Kebab-case and permanent, as `rot90`."""
    rule: str
    """Name of the rule that it is an instance of."""
    words: str
    """What the model is fed with it, as a phrase: `pictures turned by 90 degrees`."""
    step: Step
    apply: Callable[[Array, Receiver], Array]
    is_harmless: bool = False
    """It changes values by so little that no answer should change."""
