"""Images of more than 8 bits a channel, and what is remembered of how a file was stored."""

import io

import numpy as np
import pytest
from PIL import Image

from edgecheck.errors import DatasetUnreadable
from edgecheck.preprocess.decode import ORIENTATION_TAG, decode

WIDE = np.random.default_rng(0).integers(0, 65536, (7, 5), dtype=np.uint16)


@pytest.fixture(scope="module")
def tf():
    return pytest.importorskip("tensorflow", reason="tensorflow is the oracle here")


def encoded(pixels, kind="PNG", **options):
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, kind, **options)
    return buffer.getvalue()


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_sixteen_bits_are_kept_on_demand(kind):
    found = decode(encoded(WIDE, kind), "L", "apply", 16)
    assert found.pixels.dtype == np.uint16
    assert found.mode.startswith("I")
    np.testing.assert_array_equal(found.pixels, WIDE[..., None])


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
@pytest.mark.parametrize(("color", "channels"), [("L", 1), ("RGB", 3), ("RGBA", 4)])
def test_sixteen_bits_are_cut_to_the_high_byte_not_clipped(kind, color, channels):
    found = decode(encoded(WIDE, kind), color, "apply").pixels
    assert found.dtype == np.uint8
    assert found.shape == (7, 5, channels)
    for channel in range(min(channels, 3)):
        np.testing.assert_array_equal(found[..., channel], WIDE // 256)
    assert channels < 4 or (found[..., 3] == 255).all()


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_eight_bits_of_a_wide_png_are_those_of_tensorflow(tf, channels):
    data = encoded(WIDE)
    color = {1: "L", 3: "RGB", 4: "RGBA"}[channels]
    expected = tf.io.decode_png(data, channels=channels).numpy()
    np.testing.assert_array_equal(decode(data, color, "apply").pixels, expected)


@pytest.mark.parametrize("pixels", [WIDE, (WIDE // 256).astype(np.uint8)], ids=["16", "8"])
def test_sixteen_bits_of_a_png_are_those_of_tensorflow(tf, pixels):
    data = encoded(pixels)
    expected = tf.io.decode_png(data, channels=1, dtype=tf.uint16).numpy()
    np.testing.assert_array_equal(decode(data, "L", "apply", 16).pixels, expected)


def wide_colour(tf):
    pixels = np.random.default_rng(1).integers(0, 65536, (6, 4, 3), dtype=np.uint16)
    return tf.io.encode_png(pixels).numpy(), pixels


def test_wide_colour_is_cut_as_tensorflow_does(tf):
    data, pixels = wide_colour(tf)
    np.testing.assert_array_equal(decode(data, "RGB", "apply").pixels, pixels // 256)
    np.testing.assert_array_equal(tf.io.decode_png(data).numpy(), pixels // 256)


def test_wide_colour_is_not_cut_silently_where_the_depth_is_asked_for(tf):
    with pytest.raises(DatasetUnreadable, match="several channels of 16 bits"):
        decode(wide_colour(tf)[0], "L", "apply", 16)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_wide_images_are_turned_like_others(orientation):
    exif = Image.Exif()
    exif[ORIENTATION_TAG] = orientation
    narrow = (WIDE // 256).astype(np.uint8)
    expected = decode(encoded(narrow, exif=exif), "L", "apply")
    found = decode(encoded(WIDE, exif=exif), "L", "apply")
    assert found.orientation == expected.orientation == orientation
    np.testing.assert_array_equal(found.pixels, expected.pixels)


def test_floats_are_refused():
    with pytest.raises(DatasetUnreadable, match="floating-point pixels"):
        decode(encoded(WIDE.astype(np.float32), "TIFF"), "RGB", "apply")


@pytest.mark.parametrize("value", [-1, 65536])
def test_integers_beyond_sixteen_bits_are_refused(value):
    pixels = WIDE.astype(np.int32)
    pixels[0, 0] = value
    with pytest.raises(DatasetUnreadable, match="do not fit 16 bits"):
        decode(encoded(pixels, "TIFF"), "L", "apply", 16)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA"])
def test_the_stored_mode_is_told(mode):
    image = Image.new("RGB", (4, 4), "red").convert(mode)
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    assert decode(buffer.getvalue(), "RGB", "apply").mode == mode


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF", "WEBP"])
@pytest.mark.parametrize("setting", ["apply", "ignore"])
def test_the_stored_orientation_is_told(kind, setting):
    exif = Image.Exif()
    exif[ORIENTATION_TAG] = 6
    data = encoded((WIDE // 256).astype(np.uint8), kind, exif=exif)
    assert decode(data, "RGB", setting).orientation == 6


@pytest.mark.parametrize("value", [0, 9, 65535])
def test_a_meaningless_orientation_counts_as_upright(value):
    exif = Image.Exif()
    exif[ORIENTATION_TAG] = value
    narrow = (WIDE // 256).astype(np.uint8)
    found = decode(encoded(narrow, exif=exif), "L", "apply")
    assert found.orientation == 1
    np.testing.assert_array_equal(found.pixels[..., 0], narrow)


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_a_damaged_tag_leaves_the_image_readable(kind):
    narrow = (WIDE // 256).astype(np.uint8)
    found = decode(encoded(narrow, kind, exif=b"Exif\0\0II*\0\xff\xff"), "L", "apply")
    assert found.orientation == 1
    assert found.pixels.shape == (7, 5, 1)
