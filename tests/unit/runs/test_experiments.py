"""When experiments are made, and what they leave in the findings and causes of a report."""

import numpy as np
import pytest
import yaml
from joined_head import ROWS as HEAD_ROWS
from joined_head import head
from models import float_dense, int8_dense
from two_layers import BIASES, FIRST, SECOND, int8_net
from two_layers import ROWS as TWO_ROWS

from edgecheck.compare import budget
from edgecheck.compare.stream import SideFault
from edgecheck.diagnosis.experiments.bench import Impossible
from edgecheck.diagnosis.experiments.table import EXPERIMENTS
from edgecheck.diagnosis.places import PLACES
from edgecheck.errors import CrashFault
from edgecheck.rules.catalogue import RULES
from edgecheck.runs import experiments
from edgecheck.validation import Options, validate

RANDOM = np.random.default_rng(12)
WEIGHTS = RANDOM.normal(0, 1, (5, 8)).astype(np.float32)
BIAS = RANDOM.normal(0, 0.5, 5).astype(np.float32)
ROWS = RANDOM.uniform(-1, 1, (160, 8)).astype(np.float32)
REAL = ROWS @ WEIGHTS.T + BIAS
FITTING = (float(REAL.min()), float(REAL.max()))
NARROW = (-0.5, 0.5)


@pytest.fixture
def run(tmp_path):
    """The report on a file with given ranges of its logits."""
    pytest.importorskip("ai_edge_litert", reason="LiteRT runs the models here")

    def run(logits, *, bias=BIAS, progress=lambda *_: None, reference=False, **sections):
        (tmp_path / "model.tflite").write_bytes(int8_dense(WEIGHTS, bias, (-1, 1), logits))
        (tmp_path / "float.tflite").write_bytes(float_dense(WEIGHTS, BIAS))
        np.savez(tmp_path / "rows.npz", x=ROWS, y=REAL.argmax(axis=1))
        named = {"reference": "float.tflite"} if reference else {}
        spec = {
            "version": 1,
            "model": {"task": "classification", **named},
            "inputs": {"x": {"kind": "array", "shape": [8]}},
            "dataset": {"path": "rows.npz", "arrays": {"x": "x"}, "labels": "y"},
            **sections,
        }
        (tmp_path / "spec.yaml").write_text(yaml.safe_dump(spec))
        options = Options(runtime="litert")
        return validate(tmp_path / "spec.yaml", tmp_path / "model.tflite", options, progress)

    return run


def made(report):
    """(status, reason) of the experiments; None where there were none."""
    found = [check for check in report.checks if check.name == "experiments"]
    return (found[0].status, found[0].reason) if found else None


def test_every_experiment_is_for_a_rule_that_may_be_a_cause():
    known = {rule.name: rule for rule in RULES}
    assert {known[name].role for name in EXPERIMENTS} == {"cause", "note"}
    assert EXPERIMENTS.keys() <= PLACES.keys()


@pytest.mark.parametrize("reference", [False, True])
def test_a_cause_that_is_undone_is_proven(run, reference):
    report = run(NARROW, reference=reference)
    cause = report.root_cause
    assert (cause.rule, cause.confidence) == ("calibration-unrepresentative", "proven")
    assert made(report) == ("passed", "")
    assert (cause.proof.metric, cause.proof.samples) == ("agreement", 107)
    assert cause.proof.before < 0.75
    assert cause.proof.after > 0.95
    assert cause.proof.accuracy_after - cause.proof.accuracy_before > 0.2


def test_a_cause_that_is_undone_in_vain_is_suspected_at_most(run):
    wrong = BIAS + np.array([9, 0, 0, 0, 0], np.float32)
    report = run((-6.0, 8.5), bias=wrong, reference=True)
    (found,) = [f for f in report.findings if f.rule == "calibration-unrepresentative"]
    assert found.proof is None
    assert found.refuted.after < 0.6
    named = {cause.rule: cause.confidence for cause in report.causes}
    assert named.get("calibration-unrepresentative", "suspected") == "suspected", named


