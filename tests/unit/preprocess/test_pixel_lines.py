import numpy as np
import pytest

from edgecheck.preprocess.pipeline import Pipeline
from edgecheck.preprocess.pixel_lines import SIGNED, UNIT, lines, stored_pixels
from edgecheck.spec.model import InputSpec

HALF = {"rescale": {"scale": 2.0, "offset": -1.0}}
BY_CHANNEL = {"normalize": {"mean": (1.0, 2.0, 3.0), "std": (2.0, 4.0, 8.0)}}
BOUNDS = {"minmax": {"min": 10.0, "max": 110.0}}
BGR = {"channel-order": "BGR"}
ROWS = np.random.default_rng(0).uniform(0, 255, (2, 4, 4, 3)).astype(np.float32)


def spec(*steps, kind="array"):
    return InputSpec.model_validate({"kind": kind, "steps": steps})


@pytest.mark.parametrize(
    "steps",
    [
        (),
        (HALF,),
        (HALF, BOUNDS),
        (BY_CHANNEL,),
        (HALF, BY_CHANNEL, BOUNDS),
        (BY_CHANNEL, BY_CHANNEL),
        ({"preset": "keras/vgg16"},),
        (BY_CHANNEL, BGR),
        (BY_CHANNEL, BGR, BY_CHANNEL),
    ],
)
def test_a_line_makes_what_the_steps_make(steps):
    own = spec(*steps)
    made = Pipeline("x", own)(ROWS, ["0", "1"])
    scale, offset = np.asarray(lines(own.steps)).T
    swaps = sum("channel-order" in step or "preset" in step for step in steps)
    pixels = ROWS[..., ::-1] if swaps % 2 else ROWS
    np.testing.assert_allclose(made, pixels * scale + offset, rtol=1e-5, atol=1e-4)


@pytest.mark.parametrize(("stored", "width"), [(UNIT, 1 / 255), (SIGNED, 2 / 255)])
def test_stored_values_are_put_on_the_line_of_pixels(stored, width):
    ((scale, offset),) = lines((), stored)
    assert scale == pytest.approx(width)
    assert offset == stored[0]


@pytest.mark.parametrize(
    "steps",
    [({"standardize": {}},), ({"minmax": {}},), (BY_CHANNEL, {"to-gray": {}}), ({"rescale": {"scale": 0.0}},)],
)  # fmt: skip
def test_what_is_no_line_has_none(steps):
    assert lines(spec(*steps).steps) is None


def test_gray_of_what_is_scaled_alike_keeps_its_line():
    assert lines(spec(HALF, {"to-gray": {}}).steps) == ((2.0, -1.0),)


@pytest.mark.parametrize(
    ("steps", "kind", "seen", "right"),
    [
        (({"decode": {}},), "image", (0.0, 9.0), (0.0, 255.0)),
        (({"decode": {"color": "L", "depth": 16}},), "image", (0.0, 9.0), (0.0, 65535.0)),
        ((HALF,), "array", (-1.0, 1.0), UNIT),
        ((), "array", (-1.0, 1.0), SIGNED),
        ((), "array", (0.0, 200.0), (0.0, 255.0)),
        ((), "array", (-30.0, 20.0), None),
    ],
)
def test_pixels_are_recognised_as_they_are_stored(steps, kind, seen, right):
    assert stored_pixels(spec(*steps, kind=kind), seen) == right
