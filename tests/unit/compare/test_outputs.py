import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from edgecheck.compare.outputs import NO_CLASS, ClassRule, OutputTracker, PairTracker
from edgecheck.compare.statistics import Measure
from edgecheck.metrics.bootstrap import PoissonWeights
from edgecheck.metrics.rowwise import softmax

VALUES = st.sampled_from([-2.0, -0.5, 0.0, 0.25, 1.0, math.nan, math.inf, -math.inf])
ROWS = st.integers(1, 12).flatmap(lambda n: arrays(np.float32, (n, 3), elements=VALUES))
CUTS = st.lists(st.integers(0, 12), max_size=4)
RULE = ClassRule(0.5)


def slices(count, cuts):
    edges = [0, *sorted(min(cut, count) for cut in cuts), count]
    return [slice(*ends) for ends in pairwise(edges)]


def tracked(rows, cuts=(), rule=RULE, scale=None, size=None):
    tracker = OutputTracker("y", rule, scale)
    tops = [
        tracker.update(rows[part], None if size is None else size[part])
        for part in slices(len(rows), cuts)
    ]
    return tracker.statistics(), tops


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([[0.1, 0.9], [0.9, 0.1], [0.5, 0.5]], [1, 0, 0]),
        ([[0.4], [0.5], [0.6], [math.nan]], [0, 0, 1, NO_CLASS]),
        ([[0.1, math.nan], [math.inf, 3.0], [-math.inf, -math.inf]], [NO_CLASS, 0, 0]),
        (np.zeros((2, 0)), [NO_CLASS, NO_CLASS]),
        (np.zeros((0, 3)), []),
    ],
)
def test_class_of_a_row(rows, expected):
    assert RULE.top(np.array(rows, np.float32)).tolist() == expected


@given(ROWS, CUTS)
def test_statistics_are_those_of_all_rows_at_once(rows, cuts):
    seen, tops = tracked(rows, cuts)
    lists = rows.tolist()
    columns = [[v for v in column if math.isfinite(v)] for column in zip(*lists, strict=True)]
    spreads = [max(column) - min(column) for column in columns if column]
    assert seen.samples == len(rows)
    assert seen.values == rows.size
    assert seen.nonfinite == sum(not math.isfinite(v) for row in lists for v in row)
    assert seen.nonfinite_samples == sum(not all(map(math.isfinite, row)) for row in lists)
    assert seen.spread == pytest.approx(max(spreads, default=math.nan), nan_ok=True)
    assert seen.largest == max((abs(v) for column in columns for v in column), default=0)
    assert seen.distinct == len({str(row) for row in (rows + 0.0).tolist()})
    named = [None if any(map(math.isnan, row)) else row.index(max(row)) for row in lists]
    assert seen.class_counts.tolist() == [named.count(c) for c in range(3)]
    expected = [NO_CLASS if top is None else top for top in named]
    assert np.concatenate(tops).tolist() == expected


@pytest.mark.parametrize(
    ("rows", "scale", "size", "zeros"),
    [
        ([[0, 0], [0, 0.1]], 0.1, None, 1),
        ([[0, 0.049], [0.049, -0.049]], 0.1, None, 2),
        ([[0, 1e-9], [0, 0]], None, None, 1),
        ([[0, 1e-7], [0, 1e-3]], None, [1.0, 1.0], 1),
        ([[0, 1e-3], [0, 0]], None, [math.inf, math.nan], 1),
        ([[math.nan, 0], [math.inf, 0]], 0.1, [1.0, 1.0], 0),
    ],
)
def test_zero_is_within_half_an_lsb_or_relative_to_the_reference(rows, scale, size, zeros):
    sizes = None if size is None else np.array(size, np.float32)
    seen, _ = tracked(np.array(rows, np.float32), scale=scale, size=sizes)
    assert seen.zero_samples == zeros


def test_a_task_without_classes_has_no_counts():
    seen, tops = tracked(np.ones((2, 3), np.float32), rule=None)
    assert seen.class_counts is None
    assert tops == [None]


def test_spread_of_the_largest_floats_is_no_overflow():
    big = np.finfo(np.float32).max
    seen, _ = tracked(np.array([[big], [-big]], np.float32))
    assert seen.spread == 2 * float(big)


def test_rows_that_are_overwritten_later_are_not_remembered():
    tracker = OutputTracker("y", None, None)
    page = np.array([[1.0]], np.float32)
    tracker.update(page, None)
    page[:] = 5
    assert tracker.statistics().spread == 0


def pair(reference, candidate, cuts=(), scale=None, rule=RULE):
    tracker = PairTracker(scale, rule)
    weights = PoissonWeights(0).draw(len(reference))
    for part in slices(len(reference), cuts):
        tops = (RULE.top(reference[part]), RULE.top(candidate[part])) if rule else None
        tracker.update(reference[part], candidate[part], tops, weights[part])
    return tracker.statistics()