def test_a_head_behind_one_scale_is_proven_and_ranges_are_not_to_blame(tmp_path):
    pytest.importorskip("ai_edge_litert", reason="LiteRT runs the models here")
    wide = np.sign(HEAD_ROWS) * np.abs(HEAD_ROWS) ** 0.2
    np.savez(tmp_path / "rows.npz", x=wide)
    (tmp_path / "model.tflite").write_bytes(head(own=True, low=-300.0))
    spec = {
        "version": 1,
        "model": {"task": "detection"},
        "inputs": {"x": {"kind": "array", "shape": [6]}},
        "dataset": {"path": "rows.npz"},
        "outputs": {"joined": {"groups": {"boxes": [0, 4], "scores": [4, 6]}}},
    }
    (tmp_path / "spec.yaml").write_text(yaml.safe_dump(spec))
    report = validate(tmp_path / "spec.yaml", tmp_path / "model.tflite", Options(runtime="litert"))
    assert (report.root_cause.rule, report.root_cause.confidence) == ("head-shared-scale", "proven")
    blamed = {cause.rule: cause for cause in report.causes}
    assert blamed["quant-range-outlier"].refuted is not None


def test_channels_that_share_the_scale_of_a_large_one_are_proven_and_no_range_is_tried(tmp_path):
    """Its products are as before: the float model is the same."""
    pytest.importorskip("ai_edge_litert", reason="LiteRT runs the models here")
    times = np.where(np.arange(10) == 3, 100, 1).astype(np.float32)
    biases = BIASES[0] * times, BIASES[1]
    data = int8_net(FIRST * times[:, None], SECOND / times, biases, own=True)
    (tmp_path / "model.tflite").write_bytes(data)
    np.savez(tmp_path / "rows.npz", x=TWO_ROWS)
    spec = {
        "version": 1,
        "model": {"task": "classification"},
        "inputs": {"x": {"kind": "array", "shape": [12]}},
        "dataset": {"path": "rows.npz"},
    }
    (tmp_path / "spec.yaml").write_text(yaml.safe_dump(spec))
    report = validate(tmp_path / "spec.yaml", tmp_path / "model.tflite", Options(runtime="litert"))
    cause = report.root_cause
    assert (cause.rule, cause.confidence) == ("quant-range-outlier", "proven")
    assert "channel 3 needs them all" in cause.summary
    assert cause.proof.action == "output of FULLY_CONNECTED (operator 1) taken from the float twin"


def test_a_healthy_run_pays_nothing(run, monkeypatch):
    def refuse(*_):
        raise AssertionError("nothing is wrong")

    monkeypatch.setattr(experiments, "_bench", refuse)
    report = run(FITTING)
    assert (report.verdict, made(report)) == ("pass", None)


def test_an_ignored_finding_is_not_undone(run):
    ignored = {"rule": "calibration-unrepresentative", "reason": "known"}
    report = run(NARROW, ignore=[ignored])
    assert made(report) is None
    assert report.ignored[0].proof is None


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (Impossible("there is nothing to undo"), "there is nothing to undo"),
        (
            SideFault("ranges0", CrashFault("signal 11", "", phase="run"), None),
            "calibration-unrepresentative: ",
        ),
    ],
)
def test_an_experiment_that_fails_leaves_the_cause_likely(run, monkeypatch, error, reason):
    def fail(*_):
        raise error

    monkeypatch.setitem(EXPERIMENTS, "calibration-unrepresentative", fail)
    report = run(NARROW)
    assert made(report)[0] == "skipped"
    assert made(report)[1].startswith(reason)
    assert (report.verdict, report.root_cause.confidence) == ("fail", "likely")


def test_progress_is_shown_while_experiments_run(run):
    told = []
    run(NARROW, progress=lambda *both: told.append(both[:2]))
    assert (107, 107) in told


def test_fewer_samples_than_wanted_are_told(run, monkeypatch):
    monkeypatch.setattr(budget, "BUDGET_MS", 0.0)
    report = run(NARROW, reference=True)
    status, reason = made(report)
    assert status == "passed"
    assert reason.startswith("on 32 of 128 samples, since one run takes ")
    assert report.root_cause.proof.samples == 32


def test_slow_models_are_measured_on_fewer_samples():
    assert experiments._most(0.1) == 128
    assert experiments._most(100.0) == 100
    assert experiments._most(5000.0) == 32
