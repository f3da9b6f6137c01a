"""Why the calibrated range of an input does not fit: other steps, an odd sample, poor samples."""

from dataclasses import replace

import numpy as np
import pytest
from evidence import seen_input, spec, tensor
from models import int8_params

from edgecheck.checks.misfit import is_usual, misfit
from edgecheck.metrics.moments import Moments


def judged(stored, data, steps=(), features=None, **promise):
    section = spec({"x": {"steps": steps, **promise}}).inputs["x"]
    seen = replace(seen_input(name="x"), low=data[0], high=data[1], elements=100)
    if features is not None:
        seen = replace(seen, features=features)
    return misfit(section, tensor(quantization=int8_params(*stored)), seen)


@pytest.mark.parametrize(
    ("stored", "data"),
    [
        ((0, 250), (-1, 1)),  # raw pixels
        ((0, 1), (-0.97, 0.98)),
        ((-2.1, 2.6), (0, 1)),  # ImageNet
        ((0, 0.98), (0, 255)),
        ((-0.0038, 0.0037), (-1, 0.96)),  # divided by 255 once more
        ((-32000, 31000), (-0.98, 0.97)),  # sound as whole numbers
        ((-40, 44), (-2, 2.2)),  # all values times 20: both ends moved
        ((-1, 7), (-4, 4)),  # not centred
    ],
)
def test_a_range_that_other_steps_give_is_theirs(stored, data):
    assert judged(stored, data) == "steps"


@pytest.mark.parametrize(
    ("stored", "data"),
    [((-1, 700), (-1, 0.8)), ((-900, 2.5), (-3, 2.5)), ((0, 60), (0.1, 2)), ((-3, 5e4), (-3, 2))],
)
def test_one_end_far_beyond_all_samples_is_an_outlier(stored, data):
    assert judged(stored, data) == "outlier"


@pytest.mark.parametrize(
    ("stored", "data"), [((0, 0.3), (0, 1)), ((-0.25, 0.2), (-1.2, 1.1)), ((0, 90), (0, 255))]
)
def test_a_part_of_the_range_that_no_steps_reach_is_of_poor_samples(stored, data):
    assert judged(stored, data) == "samples"


@pytest.mark.parametrize(
    ("stored", "data", "kind", "misfit"),
    [
        ((-0.55, 0.33), (-0.87, 0.55), "array", "samples"),  # half of that would be -0.44..0.27
        ((-0.55, 0.33), (-0.87, 0.55), "image", "steps"),  # other pictures reach farther
        ((-0.44, 0.27), (-0.87, 0.55), "array", "steps"),  # in -0.5..0.5
        ((0.0, 0.77), (-0.87, 0.55), "array", "steps"),  # in 0..1
        ((-0.8, 0.8), (-1, 1), "array", "samples"),  # the spec's own range is none of others
        ((-0.8, 0.8), (-1, 1), "image", "samples"),
    ],
)
def test_values_that_are_no_pictures_reach_as_far_as_the_samples_do(stored, data, kind, misfit):
    assert judged(stored, data, kind=kind, range=(-1.0, 1.0)) == misfit


def test_calibration_hardly_sees_values_beyond_those_of_all_pixels():
    assert judged((0, 1.05), (-1, 1)) == "steps"
    assert judged((0, 0.8), (-1, 1)) == "steps"
    assert judged((0, 0.6), (-1, 1)) == "samples"


def test_usual_ranges_of_pixels_are_known():
    for usual in ((0, 255), (0, 1), (-1, 1), (-2.1, 2.6)):
        assert is_usual(tensor(quantization=int8_params(*usual)))
    for other in ((0, 3), (0, 1 / 255), (-3, 3)):
        assert not is_usual(tensor(quantization=int8_params(*other)))


def test_features_before_their_normalisation_are_other_steps_and_an_outlier_is_none():
    steps = ({"normalize": {"mean": (2000.0, 3.0), "std": (150.0, 0.5)}},)
    moments = Moments(2)
    moments.update(np.random.default_rng(2).normal(size=(200, 2)).astype(np.float32))
    features = moments.compute()
    data = float(features.low.min()), float(features.high.max())
    raw = 2000 + 150 * float(features.high[0])
    assert judged((0, raw), data, steps, features) == "steps"
    assert judged((data[0], raw * 5), data, steps, features) == "outlier"


def test_without_samples_or_a_usable_scale_nothing_tells():
    section = spec({"x": {}}).inputs["x"]
    assert misfit(section, tensor(quantization=int8_params(0, 9)), None) == "steps"
    seen = replace(seen_input(name="x"), low=0.0, high=1.0)
    assert misfit(section, tensor(quantization=None), seen) == "steps"
