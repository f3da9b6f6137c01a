"""Ranges chosen anew in memory: when that undoes a loss, and when it may not be tried."""

from dataclasses import replace

import numpy as np
import pytest
from benches import bench_of
from evidence import compared, passed_over, seen_labels
from models import float_dense, int8_dense
from reports import finding

from edgecheck.compare import calibration_ranges
from edgecheck.compare.trained_ranges import FakeQuantization, TrainedRange
from edgecheck.diagnosis.experiments import new_ranges
from edgecheck.diagnosis.experiments.bench import Impossible
from edgecheck.diagnosis.experiments.new_ranges import SAMPLES_SUSPECT, as_trained, recalibrate

RANDOM = np.random.default_rng(7)
WEIGHTS = RANDOM.normal(0, 1, (5, 8)).astype(np.float32)
BIAS = RANDOM.normal(0, 0.5, 5).astype(np.float32)
ROWS = RANDOM.uniform(-1, 1, (120, 8)).astype(np.float32)
FLOAT = float_dense(WEIGHTS, BIAS)
FOUND = [finding("calibration-unrepresentative", role="cause")]


@pytest.fixture(autouse=True)
def litert():
    pytest.importorskip("ai_edge_litert", reason="LiteRT runs the models here")


def int8(logits=(-0.5, 0.5), inputs=(-1.0, 1.0), bias=BIAS):
    return int8_dense(WEIGHTS, bias, inputs, logits)


def test_narrow_ranges_are_undone_against_the_reference(tmp_path):
    found = recalibrate(bench_of(tmp_path, int8(), ROWS, reference=FLOAT), FOUND, FOUND)
    assert found.effect == "restored"
    assert found.proof.samples == 80
    assert "by 40 other samples" in found.proof.action


def test_narrow_ranges_are_undone_against_the_twin(tmp_path):
    found = recalibrate(bench_of(tmp_path, int8(), ROWS), FOUND, FOUND)
    assert found.effect == "restored"


def test_a_fault_elsewhere_is_not_undone(tmp_path):
    # The first class wins because of its bias; that its scores are cut off only follows.
    wrong = BIAS + np.array([30, 0, 0, 0, 0], np.float32)
    bench = bench_of(tmp_path, int8((-8.0, 30.0), bias=wrong), ROWS, reference=FLOAT)
    assert recalibrate(bench, FOUND, FOUND).effect == "none"


def test_beside_a_fault_of_weights_the_twin_tells_that_ranges_are_one_too(tmp_path):
    other = float_dense(WEIGHTS[::-1].copy(), BIAS)
    found = recalibrate(bench_of(tmp_path, int8(), ROWS, reference=other), FOUND, FOUND)
    assert found.effect == "unclear"


def test_no_sample_is_both_chosen_by_and_measured_on(tmp_path):
    bench = bench_of(tmp_path, int8(), ROWS)
    fit, rest = bench.parts()
    assert set(fit.places).isdisjoint(rest.places)
    assert (len(fit), len(rest)) == (40, 80)
    assert max(np.diff(sorted((*fit.places, *rest.places)))) == 1


def test_large_datasets_are_looked_at_here_and_there(tmp_path):
    bench = bench_of(tmp_path, int8(), np.tile(ROWS, (10, 1)))
    fit, rest = bench.parts()
    assert (len(fit), len(rest), len(bench.some())) == (64, 128, 128)
    for part in (fit, rest, bench.some()):
        assert part.places[0] < 20
        assert part.places[-1] > 1150
        assert len(set(part.places)) == len(part.places)


def test_a_stream_stays_in_one_piece(tmp_path):
    bench = bench_of(tmp_path, int8(), np.tile(ROWS, (10, 1)), state="stream")
    fit, rest = bench.parts()
    assert list(fit.places) == list(range(64))
    assert list(rest.places) == list(range(64, 192))


def test_few_samples_prove_nothing(tmp_path):
    with pytest.raises(Impossible, match="too few"):
        recalibrate(bench_of(tmp_path, int8(), ROWS[:29]), FOUND, FOUND)


def test_ranges_that_fit_are_not_chosen_anew(tmp_path):
    fits = bench_of(tmp_path, int8((-6.0, 6.0)), ROWS)
    with pytest.raises(Impossible, match="already"):
        recalibrate(fits, FOUND, FOUND)


@pytest.mark.parametrize("rule", sorted(SAMPLES_SUSPECT))
def test_suspect_samples_choose_no_ranges(rule, tmp_path):
    bench = bench_of(tmp_path, int8(), ROWS)
    with pytest.raises(Impossible, match="prepared wrongly"):
        recalibrate(bench, FOUND, [*FOUND, finding(rule, role="cause")])
    warned = [*FOUND, finding(rule, "warning", role="cause")]
    assert recalibrate(bench, FOUND, warned).effect == "restored"


def with_labels(bench, reference_accuracy):
    labels = seen_labels(reference_accuracy=reference_accuracy, candidate_accuracy=0.3)
    seen = passed_over(compared(labels=labels))
    return replace(bench, evidence=replace(bench.evidence, comparison=seen))


def test_labels_may_clear_the_samples_or_condemn_them(tmp_path):
    bench = bench_of(tmp_path, int8(), ROWS)
    suspect = [*FOUND, finding("input-range-mismatch", role="cause")]
    assert recalibrate(with_labels(bench, 0.95), FOUND, suspect).effect == "restored"
    with pytest.raises(Impossible, match="labels are not met"):
        recalibrate(with_labels(bench, 0.25), FOUND, FOUND)


def test_samples_of_another_kind_choose_no_ranges(tmp_path):
    foreign = [*FOUND, finding("inputs-out-of-domain", role="cause")]
    with pytest.raises(Impossible, match="not what the model is for"):
        recalibrate(bench_of(tmp_path, int8(), ROWS), FOUND, foreign)


def test_a_float_file_has_no_ranges(tmp_path):
    with pytest.raises(Impossible, match="twin"):
        recalibrate(bench_of(tmp_path, FLOAT, ROWS), FOUND, FOUND)


def test_progress_is_told_in_every_pass(tmp_path):
    told = []
    bench = bench_of(tmp_path, int8(), ROWS, progress=lambda *both: told.append(both))
    recalibrate(bench, FOUND, FOUND)
    assert (40, 40) in told
    assert (80, 80) in told


def test_trained_ranges_are_stored(tmp_path):
    real = ROWS @ WEIGHTS.T + BIAS
    trained = (float(real.min()), float(real.max()))
    bench = bench_of(tmp_path, int8(), ROWS, reference=FLOAT)
    fake = FakeQuantization("qat.tflite", 1, (TrainedRange("output", trained, (-0.5, 0.5)),))
    bench = replace(bench, evidence=replace(bench.evidence, fake_quantization=fake))
    found = as_trained(bench, FOUND, FOUND)
    assert found.effect == "restored"
    assert found.proof.samples == 120


def test_without_trained_ranges_nothing_is_stored(tmp_path):
    with pytest.raises(Impossible, match="no trained range"):
        as_trained(bench_of(tmp_path, int8(), ROWS, reference=FLOAT), FOUND, FOUND)


def test_the_plainest_way_to_choose_comes_first():
    assert set(new_ranges._METHODS) <= set(calibration_ranges.METHODS)
    assert new_ranges._METHODS[0] == "min/max"
