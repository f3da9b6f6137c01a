from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from edgecheck.metrics.assignment import best_assignment, reordering
from edgecheck.metrics.confusion import MOST_CLASSES, Confusion


@st.composite
def gains(draw):
    size = draw(st.integers(1, 6))
    return draw(arrays.arrays(np.int64, (size, size), elements=st.integers(0, 20)))


@given(gains())
def test_assignment_is_the_best_of_all_permutations(gain):
    rows = np.arange(len(gain))
    order = best_assignment(gain)
    assert sorted(order.tolist()) == rows.tolist()
    best = max(gain[rows, list(other)].sum() for other in permutations(rows))
    assert gain[rows, order].sum() == best


def test_a_large_permutation_is_found_again():
    order = np.random.default_rng(0).permutation(200)
    noise = np.random.default_rng(1).integers(0, 3, (200, 200))
    noise[np.arange(200), order] += 10
    assert best_assignment(noise).tolist() == order.tolist()


def halves_of(labels, classes):
    confusion = Confusion()
    confusion.update(labels, classes)
    return confusion.compute()


def test_shifted_labels_are_read_rightly_in_the_other_order():
    labels = np.random.default_rng(0).integers(0, 5, 200)
    found = reordering(halves_of(labels, (labels + 1) % 5))
    assert found.order.tolist() == [1, 2, 3, 4, 0]
    assert (found.right_before, found.right_after, found.samples) == (0, 200, 200)
    assert found.p < 1e-9


def test_labels_that_take_turns_are_read_in_another_order_too():
    labels = np.arange(180) % 6
    found = reordering(halves_of(labels, (labels + 1) % 6))
    assert (found.right_before, found.right_after) == (0, 180)


@pytest.mark.parametrize("seed", range(5))
def test_chance_gains_nothing_though_the_best_order_of_all_samples_would(seed):
    labels, classes = np.random.default_rng(seed).integers(0, 10, (2, 40))
    halves = halves_of(labels, classes)
    whole = halves.sum(axis=0)
    fitted = whole[np.arange(len(whole)), best_assignment(whole)].sum()
    found = reordering(halves)
    assert fitted - found.right_before >= 0.2 * 40
    assert found.right_after - found.right_before < 0.2 * 40
    assert found.p > 0.01


def test_classes_that_nobody_saw_stay_where_they_are():
    labels = np.array([0, 1] * 20)
    counts = halves_of(labels, 1 - labels)
    wide = np.zeros((2, 5, 5), np.int64)
    wide[:, :2, :2] = counts
    assert reordering(wide).order.tolist() == [1, 0, 2, 3, 4]


@given(st.lists(st.tuples(st.integers(0, 7), st.integers(0, 7)), min_size=1), st.integers(1, 9))
def test_counts_are_those_of_a_loop_whatever_the_pages(pairs, page):
    labels, classes = np.array(pairs).T
    confusion = Confusion()
    for first in range(0, len(pairs), page):
        confusion.update(labels[first : first + page], classes[first : first + page])
    found = confusion.compute()
    slow = np.zeros_like(found)
    for place, (label, answer) in enumerate(pairs):
        before = [other for other, _ in pairs[:place]].count(label)
        slow[before % 2, label, answer] += 1
    assert found.tolist() == slow.tolist()


@given(st.lists(st.tuples(st.integers(0, 7), st.integers(0, 7)), min_size=1), st.integers(1, 9))
def test_pairs_are_those_of_a_loop_over_both_halves(pairs, page):
    labels, classes = np.array(pairs).T
    confusion = Confusion()
    for first in range(0, len(pairs), page):
        confusion.update(labels[first : first + page], classes[first : first + page])
    assert confusion.pairs().tolist() == [[*pair, pairs.count(pair)] for pair in sorted(set(pairs))]


def test_too_many_classes_are_not_counted():
    confusion = Confusion()
    assert confusion.compute() is confusion.pairs() is None
    confusion.update(np.array([1]), np.array([1]))
    confusion.update(np.array([MOST_CLASSES]), np.array([1]))
    assert confusion.compute() is confusion.pairs() is None
