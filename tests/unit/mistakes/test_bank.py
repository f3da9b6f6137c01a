import numpy as np
import pytest
from receivers import SIGNED, receiver, usual_cases

from edgecheck.mistakes.bank import usual_mistakes, wraps

CASES = usual_cases()
NEEDED = {
    "unit-range", "raw-pixels", "imagenet", "caffe", "normalised-twice", "bgr", "gray-x3",
    "nchw-as-nhwc", "nhwc-as-nchw", "transpose", "rot90", "rot180", "rot270", "flip-left-right",
    "flip-up-down", "uint8-as-int8", "cast-without-scale", "wrap-without-clip", "quantized-twice",
    "truncated", "zeros", "same-frame", "shift-left", "shift-right", "shift-up", "shift-down",
}  # fmt: skip


def test_the_bank_of_a_colour_input_is_complete():
    assert set(keyed("int8 signed")) >= NEEDED


@pytest.mark.parametrize("name", list(CASES))
def test_every_mistake_keeps_shape_and_type(name):
    case = CASES[name]
    found = usual_mistakes(case.receiver)
    assert len({each.key for each in found}) == len(found)
    before = case.prepared.copy()
    for mistake in found:
        made = mistake.apply(case.prepared, case.receiver)
        assert made.shape == case.prepared.shape, mistake.key
        assert made.dtype == np.float32, mistake.key
    np.testing.assert_array_equal(case.prepared, before)


@pytest.mark.parametrize("name", ["int8 signed", "imagenet"])
def test_mistakes_that_do_harm_change_much(name):
    case = CASES[name]
    for mistake in usual_mistakes(case.receiver):
        if mistake.key != "wrap-without-clip":
            made = case.fed(mistake.apply(case.prepared, case.receiver)).astype(int)
            far = np.abs(made - case.fed(case.prepared)) > 1
            assert mistake.is_harmless == (far.mean() < 0.05), mistake.key


def test_a_buffer_of_zeros_means_what_the_zero_point_says():
    case = CASES["int8 signed"]
    made = keyed("int8 signed")["zeros"].apply(case.prepared, case.receiver)
    assert set(case.fed(made).ravel().tolist()) == {0}


def test_one_frame_stays():
    case = CASES["float"]
    made = keyed("float")["same-frame"].apply(case.prepared, case.receiver)
    assert (made == case.prepared[0]).all()


def test_sound_and_tables_have_mistakes_of_their_own():
    table = receiver((4,), SIGNED, kind="table")
    keys = {each.key for each in usual_mistakes(table)}
    assert keys == {
        "not-normalised", "normalised-twice", "byte-swapped", "whole-numbers", "zeros", "same-frame"
    }  # fmt: skip


def keyed(name):
    return {each.key: each for each in usual_mistakes(CASES[name].receiver)}


def test_values_whose_codes_wrap_are_told_apart_from_those_that_stay_in_range():
    case = CASES["int8 signed"]
    rows, own = case.prepared, case.receiver
    found = {each.key: each.apply(rows, own) for each in wraps(own)}
    by_key = {each.key: each for each in usual_mistakes(own)}
    raw = by_key["wrap-without-clip"].apply(by_key["raw-pixels"].apply(rows, own), own)
    np.testing.assert_array_equal(found["raw-pixels-wrapped"], raw)
    assert found["unit-range-wrapped"] is rows
    assert list(wraps(CASES["float"].receiver)) == []
