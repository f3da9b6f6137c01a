from hypothesis import given
from hypothesis import strategies as st

from edgecheck.samples.selection import batches, select, spread


@given(count=st.integers(1, 500), limit=st.integers(1, 600), seed=st.integers(0, 9))
def test_a_draw_is_ascending_distinct_and_repeatable(count, limit, seed):
    drawn = list(select(count, limit, seed, in_file_order=False))
    assert drawn == sorted(set(drawn))
    assert len(drawn) == min(count, limit)
    assert set(drawn) <= set(range(count))
    assert drawn == list(select(count, limit, seed, in_file_order=False))


def test_the_seed_decides_the_draw():
    # Pinned, because numpy does not promise it across versions, and reports are compared.
    assert select(1000, 5, 0, in_file_order=False) == [269, 307, 510, 635, 847]
    assert select(1000, 5, 1, in_file_order=False) != select(1000, 5, 0, in_file_order=False)


def test_every_sample_is_drawn_about_equally_often():
    counts = [0] * 10
    for seed in range(2000):
        for number in select(10, 3, seed, in_file_order=False):
            counts[number] += 1
    assert min(counts) > 500
    assert max(counts) < 700


def test_file_order_takes_the_first():
    assert list(select(10, 3, 7, in_file_order=True)) == [0, 1, 2]


def test_no_limit_takes_all():
    assert list(select(4, None, 0, in_file_order=False)) == [0, 1, 2, 3]


@given(count=st.integers(1, 50), size=st.integers(1, 60))
def test_batches_keep_order_and_size(count, size):
    found = list(batches(range(count), size))
    assert [number for batch in found for number in batch] == list(range(count))
    assert all(len(batch) == size for batch in found[:-1])


@given(count=st.integers(1, 500), most=st.integers(1, 600))
def test_spread_places_are_distinct_and_their_distances_even(count, most):
    places = list(spread(count, most))
    assert len(places) == min(count, most)
    gaps = [late - early for early, late in zip(places, [*places[1:], count], strict=True)]
    assert all(gap in {count // most, -(-count // most)} for gap in gaps) or most >= count
    assert list(spread(count, most, in_file_order=True)) == list(range(min(count, most)))
