"""Metrics of tasks other than classification, against slow formulas; merge equals concatenate."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from edgecheck.metrics.bootstrap import PoissonWeights
from edgecheck.metrics.neighbours import NeighbourAgreement
from edgecheck.metrics.overlap import MAX_CLASSES, Overlap
from edgecheck.metrics.ranges import ChannelRanges
from edgecheck.metrics.spread import Spread
from edgecheck.metrics.truth import PairedErrors
from edgecheck.metrics.variation import VariationSqnr

VALUES = st.sampled_from([-3.0, -0.5, 0.0, 0.25, 2.0, 1000.0, math.nan, math.inf])
ROWS = st.integers(2, 9).flatmap(
    lambda n: st.tuples(*[arrays(np.float32, (n, 3), elements=VALUES) for _ in range(3)])
)
CUT = st.integers(0, 9)


def spread_of(rows):
    columns = [[v for v in column if math.isfinite(v)] for column in rows.T.tolist()]
    means = [sum(column) / len(column) if column else 0 for column in columns]
    return sum((v - m) ** 2 for column, m in zip(columns, means, strict=True) for v in column)


def split(metric, sides, cut):
    """The metric over all rows, and over two parts merged."""
    weights = PoissonWeights(0).draw(len(sides[0]))
    whole, first, second = metric(), metric(), metric()
    whole.update(*sides, weights)
    first.update(*(side[:cut] for side in sides), weights[:cut])
    second.update(*(side[cut:] for side in sides), weights[cut:])
    first.merge(second)
    return whole, first


def close(value):
    return value if value is None else pytest.approx(value, rel=1e-9, abs=1e-9, nan_ok=True)


@given(ROWS, CUT)
def test_spread_is_the_sum_of_squares_about_the_means(rows, cut):
    first, second, whole = Spread(), Spread(), Spread()
    whole.update(rows[0])
    first.update(rows[0][:cut])
    second.update(rows[0][cut:])
    first.merge(second)
    assert whole.compute() == close(spread_of(rows[0]))
    assert first.compute() == close(whole.compute())


def test_spread_far_from_zero_does_not_cancel():
    rows = 1e6 + np.random.default_rng(0).integers(-2, 3, (500, 1)).astype(np.float32) * 4
    spread = Spread()
    for part in np.array_split(rows, 7):
        spread.update(part)
    assert spread.compute() == pytest.approx(spread_of(rows), rel=1e-9)


def test_float32_rounding_is_no_spread():
    spread = Spread()
    spread.update(np.array([[1000.0], [np.nextafter(np.float32(1000), np.float32(2000))]]))
    assert spread.compute() == 0


@settings(deadline=None)
@given(ROWS, CUT)
def test_paired_errors_are_the_formulas_and_merge(rows, cut):
    whole, merged = split(PairedErrors, rows, cut)
    true, reference, candidate = (side.astype(np.float64) for side in rows)
    known = np.isfinite(true) & np.isfinite(reference) & np.isfinite(candidate)
    found = whole.compute()
    assert (found is None) == (not known.any())
    if found is None:
        return
    total = spread_of(np.where(known, true, np.nan))
    for side, errors in zip((reference, candidate), found, strict=True):
        apart = side[known] - true[known]
        assert errors.mae == close(np.abs(apart).mean())
        assert errors.rmse == close(math.sqrt((apart**2).mean()))
        assert errors.r2 == close(1 - (apart**2).sum() / total if total else math.nan)
    assert whole.samples == merged.samples == known.any(axis=1).sum()
    for name in ("loss", "loss_interval", "ratio", "ratio_interval"):
        assert getattr(merged, name)() == close(getattr(whole, name)())
    assert [vars(side) for side in merged.compute()] == [
        {name: close(value) for name, value in vars(side).items()} for side in found
    ]


def test_the_interval_of_a_loss_holds_what_many_datasets_show():
    random = np.random.default_rng(0)

    def measured(rows):
        true = random.normal(0, 1, (rows, 2))
        paired = PairedErrors()
        sides = [true + random.normal(0, sigma, true.shape) for sigma in (0.1, 0.3)]
        paired.update(true, *sides, PoissonWeights(1).draw(rows))
        return paired

    losses = [measured(200).loss() for _ in range(300)]
    low, high = np.mean([measured(200).loss_interval() for _ in range(30)], axis=0)
    share = np.mean([low <= loss <= high for loss in losses])
    assert np.mean(losses) == pytest.approx(0.08, abs=0.005)
    assert 0.8 < share <= 1


@settings(deadline=None)
@given(ROWS, CUT)
def test_variation_sqnr_is_the_formula_and_merges(rows, cut):
    whole, merged = split(VariationSqnr, rows[:2], cut)
    known = np.isfinite(rows[0]) & np.isfinite(rows[1])
    reference, candidate = (np.where(known, side, np.nan).astype(np.float64) for side in rows[:2])
    signal, noise = spread_of(reference), np.nansum((reference - candidate) ** 2)
    expected = math.nan if not signal else (10 * math.log10(signal / noise) if noise else math.inf)
    assert whole.compute() == close(expected)
    assert merged.compute() == close(whole.compute())
    assert merged.interval() == close(whole.interval())


def test_a_constant_answer_far_from_zero_is_no_good_variation():
    reference = 1000 + np.random.default_rng(0).uniform(-1, 1, (200, 1))
    sqnr = VariationSqnr()
    sqnr.update(reference, np.full_like(reference, reference.mean()), PoissonWeights(0).draw(200))
    assert sqnr.compute() == pytest.approx(0, abs=1e-6)
    low, high = sqnr.interval()
    assert low < 0 < high < 2


MAPS = st.integers(1, 6).flatmap(
    lambda n: st.tuples(*[arrays(np.int64, (n, 7), elements=st.integers(-1, 3))] * 2)
)


@settings(deadline=None)
@given(MAPS, CUT)
def test_overlap_is_the_formula_and_merges(maps, cut):
    whole, merged = split(lambda: Overlap(4), maps, cut)
    pairs = [(e, f) for e, f in zip(*(m.ravel().tolist() for m in maps), strict=True) if e >= 0]
    ious = []
    for label in {e for e, _ in pairs}:
        same = sum(e == f == label for e, f in pairs)
        union = sum(label in pair for pair in pairs)
        ious.append(same / union)
    assert whole.mean_iou() == close(np.mean(ious) if ious else math.nan)
    agreement = np.mean([e == f for e, f in pairs]) if pairs else math.nan
    assert whole.agreement() == close(agreement)
    for name in ("agreement", "agreement_interval", "mean_iou", "mean_iou_replicates"):
        assert getattr(merged, name)() == close(getattr(whole, name)())


@pytest.mark.parametrize("shares", [(0.5, 0.5), (0.9, 0.1), (1.0, 0.0), (0.3, 0.7)])
def test_maps_drawn_blindly_have_the_iou_of_chance(shares):
    random = np.random.default_rng(0)
    expected = random.choice(2, (20, 5000), p=(0.8, 0.2))
    found = random.choice(2, (20, 5000), p=shares)
    overlap = Overlap(2)
    overlap.update(expected, found, PoissonWeights(0).draw(20))
    assert overlap.mean_iou() == pytest.approx(overlap.chance_iou(), abs=0.005)
    right = Overlap(2)
    right.update(expected, expected, PoissonWeights(0).draw(20))
    assert right.mean_iou() == 1 > right.chance_iou() + 0.5


def test_stray_pixels_of_a_class_do_not_count_as_a_class():
    expected = np.zeros((4, 10_000), np.int64)
    expected[:, 5000:] = 1
    expected[0, 0] = 2
    found = expected.copy()
    found[0, 0] = 0
    overlap = Overlap(3)
    overlap.update(expected, found, PoissonWeights(0).draw(4))
    assert overlap.mean_iou() > 0.999


def test_too_many_classes_have_an_agreement_but_no_iou():
    overlap = Overlap(MAX_CLASSES + 1)
    maps = np.full((2, 3), MAX_CLASSES)
    overlap.update(maps, maps, PoissonWeights(0).draw(2))
    assert overlap.agreement() == 1
    assert math.isnan(overlap.mean_iou())


def test_neighbours_are_those_of_the_cosine():
    rows = np.random.default_rng(0).normal(0, 1, (300, 5)).astype(np.float32)
    noisy = rows + np.random.default_rng(1).normal(0, 0.5, rows.shape).astype(np.float32)
    agreement = NeighbourAgreement()
    for part in np.array_split(np.arange(300), 7):
        agreement.update(rows[part], noisy[part])

    def nearest(vectors, one):
        angles = [
            np.dot(vectors[one], other) / np.linalg.norm(vectors[one]) / np.linalg.norm(other)
            for other in vectors
        ]
        return max((k for k in range(256) if k != one), key=lambda k: angles[k])

    expected = np.mean([nearest(rows[:256], k) == nearest(noisy[:256], k) for k in range(256)])
    assert agreement.compute() == expected
    assert 0 < expected < 1


def test_neighbours_of_nothing_are_unknown():
    agreement = NeighbourAgreement()
    agreement.update(np.full((9, 2), np.nan, np.float32), np.zeros((9, 2), np.float32))
    assert math.isnan(agreement.compute())


@given(ROWS, CUT)
def test_channel_ranges_are_smallest_and_largest(rows, cut):
    values = rows[0].reshape(-1, 1, 3)
    whole, first, second = ChannelRanges(), ChannelRanges(), ChannelRanges()
    whole.update(values)
    first.update(values[:cut])
    second.update(values[cut:])
    first.merge(second)
    columns = [[v for v in column if math.isfinite(v)] for column in rows[0].T.tolist()]
    expected = [(min(c, default=math.inf), max(c, default=-math.inf)) for c in columns]
    assert list(whole.compute()) == expected
    assert first.compute() == whole.compute()
