"""The field report "completely wrong predictions on own wav files", rebuilt and named."""

import json

import pytest
from command_line import edgecheck
from keywords import STEPS, write_task

pytest.importorskip("ai_edge_litert", reason="the models are run in litert")


def report_of(spec):
    run = edgecheck(
        "validate", spec, spec.parent / "model.tflite", "--output", "json", cwd=spec.parent
    )
    report = json.loads(run.stdout)
    assert not [check for check in report["checks"] if check["status"] == "crashed"]
    assert report["exit_code"] == run.returncode
    return report


def named(report):
    """Parameter -> finding."""
    found = [one for one in report["findings"] if one["rule"] == "audio-feature-mismatch"]
    return {one["evidence"]["parameter"]: one for one in found}


def test_the_right_spec_passes(tmp_path):
    report = report_of(write_task(tmp_path))
    assert report["exit_code"] == 0, report["summary"]
    assert not named(report)
    assert report["metrics"]["accuracy"]["candidate"] > 0.9


@pytest.mark.parametrize("rate", [8000, 22_050, 44_100])
def test_recordings_of_another_rate_are_named(tmp_path, rate):
    report = report_of(write_task(tmp_path, stored_rate=rate))
    one = named(report)["sample-rate"]
    assert report["exit_code"] == 1
    assert one["severity"] == "error"
    assert f"stored at {rate} Hz, but the steps assume 16000 Hz" in one["message"]
    assert report["metrics"]["accuracy"]["candidate"] < 0.8


@pytest.mark.parametrize("rate", [22_050, 44_100])
def test_resampling_as_proposed_repairs_it(tmp_path, rate):
    pytest.importorskip("soxr", reason="resampling is an extra")
    steps = [{"resample": {"rate": 16_000}}, *STEPS]
    report = report_of(write_task(tmp_path, stored_rate=rate, steps=steps))
    assert report["exit_code"] == 0, report["summary"]
    assert not named(report)
    assert report["metrics"]["accuracy"]["candidate"] > 0.9


@pytest.mark.parametrize(("window", "step"), [(400, 160), (640, 640)])
def test_a_window_that_changes_the_frames_is_named(tmp_path, window, step):
    steps = [STEPS[0], {"stft": {"window": window, "step": step}}, *STEPS[2:4]]
    shape = [1 + (16_000 - window) // step, 10]
    report = report_of(write_task(tmp_path, steps=steps, shape=shape))
    one = named(report)["shape"]
    right = {400: "`window: 400, step: 320` (25 ms", 640: "`window: 640, step: 320` (40 ms"}
    assert report["exit_code"] == 1
    assert one["severity"] == "error"
    assert right[window] in one["fix"]
    assert "every 20 ms" in one["fix"]


def test_decibels_for_natural_logarithms_are_named(tmp_path):
    mel = {"log-mel": {**STEPS[2]["log-mel"], "log": "db"}}
    report = report_of(write_task(tmp_path, steps=[*STEPS[:2], mel, *STEPS[3:]]))
    one = named(report)["scale"]
    assert "`log: natural`" in one["message"]


@pytest.mark.parametrize(
    ("stft", "scale", "right"),
    [
        ({"window_fn": "none"}, [], "`stft: {window_fn: hann}`"),
        ({}, [{"rescale": {"scale": 32768}}], "sound in [-1, 1)"),
    ],
)
def test_a_front_end_of_the_right_shape_is_found_by_trying(tmp_path, stft, scale, right):
    steps = [STEPS[0], *scale, {"stft": {**STEPS[1]["stft"], **stft}}, *STEPS[2:]]
    report = report_of(write_task(tmp_path, count=16, steps=steps))
    one = named(report)["front-end"]
    assert report["exit_code"] == 1
    assert one["severity"] == "error"
    assert right in one["message"]
    assert one["evidence"]["expected"] == [64.0] > one["evidence"]["found"]
