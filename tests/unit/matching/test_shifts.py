import numpy as np
import pytest
from receivers import SIGNED, photos, receiver

from edgecheck.matching.shifted import known_elements, shift_of
from edgecheck.matching.shifts import likely_shifts

GRAY = photos(48, 64, count=4).mean(axis=-1)


@pytest.mark.parametrize("down", range(-8, 9, 4))
@pytest.mark.parametrize("right", range(-8, 9, 4))
def test_the_shift_is_among_the_likeliest(down, right):
    moved = np.roll(GRAY, (down, right), (1, 2))
    clipped = np.clip(0.4 * moved + 20, 40, 100)
    found = likely_shifts(clipped, GRAY)
    assert len(found) <= 10
    assert ((down, right) in found) == ((down, right) != (0, 0))


def test_flat_and_broken_pictures_have_shifts_that_fit_as_any_do():
    for found in (np.zeros_like(GRAY), np.full_like(GRAY, np.nan)):
        assert all(max(map(abs, each)) <= 8 for each in likely_shifts(found, GRAY))


@pytest.mark.parametrize(
    ("down", "right", "key", "words"),
    [
        (3, 0, "shift-down", "pictures shifted down by 3 pixels"),
        (-3, 0, "shift-up", "pictures shifted up by 3 pixels"),
        (0, -1, "shift-left", "pictures shifted left by 1 pixel"),
        (2, 5, "shift", "pictures shifted down by 2 pixels and right by 5 pixels"),
    ],
)
def test_a_shift_says_how_far(down, right, key, words):
    made = shift_of(down, right)
    assert (made.key, made.words, made.down, made.right) == (key, words, down, right)


def test_what_comes_in_at_the_border_is_open():
    own = receiver((5, 6, 3), SIGNED)
    known = known_elements((shift_of(2, -1),), own)
    right = np.zeros((5, 6, 3), bool)
    right[2:, :5] = True
    np.testing.assert_array_equal(known, right)
    first = receiver((3, 5, 6), SIGNED, layout="NCHW")
    np.testing.assert_array_equal(
        known_elements((shift_of(2, -1),), first), right.transpose(2, 0, 1)
    )
    assert known_elements((), own) is None
