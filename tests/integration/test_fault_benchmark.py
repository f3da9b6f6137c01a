"""A reduced run of the fault-injection benchmark: every name once, a few controls, two pairs.

The full form is `scripts/fault_benchmark.py` without `--reduced`.
"""

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from faults.injected import FAULTS

ROOT = Path(__file__).parents[2]
RATES = {"recall", "top1", "top3", "false_alarm_rate", "proof_rate"}
SEED = 0
BASES = "signs,rescaled,discs,sounds,table,pairs"
"""The fewest that every name finds one that fits among: to train a base takes as long as some runs."""
pytestmark = pytest.mark.skipif(
    find_spec("tensorflow") is None or find_spec("ai_edge_litert") is None,
    reason="TensorFlow trains the models here, LiteRT runs them",
)


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    folder = tmp_path_factory.mktemp("benchmark")
    path = os.pathsep.join([str(ROOT), *filter(None, sys.path)])
    script = ROOT / "scripts" / "fault_benchmark.py"
    settings = ["--reduced", "--first-seed", str(SEED), "--bases", BASES, "--jobs", "2"]
    settings += ["--cache", str(folder)]
    done = subprocess.run(
        [sys.executable, str(script), *settings, "--output", str(folder / "report.json")],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert max(map(len, done.stdout.splitlines())) <= 80
    return json.loads((folder / "report.json").read_text())


def test_every_fault_was_injected_and_judged(report):
    assert [each for each in report["left_out"] if each["reason"].startswith("not made")] == []
    judged = {each["expected"][0][0] for each in report["answers"] if each["kind"] == "fault"}
    assert judged == {fault.name for fault in FAULTS}
    assert report["failures"] == []


def test_rates_have_intervals_around_them(report):
    assert set(report["summary"]) >= RATES
    for share in (report["summary"][rate] for rate in RATES):
        assert share["n"] > 0
        assert 0 <= share["low"] <= share["value"] <= share["high"] <= 1


def test_faults_are_found_and_named(report):
    # One case a name says little: these floors only refuse a collapse. The full form scores.
    assert report["summary"]["recall"]["value"] >= 0.85
    assert report["summary"]["top1"]["value"] >= 0.65
    assert report["summary"]["top3"]["value"] >= 0.75


def test_no_healthy_control_is_called_broken(report):
    assert report["false_alarms"] == []
    assert report["summary"]["false_alarm_rate"]["n"] >= 6


def test_simpler_rules_are_measured_on_the_same_cases(report):
    assert set(report["baselines"]) == {"one-class", "cosine < .99", "mse > 1 %", "rmse/scale > .7"}
    for found in report["baselines"].values():
        assert found["recall"]["value"] < report["summary"]["recall"]["value"]
