import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image

from edgecheck.errors import DatasetUnreadable
from edgecheck.preprocess import steps
from edgecheck.preprocess.context import Context
from edgecheck.preprocess.table import STEPS
from edgecheck.spec.keras_presets import KERAS_MODES
from edgecheck.spec.presets import Preset
from edgecheck.spec.step_part import StepPart


@pytest.fixture(scope="module")
def tf():
    return pytest.importorskip("tensorflow", reason="tensorflow is the oracle here")


def pixels(shape=(3, 8, 6, 3), seed=0):
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def test_every_step_of_the_spec_has_a_function():
    assert set(STEPS) == set(StepPart.__subclasses__())


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_gray_is_tensorflows(tf, dtype):
    images = pixels((2, 64, 64, 3)).astype(dtype)
    found = steps.to_gray(images)
    expected = tf.image.rgb_to_grayscale(images).numpy()
    assert found.dtype == expected.dtype
    difference = np.abs(found.astype(np.float64) - expected)
    assert difference.max() <= (1 if dtype == np.uint8 else 1e-3)
    assert (difference > 0.5).mean() < 0.001


def test_gray_needs_three_channels():
    with pytest.raises(DatasetUnreadable, match="3 channels"):
        steps.to_gray(pixels((1, 4, 4, 1)))


def test_channel_order_reverses_the_channel_axis():
    images = pixels()
    np.testing.assert_array_equal(steps.reverse_channels(images, -1), images[..., ::-1])
    first = images.transpose(0, 3, 1, 2)
    np.testing.assert_array_equal(steps.reverse_channels(first, 1), first[:, ::-1])


def test_rescale_multiplies_then_adds():
    found = steps.rescale(np.array([[0, 255]], np.uint8), 1 / 127.5, -1)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, [[-1, 1]], atol=1e-6)


@pytest.mark.parametrize("axis", [-1, 1])
def test_normalize_is_per_channel_along_its_axis(axis):
    values = np.moveaxis(pixels(), -1, axis)
    mean, std = (1.0, 20.0, 3.0), (2.0, 4.0, 8.0)
    found = np.moveaxis(steps.normalize(values, mean, std, axis), axis, -1)
    for channel in range(3):
        expected = (pixels()[..., channel] - np.float64(mean[channel])) / std[channel]
        np.testing.assert_allclose(found[..., channel], expected, rtol=1e-6)


def test_normalize_refuses_a_wrong_number_of_channels():
    with pytest.raises(DatasetUnreadable, match="`mean` has 2 entries"):
        steps.normalize(pixels(), (1.0, 2.0), (1.0, 1.0), -1)


def test_one_number_holds_for_all_channels():
    found = steps.normalize(pixels(), (10.0,), (2.0,), -1)
    np.testing.assert_allclose(found, (pixels().astype(float) - 10) / 2)


@pytest.mark.parametrize("images", [pixels(), pixels() * 0 + 9, pixels((1, 1, 1, 1))])
def test_standardize_is_tensorflows(tf, images):
    expected = tf.image.per_image_standardization(images).numpy()
    found = steps.standardize(images)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, atol=1e-4)


def test_minmax_maps_given_bounds_to_0_and_1_without_clipping():
    values = np.array([[10, 20, 40]], np.uint8)
    found = steps.minmax(values, (10.0,), (20.0,), -1)
    np.testing.assert_allclose(found, [[0, 1, 3]])


@given(hnp.arrays(np.int8, hnp.array_shapes(min_dims=2, max_dims=4)))
def test_minmax_per_sample_reaches_0_and_1_in_each_sample(values):
    found = steps.minmax_per_sample(values)
    for before, after in zip(values, found, strict=True):
        assert after.min() == 0
        assert after.max() == (0 if before.min() == before.max() else 1)


def test_transpose_leaves_the_sample_axis():
    assert steps.transpose(pixels(), (2, 0, 1)).shape == (3, 3, 8, 6)


@pytest.mark.parametrize("axes", [(0, 1), (0, 1, 3), (0, 1, 1)])
def test_transpose_refuses_axes_that_do_not_fit(axes):
    with pytest.raises(DatasetUnreadable, match="do not fit"):
        steps.transpose(pixels(), axes)


def test_cast_cuts_toward_zero():
    values = np.array([-1.9, -0.9, 0.9, 127.9, -128.9])
    assert steps.cast(values, "int8").tolist() == [-1, 0, 0, 127, -128]


@pytest.mark.parametrize(
    ("value", "dtype"),
    [
        (256.0, "uint8"),
        (-1.0, "uint8"),
        (np.float32(2**31), "int32"),
        (np.nan, "int16"),
        (np.inf, "int8"),
        (1e39, "float32"),
        (np.int64(40000), "int16"),
    ],
)
def test_cast_refuses_what_does_not_fit(value, dtype):
    with pytest.raises(DatasetUnreadable, match=f"do not fit {dtype}"):
        steps.cast(np.array([0, value]), dtype)


def test_cast_to_float_keeps_nan_and_infinity():
    found = steps.cast(np.array([np.nan, np.inf, 1.0]), "float32")
    np.testing.assert_array_equal(found, np.array([np.nan, np.inf, 1], np.float32))


@given(hnp.arrays(np.float64, 5, elements=st.floats(-1e6, 1e6)))
def test_cast_equals_numpy_where_it_does_not_refuse(values):
    np.testing.assert_array_equal(steps.cast(values, "int32"), values.astype(np.int32))


@pytest.mark.parametrize("name", sorted(KERAS_MODES))
def test_keras_presets_are_those_of_keras(tf, name):
    module = getattr(tf.keras.applications, name.removeprefix("keras/"))
    images = pixels()
    expected = module.preprocess_input(images.astype(np.float32))
    before = images.copy()
    found = STEPS[Preset](Preset(name=name), images, Context(-1))
    np.testing.assert_allclose(found, expected, atol=1e-4)
    np.testing.assert_array_equal(images, before)


@pytest.mark.parametrize(
    ("name", "resize", "crop", "resample"),
    [
        ("torchvision/mobilenet_v2/IMAGENET1K_V1", 256, 224, Image.Resampling.BILINEAR),
        ("torchvision/mobilenet_v2", 232, 224, Image.Resampling.BILINEAR),
        ("torchvision/efficientnet_b0", 256, 224, Image.Resampling.BICUBIC),
        ("torchvision/inception_v3", 342, 299, Image.Resampling.BILINEAR),
    ],
)
def test_torchvision_presets_are_its_transforms_written_slowly(name, resize, crop, resample):
    """Resize, CenterCrop, ToTensor, Normalize of torchvision on a Pillow image, channels last."""
    stored = pixels((300, 401, 3))
    image = Image.fromarray(stored).resize((int(resize * 401 / 300), resize), resample)
    left, top = round((image.width - crop) / 2), round((image.height - crop) / 2)
    part = np.asarray(image.crop((left, top, left + crop, top + crop))) / 255
    expected = (part - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]
    found = STEPS[Preset](Preset(name=name), stored[None], Context(-1))
    assert found.dtype == np.float32
    np.testing.assert_allclose(found[0], expected, atol=1e-5)
