import io

import numpy as np
import pytest
from PIL import Image

from edgecheck.errors import UsageError
from edgecheck.preprocess.decode import ORIENTATION_TAG, Decoded
from edgecheck.preprocess.pipeline import Pipeline
from edgecheck.preprocess.survey import Survey, stretched_size
from edgecheck.spec.model import InputSpec

DECODE = {"decode": {"color": "RGB", "exif": "apply"}}
STRETCH = {"resize": {"size": (10, 20)}}
FIT = {"resize": {"size": (10, 20), "fit": "letterbox"}}
SHORTER = {"resize": {"size": 10}}
CROP = {"crop": {"top": 0, "left": 0, "height": 5, "width": 5}}


def spec(*steps, kind="image"):
    return InputSpec.model_validate({"kind": kind, "steps": steps})


def colours(shape=(12, 24, 3), seed=0):
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def file(pixels, mode="RGB", kind="PNG", **options):
    buffer = io.BytesIO()
    Image.fromarray(pixels).convert(mode).save(buffer, kind, **options)
    return buffer.getvalue()


def surveyed(files, *steps):
    pipeline = Pipeline("x", spec(DECODE, *steps))
    pipeline(tuple(files), [f"s{number}" for number in range(len(files))])
    return pipeline.survey


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ((), None),
        ((DECODE, "to-gray", STRETCH), (10, 20)),
        ((SHORTER, STRETCH), (10, 20)),
        ((FIT, STRETCH), None),
        (({"resize": {"size": (10, 20), "fit": "stretch"}},), None),  # stated: a decision
        ((CROP, STRETCH), None),
        (({"center-crop": 5}, STRETCH), None),
        (({"transpose": (1, 0, 2)}, STRETCH), None),
        (({"preset": "keras/mobilenet"}, STRETCH), (10, 20)),
        (({"preset": "torchvision/resnet18"},), None),
    ],
)
def test_stretched_size_is_that_of_the_first_resize_that_changes_proportions(steps, expected):
    assert stretched_size(spec(*steps).steps) == expected


def test_modes_and_orientations_are_counted():
    exif = Image.Exif()
    exif[ORIENTATION_TAG] = 6
    files = [
        file(colours()),
        file(colours(), "P"),
        file(colours(), exif=exif),
        file(colours(), kind="JPEG", exif=exif),
    ]
    found = surveyed(files, STRETCH)
    assert found.files == 4
    assert found.modes == {"RGB": 3, "P": 1}
    assert found.orientations == {6: 2}
    assert found.turned_example == "s2"


@pytest.mark.parametrize(
    ("height", "width", "is_off"),
    [(10, 20, 0), (100, 200, 0), (10, 24, 0), (10, 25, 1), (10, 16, 1), (10, 17, 0), (20, 10, 1)],
)
def test_off_aspect_begins_at_twenty_percent(height, width, is_off):
    found = surveyed([file(colours((height, width, 3)))], STRETCH)
    assert found.off_aspect == is_off
    assert found.off_aspect_example == ("s0" if is_off else "")


def test_without_a_stretching_resize_no_aspect_is_off():
    assert surveyed([file(colours((10, 90, 3)))], FIT).off_aspect == 0


def test_the_aspect_is_that_of_the_upright_image():
    exif = Image.Exif()
    exif[ORIENTATION_TAG] = 6
    assert surveyed([file(colours((20, 10, 3)), exif=exif)], STRETCH).off_aspect == 0


def test_colourless_images_are_counted_exactly():
    gray = np.repeat(colours((40, 30, 1)), 3, axis=2)
    one_pixel = gray.copy()
    one_pixel[7, 3] = (1, 2, 3)
    files = [file(gray), file(gray, "L"), file(one_pixel), file(colours((40, 30, 3)))]
    assert surveyed(files, STRETCH).colourless == 2


def test_one_channel_is_not_called_colourless():
    survey = Survey()
    survey.add_image("a", Decoded(colours((4, 4, 1)), "L", 1), None)
    assert (survey.files, survey.colourless) == (1, 0)


def test_unreadable_files_are_all_named_and_not_counted():
    good = file(colours())
    files = (good, b"", good[:-40], b"hello")
    pipeline = Pipeline("x", spec(DECODE, {"center-crop": 999}))
    empty, cut, other = pipeline.unreadable(files, ["a.png", "b.png", "c.png", "d.png"])
    assert empty == "b.png: is empty (0 bytes)"
    assert cut.startswith("c.png: is truncated")
    assert other.startswith("d.png: cannot be decoded as an image (5 bytes")
    assert pipeline.survey == Survey()


def test_arrays_are_never_unreadable():
    assert Pipeline("x", spec(kind="array")).unreadable(np.zeros((2, 3)), ["a", "b"]) == []


def test_unreadable_needs_a_decode_step():
    with pytest.raises(UsageError, match="do not decode them"):
        Pipeline("x", spec()).unreadable((b"",), ["a"])
