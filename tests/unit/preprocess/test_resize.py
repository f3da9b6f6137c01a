from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from edgecheck.preprocess.resize import PILLOW_FILTERS, resize_pillow, resize_tensorflow
from edgecheck.preprocess.taps import (
    KERNELS,
    area_taps,
    bicubic_taps,
    bilinear_taps,
    gather,
    kernel_taps,
)

METHODS = [
    ("nearest", False),
    ("area", False),
    *((method, antialias) for method in KERNELS for antialias in (False, True)),
]
CASES = [
    # (height, width) -> (height, width): down, up, mixed, odd, non-integer ratios, single pixels
    ((96, 128), (48, 64)),
    ((31, 17), (64, 80)),
    ((101, 67), (28, 133)),
    ((1, 1), (5, 3)),
    ((1, 9), (4, 1)),
    ((480, 640), (224, 224)),
    ((200, 3), (7, 3)),
]
SIDE = st.integers(1, 40)


@pytest.fixture(scope="module")
def tf():
    return pytest.importorskip("tensorflow", reason="tensorflow is the oracle here")


def pixels(shape, dtype=np.uint8, seed=0):
    return np.random.default_rng(seed).integers(0, 256, shape).astype(dtype)


def assert_as_tensorflow(tf, images, size, method, antialias):
    name = "lanczos3" if method == "lanczos" else method
    expected = tf.image.resize(images, size, name, antialias=antialias).numpy()
    found = resize_tensorflow(images, size, method, antialias=antialias)
    assert found.dtype == expected.dtype
    assert found.shape == expected.shape
    # ResizeArea adds up in another order.
    np.testing.assert_allclose(found, expected, rtol=0, atol=0.01 if method == "area" else 1e-3)


@pytest.mark.parametrize(("method", "antialias"), METHODS)
@pytest.mark.parametrize(("source", "size"), CASES)
@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_tensorflow_sizes_and_channels(tf, source, size, channels, method, antialias, dtype):
    images = pixels((2, *source, channels), dtype)
    assert_as_tensorflow(tf, images, size, method, antialias)


@pytest.mark.parametrize(("method", "antialias"), METHODS)
@settings(max_examples=60, deadline=None)
@given(height=SIDE, width=SIDE, out_height=SIDE, out_width=SIDE, seed=st.integers(0, 99))
def test_tensorflow_any_size(tf, method, antialias, height, width, out_height, out_width, seed):
    images = pixels((1, height, width, 3), seed=seed)
    assert_as_tensorflow(tf, images, (out_height, out_width), method, antialias)


@pytest.mark.parametrize("method", sorted(PILLOW_FILTERS))
@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize(("source", "size"), CASES)
def test_pillow_uint8_is_pillow_itself(source, size, channels, method):
    image = pixels((*source, channels))
    whole = Image.fromarray(image[..., 0] if channels == 1 else image)
    expected = whole.resize((size[1], size[0]), Image.Resampling[PILLOW_FILTERS[method]])
    found = resize_pillow(image[None], size, method)
    assert found.dtype == np.uint8
    np.testing.assert_array_equal(found[0], np.asarray(expected).reshape(*size, channels))


@pytest.mark.parametrize("channels", [1, 2, 3, 5])
def test_pillow_float_is_mode_f_per_channel(channels):
    image = pixels((30, 20, channels), np.float32) / 7
    found = resize_pillow(image[None], (11, 13), "bilinear")
    assert found.dtype == np.float32
    for channel in range(channels):
        plane = Image.fromarray(np.ascontiguousarray(image[..., channel]))
        expected = plane.resize((13, 11), Image.Resampling.BILINEAR)
        np.testing.assert_array_equal(found[0, ..., channel], np.asarray(expected))


def test_pillow_takes_two_channels_as_independent_not_as_alpha():
    image = pixels((12, 12, 2))
    found = resize_pillow(image[None], (5, 5), "bilinear")[0]
    for channel in range(2):
        plane = Image.fromarray(np.ascontiguousarray(image[..., channel]))
        expected = np.asarray(plane.resize((5, 5), Image.Resampling.BILINEAR))
        np.testing.assert_array_equal(found[..., channel], expected)


def test_tensorflow_and_pillow_really_differ_without_antialias():
    images = pixels((1, 64, 64, 3))
    ours = resize_tensorflow(images, (16, 16), "bilinear", antialias=False)
    assert np.abs(ours - resize_pillow(images, (16, 16), "bilinear")).max() > 20


def test_the_input_is_not_changed():
    images = pixels((1, 9, 9, 3))
    before = images.copy()
    for method, antialias in METHODS:
        resize_tensorflow(images, (4, 4), method, antialias=antialias)
    np.testing.assert_array_equal(images, before)


ALL_TAPS = [
    bilinear_taps,
    bicubic_taps,
    area_taps,
    *(partial(kernel_taps, name, antialias=on) for name in KERNELS for on in (False, True)),
]


@pytest.mark.parametrize("taps", ALL_TAPS)
@given(in_size=st.integers(1, 500), out_size=st.integers(1, 500))
def test_weights_add_up_to_one_and_indices_lie_inside(taps, in_size, out_size):
    found = taps(in_size, out_size)
    assert found.indices.min() >= 0
    assert found.indices.max() < in_size
    assert found.weights.dtype == np.float32
    np.testing.assert_allclose(found.weights.sum(axis=1), 1, atol=1e-5)


def test_gather_is_the_sum_over_taps():
    taps = kernel_taps("bilinear", 9, 4, antialias=True)
    values = np.random.default_rng(1).random((2, 9, 3))
    slow = np.zeros((2, 4, 3))
    for out in range(4):
        for index, weight in zip(taps.indices[out], taps.weights[out], strict=True):
            slow[:, out] += values[:, index] * weight
    np.testing.assert_allclose(gather(values, taps, 1), slow, rtol=1e-6)
