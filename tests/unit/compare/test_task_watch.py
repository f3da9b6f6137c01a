"""What single tasks follow, through the tracker as the pass uses it."""

import numpy as np
import pytest

from edgecheck.compare.element_watch import MAX_ELEMENTS
from edgecheck.compare.inputs import InputTracker
from edgecheck.compare.outputs import ClassRule
from edgecheck.compare.statistics import TaskStatistics
from edgecheck.compare.tracker import Tracker
from edgecheck.compare.watching import WatchedOutput
from edgecheck.runtime.session import Results
from edgecheck.samples.chunk import Chunk

RANDOM = np.random.default_rng(3)
TRUE = RANDOM.normal(5, 1, (30, 2)).astype(np.float32)
REFERENCE = TRUE + RANDOM.normal(0, 0.1, TRUE.shape).astype(np.float32)
CANDIDATE = TRUE + RANDOM.normal(0, 0.3, TRUE.shape).astype(np.float32)


def followed(kind, sides, size, *, targets=None, fed=None, **plan):
    """The task statistics of a pass in chunks of `size`, inputs one chunk ahead of outputs."""
    name = None if sides[0] is None else "r"
    output = WatchedOutput(
        "y", name, None, plan.pop("rule", None), is_primary=True, kind=kind, **plan
    )
    tracker = Tracker({"x": InputTracker("x", None, is_whole=False)}, [output], seed=0)
    rows = sides[1] if fed is None else fed
    starts = range(0, len(rows), size)
    ids = [tuple(f"s{i}" for i in range(start, min(start + size, len(rows)))) for start in starts]
    for turn, start in enumerate([*starts, None]):
        if start is not None:
            tracker.add_input("x", rows[start : start + size].copy(), ids[turn])
        if turn:
            part = slice(starts[turn - 1], starts[turn - 1] + size)
            chunk = Chunk(ids[turn - 1], {}, None, None if targets is None else targets[part])
            latencies = np.ones(len(chunk.ids))
            results = {"candidate": Results({"y": sides[1][part]}, latencies)}
            if sides[0] is not None:
                results["reference"] = Results({"r": sides[0][part]}, latencies)
            tracker.add_outputs(chunk, results)
    return tracker.comparison().outputs[0].task


def r2(found):
    true = TRUE.astype(np.float64)
    return 1 - ((found - true) ** 2).sum() / ((true - true.mean(0)) ** 2).sum()


@pytest.mark.parametrize("size", [1, 7, 30])
def test_a_regression_is_held_against_targets(size):
    task = followed("values", (REFERENCE, CANDIDATE), size, targets=TRUE)
    assert task.errors.samples == 30
    assert task.errors.reference.r2 == pytest.approx(r2(REFERENCE))
    assert task.errors.candidate.r2 == pytest.approx(r2(CANDIDATE))
    assert task.errors.candidate.mae == pytest.approx(np.abs(CANDIDATE - TRUE).mean())
    assert task.errors.r2_loss.value == pytest.approx(r2(REFERENCE) - r2(CANDIDATE))
    low, high = task.errors.r2_loss.interval
    assert low < task.errors.r2_loss.value < high
    assert task.mean_abs_error == pytest.approx(np.abs(CANDIDATE - REFERENCE).mean())


@pytest.mark.parametrize("size", [1, 7, 30])
def test_a_reconstruction_is_held_against_the_input_of_its_own_chunk(size):
    task = followed("reconstruction", (REFERENCE, CANDIDATE), size, fed=TRUE, source="x")
    squared = [((side.astype(np.float64) - TRUE) ** 2).mean() for side in (REFERENCE, CANDIDATE)]
    assert task.errors.reference.rmse**2 == pytest.approx(squared[0])
    assert task.errors.ratio.value == pytest.approx(squared[1] / squared[0])


@pytest.mark.parametrize("size", [1, 7, 30])
@pytest.mark.parametrize("shape", [(2,), (1, 2), (1, 1, 2)])
def test_each_target_of_a_regression_is_followed_alone(size, shape):
    units = np.array([1000, 1], np.float32)
    sides = [(side * units).reshape(30, *shape) for side in (REFERENCE, CANDIDATE)]
    task = followed("values", sides, size, targets=(TRUE * units).reshape(30, *shape))
    assert [entry.index for entry in task.elements] == [0, 1]
    for index, entry in enumerate(task.elements):
        reference, candidate, true = (
            side[:, index].astype(np.float64) for side in (REFERENCE, CANDIDATE, TRUE)
        )
        squared = [((side - true) ** 2).sum() for side in (reference, candidate)]
        noise = ((reference - candidate) ** 2).sum()
        moved = ((reference - reference.mean()) ** 2).sum()
        spread = ((true - true.mean()) ** 2).sum()
        assert entry.variation_sqnr_db.value == pytest.approx(
            10 * np.log10(moved / noise), rel=1e-3
        )
        assert entry.r2_loss.value == pytest.approx((squared[1] - squared[0]) / spread, rel=1e-3)
        assert entry.ratio.value == pytest.approx(squared[1] / squared[0], rel=1e-3)
    low, high = (REFERENCE * units).min(0), (REFERENCE * units).max(0)
    assert task.ranges == tuple(zip(low.tolist(), high.tolist(), strict=True))


def test_an_element_that_never_moves_is_not_followed():
    still = np.stack([REFERENCE[:, 0], np.full(30, 7, np.float32)], axis=1)
    task = followed("values", (still, still + 1), 7)
    assert [(entry.index, entry.r2_loss) for entry in task.elements] == [(0, None)]


