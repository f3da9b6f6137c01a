import numpy as np
import pytest
from receivers import SIGNED, receiver

from edgecheck.mistakes.geometry import geometry

SQUARE, WIDE = (5, 5, 3), (4, 6, 3)


def rows(shape, n=2):
    return np.random.default_rng(0).uniform(-1, 1, (n, *shape)).astype(np.float32)


def mistakes(shape, **more):
    own = receiver(shape, SIGNED, **more)
    return {each.key: lambda x, each=each: each.apply(x, own) for each in geometry(own)}


@pytest.mark.parametrize(
    ("key", "place"),
    [
        ("rot90", lambda row, column: (column, 4 - row)),
        ("rot270", lambda row, column: (4 - column, row)),
        ("rot180", lambda row, column: (4 - row, 4 - column)),
        ("flip-left-right", lambda row, column: (row, 4 - column)),
        ("flip-up-down", lambda row, column: (4 - row, column)),
        ("transpose", lambda row, column: (column, row)),
    ],
)
def test_each_pixel_of_a_square_goes_to_its_place(key, place):
    values = rows(SQUARE)
    made = np.empty_like(values)
    for row in range(5):
        for column in range(5):
            there = place(row, column)
            made[:, row, column] = values[:, there[0], there[1]]
    np.testing.assert_array_equal(mistakes(SQUARE)[key](values), made)


@pytest.mark.parametrize("shape", [SQUARE, (7, 7, 1), (6, 6)])
def test_turning_is_a_group(shape):
    made, values = mistakes(shape), rows(shape)
    turned = values
    for _ in range(4):
        turned = made["rot90"](turned)
    np.testing.assert_array_equal(turned, values)
    np.testing.assert_array_equal(made["rot90"](made["rot270"](values)), values)
    for key in ("rot180", "flip-left-right", "flip-up-down", "transpose"):
        np.testing.assert_array_equal(made[key](made[key](values)), values)
    both = made["flip-left-right"](made["flip-up-down"](values))
    np.testing.assert_array_equal(both, made["rot180"](values))


def test_a_turned_picture_that_is_not_square_is_read_at_the_width_of_the_model():
    values = rows(WIDE)
    made = mistakes(WIDE)["rot90"](values)
    right = np.stack([np.rot90(each).ravel().reshape(WIDE) for each in values])
    np.testing.assert_array_equal(made, right)


def test_layouts_are_the_bytes_of_one_read_as_the_other():
    values = rows(WIDE)
    made = mistakes(WIDE)
    planar = np.ascontiguousarray(values.transpose(0, 3, 1, 2))
    np.testing.assert_array_equal(made["nchw-as-nhwc"](values), planar.reshape(values.shape))
    there = made["nhwc-as-nchw"](made["nchw-as-nhwc"](values))
    np.testing.assert_array_equal(there, values)


def test_an_input_of_channels_first_gets_the_same_pictures():
    first = rows((3, 20, 20))
    last = np.ascontiguousarray(np.moveaxis(first, 1, -1))
    ours, theirs = mistakes((3, 20, 20), layout="NCHW"), mistakes((20, 20, 3))
    assert list(ours) == list(theirs)
    for key, apply in ours.items():
        np.testing.assert_array_equal(np.moveaxis(apply(first), 1, -1), theirs[key](last))


def test_a_shift_repeats_the_border():
    shape = (16, 20, 1)
    values = rows(shape)
    made = mistakes(shape)["shift-right"](values)
    np.testing.assert_array_equal(made[:, :, 4:], values[:, :, :-4])
    np.testing.assert_array_equal(made[:, :, :4], np.repeat(values[:, :, :1], 4, axis=2))
    up = mistakes(shape)["shift-up"](values)
    np.testing.assert_array_equal(up[:, :-4], values[:, 4:])


def test_what_is_no_picture_is_not_turned():
    assert not mistakes((8,), kind="table")
    assert not mistakes((8, 8, 5), kind="array")


def test_small_pictures_are_not_shifted():
    assert not [key for key in mistakes((15, 40, 3)) if key.startswith("shift")]
