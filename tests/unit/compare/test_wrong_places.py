import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from edgecheck.compare.wrong_places import KEPT, WrongWatch


def watched(parts):
    watch = WrongWatch()
    for part in parts:
        watch.update(np.asarray(part, bool))
    return watch.places()


@given(st.lists(st.lists(st.booleans(), max_size=200), max_size=8))
def test_all_that_are_wrong_of_every_so_many_samples_are_kept(parts):
    found = watched(parts)
    wrong = np.flatnonzero([each for part in parts for each in part])
    assert list(found.places) == [place for place in wrong if place % found.stride == 0]
    assert len(found.places) <= KEPT


@given(st.lists(st.booleans(), min_size=1, max_size=400), st.integers(1, 50))
def test_chunks_make_no_difference(wrong, size):
    parts = [wrong[start : start + size] for start in range(0, len(wrong), size)]
    assert watched(parts) == watched([wrong])


def test_few_are_kept_of_very_many():
    found = watched([[True] * 1000] * 10)
    assert found.stride == 256
    assert len(found.places) == 40
