import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgecheck.preprocess.pipeline import Pipeline
from edgecheck.preprocess.ranges import pixel_map
from edgecheck.spec.model import InputSpec

RESIZED = {"resize": {"size": (12, 10)}}
IMAGENET = ((-2.117904, 2.248908), (-2.035714, 2.428571), (-1.804444, 2.64))


def image(*steps, **fields):
    return InputSpec.model_validate({"kind": "image", "steps": tuple(steps), **fields})


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        (("decode",), ((0, 255),) * 3),
        (("decode", "to-gray"), ((0, 255),)),
        (({"decode": {"color": "L"}}, {"rescale": {"scale": 1 / 255}}), ((0, 1),)),
        (({"decode": {"color": "L", "depth": 16}},), ((0, 65535),)),
        (("decode", {"rescale": {"scale": -1 / 255, "offset": 0.5}}), ((-0.5, 0.5),) * 3),
        (("decode", {"minmax": {"min": 0.0, "max": (255.0, 510.0, 255.0)}}), ((0, 1), (0, 0.5), (0, 1))),
        (("decode", {"preset": "keras/mobilenet_v2"}), ((-1, 1),) * 3),
        (("decode", {"preset": "keras/densenet"}), IMAGENET),
        (("decode", {"preset": "torchvision/resnet18"}), IMAGENET),
        (("decode", {"preset": "keras/densenet"}, {"channel-order": "BGR"}), IMAGENET[::-1]),
        (
            ("decode", {"preset": "keras/resnet50"}),
            ((-103.939, 151.061), (-116.779, 138.221), (-123.68, 131.32)),
        ),
        (
            ("decode", {"resize": {"size": (8, 8), "fit": "letterbox", "pad_value": 300.0}}),
            ((0, 300),) * 3,
        ),
        (("decode", {"rescale": {"scale": 0.01}}, {"cast": "int8"}), ((0, 2),) * 3),
    ],
)  # fmt: skip
def test_ranges_are_those_of_black_and_white(steps, expected):
    found = pixel_map(image(*steps))
    assert np.allclose(list(zip(found.low, found.high, strict=True)), expected, atol=1e-5)
    assert np.allclose(found.span, (np.min(expected), np.max(expected)), atol=1e-5)
    assert found.is_per_channel is (len(set(expected)) > 1)


@pytest.mark.parametrize(
    "spec",
    [
        InputSpec(kind="array"),
        image(),
        image(RESIZED),
        image("decode", "standardize"),
        image("decode", "minmax"),
        image("decode", {"resize": {"size": (16000, 16000)}}),
        image("decode", {"normalize": {"mean": (1.0, 2.0), "std": 1.0}}),  # two of three channels
        image("decode", {"rescale": {"scale": 1e38}}, {"rescale": {"scale": 1e38}}),
    ],
)
def test_what_cannot_be_told_from_plain_images_is_unknown(spec):
    assert pixel_map(spec) is None


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ((RESIZED,), (12, 10, 3)),
        ((RESIZED, {"crop": {"top": 1, "left": 2, "height": 5, "width": 6}}), (5, 6, 3)),
        (({"preset": "torchvision/resnet18"},), (224, 224, 3)),
        (({"resize": {"size": 20}},), None),  # the other side follows the image
        ((), None),
    ],
)
def test_the_shape_is_known_where_steps_settle_it(steps, expected):
    assert pixel_map(image("decode", *steps)).shape == expected


def test_channels_first_are_told_apart():
    steps = ("decode", RESIZED, {"preset": "keras/densenet"}, {"transpose": (2, 0, 1)})
    found = pixel_map(image(*steps, layout="NCHW"))
    assert found.shape == (3, 12, 10)
    assert np.allclose(list(zip(found.low, found.high, strict=True)), IMAGENET, atol=1e-5)


NUMBERS = st.floats(2**-7, 100, width=32)


@given(NUMBERS, st.floats(-100, 100, width=32), NUMBERS, st.integers(0, 99))
def test_every_image_obeys_the_line_and_stays_in_the_range(scale, mean, std, seed):
    steps = ("decode", {"rescale": {"scale": scale}}, {"normalize": {"mean": mean, "std": std}})
    spec = image(*steps)
    found = pixel_map(spec)
    pixels = np.random.default_rng(seed).integers(0, 256, (1, 5, 6, 3), np.uint8)
    made = Pipeline("x", spec)(pixels, ["a"])
    width = max(high - low for low, high in zip(found.low, found.high, strict=True))
    line = np.asarray(found.scale) * pixels + np.asarray(found.offset)
    assert np.abs(made - line).max() <= 1e-4 * width
    assert (made >= np.asarray(found.low) - 1e-6 * width).all()
    assert (made <= np.asarray(found.high) + 1e-6 * width).all()


@pytest.mark.parametrize(
    "step", [{"cast": "int8"}, {"resize": {"size": (8, 8), "fit": "letterbox"}}]
)
def test_what_is_no_straight_line_has_a_range_only(step):
    found = pixel_map(image("decode", {"rescale": {"scale": 0.013, "offset": 1}}, step))
    assert (found.scale, found.offset) == (None, None)
