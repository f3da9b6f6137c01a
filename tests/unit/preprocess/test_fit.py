"""Each fit against the formula of the library that defines it, written slowly."""

from functools import partial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from edgecheck.errors import DatasetUnreadable
from edgecheck.preprocess import fit
from edgecheck.preprocess.resize import resize_pillow, resize_tensorflow

NEAREST = partial(resize_tensorflow, method="nearest", antialias=False)
BILINEAR = partial(resize_tensorflow, method="bilinear", antialias=False)
SIDE = st.integers(1, 60)
SHAPES = [(48, 64), (64, 48), (33, 100), (101, 37), (50, 50), (7, 200)]


@pytest.fixture(scope="module")
def tf():
    return pytest.importorskip("tensorflow", reason="tensorflow is the oracle here")


def pixels(shape, seed=0):
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def ultralytics_letterbox(image, new_shape, value):
    """LetterBox of Ultralytics (centred, scaled up too), with nearest instead of cv2.resize."""
    height, width = image.shape[:2]
    r = min(new_shape[0] / height, new_shape[1] / width)
    unpadded = round(width * r), round(height * r)
    dw, dh = (new_shape[1] - unpadded[0]) / 2, (new_shape[0] - unpadded[1]) / 2
    inner = NEAREST(image[None], unpadded[::-1])[0]
    top, bottom = round(dh - 0.1), round(dh + 0.1)
    left, right = round(dw - 0.1), round(dw + 0.1)
    channels = [
        np.pad(inner[..., c], ((top, bottom), (left, right)), constant_values=value)
        for c in range(3)
    ]
    return np.stack(channels, axis=2)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("size", [(64, 64), (96, 61), (31, 80)])
def test_letterbox_is_that_of_ultralytics(shape, size):
    image = pixels((*shape, 3))
    found = fit.letterbox(image[None], size, (114,), NEAREST)
    assert found.dtype == np.uint8
    np.testing.assert_array_equal(found[0], ultralytics_letterbox(image, size, 114))


@given(height=SIDE, width=SIDE, out=st.tuples(SIDE, SIDE))
def test_letterbox_has_the_size_and_an_odd_pixel_goes_below_or_right(height, width, out):
    image = np.ones((1, height, width, 1), np.uint8)
    found = fit.letterbox(image, out, (0,), NEAREST)[0, ..., 0]
    assert found.shape == out
    rows, columns = np.flatnonzero(found.any(axis=1)), np.flatnonzero(found.any(axis=0))
    for inside, total in ((rows, out[0]), (columns, out[1])):
        before, after = inside[0], total - 1 - inside[-1]
        assert after - before in {0, 1}


def test_letterbox_pads_each_channel_with_its_own_value():
    found = fit.letterbox(pixels((1, 10, 20, 3)), (20, 20), (1, 2, 3), BILINEAR)
    assert found[0, 0, 0].tolist() == found[0, -1, -1].tolist() == [1, 2, 3]


@pytest.mark.parametrize(("pad", "dtype"), [(114, "uint8"), (0.5, "float32"), (-1, "float32")])
def test_a_pad_value_that_is_no_code_makes_floats(pad, dtype):
    found = fit.letterbox(pixels((1, 10, 20, 3)), (20, 20), (pad,), NEAREST)
    assert found.dtype == dtype
    assert found[0, 0, 0, 0] == pad


def test_letterbox_refuses_another_number_of_channels():
    with pytest.raises(DatasetUnreadable, match="`pad_value` has 2 entries"):
        fit.letterbox(pixels((1, 10, 20, 3)), (20, 20), (1, 2), NEAREST)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("size", [(32, 32), (40, 24), (17, 90)])
def test_crop_to_aspect_is_smart_resize_of_keras(tf, shape, size):
    image = pixels((*shape, 3)).astype(np.float32)
    expected = tf.keras.preprocessing.image.smart_resize(image, size, interpolation="bilinear")
    found = fit.crop_to_aspect(image[None], size, BILINEAR)
    np.testing.assert_allclose(found[0], expected, atol=1e-3)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(("side", "padding"), [(224, 32), (30, 32), (17, 0)])
def test_crop_padding_is_that_of_efficientnet(tf, shape, side, padding):
    """_decode_and_center_crop in preprocessing.py of tensorflow/tpu's EfficientNet."""
    image = pixels((*shape, 3)).astype(np.float32)
    smaller = tf.cast(tf.minimum(shape[0], shape[1]), tf.float32)
    part = int(tf.cast((side / (side + padding)) * smaller, tf.int32))
    top, left = ((shape[0] - part) + 1) // 2, ((shape[1] - part) + 1) // 2
    window = tf.image.crop_to_bounding_box(image, top, left, part, part)
    expected = tf.image.resize(window, (side, side), "bicubic")
    bicubic = partial(resize_tensorflow, method="bicubic", antialias=False)
    found = fit.crop_padding(image[None], side, padding, bicubic)
    np.testing.assert_allclose(found[0], expected, atol=1e-3)


def torchvision_center_crop(image, size):
    """center_crop of torchvision.transforms.functional, for images that are large enough."""
    top = round((image.shape[0] - size[0]) / 2.0)
    left = round((image.shape[1] - size[1]) / 2.0)
    return image[top : top + size[0], left : left + size[1]]


@given(inner=st.tuples(SIDE, SIDE), more=st.tuples(st.integers(0, 9), st.integers(0, 9)))
def test_center_crop_is_that_of_torchvision(inner, more):
    image = pixels((inner[0] + more[0], inner[1] + more[1], 1))
    found = fit.center_crop(image[None], inner)[0]
    np.testing.assert_array_equal(found, torchvision_center_crop(image, inner))


@pytest.mark.parametrize("size", [(11, 10), (10, 21)])
def test_center_crop_refuses_smaller_images(size):
    with pytest.raises(DatasetUnreadable, match="which is smaller"):
        fit.center_crop(pixels((1, 10, 20, 3)), size)


@pytest.mark.parametrize("shape", SHAPES)
def test_shorter_side_is_resize_of_torchvision(shape):
    """_compute_resized_output_size of torchvision, and Pillow's resize."""
    image = pixels((*shape, 3))
    short, long = sorted(shape)
    sizes = {short: 40, long: int(40 * long / short)}
    width, height = sizes[shape[1]], sizes[shape[0]]
    expected = Image.fromarray(image).resize((width, height), Image.Resampling.BILINEAR)
    found = fit.shorter_side(image[None], 40, partial(resize_pillow, method="bilinear"))
    np.testing.assert_array_equal(found[0], np.asarray(expected))


def test_a_thin_image_is_not_resized_beyond_all_bounds():
    with pytest.raises(DatasetUnreadable, match="would get 2560000 pixels"):
        fit.shorter_side(np.zeros((1, 1, 10000, 3), np.uint8), 256, NEAREST)


def test_crop_keeps_the_part():
    image = pixels((1, 10, 20, 3))
    np.testing.assert_array_equal(fit.crop(image, 2, 3, (4, 5)), image[:, 2:6, 3:8])


@pytest.mark.parametrize(("top", "left"), [(7, 0), (0, 16)])
def test_crop_refuses_what_is_outside(top, left):
    with pytest.raises(DatasetUnreadable, match="not within an image of 10 x 20"):
        fit.crop(pixels((1, 10, 20, 3)), top, left, (4, 5))
