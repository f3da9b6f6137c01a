"""What the transforms of torchvision's classification weights do.

Sizes and interpolations are the facts of `<Model>_Weights.<name>.transforms()` in torchvision
0.29, whose `ImageClassification` resizes the shorter side (antialiased, as Pillow does), crops
the centre, divides by 255 and normalizes.
"""

from dataclasses import dataclass
from typing import Literal

from edgecheck.spec.image_steps import CenterCrop, Resize
from edgecheck.spec.keras_presets import IMAGENET_MEAN, IMAGENET_STD
from edgecheck.spec.step_part import StepPart
from edgecheck.spec.value_steps import Normalize, Rescale


@dataclass(frozen=True)
class Geometry:
    """Sizes in pixels."""

    resize: int
    crop: int
    method: Literal["bilinear", "bicubic"] = "bilinear"


MODELS: tuple[tuple[Geometry, str], ...] = (
    (
        Geometry(256, 224),
        (
            "alexnet densenet121 densenet161 densenet169 densenet201 googlenet mnasnet0_5 mnasnet1_0"
            " mobilenet_v2/IMAGENET1K_V1 mobilenet_v3_large/IMAGENET1K_V1 mobilenet_v3_small"
            " regnet_x_400mf/IMAGENET1K_V1 regnet_x_800mf/IMAGENET1K_V1"
            " regnet_y_400mf/IMAGENET1K_V1 regnet_y_800mf/IMAGENET1K_V1"
            " resnet18 resnet34 resnet50/IMAGENET1K_V1 resnet101/IMAGENET1K_V1"
            " resnet152/IMAGENET1K_V1 shufflenet_v2_x0_5 shufflenet_v2_x1_0 squeezenet1_0"
            " squeezenet1_1 vgg11 vgg11_bn vgg13 vgg13_bn vgg16 vgg16_bn vgg19 vgg19_bn"
        ),
    ),
    (
        Geometry(232, 224),
        (
            "mnasnet0_75 mnasnet1_3 mobilenet_v2 mobilenet_v2/IMAGENET1K_V2 mobilenet_v3_large"
            " mobilenet_v3_large/IMAGENET1K_V2 regnet_x_400mf regnet_x_400mf/IMAGENET1K_V2"
            " regnet_x_800mf regnet_x_800mf/IMAGENET1K_V2 regnet_y_400mf"
            " regnet_y_400mf/IMAGENET1K_V2 regnet_y_800mf regnet_y_800mf/IMAGENET1K_V2"
            " resnet50 resnet50/IMAGENET1K_V2 resnet101 resnet101/IMAGENET1K_V2 resnet152"
            " resnet152/IMAGENET1K_V2 shufflenet_v2_x1_5 shufflenet_v2_x2_0"
        ),
    ),
    (Geometry(236, 224), "convnext_tiny"),
    (Geometry(342, 299), "inception_v3"),
    (Geometry(256, 224, "bicubic"), "efficientnet_b0"),
    (Geometry(256, 240, "bicubic"), "efficientnet_b1/IMAGENET1K_V1"),
    (Geometry(255, 240), "efficientnet_b1 efficientnet_b1/IMAGENET1K_V2"),
    (Geometry(288, 288, "bicubic"), "efficientnet_b2"),
    (Geometry(320, 300, "bicubic"), "efficientnet_b3"),
    (Geometry(384, 380, "bicubic"), "efficientnet_b4"),
    (Geometry(456, 456, "bicubic"), "efficientnet_b5"),
    (Geometry(528, 528, "bicubic"), "efficientnet_b6"),
    (Geometry(600, 600, "bicubic"), "efficientnet_b7"),
    (Geometry(384, 384), "efficientnet_v2_s"),
    (Geometry(480, 480), "efficientnet_v2_m"),
)
"""Geometry -> its models. A model alone has torchvision's DEFAULT weights; where there are two
sets of weights, both are listed by name as well (`pretrained=True` used to be IMAGENET1K_V1)."""


def torchvision_presets() -> dict[str, tuple[StepPart, ...]]:
    """Preset name -> plain steps, for decoded RGB pixels of any size.

    They give float32 (height, width, 3), channels last; `transpose: [2, 0, 1]` after the preset
    gives torchvision's own order.
    """
    return {
        f"torchvision/{model}": _steps(geometry)
        for geometry, models in MODELS
        for model in models.split()
    }


def _steps(geometry: Geometry) -> tuple[StepPart, ...]:
    return (
        Resize(
            size=geometry.resize,
            method=geometry.method,
            antialias=True,
            implementation="pillow",
        ),
        CenterCrop(size=geometry.crop),
        Rescale(scale=1 / 255),
        Normalize(mean=IMAGENET_MEAN, std=IMAGENET_STD),
    )
