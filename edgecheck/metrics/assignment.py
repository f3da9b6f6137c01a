"""The order of classes that meets most labels: a linear assignment, solved exactly."""

from dataclasses import dataclass

import numpy as np

from edgecheck.metrics.paired import mcnemar_p
from edgecheck.tensors import Array


def best_assignment(gain: Array) -> Array:
    """The permutation with the largest sum of gains.

    Shortest augmenting paths with potentials, as Jonker and Volgenant (1987): one row after the
    other, at most n steps over n columns each.

    Args:
        gain: int64 (n, n).

    Returns:
        int64 (n,): the column of each row.
    """
    size = len(gain)
    cost = (gain.max(initial=0) - gain).astype(np.float64)
    row_price, column_price = np.zeros(size), np.zeros(size + 1)
    row_of = np.full(size + 1, -1)
    """Column -> its row; the last column stands for the row that is being placed."""
    for row in range(size):
        row_of[size] = row
        _place(cost, row_price, column_price, row_of)
    order = np.empty(size, np.int64)
    order[row_of[:size]] = np.arange(size)
    return order


def _place(cost: Array, row_price: Array, column_price: Array, row_of: Array) -> None:
    """Find the cheapest chain of moves that frees a column for the row at the end of `row_of`."""
    size = len(cost)
    column, came_from = size, np.full(size, size)
    distance, is_done = np.full(size, np.inf), np.zeros(size + 1, bool)
    while row_of[column] >= 0:
        is_done[column] = True
        row = row_of[column]
        reduced = cost[row] - row_price[row] - column_price[:size]
        open_columns = ~is_done[:size]
        is_nearer = open_columns & (reduced < distance)
        distance[is_nearer], came_from[is_nearer] = reduced[is_nearer], column
        nearest = int(np.where(open_columns, distance, np.inf).argmin())
        step = distance[nearest]
        done = np.flatnonzero(is_done)
        row_price[row_of[done]] += step
        column_price[done] -= step
        distance[open_columns] -= step
        column = nearest
    while column != size:
        before = int(came_from[column])
        row_of[column] = row_of[before]
        column = before


@dataclass(frozen=True)
class Reordering:
    """Labels read in another order, judged on samples that did not choose it."""

    order: Array
    """int64 (classes,): the class of the model for each label."""
    samples: int
    right_before: int
    right_after: int
    p: float
    """Exact two-sided McNemar test of the two."""


def reordering(halves: Array) -> Reordering:
    """The best order of labels. Each half of the samples is read in the order that the other chose.

    Args:
        halves: int64 (2, n, n): how often each label (axis 1) was answered with each class.
    """
    size = halves.shape[1]
    classes = np.arange(size)
    before = after = only_before = only_after = 0
    for chosen_on, read in ((0, 1), (1, 0)):
        order = _order_of(halves[chosen_on])
        kept, met = halves[read, classes, classes], halves[read, classes, order]
        is_moved = order != classes
        before, after = before + int(kept.sum()), after + int(met.sum())
        only_before += int(kept[is_moved].sum())
        only_after += int(met[is_moved].sum())
    return Reordering(
        order=_order_of(halves.sum(axis=0)),
        samples=int(halves.sum()),
        right_before=before,
        right_after=after,
        p=mcnemar_p(only_before, only_after),
    )


def _order_of(counts: Array) -> Array:
    """The best order; of several, one that leaves most classes where they are."""
    size = len(counts)
    return best_assignment(counts * (size + 1) + np.eye(size, dtype=np.int64))
