"""Forensics on small chains in LiteRT, against plain arithmetic."""

from dataclasses import replace

import numpy as np
import pytest
from calibrated import LAYERS, activations, alike, calibrated_on, mixed, ranges
from models import float_dense
from nets import conv_net, scaled, tied, true_ranges
from walking import setup_of

from edgecheck.compare.forensics import Tally, forensics, tally_of
from edgecheck.compare.fossil import fossil_of
from edgecheck.compare.layers import walk
from edgecheck.compare.noise import draw
from edgecheck.tflite.dequantize.twin import twin_of
from edgecheck.tflite.reader import read_model

pytest.importorskip("ai_edge_litert", reason="LiteRT runs the models here")

ROWS = mixed()


def seen(folder, data, rows, **parts):
    path = folder / "model.tflite"
    path.write_bytes(data)
    setup, data = setup_of(path, rows, **parts)
    twin = twin_of(data, setup.candidate.model)
    tally = tally_of(setup, twin, data)
    if tally is None:
        return None
    walk(setup, twin, None, lambda *_: None, tally.watch)
    return forensics(setup, twin, tally)


def fossil(data):
    return fossil_of(data, twin_of(data, read_model(data)))


def alone(row):
    """Outward ends of one row, by the formula."""
    return np.array([(-low, high) for low, high in ranges(row[None])]).ravel()


def test_the_sample_of_the_calibration_is_named(tmp_path):
    data = calibrated_on(ROWS[41:42])
    found = seen(tmp_path, data, ROWS)
    assert found.suspect.sample == "s41"
    assert found.suspect.difference < 0.005
    stored = fossil(data)
    scores = sorted(stored.differences(alone(row)).max() for row in ROWS)
    assert found.suspect.difference == pytest.approx(scores[0], abs=1e-4)
    assert found.suspect.next_difference == pytest.approx(scores[1], rel=1e-3)
    assert found.own_largest > 5 * found.suspect.next_difference
    assert (found.tensors, found.compared, found.samples) == (LAYERS + 1, 2 * LAYERS, 120)
    assert found.crowd.typicality.nearest == 1.0


def test_a_sample_that_occurs_twice_is_its_own_equal(tmp_path):
    rows = np.concatenate([ROWS, ROWS[41:42]])
    found = seen(tmp_path, calibrated_on(ROWS[41:42]), rows)
    assert found.suspect.sample == "s41"
    assert found.suspect.next_difference > 0.05


def test_noise_gives_the_ranges_of_noise(tmp_path):
    noise = np.random.default_rng(2).uniform(-1, 1, (400, ROWS.shape[1]))
    rows = alike()
    found = seen(tmp_path, calibrated_on(noise.astype(np.float32)), rows)
    best = min(found.noises, key=lambda tried: tried.difference)
    assert best.kind == "uniform"
    assert best.difference < 2 * best.between
    assert found.own_difference > 5 * best.difference
    assert (best.low, best.high) == pytest.approx((-1, 1), abs=0.02)


def test_samples_in_other_units_explain_the_ranges_of_their_calibration(tmp_path):
    rows = ROWS / np.abs(ROWS).max()
    found = seen(tmp_path, calibrated_on(50 * rows), rows)
    assert found.own_difference > 0.4
    assert found.rescaled_difference < 0.01


def test_normal_noise_is_told_from_uniform(tmp_path):
    noise = np.random.default_rng(2).normal(0, 1, (400, ROWS.shape[1])).astype(np.float32)
    found = seen(tmp_path, calibrated_on(noise), 3 * alike())
    best = min(found.noises, key=lambda tried: tried.difference)
    assert best.kind == "normal"
    assert best.difference < 2 * best.between


def test_the_ranges_of_all_samples_are_those_of_the_file_and_no_noise_is_drawn(tmp_path):
    found = seen(tmp_path, calibrated_on(ROWS), ROWS)
    assert found.own_largest < 0.005
    assert found.noises == ()
    assert found.crowd.beyond == 0.0
    assert found.crowd.typicality.nearest < 0.01


