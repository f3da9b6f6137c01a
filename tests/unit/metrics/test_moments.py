import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from edgecheck.metrics.moments import Moments

VALUES = st.floats(-1e6, 1e6, width=32) | st.sampled_from([np.nan, np.inf, -np.inf])
TABLES = st.integers(0, 12).flatmap(lambda n: arrays.arrays(np.float32, (n, 3), elements=VALUES))


def moments(*parts):
    result = Moments(3)
    for part in parts:
        result.update(part)
    return result


def agree(first, second):
    for name in ("low", "high", "mean", "std"):
        ours, theirs = getattr(first, name), getattr(second, name)
        assert np.allclose(ours, theirs, rtol=1e-9, atol=1e-4, equal_nan=True), name


@given(TABLES)
def test_columns_are_those_of_numpy(table):
    found = moments(table).compute()
    for index in range(3):
        column = table[:, index].astype(np.float64)
        column = column[np.isfinite(column)]
        if not len(column):
            assert np.isnan([found.low[index], found.mean[index], found.std[index]]).all()
            continue
        assert found.low[index] == column.min()
        assert found.high[index] == column.max()
        assert np.isclose(found.mean[index], column.mean(), atol=1e-6)
        assert np.isclose(found.std[index], column.std(), rtol=1e-7, atol=1e-4)


@given(TABLES, TABLES)
def test_parts_and_merged_parts_are_the_whole(first, second):
    whole = moments(np.concatenate([first, second])).compute()
    agree(moments(first, second).compute(), whole)
    merged = moments(first)
    merged.merge(moments(second))
    agree(merged.compute(), whole)


def test_a_small_deviation_far_from_zero_is_kept():
    table = 1e6 + np.random.default_rng(0).normal(0, 0.5, (5000, 3)).astype(np.float32)
    found = moments(*np.array_split(table, 7)).compute()
    assert np.allclose(found.std, table.astype(np.float64).std(axis=0), rtol=1e-9)
