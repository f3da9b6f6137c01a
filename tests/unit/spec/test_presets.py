import numpy as np
import pytest

from edgecheck.spec.presets import PRESETS

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


@pytest.mark.parametrize("name", sorted(PRESETS))
def test_preset_mode_is_what_keras_does(applications, name):
    pixels = np.random.default_rng(0).uniform(0, 255, (2, 5, 4, 3)).astype(np.float32)
    module = getattr(applications, name.removeprefix("keras/"))
    computed = np.asarray(module.preprocess_input(pixels.copy()))
    np.testing.assert_allclose(computed, FORMULAS[PRESETS[name]](pixels), atol=1e-4)


def test_every_keras_application_has_a_preset(applications):
    modules = {
        name
        for name in dir(applications)
        if hasattr(getattr(applications, name), "preprocess_input")
    }
    assert {name.removeprefix("keras/") for name in PRESETS} == modules - GENERIC
