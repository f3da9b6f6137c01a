import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from edgecheck.compare.inputs import InputTracker

VALUES = st.sampled_from([-2.0, -1.0, 0.0, 0.5, 1.0, 3.0, math.nan, math.inf, -math.inf])
ROWS = st.integers(0, 12).flatmap(lambda n: arrays(np.float32, (n, 3), elements=VALUES))


def tracked(rows, cuts=(), representable=(-1.0, 1.0), *, is_whole=False):
    tracker = InputTracker("x", representable, is_whole=is_whole)
    ids = [f"s{index}" for index in range(len(rows))]
    edges = [0, *sorted(min(cut, len(rows)) for cut in cuts), len(rows)]
    for start, stop in pairwise(edges):
        tracker.update(rows[start:stop], ids[start:stop])
    return tracker.statistics()


@given(ROWS, st.lists(st.integers(0, 12), max_size=4))
def test_statistics_are_those_of_all_rows_at_once(rows, cuts):
    seen = tracked(rows, cuts, is_whole=True)
    finite = [value for value in rows.ravel().tolist() if math.isfinite(value)]
    hit = [i for i, row in enumerate(rows.tolist()) if not all(map(math.isfinite, row))]
    assert seen.samples == len(rows)
    assert seen.elements == len(finite)
    assert seen.low == pytest.approx(min(finite, default=math.nan), nan_ok=True)
    assert seen.high == pytest.approx(max(finite, default=math.nan), nan_ok=True)
    assert seen.clipped == sum(not -1 <= value <= 1 for value in finite)
    assert seen.fractional == sum(value != int(value) for value in finite)
    assert seen.nonfinite == rows.size - len(finite)
    assert seen.nonfinite_sample_count == len(hit)
    assert seen.nonfinite_samples == tuple(f"s{i}" for i in hit[:5])


@given(ROWS, st.lists(st.integers(0, 12), max_size=4))
def test_duplicates_are_found_across_chunks(rows, cuts):
    seen, first, pair = tracked(rows, cuts), {}, None
    for index, row in enumerate(map(str, (rows + 0.0).tolist())):
        if row in first and pair is None:
            pair = (f"s{first[row]}", f"s{index}")
        first.setdefault(row, index)
    assert seen.distinct == len(first)
    assert seen.duplicate == pair


@given(arrays(np.float32, (6, 3), elements=st.sampled_from([0.0, 1.0])), st.integers(0, 6))
def test_constant_features_are_those_that_never_change(rows, cut):
    expected = tuple(i for i in range(3) if len(set(rows[:, i].tolist())) == 1)
    assert tracked(rows, [cut]).constant_features == expected


@pytest.mark.parametrize("shape", [(3, 2, 2), (3,), (3, 1, 4, 4)])
def test_only_flat_samples_have_features(shape):
    assert tracked(np.zeros(shape, np.float32)).constant_features is None


def test_a_float_input_clips_nothing():
    rows = np.full((2, 3), 1e30, np.float32)
    seen = tracked(rows, representable=None)
    assert (seen.clipped, seen.fractional) == (0, 0)


def test_the_largest_floats_are_finite():
    big = float(np.finfo(np.float32).max)
    seen = tracked(np.array([[big, -big, big]], np.float32))
    assert (seen.nonfinite, seen.high, seen.low) == (0, big, -big)


def test_rows_that_are_overwritten_later_are_not_remembered():
    tracker = InputTracker("x", None, is_whole=False)
    page = np.array([[1.0, 2.0]], np.float32)
    tracker.update(page, ["a"])
    page[:] = [[1.0, 5.0]]
    tracker.update(page, ["b"])
    assert tracker.statistics().constant_features == (0,)


def test_nothing_seen():
    seen = tracked(np.zeros((0, 3), np.float32))
    assert (seen.samples, seen.distinct, seen.duplicate) == (0, 0, None)
    assert math.isnan(seen.low)


def test_columns_of_a_table_are_followed_one_by_one():
    rows = np.array([[1, 10, 5], [3, -10, 5], [np.nan, 0, 5]], np.float32)
    seen = tracked(rows, cuts=[1])
    assert seen.features.low.tolist() == [1, -10, 5]
    assert seen.features.high.tolist() == [3, 10, 5]
    assert seen.features.mean.tolist() == [2, 0, 5]
    assert np.allclose(seen.features.std, [1, math.sqrt(200 / 3), 0])


@pytest.mark.parametrize("shape", [(5, 4097), (5, 2, 2)])
def test_long_rows_and_images_are_no_table(shape):
    assert tracked(np.zeros(shape, np.float32)).features is None
