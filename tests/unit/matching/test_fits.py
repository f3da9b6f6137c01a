import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgecheck.matching.fits import common, fitted

RAILS = (-128.0, 127.0)


@settings(max_examples=60, deadline=None)
@given(
    scale=st.floats(0.2, 4) | st.floats(-4, -0.2),
    offset=st.floats(-150, 100),
    seed=st.integers(0, 99),
)
def test_a_clipped_line_is_recovered_where_enough_lies_between_the_rails(scale, offset, seed):
    pixels = np.random.default_rng(seed).integers(0, 256, (4000, 1)).astype(np.float64)
    right = scale * pixels + offset
    inside = (right > -127) & (right < 126)
    lines = fitted(pixels, np.clip(np.rint(right), *RAILS), RAILS)
    if inside.mean() < 0.3:
        return
    assert lines is not None
    assert lines[0][0] == pytest.approx(scale, rel=0.01)
    assert lines[0][1] == pytest.approx(offset, abs=max(0.6, 0.01 * 255 * abs(scale)))


def test_channels_have_lines_of_their_own():
    pixels = np.random.default_rng(0).uniform(0, 255, (500, 3))
    found = pixels * (1.0, 2.0, -1.0) + (0.0, 5.0, 7.0)
    np.testing.assert_allclose(fitted(pixels, found, None), [(1, 0), (2, 5), (-1, 7)], atol=1e-9)


@pytest.mark.parametrize("found", [np.zeros((500, 1)), np.full((500, 1), 127.0)])
def test_a_constant_has_no_line(found):
    pixels = np.random.default_rng(0).uniform(0, 255, (500, 1))
    assert fitted(pixels, found, RAILS) is None
    assert fitted(found, pixels, None) is None


def test_noise_has_no_line():
    dice = np.random.default_rng(0)
    assert fitted(dice.uniform(0, 255, (500, 1)), dice.uniform(-100, 100, (500, 1)), RAILS) is None


def test_few_elements_are_no_evidence():
    pixels = np.arange(10.0)[:, None]
    assert fitted(pixels, pixels, None) is None


def test_infinite_values_are_left_out():
    pixels = np.arange(100.0)[:, None]
    found = 2 * pixels
    found[::7] = np.nan
    np.testing.assert_allclose(fitted(pixels, found, None), [(2, 0)], atol=1e-9)


def test_lines_that_agree_are_one():
    assert common([(1.0, 0.0), (1.001, 0.1), (0.999, 0.0)], 255) == (pytest.approx((1, 1 / 30)),)
    assert len(common([(1.0, 0.0), (1.1, 0.0)], 255)) == 2
