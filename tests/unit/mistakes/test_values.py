import numpy as np
import pytest
from receivers import IMAGENET, SIGNED, UNIT, receiver

from edgecheck.mistakes.values import same_lines, values

SHAPE = (4, 4, 3)
PIXELS = np.random.default_rng(0).integers(0, 256, (2, *SHAPE)).astype(np.float64)
MEAN, STD = np.asarray((0.485, 0.456, 0.406)), np.asarray((0.229, 0.224, 0.225))
WANTED = {
    "raw-pixels": PIXELS,
    "unit-range": PIXELS / 255,
    "signed-range": PIXELS / 127.5 - 1,
    "half-range": PIXELS / 255 - 0.5,
    "centred-pixels": PIXELS - 128,
    "imagenet": (PIXELS / 255 - MEAN) / STD,
    "caffe": PIXELS[..., ::-1] - (103.939, 116.779, 123.68),
}
OWN = {(): "raw-pixels", (0,): "unit-range", (1,): "signed-range", (2,): "imagenet"}
STEPS = {(): (), (0,): (UNIT,), (1,): (SIGNED,), (2,): (IMAGENET,)}


def usual(own):
    return {each.key: each for each in values(own)}


@pytest.mark.parametrize("which", list(OWN))
def test_every_other_scaling_is_made_of_the_pixels(which):
    own = receiver(SHAPE, *STEPS[which])
    prepared = WANTED[OWN[which]].astype(np.float32)
    found = usual(own)
    assert set(found) - {"normalised-twice"} == set(WANTED) - {OWN[which]}
    for key, mistake in found.items():
        if key in WANTED:
            np.testing.assert_allclose(mistake.apply(prepared, own), WANTED[key], atol=2e-4)


@pytest.mark.parametrize(
    ("steps", "scale", "offset"), [(SIGNED, 1 / 127.5, -1), (UNIT, 1 / 255, 0)]
)
def test_twice_is_the_line_of_the_line(steps, scale, offset):
    own = receiver(SHAPE, steps)
    once = (PIXELS * scale + offset).astype(np.float32)
    twice = usual(own)["normalised-twice"].apply(once, own)
    np.testing.assert_allclose(twice, once * scale + offset, atol=1e-6)


def test_raw_pixels_are_not_normalised_and_cannot_be_twice():
    found = usual(receiver(SHAPE))
    assert "normalised-twice" not in found
    assert usual(receiver(SHAPE, SIGNED))["raw-pixels"].rule == "input-not-normalized"
    assert found["unit-range"].rule == "input-range-mismatch"


def test_gray_pictures_have_no_constants_by_channel():
    assert not {"imagenet", "caffe"} & set(usual(receiver((4, 4, 1), UNIT)))


def test_columns_of_a_table_are_put_back():
    steps = {"normalize": {"mean": (1.0, 20.0), "std": (2.0, 5.0)}}
    own = receiver((2,), steps, kind="table")
    stored = np.asarray([[3.0, 10.0], [0.0, 40.0]])
    prepared = ((stored - (1, 20)) / (2, 5)).astype(np.float32)
    found = usual(own)
    np.testing.assert_allclose(found["not-normalised"].apply(prepared, own), stored, rtol=1e-6)
    twice = found["normalised-twice"].apply(prepared, own)
    np.testing.assert_allclose(twice, (prepared - (1, 20)) / (2, 5), rtol=1e-6)


def test_sound_has_the_scales_of_sound():
    own = receiver((8,), kind="audio", sample_rate=16000)
    wave = np.linspace(-1, 1, 8, dtype=np.float32)[None]
    found = usual(own)
    np.testing.assert_array_equal(found["whole-scale"].apply(wave, own), wave * 32768)
    np.testing.assert_array_equal(found["scaled-twice"].apply(wave, own), wave / 32768)
    assert {each.rule for each in found.values()} == {"audio-feature-mismatch"}


def test_lines_that_differ_by_rounding_are_the_same():
    assert same_lines(((1 / 127.5, -1.0),), ((1 / 128, -1.0),))
    assert not same_lines(((1 / 127.5, -1.0),), ((1 / 255, 0.0),))
    assert same_lines(((1.0, 0.0),), ((1.0, 0.0), (1.0, 0.1), (1.0, 0.0)))
    assert not same_lines(((1.0, 0.0), (1.0, 0.0)), ((1.0, 0.0),) * 3)
