import gc
import math
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgecheck.compare.inputs import InputTracker
from edgecheck.compare.outputs import ClassRule
from edgecheck.compare.statistics import Measure
from edgecheck.compare.tracker import Tracker
from edgecheck.compare.watching import WatchedOutput
from edgecheck.runtime.session import Results
from edgecheck.samples.chunk import Chunk

PRIMARY = WatchedOutput("y", "r", 1 / 256, ClassRule(0.5), is_primary=True)
ALONE = WatchedOutput("y", None, 1 / 256, ClassRule(0.5), is_primary=True)
REGRESSION = WatchedOutput("y", "r", None, None, is_primary=True)


def result(name, rows, latency=0.002):
    return Results({name: rows}, np.full(len(rows), latency))


def run(outputs, reference, candidate, sizes, labels=None, ids=None):
    """Feed rows to a tracker in chunks of the given sizes, cycled; pages are overwritten after."""
    tracker = Tracker({"x": InputTracker("x", None, is_whole=False)}, outputs, seed=0)
    ids = ids or [f"s{index:04}" for index in range(len(candidate))]
    start = turn = 0
    while start < len(candidate):
        part = slice(start, start + sizes[turn % len(sizes)])
        chunk = Chunk(tuple(ids[part]), {}, None if labels is None else labels[part])
        pages = [side[part].copy() for side in (reference, candidate)]
        tracker.add_input("x", pages[1], chunk.ids)
        results = {"reference": result("r", pages[0]), "candidate": result("y", pages[1])}
        tracker.add_outputs(chunk, results)
        for page in pages:
            page[:] = np.nan
        start, turn = part.stop, turn + 1
    return tracker.comparison()


def scored(rows, seed=0, classes=4, noise=0.5):
    random = np.random.default_rng(seed)
    reference = random.normal(0, 1, (rows, 1, classes)).astype(np.float32)
    candidate = reference + random.normal(0, noise, reference.shape).astype(np.float32)
    return reference, candidate


def row_sqnr(reference, candidate):
    r, c = reference.ravel().astype(np.float64), candidate.ravel().astype(np.float64)
    noise = ((r - c) ** 2).sum()
    return 10 * math.log10((r**2).sum() / noise) if noise else math.inf


@settings(deadline=None)
@given(st.integers(1, 40), st.lists(st.integers(1, 9), min_size=1, max_size=4), st.integers(0, 99))
def test_worst_samples_are_those_of_lowest_sqnr(rows, sizes, seed):
    reference, candidate = scored(rows, seed)
    candidate[::4] = reference[::4]  # without error: never among the worst
    worst = run([PRIMARY], reference, candidate, sizes).worst
    levels = [
        (row_sqnr(r, c), f"s{i:04}")
        for i, (r, c) in enumerate(zip(reference, candidate, strict=True))
    ]
    expected = sorted(entry for entry in levels if entry[0] < math.inf)[:5]
    assert [entry.id for entry in worst] == [name for _, name in expected]
    assert [entry.sqnr_db for entry in worst] == pytest.approx([level for level, _ in expected])


@pytest.mark.parametrize("sizes", [[1], [3], [50]])
def test_of_equally_bad_samples_the_first_are_kept_whatever_their_names(sizes):
    reference = np.ones((20, 1, 2), np.float32)
    ids = [f"s{(index * 7) % 20:02}" for index in range(20)]
    worst = run([PRIMARY], reference, -reference, sizes, ids=ids).worst
    assert {entry.id for entry in worst} == set(ids[:5])
    same = run([PRIMARY], reference, -reference, sizes, ids=["same"] * 20).worst
    assert [entry.id for entry in same] == ["same"] * 5


@settings(deadline=None, max_examples=30)
@given(st.integers(1, 40), st.lists(st.integers(1, 9), min_size=1, max_size=4), st.integers(0, 99))
def test_chunks_change_nothing(rows, sizes, seed):
    sides = scored(rows, seed)
    labels = np.random.default_rng(seed).integers(-1, 4, (rows, 2))
    whole = run([PRIMARY], *sides, [rows], labels)
    parts = run([PRIMARY], *sides, sizes, labels)
    assert parts.inputs == whole.inputs
    assert parts.outputs[0].labels == whole.outputs[0].labels
    assert [entry.id for entry in parts.worst] == [entry.id for entry in whole.worst]
    for name, value in vars(whole.outputs[0].pair).items():
        found = getattr(parts.outputs[0].pair, name)
        if isinstance(value, Measure):
            assert found.value == pytest.approx(value.value, rel=1e-9, abs=1e-15), name
            assert found.interval == pytest.approx(value.interval, rel=1e-9, abs=1e-15), name
        else:
            assert found == pytest.approx(value, rel=1e-9), name


LABELS = np.array([[0, -1], [1, 2], [2, -1], [-1, -1], [3, 3]])


