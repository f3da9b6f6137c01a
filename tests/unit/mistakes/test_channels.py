from itertools import permutations

import numpy as np
import pytest
from receivers import IMAGENET, SIGNED, receiver

from edgecheck.mistakes.channels import ORDERS, channels, gray, late_orders

SHAPE = (3, 4, 3)
PIXELS = np.random.default_rng(0).integers(0, 256, (2, *SHAPE)).astype(np.float64)


def prepared(own, pixels=PIXELS):
    scale, offset = np.asarray(own.lines).T
    return (pixels * scale + offset).astype(np.float32)


def made(key, own):
    mistake = next(each for each in channels(own) if each.key == key)
    return mistake.apply(prepared(own), own)


@pytest.mark.parametrize("steps", [(), (SIGNED,), (IMAGENET,)])
@pytest.mark.parametrize(("key", "order"), [(key, order) for key, order, _ in ORDERS])
def test_pixels_are_reordered_before_they_are_scaled(key, order, steps):
    own = receiver(SHAPE, *steps)
    right = np.empty_like(PIXELS)
    for place, source in enumerate(order):
        right[..., place] = PIXELS[..., source]
    np.testing.assert_allclose(made(key, own), prepared(own, right), atol=1e-5)


def test_all_orders_but_the_right_one_are_there():
    assert {order for _, order, _ in ORDERS} == set(permutations(range(3))) - {(0, 1, 2)}


@pytest.mark.parametrize("steps", [(SIGNED,), (IMAGENET,)])
def test_gray_is_the_luminance_of_the_pixels(steps):
    own = receiver(SHAPE, *steps)
    light = 0.299 * PIXELS[..., 0] + 0.587 * PIXELS[..., 1] + 0.114 * PIXELS[..., 2]
    right = prepared(own, np.stack([light] * 3, axis=-1))
    np.testing.assert_allclose(made("gray-x3", own), right, atol=1e-4)


def test_gray_of_gray_is_gray():
    own = receiver(SHAPE, SIGNED)
    once = made("gray-x3", own)
    again = gray("gray-x3", "gray", (0.299, 0.587, 0.114)).apply(once, own)
    np.testing.assert_allclose(again, once, atol=1e-6)


def test_rgba_bytes_are_cut_where_the_buffer_ends():
    own = receiver(SHAPE)
    flat = []
    for picture in PIXELS:
        packed = [value for pixel in picture.reshape(-1, 3) for value in (*pixel, 255.0)]
        flat.append(np.reshape(packed[: picture.size], SHAPE))
    np.testing.assert_array_equal(made("rgba-as-rgb", own), np.stack(flat))


@pytest.mark.parametrize(
    ("shape", "kind"), [((4, 4, 1), "image"), ((4, 4), "image"), ((12,), "table")]
)
def test_only_pictures_of_three_channels_mix_them_up(shape, kind):
    assert not list(channels(receiver(shape, kind=kind)))


@pytest.mark.parametrize(("key", "order"), [(key, order) for key, order, _ in ORDERS])
def test_late_orders_take_scaled_channels_as_they_are(key, order):
    own = receiver(SHAPE, IMAGENET)
    mistake = next(each for each in late_orders(own) if each.key == key)
    right = prepared(own)
    found = mistake.apply(right, own)
    for place, source in enumerate(order):
        np.testing.assert_array_equal(found[..., place], right[..., source])


def test_channels_that_are_scaled_alike_have_no_late_orders():
    assert list(late_orders(receiver(SHAPE, SIGNED))) == []
