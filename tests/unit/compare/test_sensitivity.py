import math

import numpy as np
import pytest

from edgecheck.compare.sensitivity import sensitivities, variants_of
from edgecheck.runtime.session import Results, empty_feeds


class FakeSession:
    """Applies a function to the feeds of page 0."""

    def __init__(self, feeds, function):
        self.feeds, self.function, self.rows = feeds, function, 0

    def submit(self, page, rows):
        assert page == 0
        self.rows = rows

    def collect(self):
        feeds = {name: array[: self.rows] for name, array in self.feeds.pages[0].items()}
        return Results({"y": self.function(feeds).astype(np.float32)}, np.zeros(self.rows))


def spreads(tmp_path, function, samples, depth=8):
    feeds = empty_feeds({name: rows.shape[1:] for name, rows in samples.items()}, depth, tmp_path)
    found = sensitivities(FakeSession(feeds, function), feeds, samples)
    return {entry.input: entry.spread["y"] for entry in found}


RANDOM = np.random.default_rng(0)
SAMPLES = {
    "left": RANDOM.normal(0, 1, (4, 3)).astype(np.float32),
    "right": RANDOM.normal(0, 1, (4, 2)).astype(np.float32),
}


def test_variants_are_made_of_real_values():
    rows = np.array([[0, 1, 4], [2, 3, 3]], np.float32)
    assert variants_of(rows).tolist() == [
        [[0, 1, 4], [2, 3, 3]],
        [[4, 3, 0], [2, 1, 1]],
        [[4, 1, 0], [3, 3, 2]],
        [[2, 3, 3], [0, 1, 4]],
    ]


@pytest.mark.parametrize("shape", [(2,), (2, 1), (3, 2, 2), (2, 0)])
def test_variants_keep_the_shape_of_a_row(shape):
    assert variants_of(np.ones(shape, np.float32)).shape == (4, *shape)


def test_variants_of_awkward_values_raise_no_warning():
    big = np.finfo(np.float32).max
    variants_of(np.array([[big, big], [math.nan, math.inf]], np.float32))
    variants_of(np.full((2, 2), math.nan, np.float32))


@pytest.mark.parametrize("depth", [1, 3, 4, 8])
def test_movement_is_the_largest_of_any_element_within_one_sample(tmp_path, depth):
    found = spreads(tmp_path, lambda feeds: feeds["left"] * 2, SAMPLES, depth)
    variants = variants_of(SAMPLES["left"]) * 2
    assert found["left"] == pytest.approx(float(np.ptp(variants, axis=0).max()))
    assert found["right"] == 0


def test_an_ignored_input_does_not_move_the_output(tmp_path):
    found = spreads(tmp_path, lambda feeds: feeds["right"].sum(axis=1, keepdims=True), SAMPLES)
    assert found["left"] == 0
    assert found["right"] > 0


def test_an_output_that_is_never_finite_is_not_known_to_stand_still(tmp_path):
    found = spreads(tmp_path, lambda feeds: feeds["left"] * np.nan, SAMPLES)
    assert math.isnan(found["left"])


def test_elements_that_are_finite_are_judged(tmp_path):
    def half_broken(feeds):
        return np.stack([feeds["left"][:, 0], np.full(len(feeds["left"]), np.nan)], axis=1)

    assert spreads(tmp_path, half_broken, SAMPLES)["left"] > 0
    assert spreads(tmp_path, half_broken, SAMPLES)["right"] == 0