def one_hot(classes):
    return np.eye(4, dtype=np.float32)[np.array(classes)][:, None]


def test_labels_may_be_several_or_missing():
    found = run([PRIMARY], one_hot([0, 1, 1, 0, 3]), one_hot([0, 2, 2, 0, 0]), [2], LABELS)
    labels = found.outputs[0].labels
    assert labels.labelled == 4
    assert labels.class_counts == {0: 1, 1: 1, 2: 2, 3: 1}
    assert labels.highest == 3
    assert labels.candidate_accuracy == 3 / 4
    assert labels.reference_accuracy == 3 / 4
    assert labels.mcnemar_p == 1


def test_without_reference_labels_judge_the_candidate_alone():
    found = run([ALONE], one_hot([0] * 5), one_hot([0, 2, 0, 0, 0]), [3], LABELS)
    labels = found.outputs[0].labels
    assert labels.candidate_accuracy == 2 / 4
    assert (labels.reference_accuracy, labels.mcnemar_p) == (None, None)
    assert found.outputs[0].pair is None
    assert found.worst == ()


def test_nan_rows_are_never_right():
    rows = np.full((5, 1, 4), np.nan, np.float32)
    found = run([PRIMARY], one_hot([0, 1, 2, 3, 3]), rows, [2], LABELS)
    assert found.outputs[0].labels.candidate_accuracy == 0
    assert found.outputs[0].labels.reference_accuracy == 1


@pytest.mark.parametrize("labels", [None, np.full((5, 1), -1)])
def test_unlabelled_data_have_no_label_statistics(labels):
    found = run([PRIMARY], one_hot([0] * 5), one_hot([1] * 5), [2], labels)
    assert found.outputs[0].labels is None


def test_a_worst_sample_names_classes_and_labels():
    found = run([PRIMARY], one_hot([0, 1]), one_hot([0, 3]), [2], np.array([[0, -1], [1, 2]]))
    entry = found.worst[0]
    assert (entry.id, entry.reference_class, entry.candidate_class) == ("s0001", 1, 3)
    assert entry.label == "1 or 2"


def test_regression_has_no_classes():
    found = run([REGRESSION], *scored(5), [4], LABELS)
    output = found.outputs[0]
    assert (output.labels, output.pair.agreement, output.candidate.class_counts) == (
        None,
        None,
        None,
    )
    assert found.worst[0].candidate_class is None


def test_latency_is_that_of_the_candidate_in_milliseconds():
    assert run([ALONE], *scored(30), [7]).latency_ms == pytest.approx((2, 2, 2), rel=0.01)


def test_the_slower_of_the_two_is_known():
    rows, _ = scored(3)
    chunk = Chunk(("a", "b", "c"), {}, None)
    slow, brisk = result("r", rows, 0.007), result("y", rows)
    tracker = Tracker({}, [PRIMARY], seed=0)
    tracker.add_outputs(chunk, {"reference": slow, "candidate": brisk})
    assert tracker.comparison().reference_ms == pytest.approx(7, rel=0.01)
    assert tracker.comparison().slower_ms == tracker.comparison().reference_ms
    tracker = Tracker({}, [ALONE], seed=0)
    tracker.add_outputs(chunk, {"candidate": brisk})
    assert tracker.comparison().reference_ms is None
    assert tracker.comparison().slower_ms == tracker.comparison().latency_ms[0]


def test_scalar_outputs_have_one_element():
    rows = np.arange(6, dtype=np.float32)
    found = run([REGRESSION], rows, rows + 1, [4])
    assert found.outputs[0].candidate.values == 6
    assert found.outputs[0].pair.max_abs_error == 1


def peak_bytes(rows):
    reference, candidate = scored(100)
    gc.collect()
    tracker = Tracker({"x": InputTracker("x", None, is_whole=False)}, [PRIMARY], seed=0)
    tracemalloc.start()
    for number in range(rows // 100):
        ids = tuple(f"{number}-{index}" for index in range(100))
        shifted = candidate + np.float32(number * 1e-3)
        tracker.add_input("x", shifted, ids)
        results = {"reference": result("r", reference), "candidate": result("y", shifted)}
        tracker.add_outputs(Chunk(ids, {}, None), results)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


def test_memory_does_not_grow_with_the_samples():
    peak_bytes(100)
    # What is remembered by count (4,096 rows) is full after 5,000 samples.
    assert peak_bytes(20_000) <= peak_bytes(5_000) * 1.05


@pytest.mark.parametrize("sizes", [[1], [4], [50]])
def test_a_worse_sample_drives_out_the_last_of_equals(sizes):
    reference = np.ones((9, 1, 2), np.float32)
    candidate = -reference
    candidate[7] *= 5
    worst = run([PRIMARY], reference, candidate, sizes).worst
    assert [entry.id for entry in worst] == ["s0007", "s0000", "s0001", "s0002", "s0003"]