def test_a_few_samples_leave_most_others_beyond(tmp_path):
    for count, low, high in ((1, 0.25, 0.75), (3, 0.1, 0.45), (40, 0.0, 0.06)):
        beyond = []
        for start in (0, 40, 80):
            data = calibrated_on(ROWS[start : start + count])
            rest = np.delete(ROWS, range(start, start + count), axis=0)
            beyond.append(seen(tmp_path, data, rest).crowd.beyond)
        assert low <= np.mean(beyond) <= high, count


def test_quieter_inputs_than_any_sample_are_of_another_kind(tmp_path):
    """Of n samples none stays within: 1 / (n + 1) for each of the two ends of the input."""
    quiet = calibrated_on(ROWS[:40] / 100)
    assert seen(tmp_path, quiet, ROWS).crowd.inputs_reach == pytest.approx(2 / (len(ROWS) + 1))
    for start in (0, 40, 80):
        rest = np.delete(ROWS, start, axis=0)
        of_one = seen(tmp_path, calibrated_on(ROWS[start : start + 1]), rest)
        assert of_one.crowd.inputs_reach > 0.01


@pytest.mark.parametrize("dtype", ["int8", "int16"])
def test_tensors_of_one_range_count_once_and_int16_ranges_are_symmetric(tmp_path, dtype):
    net = conv_net(3, dtype)
    rows = np.random.default_rng(1).uniform(-1, 1, (30, 8, 8, 2)).astype(np.float32)
    data = net.as_codes(tied(true_ranges(net, rows)), dtype)
    found = seen(tmp_path, data, rows)
    assert found.tensors == 5  # of nine activations
    assert found.own_largest < 0.03
    wide = net.as_codes(tied(scaled(true_ranges(net, rows), 2)), dtype)
    assert seen(tmp_path, wide, rows).own_largest == pytest.approx(0.5, abs=0.05)


def test_samples_that_depend_on_each_other_or_have_no_range_are_left_alone(tmp_path):
    assert seen(tmp_path, float_dense(np.eye(20), np.zeros(20)), ROWS) is None
    assert seen(tmp_path, calibrated_on(ROWS), ROWS[:0]) is None


def test_many_samples_are_tallied_in_pages_as_at_once_and_only_some_are_kept():
    stored = fossil(calibrated_on(ROWS[:5]))
    rows = mixed(1000)
    ends = np.array([alone(row) for row in rows])
    ids = tuple(f"s{index}" for index in range(len(rows)))
    once, paged = Tally(stored), Tally(stored)
    once.add(ids, ends)
    for start in range(0, 1000, 7):
        paged.add(ids[start : start + 7], ends[start : start + 7])
    assert once.result(()) == paged.result(())
    crowd = once.result(()).crowd
    assert crowd.samples == 256
    varies = (ends > stored.ends + stored.widths / 255).mean()
    assert crowd.beyond == pytest.approx(varies, abs=0.06)


def test_values_that_are_not_finite_name_nobody():
    stored = fossil(calibrated_on(ROWS))
    tally = Tally(stored)
    bad = np.full((3, len(stored.ends)), np.nan)
    bad[1] = np.inf
    tally.add(("a", "b", "c"), bad)
    found = tally.result(())
    assert (found.suspect.sample, found.crowd) == ("", None)


def test_noise_fills_its_range_and_is_the_same_every_time():
    for kind in ("uniform", "normal"):
        values = draw(kind, (-2.0, 6.0), (64, 500), np.random.default_rng(0))
        again = draw(kind, (-2.0, 6.0), (64, 500), np.random.default_rng(0))
        assert np.array_equal(values, again)
        assert (values.min(), values.max()) == pytest.approx((-2, 6), abs=1.2)
        assert values.mean() == pytest.approx(2, abs=0.1)
    assert values.dtype == np.float32


def test_ends_point_outward_and_hold_zero():
    stored = fossil(calibrated_on(ROWS))
    values = activations(ROWS[:6])
    outputs = {place: values[index] for index, place in enumerate(stored.tensors)}
    expected = np.array([alone(row) for row in ROWS[:6]])
    assert stored.ends_of(outputs) == pytest.approx(expected, rel=1e-4, abs=1e-5)
    both = replace(stored, symmetric=np.ones(LAYERS + 1, bool)).ends_of(outputs)
    assert both[:, 0::2] == pytest.approx(both[:, 1::2])
    assert both.max(axis=1) == pytest.approx(expected.max(axis=1), rel=1e-4)
