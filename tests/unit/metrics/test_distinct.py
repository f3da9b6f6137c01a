import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from edgecheck.metrics.distinct import DistinctRows, row_hashes


def structured_rows():
    """Families of rows that are nearly equal, each 4,000 rows or so."""
    index = np.arange(4096)
    bits = (index[:, None] >> np.arange(12)) & 1
    yield "bits", bits
    yield "signs", 1 - 2 * bits
    yield "bytes", np.stack([index % 64, index // 64], axis=1)
    yield "one column", index[:, None]
    yield "one-hot", np.eye(2000)
    yield "last place", 1 + index[:, None] * np.float64(np.finfo(np.float32).eps)
    yield "place of one value", np.eye(1001)[:, ::-1] * 7
    yield "permutations", np.array(list(itertools.permutations(range(6))))
    yield "powers of two", 2.0 ** (index[:200, None] - 100)
    yield "wide", np.concatenate([np.zeros((4096, 301)), bits], axis=1)


@pytest.mark.parametrize("rows", [pytest.param(r, id=name) for name, r in structured_rows()])
def test_nearly_equal_rows_do_not_collide(rows):
    rows = np.asarray(rows, np.float32)
    assert len(np.unique(rows, axis=0)) == len(rows)
    assert len(np.unique(row_hashes(rows))) == len(rows)


@given(arrays(np.float32, (6, 3), elements=st.sampled_from([0.0, -0.0, 1.0, -1.0, np.nan])))
def test_hashes_are_equal_exactly_where_rows_are(rows):
    hashes = row_hashes(rows)
    for first, second in itertools.combinations(range(len(rows)), 2):
        same = np.array_equal(rows[first], rows[second], equal_nan=True)
        assert (hashes[first] == hashes[second]) == same


@pytest.mark.parametrize("shape", [(0, 3), (0, 2, 2), (1,), (4,), (3, 0), (2, 1), (2, 3, 5)])
def test_any_shape_gives_one_hash_a_row(shape):
    hashes = row_hashes(np.ones(shape, np.float32))
    assert hashes.shape == shape[:1]
    assert hashes.dtype == np.uint64
    assert len(set(hashes.tolist())) == min(shape[0], 1)


def test_strides_and_signalling_nan_change_nothing():
    rows = np.arange(24, dtype=np.float32).reshape(4, 6)
    np.testing.assert_array_equal(row_hashes(rows[:, ::2]), row_hashes(rows[:, ::2].copy()))
    signalling = np.array([[0x7FA00000]], np.uint32).view(np.float32)
    assert row_hashes(signalling).shape == (1,)


def test_hashes_do_not_change_between_runs():
    # Pinned: a hash that differs between processes would make reports differ.
    first = row_hashes(np.array([[1, 2, 3]], np.float32))
    assert first.tolist() == row_hashes(np.array([[1, 2, 3]], np.float64)).tolist()


def test_hashes_are_spread_evenly():
    hashes = row_hashes(np.arange(100000, dtype=np.float32)[:, None])
    for shift in (0, 20, 56):
        counts = np.bincount((hashes >> np.uint64(shift)).astype(np.uint8), minlength=256)
        assert counts.std() < 3 * np.sqrt(100000 / 256)


@pytest.mark.parametrize("distinct", [0, 1, 2, 500, 4095])
def test_count_is_exact_below_4096(distinct):
    metric = DistinctRows()
    values = np.tile(np.arange(distinct, dtype=np.float32), 3)
    for part in np.array_split(np.random.default_rng(0).permutation(values), 7):
        metric.update(row_hashes(part[:, None]))
    assert metric.compute() == distinct


@pytest.mark.parametrize("distinct", [4096, 10_000, 300_000])
def test_count_is_within_five_percent_above(distinct):
    metric = DistinctRows()
    for part in np.array_split(np.arange(distinct, dtype=np.float32), 20):
        metric.update(row_hashes(part[:, None]))
        metric.update(row_hashes(part[:10, None]))
    assert metric.compute() == pytest.approx(distinct, rel=0.05)
