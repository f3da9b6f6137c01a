import numpy as np
import pytest
from receivers import IMAGENET, SIGNED, receiver, tensor

from edgecheck.mistakes.pictures import as_pixels, on_line, sides
from edgecheck.mistakes.receiver import receiver_of
from edgecheck.spec.model import InputSpec

COLOUR, GRAY = (16, 16, 3), (16, 16, 1)
BGR = {"channel-order": "BGR"}


def near(lines, *right):
    np.testing.assert_allclose(lines, right, rtol=1e-6, atol=1e-12)


def test_steps_of_an_image_are_one_line():
    near(receiver(COLOUR).lines, (1, 0))
    near(receiver(COLOUR, SIGNED).lines, (1 / 127.5, -1))
    near(
        receiver(COLOUR, SIGNED, {"rescale": {"scale": 2.0, "offset": 1.0}}).lines, (2 / 127.5, -1)
    )


def test_constants_by_channel_follow_the_channels():
    one = receiver(COLOUR, IMAGENET).lines
    near(one, *((1 / (255 * s), -m / s) for m, s in
                ((0.485, 0.229), (0.456, 0.224), (0.406, 0.225))))  # fmt: skip
    turned = receiver(COLOUR, IMAGENET, BGR).lines
    near(turned, *one[::-1])
    near(receiver(COLOUR, BGR, IMAGENET).lines, *one)


@pytest.mark.parametrize(
    "steps", [({"standardize": {}},), ({"minmax": {}},), ({"rescale": {"scale": 0.0}},)]
)
def test_steps_that_are_no_line_have_none(steps):
    assert receiver(COLOUR, *steps).lines is None


def test_sixteen_bits_are_the_pixels_of_eight():
    steps = ({"decode": {"color": "L", "depth": 16}}, {"rescale": {"scale": 1 / 65535}})
    spec = InputSpec.model_validate({"kind": "image", "steps": steps})
    near(receiver_of("x", spec, tensor(GRAY), GRAY, (0.0, 1.0)).lines, (1 / 255, 0))


@pytest.mark.parametrize(
    ("steps", "seen", "right"),
    [
        ((), (0.0, 255.0), (1, 0)),
        ((), (0.0, 1.0), (1 / 255, 0)),
        ((), (-1.0, 1.0), (1 / 127.5, -1)),
        ((SIGNED,), (-1.0, 1.0), (1 / 127.5, -1)),
        (({"rescale": {"scale": 2.0, "offset": -1.0}},), (-1.0, 1.0), (1 / 127.5, -1)),
    ],
)
def test_arrays_that_look_like_pixels_are_pictures(steps, seen, right):
    own = receiver(COLOUR, *steps, kind="array", seen=seen)
    assert own.is_picture
    near(own.lines, right)


@pytest.mark.parametrize(
    ("shape", "seen"),
    [(COLOUR, (-40.0, 900.0)), ((16, 16, 5), (0.0, 255.0)), ((3, 2), (0.0, 1.0)), ((9,), (0, 1))],
)
def test_other_arrays_are_none_and_keep_their_values(shape, seen):
    own = receiver(shape, {"rescale": {"scale": 3.0}}, kind="array", seen=seen)
    assert not own.is_picture
    assert own.channel_axis is None
    near(own.lines, (3, 0))


def test_channels_lie_where_the_layout_says():
    assert receiver((3, 8, 9), layout="NCHW").channel_axis == 0
    assert receiver((8, 9, 3)).channel_axis == 2
    assert receiver((8, 9)).channel_axis is None
    assert sides(receiver((3, 8, 9), layout="NCHW")) == (8, 9, 3)
    assert sides(receiver((8, 9))) == (8, 9, 1)


def test_lines_of_another_number_of_channels_are_none():
    assert receiver(GRAY, IMAGENET).lines is None


@pytest.mark.parametrize("shape", [(8, 9, 3), (3, 8, 9)])
def test_pixels_come_back_from_prepared_values(shape):
    layout = "NCHW" if shape[0] == 3 else "NHWC"
    own = receiver(shape, IMAGENET, layout=layout)
    pixels = np.random.default_rng(0).integers(0, 256, (2, *shape)).astype(np.float64)
    np.testing.assert_array_equal(as_pixels(on_line(pixels, own.lines, own), own), pixels)


def test_only_a_wave_is_sound():
    assert receiver((16000,), kind="audio", sample_rate=16000).is_sound
    assert receiver((1, 16000), kind="audio", sample_rate=16000).is_sound
    assert not receiver((49, 10, 1), kind="audio", sample_rate=16000).is_sound
    assert not receiver((16000,), kind="table").is_sound
