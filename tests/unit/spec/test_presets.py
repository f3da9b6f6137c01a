import numpy as np
import pytest

from edgecheck.spec.image_steps import CenterCrop, Resize
from edgecheck.spec.keras_presets import KERAS_MODES
from edgecheck.spec.presets import PRESETS, Preset
from edgecheck.spec.value_steps import Normalize, Rescale

MEAN = np.array([0.485, 0.456, 0.406])
STD = np.array([0.229, 0.224, 0.225])
BGR_MEAN = np.array([103.939, 116.779, 123.68])
FORMULAS = {
    "none": lambda x: x,
    "tf": lambda x: x / 127.5 - 1,
    "torch": lambda x: (x / 255 - MEAN) / STD,
    "caffe": lambda x: x[..., ::-1] - BGR_MEAN,
}
GENERIC = {"imagenet_utils"}
"""Modules of keras.applications that are not named after a network."""


@pytest.fixture(scope="module")
def applications():
    tf = pytest.importorskip("tensorflow", reason="tensorflow is the oracle here")
    return tf.keras.applications


@pytest.mark.parametrize("name", sorted(KERAS_MODES))
def test_preset_mode_is_what_keras_does(applications, name):
    pixels = np.random.default_rng(0).uniform(0, 255, (2, 5, 4, 3)).astype(np.float32)
    module = getattr(applications, name.removeprefix("keras/"))
    computed = np.asarray(module.preprocess_input(pixels.copy()))
    np.testing.assert_allclose(computed, FORMULAS[KERAS_MODES[name]](pixels), atol=1e-4)


def test_every_keras_application_has_a_preset(applications):
    modules = {
        name
        for name in dir(applications)
        if hasattr(getattr(applications, name), "preprocess_input")
    }
    assert {name.removeprefix("keras/") for name in KERAS_MODES} == modules - GENERIC


# (shorter side, crop, interpolation) of torchvision's weights, from its documentation.
TORCHVISION = {
    "alexnet": (256, 224, "bilinear"),
    "mobilenet_v2": (232, 224, "bilinear"),
    "mobilenet_v2/IMAGENET1K_V1": (256, 224, "bilinear"),
    "mobilenet_v3_large": (232, 224, "bilinear"),
    "mobilenet_v3_small": (256, 224, "bilinear"),
    "resnet18": (256, 224, "bilinear"),
    "resnet50": (232, 224, "bilinear"),
    "resnet50/IMAGENET1K_V1": (256, 224, "bilinear"),
    "efficientnet_b0": (256, 224, "bicubic"),
    "efficientnet_b1": (255, 240, "bilinear"),
    "efficientnet_b7": (600, 600, "bicubic"),
    "shufflenet_v2_x1_5": (232, 224, "bilinear"),
    "inception_v3": (342, 299, "bilinear"),
}


@pytest.mark.parametrize("name", sorted(TORCHVISION))
def test_torchvision_preset_is_four_plain_steps(name):
    resize, crop, rescale, normalize = Preset(name=f"torchvision/{name}").steps
    side, part, method = TORCHVISION[name]
    pillow = {"antialias": True, "implementation": "pillow"}
    assert resize == Resize(size=side, method=method, **pillow)
    assert crop == CenterCrop(size=part)
    assert rescale == Rescale(scale=1 / 255)
    assert normalize == Normalize(mean=tuple(MEAN), std=tuple(STD))


def test_no_preset_crops_more_than_it_resized_to():
    for name, steps in PRESETS.items():
        if name.startswith("torchvision/"):
            assert steps[1].size <= steps[0].size


def test_a_preset_with_named_weights_also_goes_by_the_model_alone():
    named = {name.rpartition("/")[0] for name in PRESETS if name.count("/") == 2}
    assert named
    assert named <= set(PRESETS)
