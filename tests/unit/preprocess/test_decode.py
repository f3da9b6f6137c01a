import contextlib
import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageOps

from edgecheck.errors import DatasetUnreadable
from edgecheck.preprocess import decode as module
from edgecheck.preprocess.decode import ORIENTATION_TAG


def encoded(image, kind="PNG", **options):
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def decode(data, color, exif, depth=8):
    return module.decode(data, color, exif, depth).pixels


def colours(shape=(7, 5, 3), seed=0):
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


@pytest.mark.parametrize("kind", ["PNG", "BMP", "TIFF"])
def test_lossless_formats_come_back_exactly(kind):
    pixels = colours()
    found = decode(encoded(Image.fromarray(pixels), kind), "RGB", "apply")
    assert found.dtype == np.uint8
    np.testing.assert_array_equal(found, pixels)


@pytest.mark.parametrize("kind", ["JPEG", "WEBP", "GIF"])
def test_other_formats_equal_pillow(kind):
    data = encoded(Image.fromarray(colours((16, 24, 3))), kind)
    expected = np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))
    np.testing.assert_array_equal(decode(data, "RGB", "apply"), expected)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK"])
@pytest.mark.parametrize(("color", "channels"), [("RGB", 3), ("RGBA", 4), ("L", 1)])
def test_every_mode_converts_as_pillow_does(mode, color, channels):
    image = Image.fromarray(colours()).convert(mode)
    data = encoded(image, "TIFF" if mode == "CMYK" else "PNG")
    found = decode(data, color, "apply")
    expected = np.asarray(Image.open(io.BytesIO(data)).convert(color))
    assert found.shape == (7, 5, channels)
    np.testing.assert_array_equal(found, expected.reshape(7, 5, channels))


@pytest.mark.parametrize("transparency", [3, bytes(range(200))])
def test_palette_transparency_is_dropped_without_a_warning(transparency):
    image = Image.fromarray(colours()).quantize(200)
    data = encoded(image, transparency=transparency)
    np.testing.assert_array_equal(decode(data, "RGB", "apply"), np.asarray(image.convert("RGB")))


def test_a_transparent_pixel_shows_its_stored_colour():
    pixels = np.array([[[200, 100, 50, 0]]], np.uint8)
    data = encoded(Image.fromarray(pixels))
    assert decode(data, "RGB", "apply").tolist() == [[[200, 100, 50]]]


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_orientation_is_applied_as_pillow_does(orientation, kind):
    exif = Image.Exif()
    exif[ORIENTATION_TAG] = orientation
    data = encoded(Image.fromarray(colours((8, 6, 3))), kind, exif=exif)
    image = Image.open(io.BytesIO(data))
    applied = np.asarray(ImageOps.exif_transpose(image))
    np.testing.assert_array_equal(decode(data, "RGB", "apply"), applied)
    np.testing.assert_array_equal(decode(data, "RGB", "ignore"), np.asarray(image))


@pytest.mark.parametrize("setting", ["apply", "ignore"])
@pytest.mark.parametrize(("orientation", "turns"), [(3, 2), (6, 3), (8, 1)])
def test_an_oriented_tiff_is_turned_once(setting, orientation, turns):
    exif = Image.Exif()
    exif[ORIENTATION_TAG] = orientation
    pixels = colours((8, 6, 3))
    data = encoded(Image.fromarray(pixels), "TIFF", exif=exif)
    np.testing.assert_array_equal(decode(data, "RGB", setting), np.rot90(pixels, turns))


def test_the_first_frame_of_an_animation_is_taken():
    frames = [Image.new("RGB", (4, 4), color) for color in ("red", "blue")]
    data = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert decode(data, "RGB", "apply")[0, 0].tolist() == [255, 0, 0]


def refusal(data, **settings):
    """The message about data that cannot be decoded."""
    with pytest.raises(DatasetUnreadable) as caught:
        decode(data, "RGB", "apply", **settings)
    assert " object at " not in caught.value.message
    return caught.value.message


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "BMP", "WEBP", "TIFF"])
def test_truncated_images_are_called_truncated(kind):
    data = encoded(Image.fromarray(colours((64, 64, 3))), kind)
    half = len(data) // 2
    assert refusal(data[:half]) == f"is truncated: the image does not end within its {half} bytes"


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "BMP", "WEBP"])
def test_an_image_cut_within_its_header_is_called_truncated(kind):
    data = encoded(Image.fromarray(colours((64, 64, 3))), kind)
    assert refusal(data[:30]) == "is truncated: the image does not end within its 30 bytes"


def test_an_empty_file_is_called_empty():
    assert refusal(b"") == "is empty (0 bytes)"


@pytest.mark.parametrize("data", [b"hello", b"\0" * 1000])
def test_bytes_that_are_no_image_are_refused(data):
    start = data[:8].hex(" ")
    expected = f"cannot be decoded as an image ({len(data)} bytes that start with {start})"
    assert refusal(data) == expected


def test_formats_outside_the_list_are_refused():
    with pytest.raises(DatasetUnreadable):
        decode(encoded(Image.fromarray(colours()), "PPM"), "RGB", "apply")


@pytest.mark.parametrize("factor", [1.5, 3])
def test_decompression_bombs_are_refused(monkeypatch, factor):
    # Pillow only warns between once and twice its limit.
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", int(100 * 100 / factor))
    data = encoded(Image.new("RGB", (100, 100)))
    limit = Image.MAX_IMAGE_PIXELS
    assert refusal(data) == f"has 10000 pixels, and at most {limit} are decoded"


BASES = [encoded(Image.fromarray(colours((9, 9, 3))), k) for k in ("PNG", "JPEG", "GIF", "TIFF")]


@given(base=st.sampled_from(BASES), place=st.floats(0, 1), noise=st.binary(min_size=1, max_size=8))
def test_damaged_images_decode_or_are_refused_clearly(base, place, noise):
    start = int(place * (len(base) - 1))
    data = base[:start] + noise + base[start + len(noise) :]
    with contextlib.suppress(DatasetUnreadable):
        found = decode(data, "RGB", "apply")
        assert found.ndim == 3
        assert found.dtype == np.uint8