@given(st.integers(1, 14), CUTS, st.booleans(), st.integers(0, 99))
def test_metrics_are_the_formulas_over_all_rows(rows, cuts, is_softmax, seed):
    random = np.random.default_rng(seed)
    ref = random.normal(0, 3, (rows, 4)).astype(np.float32)
    cand = (ref + random.normal(0, 0.3, ref.shape)).astype(np.float32)
    shares = softmax(ref), softmax(cand)
    if is_softmax:
        ref, cand = (side.astype(np.float32) for side in shares)
    seen = pair(ref, cand, cuts)
    r, c = ref.astype(np.float64), cand.astype(np.float64)
    assert seen.sqnr_db == pytest.approx(10 * math.log10((r**2).sum() / ((r - c) ** 2).sum()))
    assert seen.max_abs_error == np.abs(r - c).max()
    assert seen.agreement == (r.argmax(axis=1) == c.argmax(axis=1)).mean()
    cosine = (r * c).sum(1) / np.sqrt((r * r).sum(1) * (c * c).sum(1))
    expected = np.sort(cosine)[math.ceil(0.05 * rows) - 1]
    assert seen.cosine_p5 == pytest.approx(expected, abs=6e-4)
    nats = np.sort((shares[0] * np.log(shares[0] / shares[1])).sum(1))
    assert seen.kl_median == pytest.approx(nats[math.ceil(rows / 2) - 1], rel=0.03, abs=1e-5)


@given(ROWS, ROWS, CUTS)
def test_chunks_do_not_change_the_metrics(reference, candidate, cuts):
    rows = min(len(reference), len(candidate))
    reference, candidate = reference[:rows], candidate[:rows]
    whole, parts = pair(reference, candidate), pair(reference, candidate, cuts)
    for name, value in vars(whole).items():
        told, found = plain(value), plain(getattr(parts, name))
        expected = told if told is None else pytest.approx(told, rel=1e-9, abs=1e-15, nan_ok=True)
        assert found == expected, name


def plain(value):
    """A measure as numbers."""
    return (value.value, *(value.interval or ())) if isinstance(value, Measure) else value


def test_regret_is_the_probability_given_up_by_the_reference():
    reference = np.array([[0.5, 0.4, 0.1], [0.9, 0.1, 0.0], [0.2, 0.3, 0.5]], np.float32)
    candidate = np.array([[0.4, 0.5, 0.1], [0.9, 0.1, 0.0], [0.9, 0.1, 0.0]], np.float32)
    seen = pair(reference, candidate)
    assert seen.regret.value == pytest.approx((0.1 + 0 + 0.3) / 3)
    blind = (0.5 + 0.9 + 0.5 - 1) / 3
    assert seen.regret_share.value == pytest.approx((0.1 + 0 + 0.3) / 3 / blind)


def test_regret_of_logits_is_that_of_their_softmax():
    reference = np.array([[2.0, 1.0, -3.0]], np.float32)
    shares = softmax(reference)[0]
    seen = pair(reference, reference[:, [1, 0, 2]])
    assert seen.regret.value == pytest.approx(shares[0] - shares[1])


@pytest.mark.parametrize(
    ("value", "threshold", "expected"),
    [(0.8, 0.5, 0.6), (0.5001, 0.5, 0.0002), (0.4, 0.25, 0.2), (1.0, 0.25, 1.0)],
)
def test_regret_of_a_single_score_is_its_distance_from_the_threshold(value, threshold, expected):
    rule = ClassRule(threshold)
    rows = np.array([[value]], np.float32), np.array([[0.0]], np.float32)
    tracker = PairTracker(None, rule)
    tracker.update(*rows, (rule.top(rows[0]), rule.top(rows[1])), PoissonWeights(0).draw(1))
    assert tracker.statistics().regret.value == pytest.approx(expected, rel=1e-3)


def test_nan_of_the_candidate_costs_what_the_worst_class_does():
    seen = pair(np.array([[0.7, 0.2, 0.1]]), np.full((1, 3), np.nan, np.float32))
    assert seen.regret.value == pytest.approx(0.6)
    assert pair(np.full((1, 3), np.nan, np.float32), np.ones((1, 3))).regret is None


def test_logits_that_start_like_probabilities_are_treated_as_logits_throughout():
    reference = np.array([[0.5, 0.5], [4.0, -4.0], [4.0, -4.0]], np.float32)
    candidate = np.array([[0.5, 0.5], [-4.0, 4.0], [-4.0, 4.0]], np.float32)
    assert pair(reference, candidate, [1]) == pair(reference, candidate)


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_nonfinite_candidates_are_left_out_of_formulas_but_never_agree(bad):
    reference = np.eye(3, dtype=np.float32)
    candidate = np.full((3, 3), math.nan, np.float32)
    candidate[:, 0] = bad
    seen = pair(reference, candidate, [1])
    assert math.isnan(seen.sqnr_db)
    assert math.isnan(seen.cosine_p5)
    assert math.isnan(seen.max_abs_error)
    assert seen.agreement == 0
    assert seen.kl_median is None


def test_equal_outputs_are_perfect():
    rows = np.random.default_rng(0).normal(0, 1, (30, 5)).astype(np.float32)
    seen = pair(rows, rows)
    assert (seen.sqnr_db, seen.max_abs_error, seen.agreement) == (math.inf, 0, 1)
    assert seen.cosine_p5 == pytest.approx(1)
    assert seen.cosine_p5 <= 1
    assert seen.kl_median == pytest.approx(0, abs=1e-9)


def test_a_single_score_has_no_divergence():
    rows = np.array([[0.2], [0.9]], np.float32)
    seen = pair(rows, rows)
    assert (seen.agreement, seen.kl_median) == (1, None)


def test_without_classes_there_is_no_agreement():
    rows = np.ones((2, 3), np.float32)
    seen = pair(rows, rows, rule=None)
    assert (seen.agreement, seen.agreement_interval, seen.kl_median) == (None, None, None)


def test_the_largest_floats_do_not_overflow():
    big = np.full((2, 2), np.finfo(np.float32).max, np.float32)
    assert pair(big, -big).max_abs_error == 2 * float(big[0, 0])
