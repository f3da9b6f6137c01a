import numpy as np
import pytest

from edgecheck.preprocess.alternatives import alternatives
from edgecheck.preprocess.pipeline import Pipeline
from edgecheck.preprocess.pixel_alternatives import scaling_steps, written
from edgecheck.spec.model import InputSpec

SHAPE = (4, 4, 3)
SIGNED = {"rescale": {"scale": 2 / 255, "offset": -1.0}}
PIXELS = np.random.default_rng(0).integers(0, 256, (6, *SHAPE)).astype(np.float32)
WAYS = {
    "raw pixels", "pixels in 0..1", "pixels in -1..1", "pixels in -0.5..0.5", "pixels in -128..127",
}  # fmt: skip


def image(*steps, **fields):
    return InputSpec.model_validate({"kind": "array", "steps": steps, **fields})


def made(spec, stored=PIXELS):
    return Pipeline("x", spec)(stored, [str(number) for number in range(len(stored))])


def others(spec, stored=PIXELS, shape=SHAPE):
    own = made(spec, stored)
    seen = (float(own.min()), float(own.max()))
    return {c.words: (c, made(other, stored)) for c, other in alternatives(spec, shape, seen)}


@pytest.mark.parametrize(
    ("spec", "stored", "has"),
    [
        (image(), PIXELS, "raw pixels"),
        (image(SIGNED), PIXELS, "pixels in -1..1"),
        (image({"minmax": {"min": 0.0, "max": 255.0}}), PIXELS, "pixels in 0..1"),
        (image(), PIXELS / 255, "pixels in 0..1"),
        (image(), PIXELS / 127.5 - 1, "pixels in -1..1"),
        (image(SIGNED, {"rescale": {"scale": 0.5, "offset": 0.5}}), PIXELS, "pixels in 0..1"),
    ],
)
def test_the_usual_scalings_that_a_spec_has_not_are_tried(spec, stored, has):
    found = others(spec, stored)
    scaled = {words: each for words, each in found.items() if each[0].kind == "scaling"}
    imagenet = "pixels normalised by the mean and deviation of ImageNet"
    caffe = "BGR pixels without the mean of ImageNet, as Caffe does"
    assert set(scaled) == (WAYS - {has}) | {imagenet, caffe}
    wanted = {
        "raw pixels": PIXELS,
        "pixels in 0..1": PIXELS / 255,
        "pixels in -1..1": PIXELS / 127.5 - 1,
        "pixels in -0.5..0.5": PIXELS / 255 - 0.5,
        "pixels in -128..127": PIXELS - 128.0,
        imagenet: (PIXELS / 255 - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225],
        caffe: PIXELS[..., ::-1] - [103.939, 116.779, 123.68],
    }
    for words, (change, values) in scaled.items():
        np.testing.assert_allclose(values, wanted[words], atol=1e-3)
        assert change.made[0] <= values.min() + 1e-3
        assert values.max() <= change.made[1] + 1e-3


@pytest.mark.parametrize(
    ("spec", "added", "removed"),
    [
        (image(SIGNED), ("channel-order: BGR",), ()),
        (image({"channel-order": "BGR"}, SIGNED), (), ("channel-order: BGR",)),
    ],
)
def test_channels_are_reversed_before_anything_else(spec, added, removed):
    change, values = others(spec)["the colour channels the other way round"]
    assert (change.added, change.removed) == (added, removed)
    np.testing.assert_array_equal(values, made(spec)[..., ::-1])


def test_channels_are_reversed_before_constants_of_a_channel():
    constants = {"normalize": {"mean": (1.0, 2.0, 3.0), "std": (1.0, 1.0, 1.0)}}
    _, values = others(image(constants))["the colour channels the other way round"]
    np.testing.assert_array_equal(values, PIXELS[..., ::-1] - [1, 2, 3])


def test_channels_first_are_reversed_along_their_axis():
    spec = image({"transpose": (2, 0, 1)}, layout="NCHW")
    _, values = others(spec, shape=(3, 4, 4))["the colour channels the other way round"]
    np.testing.assert_array_equal(values, made(spec)[:, ::-1])


def test_a_preset_is_taken_apart():
    spec = image({"preset": "keras/vgg16"}, kind="image")
    seen = (-124.0, 152.0)
    (turned,) = [
        (c, o) for c, o in alternatives(spec, (224, 224, 3), seen) if c.kind == "channel-order"
    ]
    assert turned[0].removed == ("preset: keras/vgg16",)
    assert all("channel-order" not in step for step in turned[0].added)


@pytest.mark.parametrize("shape", [(10,), (4, 4, 7), (2, 4, 4, 3)])
def test_samples_that_are_no_pictures_have_no_alternatives(shape):
    assert alternatives(image(), shape, (0.0, 255.0)) == []


def test_gray_pictures_have_scalings_with_one_number_only():
    found = alternatives(image(), (8, 8), (0.0, 255.0))
    assert {change.words for change, _ in found} == WAYS - {"raw pixels"}


@pytest.mark.parametrize("seen", [(-40.0, 40.0), (0.0, 1e9), (0.0, 0.0), (np.nan, np.nan)])
def test_values_that_are_no_pixels_are_not_scaled(seen):
    found = alternatives(image(), SHAPE, seen)
    assert all(change.kind == "channel-order" for change, _ in found)


def test_steps_that_look_at_the_samples_are_not_undone():
    found = alternatives(image("standardize"), SHAPE, (-2.0, 2.0))
    assert [change.kind for change, _ in found] == ["channel-order"]


def test_steps_are_written_as_a_spec_has_them():
    spec = image(
        {"resize": {"size": (4, 4), "antialias": True}}, SIGNED, "to-gray", {"cast": "uint8"}
    )
    assert [written(step) for step in spec.steps] == [
        "resize: {size: [4, 4], antialias: true}",
        "rescale: {scale: 0.00784313725, offset: -1}",
        "to-gray",
        "cast: uint8",
    ]
    assert [written(step) for step in scaling_steps(spec)] == [written(spec.steps[1])]


def test_steps_that_are_there_twice_are_taken_out_once():
    change, _ = others(image(SIGNED, SIGNED), PIXELS)["pixels in -1..1"]
    assert (change.removed, change.added) == (("rescale: {scale: 0.00784313725, offset: -1}",), ())


def test_caffe_leaves_a_reversed_order_as_it_is():
    spec = image({"channel-order": "BGR"})
    change, _ = others(spec, PIXELS)["BGR pixels without the mean of ImageNet, as Caffe does"]
    assert change.added == ("normalize: {mean: [103.939, 116.779, 123.68], std: 1}",)


def test_an_array_that_is_no_picture_may_have_been_scaled_before():
    rows = np.linspace(-1, 1, 60, dtype=np.float32).reshape(6, 10)
    found = others(image({"rescale": {"scale": 1 / 128}}), rows, shape=(10,))
    ((change, values),) = found.values()
    assert (change.kind, change.key, change.removed) == (
        "scaling", "as-stored", ("rescale: {scale: 0.0078125}",)
    )  # fmt: skip
    np.testing.assert_array_equal(values, rows)
    assert change.made == pytest.approx((-1.0, 1.0))


def test_an_array_that_nothing_scales_is_as_stored():
    assert others(image(), np.ones((6, 10), np.float32), shape=(10,)) == {}
