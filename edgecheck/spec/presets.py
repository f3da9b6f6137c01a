"""Presets: the preprocessing of well-known models, by name, as plain steps."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import AfterValidator, Field

from edgecheck.spec.keras_presets import keras_presets
from edgecheck.spec.step_part import StepPart
from edgecheck.spec.torchvision_presets import torchvision_presets
from edgecheck.spec.wording import did_you_mean, quoted

PRESETS: Mapping[str, tuple[StepPart, ...]] = {**keras_presets(), **torchvision_presets()}
"""Preset name -> the plain steps that it stands for."""


def _known(name: str) -> str:
    if name not in PRESETS:
        raise ValueError(
            f"unknown preset {quoted(name)}{did_you_mean(name, PRESETS)}"
            f" (`edgecheck schema spec` lists all {len(PRESETS)})"
        )
    return name


class Preset(StepPart):
    """The preprocessing of a well-known model.

    `keras/<module>`: what `preprocess_input` of the module in keras.applications does to RGB
    pixels 0..255. `torchvision/<model>` or `torchvision/<model>/<weights>`: the transforms of the
    weights (resize, center-crop, rescale, normalize), with channels last.
    """

    key = "preset"
    direct = "name"

    name: Annotated[str, AfterValidator(_known)] = Field(
        examples=["keras/mobilenet_v2"], json_schema_extra={"enum": list(PRESETS)}
    )
    """As in `keras/mobilenet_v2`, `torchvision/resnet18` or `torchvision/resnet50/IMAGENET1K_V1`."""

    @property
    def steps(self) -> tuple[StepPart, ...]:
        """The plain steps that it stands for."""
        return PRESETS[self.name]