@pytest.mark.parametrize("count", [1, MAX_ELEMENTS + 1])
def test_one_element_and_very_many_are_only_pooled(count):
    rows = RANDOM.normal(0, 1, (30, count)).astype(np.float32)
    task = followed("values", (rows, rows), 7)
    assert (task.elements, task.ranges) == ((), ())


def test_answers_within_a_step_of_the_truth_are_counted_as_right():
    true = np.zeros((10, 1), np.float32)
    reference, candidate = true.copy(), true.copy()
    reference[:2], candidate[:1] = 0.4, 0.6
    errors = followed("values", (reference, candidate), 3, targets=true, step=0.5).errors
    assert (errors.reference_right, errors.candidate_right) == (1, 0.9)
    errors = followed("values", (reference, candidate), 3, targets=true).errors
    assert (errors.reference_right, errors.candidate_right) == (0.8, 0.9)


def test_without_reference_only_the_candidate_has_errors():
    task = followed("values", (None, CANDIDATE), 8, targets=TRUE)
    assert task.errors.candidate.r2 == pytest.approx(r2(CANDIDATE))
    assert (task.errors.reference, task.errors.r2_loss, task.variation_sqnr_db) == (None,) * 3


def test_unknown_targets_are_left_out():
    targets = TRUE.copy()
    targets[5:] = np.nan
    task = followed("values", (REFERENCE, CANDIDATE), 7, targets=targets)
    assert task.errors.samples == 5
    assert task.errors.candidate.mae == pytest.approx(np.abs(CANDIDATE - TRUE)[:5].mean())
    nothing = followed("values", (REFERENCE, CANDIDATE), 7, targets=targets * np.nan)
    assert nothing.errors is None


def test_targets_of_another_size_are_reported_and_not_compared():
    task = followed("values", (REFERENCE, CANDIDATE), 7, targets=TRUE[:, :1])
    assert (task.errors, task.misfit) == (None, (1, 2))


@pytest.mark.parametrize("size", [1, 30])
def test_a_segmentation_is_held_against_reference_and_true_maps(size):
    scores = RANDOM.normal(0, 1, (30, 1, 3, 4, 4)).astype(np.float32)  # classes on axis 1
    other = scores + RANDOM.normal(0, 0.5, scores.shape).astype(np.float32)
    true = scores.argmax(2)[:, 0].astype(np.float32)
    plan = {"rule": ClassRule(0.5), "axis": 1}
    task = followed("pixels", (scores, other), size, targets=true, **plan)
    expected, found = scores.argmax(2), other.argmax(2)
    assert task.pixel_agreement.value == pytest.approx((expected == found).mean())
    ious = [
        ((expected == k) & (found == k)).sum() / ((expected == k) | (found == k)).sum()
        for k in range(3)
    ]
    assert task.mean_iou.value == pytest.approx(np.mean(ious))
    assert task.maps.reference_iou == 1
    assert task.maps.candidate_iou == pytest.approx(np.mean(ious))
    low, high = task.maps.iou_loss.interval
    assert low < 1 - np.mean(ious) < high


def test_channels_run_along_their_axis():
    values = RANDOM.normal(0, 1, (30, 1, 3, 5)).astype(np.float32)
    task = followed("raw", (values, values), 7, has_channels=True, axis=1)
    low, high = values.min((0, 1, 3)), values.max((0, 1, 3))
    assert task.ranges == tuple(zip(low.tolist(), high.tolist(), strict=True))


def test_other_outputs_have_nothing_of_their_own():
    assert followed("raw", (REFERENCE, CANDIDATE), 9, targets=TRUE) == TaskStatistics()


HEAD = RANDOM.uniform(0.2, 0.8, (30, 3, 2)).astype(np.float32)
NOISY = HEAD + RANDOM.normal(0, 0.1, HEAD.shape).astype(np.float32)


@pytest.mark.parametrize("size", [7, 30])
def test_a_few_values_of_a_head_are_followed_by_their_movement(size):
    seen = followed("raw", (HEAD, NOISY), size, has_channels=True)
    moved = HEAD.astype(np.float64) - HEAD.mean(axis=0, dtype=np.float64)
    error = NOISY.astype(np.float64) - HEAD
    expected = 10 * np.log10((moved**2).sum() / (error**2).sum())
    assert seen.variation_sqnr_db.value == pytest.approx(expected, rel=1e-6)


def test_a_head_of_many_places_is_not_followed_by_its_movement():
    places = -(-(MAX_ELEMENTS + 1) // 2)
    rows = RANDOM.normal(0, 1, (30, places, 2)).astype(np.float32)
    seen = followed("raw", (rows, rows), 10, has_channels=True)
    assert seen.variation_sqnr_db is None
    assert len(seen.ranges) == 2


@pytest.mark.parametrize(
    ("low", "high", "is_followed"),
    [
        (1.0, 1.0, False),
        (0.95, 1.0, False),  # sure of every sample
        (0.0, 0.05, False),  # finds nothing in any: a probability may still become 1
        (0.0, 1.0, True),
        (99.0, 101.0, False),
        (-100.0, 50.0, True),
    ],
)
def test_only_a_head_that_moves_further_than_noise_is_followed(low, high, is_followed):
    rows = RANDOM.uniform(low, high, (30, 3, 2)).astype(np.float32)
    seen = followed("raw", (rows, rows), 10, has_channels=True)
    assert (seen.variation_sqnr_db is not None) == is_followed
