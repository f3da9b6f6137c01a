"""What holds for every streaming metric: merge is concatenation, order is nothing, compute only looks."""

import copy
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgecheck.metrics.agreement import Agreement
from edgecheck.metrics.bootstrap import PoissonWeights
from edgecheck.metrics.distinct import DistinctRows, row_hashes
from edgecheck.metrics.paired import PairedAccuracy
from edgecheck.metrics.quantiles import Quantiles, linear_edges
from edgecheck.metrics.regret import Regret
from edgecheck.metrics.sqnr import Sqnr


@dataclass(frozen=True)
class Subject:
    """A metric: how to start it, how rows of (n, 4) become its update, what it tells."""

    start: Any
    arguments: Any
    tell: Any


POOL = PoissonWeights(0).draw(64)


def _weights(rows):
    """Weights that belong to the row itself, so that order cannot matter."""
    seeds = np.abs(np.nan_to_num(rows, nan=3, posinf=4, neginf=5) * 8).astype(int).sum(axis=1)
    return POOL[seeds % len(POOL)]


SUBJECTS = {
    "sqnr": Subject(
        Sqnr,
        lambda rows: (rows[:, :2], rows[:, 2:], _weights(rows)),
        lambda metric: (metric.compute(), *(metric.interval() or ())),
    ),
    "agreement": Subject(
        Agreement,
        lambda rows: (rows[:, 0] > rows[:, 1], _weights(rows)),
        lambda metric: (metric.compute(), *(metric.interval() or ())),
    ),
    "regret": Subject(
        Regret,
        lambda rows: (abs(rows[:, 0]), abs(rows[:, 1]), _weights(rows)),
        lambda metric: (
            metric.compute(),
            metric.share(),
            *(metric.interval() or ()),
            *(metric.share_interval() or ()),
        ),
    ),
    "paired": Subject(
        PairedAccuracy,
        lambda rows: (rows[:, 0] > 0, rows[:, 1] > 0),
        lambda metric: (*metric.compute(), metric.samples),
    ),
    "distinct": Subject(
        DistinctRows, lambda rows: (row_hashes(rows),), lambda metric: (metric.compute(),)
    ),
    "quantiles": Subject(
        lambda: Quantiles(linear_edges(-10, 10, 200)),
        lambda rows: (rows[:, 0],),
        lambda metric: (
            metric.samples, metric.quantile(0.05), metric.maximum(), *(metric.interval(0.5) or ())
        ),
    ),
}  # fmt: skip

ELEMENTS = st.floats(-16, 16, width=16) | st.sampled_from([math.nan, math.inf, -math.inf])
ROWS = st.lists(st.lists(ELEMENTS, min_size=4, max_size=4), max_size=12).map(
    lambda rows: np.array(rows, np.float32).reshape(-1, 4)
)
every_metric = pytest.mark.parametrize("subject", SUBJECTS.values(), ids=SUBJECTS)


def fed(subject, *parts):
    metric = subject.start()
    for part in parts:
        metric.update(*subject.arguments(part))
    return metric


def same(subject, first, second):
    assert subject.tell(first) == pytest.approx(subject.tell(second), rel=1e-9, nan_ok=True)


@every_metric
@given(first=ROWS, second=ROWS)
def test_merge_is_concatenation(subject, first, second):
    merged = fed(subject, first)
    merged.merge(fed(subject, second))
    same(subject, merged, fed(subject, np.concatenate([first, second])))
    same(subject, merged, fed(subject, first, second))


@every_metric
@given(rows=ROWS, random=st.randoms(use_true_random=False))
def test_order_does_not_matter(subject, rows, random):
    order = list(range(len(rows)))
    random.shuffle(order)
    same(subject, fed(subject, rows), fed(subject, rows[order]))


@every_metric
@given(rows=ROWS)
def test_compute_leaves_the_state_alone(subject, rows):
    metric = fed(subject, rows)
    untouched = copy.deepcopy(metric)
    assert subject.tell(metric) == pytest.approx(subject.tell(metric), nan_ok=True)
    metric.update(*subject.arguments(rows))
    untouched.update(*subject.arguments(rows))
    same(subject, metric, untouched)


@every_metric
@given(rows=ROWS)
def test_an_empty_instance_is_neutral(subject, rows):
    left, right = subject.start(), fed(subject, rows)
    left.merge(fed(subject, rows))
    right.merge(subject.start())
    same(subject, left, right)


@every_metric
def test_merge_leaves_the_other_alone(subject):
    rows = np.arange(20, dtype=np.float32).reshape(5, 4)
    other = fed(subject, rows)
    before = subject.tell(other)
    metric = fed(subject, -rows)
    metric.merge(other)
    metric.update(*subject.arguments(rows + 50))
    assert subject.tell(other) == before
